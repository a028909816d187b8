//! A receiver of webhooks on an edge runtime: a WASI program that is started for each request, in
//! the manner of CGI. The delivery is on standard input, the response goes to standard output.
//!
//! `cargo build -p edge-receiver --target wasm32-wasip1` builds it. `HEYMARKET_WEBHOOK_TOKEN` is the
//! verification token of the webhook.
//!
//! It keeps nothing between requests, so it handles no event itself. It prints the event with the
//! key by which a queue or a key-value store of the platform drops repeats.

use std::io::{self, Read, Write};

use heymarket_api::webhook::{Verifier, WebhookError};
use serde_json::json;

/// The longest body that is read, in bytes.
const LONGEST: u64 = 1 << 20;

fn main() -> io::Result<()> {
    let token = std::env::var("HEYMARKET_WEBHOOK_TOKEN").unwrap_or_default();
    let mut body = Vec::new();
    io::stdin().take(LONGEST + 1).read_to_end(&mut body)?;
    let (status, text) = respond(&token, &body);
    write!(
        io::stdout(),
        "Status: {status}\r\nContent-Type: application/json\r\n\r\n{text}\n"
    )
}

/// The status and the body of the response to a delivery.
fn respond(token: &str, body: &[u8]) -> (&'static str, String) {
    if token.is_empty() {
        let problem = json!({ "error": "HEYMARKET_WEBHOOK_TOKEN is not set" });
        return ("500 Internal Server Error", problem.to_string());
    }
    match Verifier::new(token).verify(body) {
        Ok(event) => {
            let event = json!({ "key": event.dedupe_key(), "type": event.event_type });
            ("200 OK", event.to_string())
        }
        Err(error) => {
            let status = match error {
                WebhookError::Unauthorized => "401 Unauthorized",
                WebhookError::TooLarge => "413 Content Too Large",
                _ => "400 Bad Request",
            };
            (status, json!({ "error": error.to_string() }).to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::respond;

    const DELIVERY: &[u8] = br#"{"id":1,"type":"message_received","token":"right",
        "event_data":{"id":7,"text":"Hello"}}"#;

    #[test]
    fn a_delivery_with_the_token_is_an_event_with_a_key() {
        let (status, text) = respond("right", DELIVERY);
        assert_eq!(status, "200 OK");
        assert!(text.contains(r#""key":""#), "{text}");
        assert!(!text.contains("Hello"), "{text}");
    }

    #[test]
    fn what_is_not_verified_is_refused() {
        assert_eq!(respond("wrong", DELIVERY).0, "401 Unauthorized");
        assert_eq!(respond("right", b"[]").0, "400 Bad Request");
        assert_eq!(respond("", DELIVERY).0, "500 Internal Server Error");
    }
}
