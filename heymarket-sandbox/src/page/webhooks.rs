//! Webhooks, and their deliveries.

use maud::{Markup, html};

use super::form;
use super::layout::short;
use crate::state::Shared;
use crate::webhooks::{Delivery, Outcome};

/// How many deliveries are shown.
const DELIVERIES: usize = 100;

pub(super) fn render(shared: &Shared) -> Markup {
    let (webhooks, mut deliveries) = {
        let state = shared.state();
        (state.webhooks.report(), state.webhooks.log().latest())
    };
    deliveries.reverse();
    deliveries.truncate(DELIVERIES);
    let webhooks = webhooks.as_array().cloned().unwrap_or_default();
    html! {
        section aria-labelledby="receivers-title" {
            h2 #receivers-title { "Receivers" }
            ul.cards #webhooks data-live {
                @for webhook in &webhooks {
                    li #{ "webhook-" (webhook["id"]) } {
                        p { strong { (webhook["url"].as_str().unwrap_or_default()) } }
                        p.meta {
                            "ID " (webhook["id"]) " · " (webhook["taken"]) " delivered · "
                            (webhook["failed"]) " failed · " (webhook["queued"]) " queued in all"
                        }
                        (form::button(
                            &format!("remove-webhook-{}", webhook["id"]), "Remove", "DELETE",
                            &format!("/_sandbox/webhooks/{}", webhook["id"]), "Webhook removed.",
                        ))
                    }
                }
            }
            (add())
        }
        section aria-labelledby="deliveries-title" {
            h2 #deliveries-title { "Deliveries" }
            ol.requests #deliveries data-live {
                @for delivery in &deliveries { (entry(delivery)) }
            }
        }
    }
}

fn add() -> Markup {
    html! {
        form.card data-method="POST" data-action="/_sandbox/webhooks" data-done="Webhook added." {
            h3 { "Add a receiver" }
            div.field {
                label for="webhook-url" { "URL" }
                input #webhook-url name="url" type="url" required autocomplete="off"
                    placeholder="http://127.0.0.1:9000/";
            }
            div.field {
                label for="webhook-token" { "Token" }
                input #webhook-token name="token" type="text" required autocomplete="off";
            }
            (form::field("retries", "Retries", form::Input::Number, "0"))
            button type="submit" { "Add" }
        }
    }
}

fn entry(delivery: &Delivery) -> Markup {
    let (class, outcome) = match delivery.outcome {
        Outcome::Pending => ("wait", "pending"),
        Outcome::Delivered => ("good", "delivered"),
        Outcome::Failed => ("bad", "failed"),
    };
    let id = delivery.id;
    html! {
        li #{ "delivery-" (id) } {
            details {
                summary {
                    span.status.(class) { (outcome) } " "
                    span.method { (delivery.kind) } " "
                    span.meta {
                        "to webhook " (delivery.webhook) " · "
                        (delivery.attempts.len()) " attempts · "
                        time datetime=(delivery.time) { (short(delivery.time)) }
                    }
                }
                ol {
                    @for attempt in &delivery.attempts {
                        li {
                            time datetime=(attempt.time) { (short(attempt.time)) } ": "
                            @if let Some(status) = attempt.status { (status) }
                            @if let Some(error) = &attempt.error { (error) }
                            " after " (attempt.duration_ms) " ms"
                        }
                    }
                }
                pre tabindex="0" { (format!("{:#}", delivery.event_data)) }
            }
            (form::button(
                &format!("redeliver-{id}"), "Deliver again", "POST",
                &format!("/_sandbox/deliveries/{id}/redeliver"), "Delivery queued.",
            ))
        }
    }
}
