//! Who does not want to be texted, from events and from what people write.

use heymarket_api::types::Message;
use heymarket_api::webhook::{Event, EventData};
use jiff::Timestamp;
use serde_json::Value;

use crate::number::normalize;
use crate::state::Reason;
use crate::store::Suppress;

/// The vendor's opt-out words, with the two that US rules of 2025 add (REVOKE
/// and OPTOUT).
const OPT_OUT: [&str; 8] = [
    "STOP",
    "STOPALL",
    "UNSUBSCRIBE",
    "CANCEL",
    "END",
    "QUIT",
    "REVOKE",
    "OPTOUT",
];

/// The vendor's opt-in words.
const OPT_IN: [&str; 3] = ["START", "YES", "UNSTOP"];

/// The members that may hold the number in the data of consent events, whose
/// shape no source shows.
const NUMBER_MEMBERS: [&str; 4] = ["phone", "phone_number", "target", "from"];
const TIME_MEMBERS: [&str; 3] = ["updated", "date", "created"];

/// What an event says of a person's consent.
pub(crate) enum Consent {
    /// Nothing.
    Silent,
    Changes(Suppress),
    /// Something, and not whose.
    OfNobody,
}

/// Whether a message asks for no more messages (`false`), or for messages again.
///
/// The whole message must be the word, in any case. Spaces, hyphens and
/// punctuation around or within an opt-out word do not count: `Stop all.`
pub(crate) fn wants_messages(text: &str) -> Option<bool> {
    let word: String = text
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect();
    if OPT_OUT.contains(&word.as_str()) {
        Some(false)
    } else if OPT_IN.contains(&word.as_str()) {
        Some(true)
    } else {
        None
    }
}

pub(crate) fn of_event(event: &Event, now: Timestamp) -> Consent {
    match &event.data {
        EventData::MessageReceived(message) => of_message(message, now),
        EventData::OptOut(data) | EventData::DoubleOptInRestricted(data) => {
            of_data(data, true, now)
        }
        EventData::OptIn(data) | EventData::DoubleOptIn(data) => of_data(data, false, now),
        _ => Consent::Silent,
    }
}

fn of_message(message: &Message, now: Timestamp) -> Consent {
    let Some(wants) = message.text.as_deref().and_then(wants_messages) else {
        return Consent::Silent;
    };
    let conversation = message.conversation.as_ref();
    let numbers = [
        message.target.as_deref(),
        message.phone.as_deref(),
        conversation.and_then(|conversation| conversation.target.as_deref()),
    ];
    let phone = numbers.into_iter().flatten().find_map(number);
    change(phone, !wants, "reply", message.date.unwrap_or(now))
}

fn of_data(data: &Value, is_opt_out: bool, now: Timestamp) -> Consent {
    let phone = NUMBER_MEMBERS
        .iter()
        .find_map(|name| match data.get(name)? {
            Value::String(text) => number(text),
            Value::Number(digits) => number(&digits.to_string()),
            _ => None,
        });
    let time = TIME_MEMBERS
        .iter()
        .find_map(|name| data.get(name)?.as_str()?.parse().ok());
    change(phone, is_opt_out, "webhook", time.unwrap_or(now))
}

fn change(phone: Option<String>, is_active: bool, source: &str, since: Timestamp) -> Consent {
    match phone {
        None => Consent::OfNobody,
        Some(phone) => Consent::Changes(Suppress {
            phone,
            is_active,
            reason: Reason::OptedOut,
            source: source.to_owned(),
            since: since.as_millisecond(),
        }),
    }
}

/// A number of the API: digits with the country's code.
fn number(text: &str) -> Option<String> {
    normalize(text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opt_out_words_are_whole_messages_in_any_case() {
        for text in OPT_OUT
            .into_iter()
            .chain(["stop", " Stop. ", "Stop all", "opt-out", "QUIT!"])
        {
            assert_eq!(wants_messages(text), Some(false), "{text}");
        }
        for text in OPT_IN.into_iter().chain(["start", "Yes!"]) {
            assert_eq!(wants_messages(text), Some(true), "{text}");
        }
        for text in ["", "please stop it", "endless", "yes please", "no"] {
            assert_eq!(wants_messages(text), None, "{text}");
        }
    }
}
