//! An attempt that has ended, and the error that it becomes if it was the last.

use super::call::Call;
use super::http_date::server_time;
use super::retry_after::retry_after;
use crate::auth::Authorization;
use crate::error::{Context, Error, ErrorKind, Failure};
use crate::runtime::outcome::{Sent, find_message, one_line, redact};
use crate::runtime::{Outcome, RawResponse, Wait};

/// An attempt that has ended.
pub(super) struct Ended {
    pub(super) outcome: Outcome,
    pub(super) response: Option<Box<RawResponse>>,
    pub(super) failure: Option<Failure>,
    pub(super) authorization: Authorization,
    /// The wait after a 429.
    pub(super) refusal: Option<Wait>,
}

impl Ended {
    pub(super) fn is_success(&self) -> bool {
        let is_success = matches!(self.outcome, Outcome::Answered(status) if status.is_success());
        is_success && self.failure.is_none()
    }

    pub(super) fn is_final(&self) -> bool {
        self.failure
            .as_ref()
            .is_some_and(|failure| failure.is_final)
    }

    /// Creates the error of a call whose last attempt this is. `reason` is why no
    /// further attempt followed, where that is not obvious.
    pub(super) fn into_error(self, call: &Call<'_>, context: Context, reason: &str) -> Error {
        match (self.failure, self.response) {
            (None, Some(response)) => {
                let message = message_of(&response, call, &self.authorization);
                let fault = clock_fault(&response, call);
                let reason = fault.as_deref().unwrap_or(reason);
                let asked = retry_after(&response.headers, call.core.clock.now());
                Error::status_of(context, response, message, asked, reason)
            }
            (failure, response) => {
                let failure = failure
                    .unwrap_or_else(|| Failure::new(ErrorKind::Transport, "no response arrived"))
                    .because(reason);
                Error::failed(context, failure, response)
            }
        }
    }
}

/// Returns the server's message on one line, without anything sensitive.
fn message_of(
    response: &RawResponse,
    call: &Call<'_>,
    authorization: &Authorization,
) -> Option<String> {
    let message = find_message(&response.body)?;
    let mut secrets = call.core.signer.credentials().parts();
    secrets.extend(authorization.headers.token());
    let own = call.options.headers.values();
    secrets.extend(own.filter_map(|value| value.to_str().ok()));
    let operation = call.request.operation;
    let sent = Sent {
        names: [operation.id(), operation.path()],
        body: call.request.body().map(|body| &body[..]),
        query: call.request.query_pairs(),
        secrets,
    };
    let line = one_line(&redact(&message, &sent)?);
    (!line.is_empty()).then_some(line)
}

/// Returns why the server refused a token, if this machine's clock explains it.
fn clock_fault(response: &RawResponse, call: &Call<'_>) -> Option<String> {
    let is_refused = response.status == http::StatusCode::UNAUTHORIZED;
    let now = call.core.clock.now();
    let server_time = server_time(&response.headers, now).filter(|_| is_refused)?;
    call.core.signer.clock_fault(server_time)
}
