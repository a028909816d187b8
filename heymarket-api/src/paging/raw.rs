//! Walks over the items of a list as they came.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::filters::Filters;
use super::position::PageRequest;
use super::walk::{Source, Walk};
use crate::generated::raw;
use crate::runtime::{Client, Error, RawRequest};

/// An item of a list, as the server wrote it; see [`Client::walk`].
///
/// `Debug` shows its id alone.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawItem {
    /// Its id.
    pub id: i64,
    /// The time that the walk goes by, where it goes by one.
    pub time: Option<Timestamp>,
    /// The JSON of the server, with whatever the type of the item does not know.
    pub json: Box<RawValue>,
}

impl std::fmt::Debug for RawItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawItem")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Where a request says which page it wants.
#[derive(Clone, Copy, Default)]
pub(crate) struct Places {
    /// The member of the body that takes the time of the last item.
    pub(crate) cursor: Option<&'static str>,
    /// The parameter of the query that takes it, in seconds.
    pub(crate) cursor_parameter: Option<&'static str>,
    pub(crate) page: Option<&'static str>,
    pub(crate) limit: Option<&'static str>,
}

impl Places {
    fn put(&self, request: &mut RawRequest, wanted: &PageRequest) {
        if let (Some(name), Some(time)) = (self.cursor, wanted.cursor) {
            request.set_member(name, time.to_string().into());
        }
        if let (Some(name), Some(time)) = (self.cursor_parameter, wanted.cursor) {
            request.set_query(name, time.as_second().to_string());
        }
        if let (Some(name), Some(page)) = (self.page, wanted.page) {
            request.set_member(name, page.into());
        }
        if let (Some(name), Some(limit)) = (self.limit, wanted.limit) {
            request.set_member(name, limit.into());
        }
    }
}

impl Client {
    /// Walks over the items of a list as the server writes them, where the
    /// request is put together at run time. It goes as the walk of the
    /// operation does, and a [`Checkpoint`](crate::Checkpoint) of either is one
    /// of both.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) when the operation
    /// has no pages, or the request is not one of it.
    #[inline]
    pub fn walk(&self, request: RawRequest) -> Result<Walk<RawItem>, Error> {
        raw::walk(self, request)
    }
}

impl<T: DeserializeOwned + Send + 'static> Walk<T> {
    /// The same walk, whose items are as they came.
    pub(crate) fn raw(self, client: &Client, request: RawRequest, places: Places) -> Walk<RawItem> {
        let Source {
            operation,
            style,
            paging,
            problem,
            id,
            time,
            ..
        } = self.into_source();
        let client = client.clone();
        Walk::new(Source {
            operation,
            style,
            paging,
            filters: Filters::of_raw(&request, paging),
            problem,
            fetch: Box::new(move |wanted| {
                let client = client.clone();
                let mut request = request.clone();
                places.put(&mut request, &wanted);
                Box::pin(async move {
                    // The types read the ids and times, in all their spellings.
                    let invalid = request.clone();
                    let page = client.execute::<Vec<T>>(request).await?;
                    let texts: Vec<Box<RawValue>> = serde_json::from_slice(page.body())
                        .map_err(|_| invalid.invalid("a page is no array".to_owned()))?;
                    let items = page.iter().zip(texts).map(|(item, json)| RawItem {
                        id: id(item),
                        time: time(item),
                        json,
                    });
                    Ok(items.collect())
                })
            }),
            id: |item| item.id,
            time: |item| item.time,
        })
    }
}
