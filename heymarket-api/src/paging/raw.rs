//! Walks over the JSON of the items, as the server wrote it.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
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
#[derive(Clone, Copy)]
pub(crate) struct Places {
    /// The place of the time of the last item.
    pub(crate) cursor: Option<Place>,
    pub(crate) page: Option<Place>,
    pub(crate) limit: Option<Place>,
}

/// A member of the body, or a query parameter.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) in_body: bool,
    /// Whether a time is in Unix seconds.
    pub(crate) in_seconds: bool,
}

impl Place {
    fn put(&self, request: &mut RawRequest, value: Value) {
        if self.in_body {
            request.set_member(self.name, value);
        } else {
            let text = value.as_str().map(str::to_owned);
            request.set_query(self.name, text.unwrap_or_else(|| value.to_string()));
        }
    }
}

impl Places {
    fn put(&self, request: &mut RawRequest, wanted: &PageRequest) {
        if let (Some(place), Some(time)) = (self.cursor, wanted.cursor) {
            let value = if place.in_seconds {
                time.as_second().into()
            } else {
                time.to_string().into()
            };
            place.put(request, value);
        }
        let numbers = [(self.page, wanted.page), (self.limit, wanted.limit)];
        for (place, number) in numbers {
            if let (Some(place), Some(number)) = (place, number) {
                place.put(request, number.into());
            }
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
            filters,
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
            // The typed walk knows one spelling of each value.
            filters: Filters::of_raw(&request, paging).with(filters),
            problem,
            fetch: Box::new(move |wanted| {
                let client = client.clone();
                let mut request = request.clone();
                places.put(&mut request, &wanted);
                Box::pin(async move {
                    // The types read IDs and times in all their spellings.
                    let page = client.execute_as::<Vec<T>>(&request).await?;
                    let texts: Vec<Box<RawValue>> = serde_json::from_slice(page.body())
                        .map_err(|_| request.invalid("a page is not an array".to_owned()))?;
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

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::json;

    use super::*;

    fn place(name: &'static str, in_body: bool, in_seconds: bool) -> Option<Place> {
        Some(Place {
            name,
            in_body,
            in_seconds,
        })
    }

    #[test]
    fn a_page_is_selected_in_the_body_or_the_query() {
        let wanted = PageRequest {
            cursor: Some(Timestamp::UNIX_EPOCH),
            page: Some(2),
            limit: Some(30),
            ..PageRequest::default()
        };
        let request = || RawRequest::new(Method::POST, "/v9/items");

        let mut in_body = request();
        let places = Places {
            cursor: place("before", true, false),
            page: place("page", true, false),
            limit: None,
        };
        places.put(&mut in_body, &wanted);
        let expected = json!({ "before": "1970-01-01T00:00:00Z", "page": 2 });
        assert_eq!(in_body.body(), Some(&expected));
        assert_eq!(in_body.query_string(), "");

        let mut in_query = request().query("page", "1");
        let places = Places {
            cursor: place("before", false, true),
            page: place("page", false, false),
            limit: place("limit", false, false),
        };
        places.put(&mut in_query, &wanted);
        assert_eq!(in_query.body(), None);
        assert_eq!(in_query.query_string(), "before=0&page=2&limit=30");
    }
}
