//! Finds phone numbers, e-mail addresses and tokens by their form.

use std::ops::Range;

use super::text::Unit;

/// The minimum length of a phone number. Known IDs have fewer digits.
const PHONE_DIGITS: usize = 10;

/// Returns the phone numbers of a text.
pub(super) fn phones(text: &[Unit]) -> Vec<Range<usize>> {
    let mut phones = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if let Some(length) = uuid(&text[at..]) {
            at += length;
            continue;
        }
        let Number {
            digits,
            length,
            end,
        } = number(&text[at..]);
        if digits >= PHONE_DIGITS {
            phones.push(at..at + length);
        }
        at += if digits == 0 { end } else { length };
    }
    phones
}

/// A number at the start of a text.
struct Number {
    digits: usize,
    /// The length up to the last digit.
    length: usize,
    /// The length up to the first character that no number has; at least 1.
    end: usize,
}

fn number(text: &[Unit]) -> Number {
    let mut number = Number {
        digits: 0,
        length: 0,
        end: 1,
    };
    let begins = |unit: &Unit| unit.char.is_numeric() || matches!(unit.char, '+' | '(' | '[');
    if !text.first().is_some_and(begins) {
        return number;
    }
    for (index, unit) in text.iter().enumerate() {
        number.end = index + 1;
        if unit.char.is_numeric() {
            number.digits += 1;
            number.length = index + 1;
        } else if !is_between_digits(unit.char) {
            break;
        }
    }
    number
}

/// Returns whether a character may separate digits of a phone number.
fn is_between_digits(char: char) -> bool {
    let is_ascii = matches!(
        char,
        '+' | '-' | '.' | '/' | '\\' | '_' | '~' | '(' | ')' | '[' | ']'
    );
    let is_dash = matches!(char, '\u{ad}' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    let is_invisible = matches!(char, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    let is_other = matches!(char, '·' | '•' | '\u{2044}' | '\u{2215}');
    is_ascii || is_dash || is_invisible || is_other || char.is_whitespace()
}

/// Returns the length of a UUID at the start of a text. Its digits are not a phone
/// number.
fn uuid(text: &[Unit]) -> Option<usize> {
    const LENGTH: usize = 36;
    let is_part = |(index, unit): (usize, &Unit)| match index {
        8 | 13 | 18 | 23 => unit.char == '-',
        _ => unit.char.is_ascii_hexdigit(),
    };
    let uuid = text.get(..LENGTH)?;
    uuid.iter().enumerate().all(is_part).then_some(LENGTH)
}

/// Returns the e-mail addresses of a text.
pub(super) fn addresses(text: &[Unit]) -> Vec<Range<usize>> {
    let is_letter = |unit: &Unit| unit.char.is_alphanumeric();
    let is_local = |unit: &Unit| is_letter(unit) || "._%+-'".contains(unit.char);
    let is_domain = |unit: &Unit| is_letter(unit) || ".-".contains(unit.char);
    let mut addresses = Vec::new();
    for (at, _) in text.iter().enumerate().filter(|(_, unit)| unit.char == '@') {
        let local = text[..at].iter().rev().take_while(|unit| is_local(unit));
        let domain = text[at + 1..].iter().take_while(|unit| is_domain(unit));
        let (mut start, mut end) = (at - local.count(), at + 1 + domain.count());
        while start < at && !is_letter(&text[start]) {
            start += 1;
        }
        while end > at + 1 && !is_letter(&text[end - 1]) {
            end -= 1;
        }
        let has_dot = text[at + 1..end].iter().any(|unit| unit.char == '.');
        if start < at && has_dot {
            addresses.push(start..end);
        }
    }
    addresses
}

/// Returns the tokens of a text: JSON Web Tokens and legacy keys.
pub(super) fn tokens(text: &[Unit]) -> Vec<Range<usize>> {
    let is_token = |unit: &Unit| unit.char.is_ascii_alphanumeric() || "._-".contains(unit.char);
    let begins = |at: usize, with: &str| {
        let chars = text[at..].iter().map(|unit| unit.char);
        chars.take(with.len()).eq(with.chars())
    };
    let mut tokens: Vec<Range<usize>> = Vec::new();
    for at in 0..text.len() {
        let is_word = at == 0 || !text[at - 1].char.is_alphanumeric();
        let is_inside = tokens.last().is_some_and(|last| at < last.end);
        if !is_inside && (begins(at, "eyJ") || is_word && begins(at, "sk_")) {
            let length = text[at..].iter().take_while(|unit| is_token(unit)).count();
            tokens.push(at..at + length);
        }
    }
    tokens
}
