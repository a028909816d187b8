//! The query of the page: which view, and what it shows.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::view::View;

/// The query. An unknown or malformed value counts as missing: the page shows
/// what it can.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    view: String,
    inbox: String,
    conversation: String,
    page: String,
    pub(super) search: String,
    pub(super) operation: String,
    pub(super) status: String,
    /// The URL by which the page was reached.
    #[serde(skip)]
    pub(super) base_url: String,
}

impl Query {
    pub(super) fn view(&self) -> View {
        let named = View::ALL.into_iter().find(|view| view.name() == self.view);
        named.unwrap_or_default()
    }

    pub(super) fn inbox(&self) -> Option<i64> {
        self.inbox.parse().ok()
    }

    pub(super) fn conversation(&self) -> Option<i64> {
        self.conversation.parse().ok()
    }

    /// Returns the number of the page, from 0.
    pub(super) fn page(&self) -> usize {
        self.page.parse().unwrap_or_default()
    }
}

/// Returns the address of a view with further parameters.
pub(super) fn address(view: View, parameters: &[(&str, &str)]) -> String {
    let mut address = format!("/?view={}", view.name());
    for (name, value) in parameters {
        let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
        address = format!("{address}&{name}={value}");
    }
    address
}
