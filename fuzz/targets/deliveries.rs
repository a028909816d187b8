//! Verifies a delivery without and with the valid token. Only the second may become
//! an event.

#![no_main]

use heymarket_api::webhook::Verifier;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const TOKEN: &str = "8c1bb1a4-0d7c-4e2d-9ba5-3b8d1f6a57c3";

fuzz_target!(|body: &[u8]| {
    // A fuzzer finds the token by watching comparisons.
    let guessed = body
        .windows(TOKEN.len())
        .any(|window| window == TOKEN.as_bytes());
    if guessed {
        return;
    }
    let verifier = Verifier::new(TOKEN);
    assert!(verifier.verify(body).is_err());

    let Ok(mut delivery) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    if let Some(members) = delivery.as_object_mut() {
        members.insert("token".to_owned(), TOKEN.into());
        if let Ok(event) = verifier.verify(delivery.to_string().as_bytes()) {
            let shown = format!("{event:?}");
            assert!(!shown.contains(TOKEN), "{shown}");
        }
    }
});
