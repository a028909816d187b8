//! `--all`: every page of a list.

use heymarket_api::{Client, RawRequest};

use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::shape::Shape;
use crate::safety::debug;
use crate::session::Session;

/// Walks over the pages of a list, and writes the items as they arrive.
pub(crate) async fn walk(
    session: &mut Session<'_>,
    client: &Client,
    request: RawRequest,
    shape: Shape,
) -> Result<(), Failure> {
    let context = session.context;
    debug::debug_request(context, &request);
    let mut pages = client.walk(request)?.pages();
    let mut output = context.stream()?;
    let mut pending = Vec::new();
    let progress = Progress::start(&context.terminal, "items");
    let mut has_names = false;
    while let Some(page) = pages.next().await {
        let page = page?;
        let items: Vec<String> = page.iter().map(|item| item.json.get().to_owned()).collect();
        let sample = format!("[{}]", items.join(","));
        if !has_names && output.needs_names(sample.as_bytes(), shape) {
            output.set_names(session.directory().await?.names().await);
            has_names = true;
        }
        if output.needs_all_items() {
            pending.extend(items);
        } else {
            progress.suspend(|| {
                output.items(&items, shape)?;
                // A page is visible as soon as it arrives.
                output.flush()
            })?;
        }
        progress.add(page.len());
    }
    progress.finish();
    output.items(&pending, shape)?;
    output.finish()
}
