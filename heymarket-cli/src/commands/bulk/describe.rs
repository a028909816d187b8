//! Batches, numbers and times in words.

/// The counts of a batch as members of JSON.
pub(super) fn counts(status: &heymarket_outbox::Status) -> serde_json::Value {
    let mut states = serde_json::Map::new();
    let mut reasons = serde_json::Map::new();
    for (state, reason, count) in status.counts.iter() {
        let total = status.counts.of(state);
        states.insert(state.as_str().to_owned(), total.into());
        if let Some(reason) = reason {
            let name = format!("{}.{}", state.as_str(), reason.as_str());
            reasons.insert(name, count.into());
        }
    }
    serde_json::json!({
        "batch": status.batch,
        "state": state(status),
        "recipients": status.recipients,
        "states": states,
        "reasons": reasons,
    })
}

/// The state of a batch, in one word.
pub(super) fn state(status: &heymarket_outbox::Status) -> &'static str {
    if status.is_cancelled {
        "cancelled"
    } else if status.is_paused {
        "paused"
    } else if status.counts.is_done() {
        "done"
    } else {
        "ready"
    }
}

/// A number with its thousands apart, such as `1,987`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of minutes, such as `2 h 12 min`.
pub(super) fn minutes(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, 0) => "less than a minute".to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_for_people() {
        assert_eq!(grouped(1987), "1,987");
        assert_eq!(grouped(999), "999");
        assert_eq!(minutes(0), "less than a minute");
        assert_eq!(minutes(45), "45 min");
        assert_eq!(minutes(132), "2 h 12 min");
    }
}
