//! The rules that make requests fail.

use maud::{Markup, html};

use super::form::{self, Input, field};
use super::requests::operations;
use crate::faults::Fault;
use crate::state::Shared;

pub(super) fn render(shared: &Shared) -> Markup {
    let state = shared.state();
    html! {
        section aria-labelledby="active-title" {
            h2 #active-title { "Active rules" }
            ul.cards #rules data-live {
                @for active in state.rules.active() {
                    li #{ "rule-" (active.id) } {
                        p { strong { "Rule " (active.id) } " " code { (active.rule) } }
                        p.meta { (active.hit) " of " (active.seen) " requests hit" }
                        (form::button(
                            &format!("remove-rule-{}", active.id), "Remove", "DELETE",
                            &format!("/_sandbox/rules/{}", active.id), "Rule removed.",
                        ))
                    }
                }
            }
            (form::button("clear-rules", "Remove all", "DELETE", "/_sandbox/rules", "Rules removed."))
        }
        (add())
    }
}

fn add() -> Markup {
    html! {
        form.card data-method="POST" data-action="/_sandbox/rules" data-done="Rule added." {
            h2 { "Add a rule" }
            div.field {
                label for="fault" { "Fault" }
                select #fault name="fault" {
                    @for fault in Fault::ALL { option value=(fault.name()) { (fault.name()) } }
                }
            }
            div.field {
                label for="rule-operation" { "Operation" }
                input #rule-operation name="operation" type="text" list="operations"
                    autocomplete="off" placeholder="all";
                (operations())
            }
            fieldset {
                legend { "Which requests" }
                (field("nth", "Only the nth", Input::Number, ""))
                (field("from", "From the nth on", Input::Number, ""))
                (field("times", "At most this many", Input::Number, ""))
                (field("probability", "Probability", Input::Number, "0.1"))
                (field("seed", "Seed", Input::Number, "0"))
            }
            fieldset {
                legend { "Parameters of the fault" }
                (field("status", "Status", Input::Number, "500"))
                (field("retry_after_seconds", "Retry-After in seconds", Input::Number, ""))
                (field("delay_ms", "Delay in milliseconds", Input::Number, ""))
                (field("skew_seconds", "Clock skew in seconds", Input::Number, ""))
                (field("lag_seconds", "History lag in seconds", Input::Number, ""))
                (field("max_items", "Items on a page", Input::Number, ""))
                (field("start", "Quiet from (UTC)", Input::Time, ""))
                (field("end", "Quiet until (UTC)", Input::Time, ""))
                (field("requests", "Requests of others in a minute", Input::Number, ""))
                div.field {
                    input #processed name="processed" type="checkbox" data-type="boolean";
                    label for="processed" { "Process the request before the error" }
                }
            }
            button type="submit" { "Add" }
        }
    }
}
