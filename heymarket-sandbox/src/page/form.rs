//! Forms that the script sends to a control endpoint as JSON.

use maud::{Markup, html};

/// A button that sends a request without input.
pub(super) fn button(id: &str, label: &str, method: &str, action: &str, done: &str) -> Markup {
    html! {
        form.inline data-method=(method) data-action=(action) data-done=(done) {
            button #(id) type="submit" { (label) }
        }
    }
}

/// A button that sends a fixed JSON object.
pub(super) fn action(
    id: &str,
    label: &str,
    (method, address): (&str, &str),
    body: &serde_json::Value,
    done: &str,
) -> Markup {
    html! {
        form.inline data-method=(method) data-action=(address) data-body=(body) data-done=(done) {
            button #(id) type="submit" { (label) }
        }
    }
}

/// The type of an input, and how the script converts its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Number,
    Time,
}

/// A labelled input of one line. An empty one is left out of the request.
pub(super) fn field(name: &str, label: &str, input: Input, hint: &str) -> Markup {
    let id = format!("field-{name}");
    let (kind, mode) = match input {
        Input::Number => ("text", Some("decimal")),
        Input::Time => ("time", None),
    };
    html! {
        div.field {
            label for=(id) { (label) }
            input #(id) name=(name) type=(kind) inputmode=[mode] autocomplete="off"
                data-type=[(input == Input::Number).then_some("number")]
                placeholder=[Some(hint).filter(|hint| !hint.is_empty())];
        }
    }
}
