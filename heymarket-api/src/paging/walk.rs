use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use jiff::Timestamp;

use super::checkpoint::Checkpoint;
use super::filters::Filters;
use super::position::{PageRequest, Position, Progress, Style};
use super::seen::ItemKey;
use crate::runtime::{Error, Operation};

/// A page in flight.
type Fetch<T> = Pin<Box<dyn Future<Output = Result<Vec<T>, Error>> + Send>>;

/// How a walk fetches its pages and what it needs to know of an item.
pub(crate) struct Source<T> {
    pub(crate) operation: &'static Operation,
    pub(crate) style: Style,
    /// The members of the request that say which page is wanted.
    pub(crate) paging: &'static [&'static str],
    pub(crate) filters: Filters,
    /// What the request asks for that no walk can do.
    pub(crate) problem: Option<&'static str>,
    pub(crate) fetch: Box<dyn Fn(PageRequest) -> Fetch<T> + Send + Sync>,
    pub(crate) id: fn(&T) -> i64,
    pub(crate) time: fn(&T) -> Option<Timestamp>,
}

/// The items of a list, one after the other, over all its pages: a [`Stream`],
/// or [`next`](Self::next) without one.
///
/// Each item is yielded once. A walk ends without an error only when the list has
/// no further items; where it cannot know that, it ends with an error of the kind
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest).
///
/// - Items that were fetched come before the error that followed them. An error
///   ends the walk; [`checkpoint`](Self::checkpoint) is where to resume.
/// - An item that is inserted in front of the walk does not come.
/// - **By time** (all walks but `contacts_v2` and `surveys`): an item that changes
///   during the walk moves in front of it. It does not come again; if the walk had
///   not reached it yet, it does not come at all. Walk once more from the start to
///   see what changed. Deletions do no harm. Where more items have one time than
///   a page holds, the walk asks for larger pages, then for further page numbers;
///   where the operation takes neither, that is the error.
/// - **By page number** (`contacts_v2` and `surveys`): an item that is inserted in
///   front moves the others to later pages, where they are dropped as repeats. An
///   item that is deleted moves the others to earlier pages, so that the walk can
///   miss an item at the edge of a page. Walk once more to see what it missed.
/// - A list of which everything has one time, or whose pages have no numbers after
///   all, counts as complete when it has fewer than 10 items.
///
/// The end of a list takes one request more than its pages. It takes a second one
/// if all items have one time.
#[must_use = "a walk does nothing until it is asked for its items"]
pub struct Walk<T> {
    source: Source<T>,
    position: Position,
    /// Fetched, and not yielded yet.
    items: VecDeque<T>,
    /// The page in flight; it stays when a caller stops waiting.
    fetch: Option<Fetch<T>>,
    /// The error to return once all that was fetched is yielded.
    error: Option<Error>,
    has_failed: bool,
}

impl<T> Walk<T> {
    pub(crate) fn new(source: Source<T>) -> Self {
        let position = Position::new(source.style);
        let error = source
            .problem
            .map(|problem| Error::invalid_walk(source.operation, problem));
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

    /// Goes on from where another walk was, in place of the start.
    ///
    /// The request must be the one of that walk, but for the members that say
    /// which page is wanted. A checkpoint of another operation, of other filters
    /// or of another version of the format is an error of the kind
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest), which the walk then
    /// yields before anything is sent.
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        let operation = self.source.operation;
        match checkpoint.position_in(operation.id(), &self.source.filters) {
            Ok(position) => self.position.resume(position),
            Err(problem) => {
                let error = Error::invalid_walk(operation, &problem);
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

    /// The next item; `None` at the end, and after an error. Dropping the
    /// future loses nothing.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        poll_fn(|context| self.poll_item(context)).await
    }

    /// The items a page at a time, without those that came before.
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

    /// Fetches a page into `items`, where there is a further one.
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
        let progress = self.position.take(&keys);
        if !is_probe {
            let mut ids = HashSet::with_capacity(keys.len());
            let new = page
                .into_iter()
                .zip(keys)
                .filter(|(_, (id, _))| !self.position.has_seen(*id) && ids.insert(*id))
                .map(|(item, _)| item);
            self.items.extend(new);
        }
        // The items that were fetched come first.
        if let Progress::Stuck(problem) = progress {
            self.error = Some(Error::invalid_walk(self.source.operation, problem));
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
#[must_use = "a walk does nothing until it is asked for its pages"]
#[derive(Debug)]
pub struct Pages<T>(Walk<T>);

impl<T> Pages<T> {
    /// The new items of the next page, of which there is at least one; `None`
    /// at the end, and after an error.
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
