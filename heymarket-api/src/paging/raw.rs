//! Walks over the JSON of the items, as the server wrote it.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::filters::Filters;
use super::page_request::PageRequest;
use super::walk::{Source, Walk};
use crate::error::Error;
use crate::raw_operations as raw;
use crate::runtime::{Client, RawRequest};

/// An item of a list as the server wrote it; see [`Client::walk`].
///
/// `Debug` shows only the ID.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawItem {
    /// The item's ID.
    pub id: i64,
    /// The time that orders the list, if a time does.
    pub time: Option<Timestamp>,
    /// The JSON, including members that the item's type does not have.
    pub json: Box<RawValue>,
}

impl std::fmt::Debug for RawItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawItem")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Where a request selects its page.
#[derive(Clone, Copy, Default)]
pub(crate) struct Places {
    /// The member of the body for the time of the last item.
    pub(crate) cursor: Option<&'static str>,
    /// The query parameter for it, in Unix seconds.
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
    /// Walks over the items of a list as the server writes them, for a request that was
    /// assembled at run time. It walks like the method of the operation, and their
    /// checkpoints are interchangeable.
    ///
    /// ```no_run
    /// # async fn run(client: heymarket_api::Client) -> Result<(), heymarket_api::Error> {
    /// use heymarket_api::{RawRequest, operations};
    /// use serde_json::json;
    ///
    /// let request = RawRequest::of(&operations::LIST_CONTACTS).json(json!({}));
    /// let mut contacts = client.walk(request)?;
    /// while let Some(contact) = contacts.next().await {
    ///     println!("{}", contact?.json);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the operation has
    /// no pages, or the request does not match it.
    #[inline]
    pub fn walk(&self, request: RawRequest) -> Result<Walk<RawItem>, Error> {
        raw::walk(self, request)
    }
}

impl<T: DeserializeOwned + Send + 'static> Walk<T> {
    /// Turns the walk into one over the JSON of the items.
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
                    // The types read IDs and times in all their spellings.
                    let invalid = request.clone();
                    let page = client.execute::<Vec<T>>(request).await?;
                    let texts: Vec<Box<RawValue>> = serde_json::from_slice(page.body())
                        .map_err(|_| invalid.invalid("a page is not an array".to_owned()))?;
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
