//! The state as a whole: reset, snapshots, the dialect, and documents.

use maud::{Markup, html};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::form;
use super::layout::short;
use crate::dialect::Dialect;
use crate::state::Shared;

pub(super) fn render(shared: &Shared) -> Markup {
    html! {
        section aria-labelledby="reset-title" {
            h2 #reset-title { "Reset" }
            p { "Restores the data, rules, webhooks and time of the start. Snapshots are kept." }
            (form::button("reset-state", "Reset", "POST", "/_sandbox/reset", "Reset."))
        }
        section aria-labelledby="snapshots-title" {
            h2 #snapshots-title { "Snapshots" }
            (snapshots(shared))
            form.card data-method="PUT" data-action="/_sandbox/snapshots/" data-done="Snapshot saved." {
                div.field {
                    label for="snapshot-name" { "Name of a new snapshot" }
                    input #snapshot-name type="text" required maxlength="100" data-path
                        autocomplete="off";
                }
                button type="submit" { "Save" }
            }
        }
        (dialect(shared))
        section aria-labelledby="documents-title" {
            h2 #documents-title { "Documents" }
            ul {
                li { a href="/openapi.json" { "OpenAPI document of the API" } }
                li { a href="/_sandbox/openapi.json" { "OpenAPI document of the control endpoints" } }
                li { a href="/_sandbox/state" { "All records, as JSON" } }
            }
        }
    }
}

fn snapshots(shared: &Shared) -> Markup {
    html! {
        ul.cards #snapshots data-live {
            @for (index, snapshot) in shared.snapshots.list().iter().enumerate() {
                @let name = utf8_percent_encode(&snapshot.name, NON_ALPHANUMERIC);
                @let path = format!("/_sandbox/snapshots/{name}");
                li #{ "snapshot-" (name) } {
                    p { strong { (snapshot.name) } }
                    p.meta { (short(snapshot.saved)) " · " (snapshot.bytes / 1024) " KiB" }
                    div.actions {
                        (form::button(
                            &format!("restore-{index}"), "Restore", "POST",
                            &format!("{path}/restore"), "Snapshot restored.",
                        ))
                        (form::button(
                            &format!("delete-{index}"), "Delete", "DELETE", &path,
                            "Snapshot deleted.",
                        ))
                    }
                }
            }
        }
    }
}

fn dialect(shared: &Shared) -> Markup {
    let current = shared.state().dialect().to_string();
    html! {
        section aria-labelledby="dialect-title" {
            h2 #dialect-title { "Dialect" }
            form.inline data-method="PUT" data-action="/_sandbox/dialect" data-done="Dialect set."
                data-keep {
                label for="dialect" { "Format of responses" }
                select #dialect name="dialect" {
                    @for name in Dialect::NAMES {
                        option value=(name) selected[name == current] { (name) }
                    }
                }
                button type="submit" { "Set" }
            }
        }
    }
}
