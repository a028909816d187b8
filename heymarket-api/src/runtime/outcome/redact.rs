//! Removes sensitive values from a server's message.

mod echoes;
mod patterns;
mod sent;
mod text;

use std::borrow::Cow;
use std::ops::Range;

use echoes::{WINDOW, echoes};
pub(crate) use sent::Sent;
use sent::Values;
use text::{Letter, Unit, bytes, letters, units};

/// In bytes. A longer message is omitted, and so is one after a larger request:
/// comparing them would take too long.
const LONGEST_MESSAGE: usize = 4 * 1024;
const LARGEST_REQUEST: usize = 1024 * 1024;

/// The length of a subscriber number. An echo of this many digits is hidden even within
/// a longer number.
const SUBSCRIBER_DIGITS: usize = 7;

/// Hides what a message echoes of the request: of sensitive members of the body, of the
/// query and of secrets; and everything that looks like a phone number, an e-mail
/// address or a token. Returns `None` if the message should be omitted.
pub(crate) fn redact(message: &str, sent: &Sent<'_>) -> Option<String> {
    let is_too_large = sent.body.is_some_and(|body| body.len() > LARGEST_REQUEST);
    if is_too_large || message.len() > LONGEST_MESSAGE {
        return None;
    }
    let values = Values::of(sent)?;
    let units = units(message);
    let mut hidden = vec![None; units.len()];
    let mut hide = |range: Range<usize>, by: &'static str| hidden[range].fill(Some(by));
    for range in patterns::phones(&units) {
        hide(range, HIDDEN);
    }
    for range in patterns::addresses(&units) {
        hide(range, HIDDEN);
    }
    for (range, by) in repeated(&units, sent, &values) {
        hide(range, by);
    }
    for range in patterns::tokens(&units) {
        hide(range, SECRET);
    }
    Some(shown(message, &units, &hidden))
}

const HIDDEN: &str = "[hidden]";
const SECRET: &str = "[secret]";

/// Returns the units that echo a value of the request, each with its replacement.
fn repeated(units: &[Unit], sent: &Sent<'_>, values: &Values) -> Vec<(Range<usize>, &'static str)> {
    let letters = letters(units);
    let mut hidden = echoes(&letters, &values.sensitive);
    hidden.retain(|echo| {
        let is_public = is_public(units_of(echo, &letters), units, values);
        !is_public && !is_in_another_number(echo, &letters)
    });
    let secrets: Vec<_> = sent.secrets.iter().copied().map(Cow::from).collect();
    let secret = without_gaps(echoes(&letters, &secrets));
    let hidden = without_gaps(hidden).into_iter().map(|echo| (echo, HIDDEN));
    let secret = secret.into_iter().map(|echo| (echo, SECRET));
    let mut repeated: Vec<_> = hidden.chain(secret).collect();
    // Where two overlap, the longer one is the actual echo.
    repeated.sort_by_key(|(echo, _)| echo.len());
    let repeated = repeated.into_iter();
    repeated
        .map(|(echo, by)| (units_of(&echo, &letters), by))
        .collect()
}

/// Returns whether every word that an echo touches belongs to the API, such as the name
/// of a member.
fn is_public(echo: Range<usize>, units: &[Unit], values: &Values) -> bool {
    let is_word = |unit: &&Unit| unit.char.is_alphanumeric() || unit.char == '_';
    let before = units[..echo.start].iter().rev().take_while(is_word).count();
    let after = units[echo.end..].iter().take_while(is_word).count();
    let touched = &units[echo.start - before..echo.end + after];
    let mut words = touched.split(|unit| !is_word(&unit));
    words.all(|word| values.is_public(&bytes(&letters(word))))
}

/// Returns whether an echo is a few digits within a longer number, such as an ID that
/// has them by chance.
fn is_in_another_number(echo: &Range<usize>, letters: &[Letter]) -> bool {
    let is_digit = |letter: &Letter| letter.byte.is_ascii_digit();
    let goes_on = |at: usize| {
        let pair = at
            .checked_sub(1)
            .and_then(|before| letters.get(before..=at));
        pair.is_some_and(|pair| pair.iter().all(is_digit) && pair[1].unit - pair[0].unit == 1)
    };
    letters[echo.clone()].iter().all(is_digit)
        && echo.len() < SUBSCRIBER_DIGITS
        && (goes_on(echo.start) || goes_on(echo.end))
}

/// Joins echoes with less than a window between them, which is the rest of a value that
/// the server changed.
fn without_gaps(echoes: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for echo in echoes {
        match joined.last_mut() {
            Some(last) if echo.start - last.end < WINDOW => last.end = echo.end,
            _ => joined.push(echo),
        }
    }
    joined
}

/// Returns the units of letters, and those between them.
fn units_of(echo: &Range<usize>, letters: &[Letter]) -> Range<usize> {
    letters[echo.start].unit..letters[echo.end - 1].unit + 1
}

fn shown(message: &str, units: &[Unit], hidden: &[Option<&'static str>]) -> String {
    let mut shown = String::with_capacity(message.len());
    let mut before = None;
    for (unit, by) in units.iter().zip(hidden) {
        match by {
            None => shown.push_str(&message[unit.start..unit.end]),
            Some(by) if before != Some(by) => shown.push_str(by),
            Some(_) => {}
        }
        before = by.as_ref();
    }
    shown
}

#[cfg(test)]
mod tests;
