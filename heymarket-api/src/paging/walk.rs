//! Walks: the items of a list, fetched page by page.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use jiff::Timestamp;

use super::checkpoint::Checkpoint;
use super::filters::Filters;
use super::page_request::PageRequest;
use super::position::{Position, Style};
use super::seen::ItemKey;
use crate::error::Error;
use crate::runtime::Operation;

/// A page in flight.
type Fetch<T> = Pin<Box<dyn Future<Output = Result<Vec<T>, Error>> + Send>>;

/// How a walk fetches its pages, and the keys of its items.
pub(crate) struct Source<T> {
    pub(crate) operation: &'static Operation,
    pub(crate) style: Style,
    /// The members of the request that select the page.
    pub(crate) paging: &'static [&'static str],
    pub(crate) filters: Filters,
    /// Why a walk cannot honour the request.
    pub(crate) problem: Option<&'static str>,
    pub(crate) fetch: Box<dyn Fn(PageRequest) -> Fetch<T> + Send + Sync>,
    pub(crate) id: fn(&T) -> i64,
    pub(crate) time: fn(&T) -> Option<Timestamp>,
}

/// The items of a list, over all its pages: a [`Stream`], with an inherent
/// [`next`](Self::next).
///
/// ```no_run
/// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
/// use heymarket_api::types::ListContacts;
///
/// let mut contacts = client.contacts(ListContacts::new());
/// while let Some(contact) = contacts.next().await {
///     println!("{}", contact?.id);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Each item is yielded once. A walk ends without an error only if the list has no
/// further items. If it cannot know that, it ends with an error of the kind
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest).
///
/// - Fetched items precede the error that followed them. An error ends the walk;
///   resume from its [`checkpoint`](Self::checkpoint).
/// - An item that is inserted in front of the walk is not yielded.
/// - **By time** (all walks except `contacts_v2` and `surveys`): an item that changes
///   during the walk moves in front of it. It is not yielded again, and not at all if
///   the walk had not reached it. Walk once more from the start to see changes.
///   Deletions hide nothing. If more items have one time than fit into a page, the
///   walk asks for larger pages, then for further page numbers; if the operation has
///   neither, the walk ends with the error.
/// - **By page number** (`contacts_v2` and `surveys`): an item that is inserted in
///   front moves the others to later pages, where they are dropped as repeats. An item
///   that is deleted moves the others to earlier pages, so the walk can miss an item
///   at the edge of a page. Walk once more to see what it missed.
/// - A list whose items all have one time, or whose server ignores page numbers, counts
///   as complete if it has fewer than 10 items.
///
/// The end of a list takes one request in addition to its pages, and a second one if
/// all items have one time.
#[must_use = "a walk does nothing until its items are requested"]
pub struct Walk<T> {
    source: Source<T>,
    position: Position,
    /// The items that were fetched but not yielded.
    items: VecDeque<T>,
    /// The page in flight. It stays when a caller stops waiting.
    fetch: Option<Fetch<T>>,
    /// The error to return after the fetched items.
    error: Option<Error>,
    has_failed: bool,
}

impl<T> Walk<T> {
    pub(crate) fn new(source: Source<T>) -> Self {
        let position = Position::new(source.style);
        let error = source
            .problem
            .map(|problem| Error::invalid_request(source.operation, problem));
        Self {
            source,
            position,
            items: VecDeque::new(),
            fetch: None,
            error,
            has_failed: false,
        }
    }

    pub(super) fn into_source(self) -> Source<T> {
        self.source
    }

