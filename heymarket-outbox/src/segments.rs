//! How many SMS segments a text takes.
//!
//! Carriers encode a text in GSM-7 if its alphabet has every character, and
//! otherwise the whole text in UCS-2 (3GPP TS 23.038).

/// How a text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// 7 bits a character: 160 in one segment, 153 in each of several.
    Gsm7,
    /// 16 bits a code unit: 70 in one segment, 67 in each of several.
    Ucs2,
}

/// What a text costs as an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Segments {
    /// How it is encoded.
    pub encoding: Encoding,
    /// How many units it has: GSM-7 septets or UTF-16 code units.
    pub units: usize,
    /// How many segments it takes; 0 for an empty text.
    pub count: usize,
}

/// The basic alphabet but for the escape, in the order of the standard.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table: each takes an escape before it, two septets.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

impl Segments {
    /// Counts the segments of a text.
    ///
    /// ```
    /// use heymarket_outbox::{Encoding, Segments};
    ///
    /// let plain = Segments::of(&"a".repeat(160));
    /// assert_eq!((plain.encoding, plain.count), (Encoding::Gsm7, 1));
    /// let curly = Segments::of(&format!("{}’", "a".repeat(159)));
    /// assert_eq!((curly.encoding, curly.count), (Encoding::Ucs2, 3));
    /// ```
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|character| septets(character).is_some()) {
            let sizes = text.chars().filter_map(septets);
            Self::pack(Encoding::Gsm7, sizes, 160, 153)
        } else {
            Self::pack(Encoding::Ucs2, text.chars().map(char::len_utf16), 70, 67)
        }
    }

    /// No character is cut in two: one that does not fit begins a segment.
    fn pack(
        encoding: Encoding,
        sizes: impl Iterator<Item = usize>,
        single: usize,
        each: usize,
    ) -> Self {
        let (mut units, mut count, mut used) = (0, 0, each);
        for size in sizes {
            units += size;
            if used + size > each {
                count += 1;
                used = 0;
            }
            used += size;
        }
        let count = if units <= single { count.min(1) } else { count };
        Self {
            encoding,
            units,
            count,
        }
    }
}

/// How many septets a character takes; `None` if GSM-7 does not have it.
fn septets(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// The character that makes a text take more segments than it would without
/// such characters, and how many it takes.
///
/// Each character that GSM-7 lacks is counted as one plain letter for the
/// comparison, as if it had been typed plainly.
pub(crate) fn costly_character(text: &str) -> Option<(char, usize)> {
    let found = text
        .chars()
        .find(|character| septets(*character).is_none())?;
    let plain: String = text
        .chars()
        .map(|character| septets(character).map_or('x', |_| character))
        .collect();
    let (with, without) = (Segments::of(text).count, Segments::of(&plain).count);
    (with > without).then_some((found, with))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> (Encoding, usize, usize) {
        let segments = Segments::of(text);
        (segments.encoding, segments.units, segments.count)
    }

    #[test]
    fn the_limits_of_each_encoding_are_160_153_70_and_67() {
        use Encoding::{Gsm7, Ucs2};
        assert_eq!(count(""), (Gsm7, 0, 0));
        for (length, segments) in [(1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3)] {
            assert_eq!(count(&"a".repeat(length)), (Gsm7, length, segments));
        }
        for (length, segments) in [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)] {
            assert_eq!(count(&"’".repeat(length)), (Ucs2, length, segments));
        }
    }

    #[test]
    fn a_character_of_the_extension_takes_two_septets() {
        assert_eq!(count(&"€".repeat(80)), (Encoding::Gsm7, 160, 1));
        assert_eq!(count(&"€".repeat(81)), (Encoding::Gsm7, 162, 2));
        // 152 septets and an escape do not fit into 153.
        let split = format!("{}€{}", "a".repeat(152), "a".repeat(151));
        assert_eq!(count(&split), (Encoding::Gsm7, 305, 2));
        let shifted = format!("{}€{}", "a".repeat(152), "a".repeat(152));
        assert_eq!(count(&shifted), (Encoding::Gsm7, 306, 3));
    }

    #[test]
    fn a_surrogate_pair_is_not_cut_in_two() {
        assert_eq!(count(&"😀".repeat(35)), (Encoding::Ucs2, 70, 1));
        // 33 pairs fit into 67 units, and not 33 and a half.
        assert_eq!(count(&"😀".repeat(66)), (Encoding::Ucs2, 132, 2));
        assert_eq!(count(&"😀".repeat(67)), (Encoding::Ucs2, 134, 3));
    }

    #[test]
    fn the_basic_alphabet_has_127_characters_and_the_extension_10() {
        assert_eq!(BASIC.chars().count(), 127);
        assert_eq!(EXTENSION.chars().count(), 10);
    }

    #[test]
    fn one_character_that_costs_segments_is_named() {
        let text = format!("{}’s", "a".repeat(100));
        assert_eq!(costly_character(&text), Some(('’', 2)));
        assert_eq!(costly_character("It’s"), None);
        assert_eq!(costly_character(&"a".repeat(400)), None);
    }
}
