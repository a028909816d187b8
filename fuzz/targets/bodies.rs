//! Decodes a body as every type. The result is a value, or an error that quotes
//! nothing of the body.

#![no_main]

use std::fmt::Debug;

use heymarket_api::types;
use libfuzzer_sys::fuzz_target;
use serde::de::DeserializeOwned;

/// Takes the place of personal data in the corpus.
const CANARY: &str = "15550100101";

fn decode<T: DeserializeOwned + Debug>(body: &[u8]) {
    match heymarket_api::fuzzing::decode::<T>(body) {
        Ok(value) => drop(format!("{value:?}")),
        Err(mismatch) => assert!(!mismatch.contains(CANARY), "{mismatch}"),
    }
}

macro_rules! decode_each {
    ($($name:ident),*) => {
        fn decode_each(body: &[u8]) {
            $(decode::<types::$name>(body);)*
        }
    };
}

heymarket_api::for_each_type!(decode_each);

fuzz_target!(|body: &[u8]| {
    decode_each(body);
    // Lists of other types would run the same code, which takes long to compile.
    decode::<Vec<types::Conversation>>(body);
    decode::<Vec<types::Message>>(body);
});
