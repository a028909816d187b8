//! Recording one request while it is served.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use jiff::Timestamp;

use super::entry::{Body, Entry, without_secrets};
use super::log::Journal;
use super::request::RecordedRequest;

/// Called with each request when it ends.
#[derive(Clone)]
pub(crate) struct Observer(pub(crate) Arc<dyn Fn(&RecordedRequest) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// A request that is being served. It is recorded when this is dropped, so a
/// request whose client disconnects is recorded as well.
pub(crate) struct Recording<'a> {
    journal: &'a Journal,
    observer: Option<&'a Observer>,
    start: Instant,
    entry: Option<Entry>,
}

impl<'a> Recording<'a> {
    pub(crate) fn start(
        journal: &'a Journal,
        observer: Option<&'a Observer>,
        time: impl FnOnce() -> Timestamp,
        method: &Method,
        uri: &Uri,
    ) -> Self {
        let is_on = journal.is_on() || observer.is_some();
        Self {
            journal,
            observer,
            start: Instant::now(),
            entry: is_on.then(|| Entry::new(time(), method.clone(), uri)),
        }
    }

    fn with(&mut self, set: impl FnOnce(&mut Entry)) {
        if let Some(entry) = &mut self.entry {
            set(entry);
        }
    }

    pub(crate) fn operation(&mut self, operation: &'static str, rules: &[u64]) {
        self.with(|entry| {
            entry.operation = Some(operation);
            entry.rules = rules.to_vec();
        });
    }

    pub(crate) fn headers(&mut self, headers: &HeaderMap) {
        self.with(|entry| entry.headers = without_secrets(headers.clone()));
    }

    pub(crate) fn body(&mut self, body: &Bytes) {
        self.with(|entry| entry.request = Body::new(body));
    }

    pub(crate) fn warn(&mut self, warnings: &[String]) {
        self.with(|entry| entry.warnings = warnings.to_vec());
    }

    pub(crate) fn response(&mut self, status: u16, body: &Bytes) {
        self.with(|entry| {
            entry.status = Some(status);
            entry.response = Body::new(body);
        });
    }
}

impl Drop for Recording<'_> {
    fn drop(&mut self) {
        let Some(mut entry) = self.entry.take() else {
            return;
        };
        entry.duration = self.start.elapsed();
        if let Some(Observer(observer)) = self.observer {
            let mut request = RecordedRequest::new(&entry);
            if self.journal.is_on() {
                request.id = self.journal.add(entry);
            }
            observer(&request);
        } else {
            self.journal.add(entry);
        }
    }
}
