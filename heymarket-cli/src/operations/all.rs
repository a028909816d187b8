//! `--all`: every page of a list, an item at a time.

use heymarket_api::{Client, RawRequest};

use super::spec::Operation;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Progress, Shape};
use crate::safety;

/// Walks over the pages and writes each item as it comes.
pub(super) async fn run(
    context: &Context,
    operation: &Operation,
    client: &Client,
    request: RawRequest,
) -> Result<(), Failure> {
    walk(context, client, request, operation.columns).await
}

/// Walks over the pages of any request that has some.
pub(crate) async fn walk(
    context: &Context,
    client: &Client,
    request: RawRequest,
    columns: &'static [&'static str],
) -> Result<(), Failure> {
    safety::debug_request(context, &request);
    let mut pages = client.walk(request)?.pages();
    let mut output = context.stream()?;
    let shape = Shape {
        items: None,
        columns,
    };
    let progress = Progress::start(&context.terminal, "items");
    while let Some(page) = pages.next().await {
        let page = page?;
        progress.beside(|| {
            for item in &page {
                output.item(item.json.get(), shape)?;
            }
            // A page is to be seen as soon as it is there.
            output.flush()
        })?;
        progress.add(page.len());
    }
    progress.finish();
    output.finish()
}
