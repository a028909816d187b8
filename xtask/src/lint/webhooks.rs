//! Rules for the webhooks: what each event type says, and what the client makes
//! of it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bundle::Bundle;
use crate::error::Finding;
use crate::schema::{self, WEBHOOKS};
use crate::webhooks::{self, DEDUPE_CLASSES, EVENT};
use crate::yaml::escape_pointer;

const TYPES: &str = "/components/schemas/WebhookEventType";

pub(super) fn check(bundle: &Bundle) -> Vec<Finding> {
    let document = &bundle.document;
    let types = document.pointer(TYPES).unwrap_or(&Value::Null);
    let names: Vec<&str> = schema::strings(types.get("enum")).collect();
    let mut rules = Rules {
        bundle,
        findings: Vec::new(),
    };
    let mut variants = BTreeMap::new();
    for (name, webhook) in webhooks::all(document) {
        rules.whole(name, webhook);
        rules.data(name, webhook);
        if !names.contains(&name.as_str()) {
            rules.report(
                name,
                "the webhook is of no type of WebhookEventType".to_owned(),
                "add it to that enum in openapi/schemas/webhooks.yaml",
            );
        }
        let variant = webhook.get(EVENT).and_then(|event| event.get("variant"));
        if let Some(variant) = variant.and_then(Value::as_str)
            && let Some(other) = variants.insert(variant, name)
        {
            rules.report(
                name,
                format!("the variant {variant} is already that of {other}"),
                "choose another `variant`; each event type has its own",
            );
        }
    }
    rules.described(types, &names);
    rules.findings
}

struct Rules<'a> {
    bundle: &'a Bundle,
    findings: Vec<Finding>,
}

impl Rules<'_> {
    fn report(&mut self, name: &str, message: String, remedy: &str) {
        let pointer = format!("/{WEBHOOKS}/{}", escape_pointer(name));
        self.findings
            .push(self.bundle.finding(&pointer, name, message, remedy));
    }

    /// Each webhook says when it is sent, where it is known from, what it
    /// carries, and how its duplicates are recognized.
    fn whole(&mut self, name: &str, webhook: &Value) {
        for (key, value) in [
            ("description", webhook.get("description")),
            ("example", webhooks::example(webhook)),
            ("schema", webhooks::data_schema(webhook)),
            ("x-evidence", webhook.get("x-evidence")),
            (EVENT, webhook.get(EVENT)),
        ] {
            if value.is_none() {
                self.report(name, format!("the webhook has no {key}"), "add it");
            }
        }
    }

    /// The data is a component or free JSON, and has what `dedupe` looks at.
    fn data(&mut self, name: &str, webhook: &Value) {
        let Some(data) = webhooks::data_schema(webhook) else {
            return;
        };
        let component = schema::reference(data);
        let is_free = data.as_object().is_some_and(serde_json::Map::is_empty);
        if component.is_none() && !is_free {
            self.report(
                name,
                "the data is neither a component nor free JSON".to_owned(),
                "write `schema: {$ref: \"#/components/schemas/Name\"}` or `schema: {}`",
            );
        }
        let class = webhook.get(EVENT).and_then(|event| event.get("dedupe"));
        let class = class.and_then(Value::as_str).unwrap_or_default();
        let needed = DEDUPE_CLASSES.iter().find(|(known, _)| *known == class);
        if let Some((_, Some(needed))) = needed
            && component != Some(needed)
        {
            self.report(
                name,
                format!("`dedupe: {class}` needs the data to be a {needed}"),
                "choose another class; `data` fits any",
            );
        }
    }

    /// A type without a webhook would be one whose data nothing reads.
    fn described(&mut self, types: &Value, names: &[&str]) {
        let aliases = types.get(schema::ALIASES);
        let is_alias = |name: &str| aliases.is_some_and(|aliases| aliases.get(name).is_some());
        let all = self.bundle.document.get(WEBHOOKS);
        for name in names {
            if !is_alias(name) && all.is_none_or(|all| all.get(name).is_none()) {
                self.findings.push(self.bundle.finding(
                    &format!("{TYPES}/enum"),
                    "WebhookEventType",
                    format!("no webhook is of the type {name}"),
                    "describe it in openapi/webhooks.yaml",
                ));
            }
        }
    }
}
