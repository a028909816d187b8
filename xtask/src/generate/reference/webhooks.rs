//! The table of the webhooks.

use serde_json::Value;

use super::markdown::{text, type_of};
use crate::schema;
use crate::webhooks;

const HEAD: &str = "
## Webhooks

The app configures webhooks; the API does not. A delivery is a `WebhookDelivery`: its `type`, the
`id` of the configuration, a verification `token` and `event_data`. See
[the vendor's page](https://developers.heymarket.com/api-reference/webhooks).

| type | event | data | evidence |
|---|---|---|---|
";

/// The section, with a row for each type in the order of the spec.
pub(super) fn write(document: &Value) -> String {
    let aliases = document.pointer("/components/schemas/WebhookEventType/x-aliases");
    let mut section = HEAD.to_owned();
    for (name, webhook) in webhooks::all(document) {
        let spellings = schema::object(aliases)
            .filter(|(_, value)| value.as_str() == Some(name))
            .map(|(alias, _)| format!(", `{alias}`"));
        let data = webhooks::data_schema(webhook).map(type_of);
        let event = text(webhook, "description").split_whitespace();
        let evidence: Vec<_> = schema::strings(webhook.get("x-evidence")).collect();
        section.push_str(&format!(
            "| `{name}`{} | {} | {} | {} |\n",
            spellings.collect::<String>(),
            event.collect::<Vec<_>>().join(" "),
            data.unwrap_or_default(),
            evidence.join(", "),
        ));
    }
    section
}
