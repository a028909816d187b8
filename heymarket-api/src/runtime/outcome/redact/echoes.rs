//! Finds echoes of the request's values in a message.
//!
//! Only letters and digits are compared, in windows of a few bytes. This finds values
//! that were truncated, whose case changed, or that have other spaces and punctuation.
//! The time is linear in the message and in the values.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::text::{Letter, bytes, folded, letters, units};

/// The length of an echo. Shorter matches occur in too many messages by chance.
pub(super) const WINDOW: usize = 5;

/// The minimum length of a value that is an echo as a whole word.
const SHORTEST: usize = 3;

/// Returns the letters of a message that echo the values.
pub(super) fn echoes(text: &[Letter], values: &[Cow<'_, str>]) -> Vec<Range<usize>> {
    let bytes = bytes(text);
    let mut windows: HashMap<&[u8], bool> = HashMap::new();
    windows.extend(bytes.windows(WINDOW).map(|window| (window, false)));
    let mut short = HashSet::new();
    for value in values {
        for value in views(value) {
            if value.len() < WINDOW {
                short.insert(value);
                continue;
            }
            for window in value.windows(WINDOW) {
                if let Some(is_echo) = windows.get_mut(window) {
                    *is_echo = true;
                }
            }
        }
    }
    let long = bytes.windows(WINDOW).enumerate();
    let long = long.filter(|(_, window)| windows[window]);
    let mut echoes: Vec<_> = long.map(|(at, _)| at..at + WINDOW).collect();
    echoes.extend(words(text, &bytes, &short));
    joined(echoes)
}

/// Returns a value as it is, and without its escapes and markup.
fn views(value: &str) -> Vec<Vec<u8>> {
    let mut views = vec![folded(value)];
    if value.contains(['\\', '%', '&', '<']) {
        let mut units = units(value);
        let mut is_markup = false;
        units.retain(|unit| {
            match unit.char {
                '<' => is_markup = true,
                '>' => is_markup = false,
                _ => {}
            }
            !is_markup
        });
        views.push(bytes(&letters(&units)));
    }
    views
}

/// Returns where a message has a short value as a whole word. Scripts other than ASCII
/// may not separate words by spaces.
fn words(text: &[Letter], bytes: &[u8], short: &HashSet<Vec<u8>>) -> Vec<Range<usize>> {
    let unit = |at: usize| text.get(at).map(|letter| letter.unit);
    // Whether a position is between two words.
    let is_between = |at: usize, gap: usize| match (at.checked_sub(1).and_then(unit), unit(at)) {
        (Some(before), Some(after)) => after > before + gap,
        _ => true,
    };
    let mut words = Vec::new();
    for start in 0..bytes.len() {
        for length in SHORTEST..WINDOW {
            let end = start + length;
            let Some(word) = bytes.get(start..end) else {
                break;
            };
            let gap = usize::from(word.is_ascii());
            let is_word = is_between(start, gap) && is_between(end, gap);
            if is_word && short.contains(word) {
                words.push(start..end);
            }
        }
    }
    words
}

/// Joins ranges that overlap or touch.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}