    /// Continues from a checkpoint instead of the start.
    ///
    /// The request must equal that of the checkpoint's walk, except for the members
    /// that select the page. For a checkpoint of another operation, of other filters or
    /// of another version of the format, the walk yields an error of the kind
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) and sends nothing.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use heymarket_api::types::ListContacts;
    ///
    /// let mut walk = client.contacts(ListContacts::new());
    /// let first = walk.next().await;
    /// let stored = serde_json::to_string(&walk.checkpoint())?;
    ///
    /// // Later, perhaps in another process:
    /// let rest = client.contacts(ListContacts::new()).resume(serde_json::from_str(&stored)?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        let operation = self.source.operation;
        match checkpoint.position_in(operation.id(), &self.source.filters) {
            Ok(position) => self.position.resume(position),
            Err(problem) => {
                let error = Error::invalid_request(operation, problem);
                self.error.get_or_insert(error);
            }
        }
        self
    }

    /// Returns where the walk is: after the last item that it yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::new(
            self.source.operation.id(),
            self.source.filters.clone(),
            self.position.state(self.items.is_empty()),
        )
    }

    /// Returns the next item; `None` at the end and after an error. Dropping the future
    /// loses nothing.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// Returns the items a page at a time, without repeats.
    pub fn pages(self) -> Pages<T> {
        Pages(self)
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.items.pop_front() {
                self.position.record(self.key(&item));
                return Poll::Ready(Some(Ok(item)));
            }
            match std::task::ready!(self.poll_page(context)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// Fetches the next page into `items`, if there is one.
    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        if let Some(error) = self.error.take() {
            self.has_failed = true;
            return Poll::Ready(Some(Err(error)));
        }
        if self.position.is_over || self.has_failed {
            return Poll::Ready(None);
        }
        let (source, position) = (&self.source, &mut self.position);
        let fetch = self
            .fetch
            .get_or_insert_with(|| (source.fetch)(position.next_request()));
        let page = std::task::ready!(fetch.as_mut().poll(context));
        self.fetch = None;
        Poll::Ready(Some(match page {
            Ok(page) => {
                self.accept(page);
                Ok(())
            }
            Err(error) => {
                self.has_failed = true;
                Err(error)
            }
        }))
    }

    fn accept(&mut self, page: Vec<T>) {
        let keys: Vec<ItemKey> = page.iter().map(|item| self.key(item)).collect();
        let is_probe = self.position.is_probe();
        let stuck = self.position.accept(&keys);
        if !is_probe {
            let mut ids = HashSet::with_capacity(keys.len());
            let new = page
                .into_iter()
                .zip(keys)
                .filter(|(_, (id, _))| !self.position.has_seen(*id) && ids.insert(*id))
                .map(|(item, _)| item);
            self.items.extend(new);
        }
        // The fetched items precede the error.
        if let Some(problem) = stuck {
            self.error = Some(Error::invalid_request(self.source.operation, problem));
        }
    }

    fn key(&self, item: &T) -> ItemKey {
        ((self.source.id)(item), (self.source.time)(item))
    }
}

impl<T> Unpin for Walk<T> {}

impl<T> Stream for Walk<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(context)
    }
}

impl<T> fmt::Debug for Walk<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Walk")
            .field("operation", &self.source.operation.id())
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

/// The items of a list, a page at a time; see [`Walk::pages`].
///
/// ```no_run
/// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
/// use heymarket_api::types::ListTags;
///
/// let mut pages = client.tags(ListTags::new()).pages();
/// while let Some(page) = pages.next().await {
///     println!("{} tags", page?.len());
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a walk does nothing until its pages are requested"]
#[derive(Debug)]
pub struct Pages<T>(Walk<T>);

impl<T> Pages<T> {
    /// Returns the new items of the next page that has any; `None` at the end and after
    /// an error.
    pub async fn next(&mut self) -> Option<Result<Vec<T>, Error>> {
        poll_fn(|context| self.poll_page(context)).await
    }

    /// Returns where the walk is: after the last page that it yielded.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.0.checkpoint()
    }

    fn poll_page(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<T>, Error>>> {
        let walk = &mut self.0;
        while walk.items.is_empty() {
            match std::task::ready!(walk.poll_page(context)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let items: Vec<T> = walk.items.drain(..).collect();
        for item in &items {
            walk.position.record(walk.key(item));
        }
        Poll::Ready(Some(Ok(items)))
    }
}

impl<T> Stream for Pages<T> {
    type Item = Result<Vec<T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_page(context)
    }
}
