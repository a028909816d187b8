//! Time zones: those of numbers, and those of names.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::tz::TimeZone;

/// Each zone with the prefixes of the numbers in it; `-` has those of prefixes
/// in several. From the time zone data of libphonenumber 9.0.43, copyright The
/// Libphonenumber Authors, Apache License 2.0.
const TABLE: &str = include_str!("zones.txt");

static BY_PREFIX: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter_map(|line| line.split_once(' '));
    lines
        .flat_map(|(zone, prefixes)| prefixes.split(' ').map(move |prefix| (prefix, zone)))
        .collect()
});

/// Prefixes are not longer.
const LONGEST: usize = 9;

/// The zone of a number's area, where all of the area has one. `digits` is the
/// number in E.164 without the `+`.
///
/// A number that was taken along to another area is still counted to its own.
pub(crate) fn of_number(digits: &str) -> Option<&'static str> {
    let longest = digits.len().min(LONGEST);
    (1..=longest)
        .rev()
        .find_map(|length| BY_PREFIX.get(digits.get(..length)?))
        .copied()
        .filter(|zone| *zone != "-")
}

/// The zone of this name, or of an offset such as `+02:00`.
pub(crate) fn named(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The name of this machine's zone.
pub(crate) fn of_machine() -> String {
    let zone = TimeZone::system();
    zone.iana_name().unwrap_or("UTC").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_in_the_zone_of_its_longest_prefix() {
        let cases = [
            ("12125550101", Some("America/New_York")),
            ("13125550101", Some("America/Chicago")),
            ("16025550101", Some("America/Phoenix")),
            ("18085550101", Some("Pacific/Honolulu")),
            ("493023125012", Some("Europe/Berlin")),
            // Area codes that no place has, and that two zones share.
            ("15550100101", None),
            ("12085550101", None),
            ("", None),
        ];
        for (number, zone) in cases {
            assert_eq!(of_number(number), zone, "{number}");
        }
    }

    #[test]
    fn every_zone_of_the_table_exists_and_no_prefix_is_longer() {
        for line in TABLE.lines() {
            let (zone, prefixes) = line.split_once(' ').expect("a zone and its prefixes");
            assert!(zone == "-" || named(zone).is_some(), "{zone}");
            for prefix in prefixes.split(' ') {
                assert!((1..=LONGEST).contains(&prefix.len()), "{prefix}");
                assert!(prefix.bytes().all(|byte| byte.is_ascii_digit()), "{prefix}");
            }
        }
    }
}
