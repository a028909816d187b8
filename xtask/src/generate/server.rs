//! Writes what the spec says about the server as constants.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;

use super::docs;
use crate::error::Error;
use crate::schema;

/// The file `server.rs`.
pub(super) fn write(document: &Value) -> Result<TokenStream, Error> {
    let url = document
        .pointer("/servers/0/url")
        .and_then(Value::as_str)
        .ok_or_else(|| Error::Unexpected("the spec names no server".to_owned()))?;
    let requests = document
        .get(schema::REQUESTS_PER_MINUTE)
        .and_then(Value::as_u64)
        .and_then(|requests| u32::try_from(requests).ok())
        .ok_or_else(|| {
            let key = schema::REQUESTS_PER_MINUTE;
            Error::Unexpected(format!("the spec has no `{key}`"))
        })?;
    let url_docs = docs::comment(&format!("The base URL of the API: `{url}`."));
    let requests_docs = docs::comment(&format!(
        "The requests that the API accepts in a minute for one key: {requests}."
    ));
    Ok(quote! {
        //! Facts about the server.

        #url_docs
        pub const BASE_URL: &str = #url;

        #requests_docs
        pub const REQUESTS_PER_MINUTE: u32 = #requests;
    })
}
