use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use jiff::Timestamp;

use super::position::{Ask, Checkpoint, Mark, Position, Progress, Style};
use crate::runtime::{Error, Operation};

/// A page on its way.
type Fetch<T> = Pin<Box<dyn Future<Output = Result<Vec<T>, Error>> + Send>>;

/// How a walk comes by its pages and what it needs to know of an item.
pub(crate) struct Source<T> {
    pub(crate) operation: &'static Operation,
    pub(crate) style: Style,
    /// What the request asks for that no walk can do.
    pub(crate) problem: Option<&'static str>,
    pub(crate) fetch: Box<dyn Fn(Ask) -> Fetch<T> + Send + Sync>,
    pub(crate) id: fn(&T) -> i64,
    pub(crate) time: fn(&T) -> Option<Timestamp>,
}

/// The items of a list, one after the other, over all its pages: a [`Stream`],
/// or [`next`](Self::next) without one.
///
/// - Each page overlaps the one before, and what came already is dropped: items
///   with one time across the edge of a page are neither lost nor doubled.
/// - An item that is changed while the walk goes on moves to where it began, and
///   so does not come again; if the walk had not reached it yet, it does not
///   come at all. Walk once more from the start to see what changed.
/// - Items that were fetched come before an error that followed them. An error
///   ends the walk; [`checkpoint`](Self::checkpoint) is where to resume.
/// - Where more items have one time than a page holds, larger pages are asked
///   for; where the operation takes no limit, that is an error, and nothing is
///   skipped.
#[must_use = "a walk does nothing until it is asked for its items"]
pub struct Walk<T> {
    source: Source<T>,
    position: Position,
    /// Fetched, and not given yet.
    items: VecDeque<T>,
    /// The page that is on its way; it stays when a caller stops waiting.
    fetch: Option<Fetch<T>>,
    /// What there is to tell once all that was fetched is given.
    error: Option<Error>,
    has_failed: bool,
}

impl<T> Walk<T> {
    pub(crate) fn new(source: Source<T>) -> Self {
        let position = Position::new(source.operation.id(), source.style);
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

    /// How it comes by its pages.
    pub(super) fn into_source(self) -> Source<T> {
        self.source
    }

    /// Goes on from where another walk was, in place of the start. The request
    /// must be the one of that walk. A checkpoint of another operation is an
    /// error, which is what the walk then gives.
    pub fn resume(mut self, checkpoint: Checkpoint) -> Self {
        if !self.position.resume(checkpoint) {
            self.error = Some(Error::invalid_walk(
                self.source.operation,
                "the checkpoint is of a walk over another list",
            ));
        }
        self
    }

    /// Where the walk is: behind the last item that it gave. It is about as
    /// large as a page of ids.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        self.position.checkpoint(self.items.is_empty())
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
                self.position.give(self.mark(&item));
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
            .get_or_insert_with(|| (source.fetch)(position.turn()));
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
        let marks: Vec<Mark> = page.iter().map(|item| self.mark(item)).collect();
        let progress = self.position.take(&marks);
        let new = page
            .into_iter()
            .zip(&marks)
            .filter(|(_, (id, _))| !self.position.has_seen(*id))
            .map(|(item, _)| item);
        self.items.extend(new);
        // What was fetched comes first, so the end is for later.
        if progress == Progress::Stuck {
            self.error = Some(Error::invalid_walk(
                self.source.operation,
                "more items have the same time than a page holds, and a larger page cannot be \
                 asked for, so that some would be skipped",
            ));
        }
    }

    fn mark(&self, item: &T) -> Mark {
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

    /// Where the walk is: behind the last page that it gave.
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
            let mark = walk.mark(item);
            walk.position.give(mark);
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
