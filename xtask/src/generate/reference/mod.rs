//! Writes `docs/operations.md`: the reference of all operations and webhooks.

mod markdown;
mod operation;
mod webhooks;

use serde_json::Value;

use self::markdown::{text, vendor_page};
use super::cli;
use super::methods::Methods;
use super::model::Model;
use crate::error::Error;
use crate::operation::Operation;
use crate::schema;

/// The sections that nothing in the spec says.
const LEGENDS: &str = include_str!("legends.md");

/// A resource, with its operations in the order of their paths.
struct Section<'a> {
    tag: &'a Value,
    operations: Vec<&'a Operation<'a>>,
}

/// The page, with the resources in the order of the document's tags.
pub(super) fn write(
    document: &Value,
    methods: &Methods,
    model: &Model<'_>,
) -> Result<String, Error> {
    let tags = schema::array(document.get("tags")).iter();
    let sections: Vec<_> = tags
        .map(|tag| {
            let is_tagged = |operation: &&Operation<'_>| {
                let mut tags = schema::strings(operation.value.get("tags"));
                tags.next() == Some(text(tag, "name"))
            };
            let operations = model.operations.iter().filter(is_tagged).collect();
            Section { tag, operations }
        })
        .collect();
    let mut page = head(document, model);
    page.push_str("\n## Contents\n\n");
    for section in &sections {
        page.push_str(&section.contents());
    }
    page.push_str("- [Webhooks](#webhooks)\n- [Legends](#legends)\n");
    for section in &sections {
        page.push_str(&section.heading());
        for (operation, command) in section.operations.iter().zip(section.commands()) {
            page.push_str(&operation::write(operation, &command, document, methods)?);
        }
    }
    page.push_str(&webhooks::write(document));
    page.push_str(&format!("\n{LEGENDS}"));
    Ok(page)
}

fn head(document: &Value, model: &Model<'_>) -> String {
    let pointer = |pointer: &str| document.pointer(pointer).and_then(Value::as_str);
    format!(
        "<!-- Written by `cargo xtask codegen` from openapi/. -->\n\n\
         # Operations\n\n\
         The {} operations of the API and its {} webhooks, as revision {} of `openapi/` describes \
         them. The base URL is `{}`. The server accepts {} requests a minute for one key.\n",
        model.operations.len(),
        crate::webhooks::all(document).count(),
        pointer("/info/version").unwrap_or_default(),
        pointer("/servers/0/url").unwrap_or_default(),
        document
            .get(schema::REQUESTS_PER_MINUTE)
            .unwrap_or(&Value::Null),
    )
}

impl Section<'_> {
    /// The tag as a title: `Scheduled messages`.
    fn title(&self) -> String {
        let name = text(self.tag, "name").replace('-', " ");
        let mut letters = name.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }

    /// The command of each operation.
    fn commands(&self) -> Vec<String> {
        let resource = text(self.tag, "name");
        let ids = self.operations.iter().map(|operation| operation.name());
        let verbs = cli::verbs(resource, &ids.collect::<Vec<_>>());
        let commands = verbs
            .iter()
            .map(|verb| format!("heymarket {resource} {verb}"));
        commands.collect()
    }

    fn contents(&self) -> String {
        let operations = self.operations.iter().map(|operation| {
            let name = operation.name();
            format!("[{name}](#{name})")
        });
        format!(
            "- [{}](#{}): {}\n",
            self.title(),
            text(self.tag, "name"),
            operations.collect::<Vec<_>>().join(", ")
        )
    }

    fn heading(&self) -> String {
        format!(
            "\n## {}\n\n{} See {}.\n",
            self.title(),
            text(self.tag, "description").trim(),
            vendor_page(self.tag)
        )
    }
}
