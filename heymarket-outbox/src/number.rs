//! Phone numbers, as they are written and as they are sent.

use std::str::FromStr;

use phonenumber::country;

/// An unassigned area code, which examples and the sandbox use.
const EXAMPLES: &str = "1555";
const EXAMPLE_DIGITS: usize = 11;

/// A country, by its two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Country(country::Id);

impl FromStr for Country {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = text.trim().to_ascii_uppercase().parse().map_err(|_| ())?;
        Ok(Self(id))
    }
}

/// The number in E.164 without the `+`, as the API takes it; `None` if it cannot
/// be one.
///
/// Without a `+` it is a number of `country`, or, without a country, has its
/// country's code.
pub(crate) fn normalize(written: &str, country: Option<Country>) -> Option<String> {
    let written = written.trim();
    let id = country.map(|country| country.0);
    let parsed = match id {
        None if !written.starts_with('+') => phonenumber::parse(None, format!("+{written}")),
        _ => phonenumber::parse(id, written),
    };
    let number = parsed.ok().filter(|number| number.extension().is_none())?;
    let digits = format!("{}{}", number.code().value(), number.national());
    let is_example = digits.starts_with(EXAMPLES) && digits.len() == EXAMPLE_DIGITS;
    (is_example || phonenumber::is_valid(&number)).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let us = Some("us".parse::<Country>().expect("a country"));
        let cases = [
            ("+1 (212) 555-0123", None, Some("12125550123")),
            ("(212) 555-0123", us, Some("12125550123")),
            ("212.555.0123", us, Some("12125550123")),
            ("1 212 555 0123", us, Some("12125550123")),
            ("12125550123", None, Some("12125550123")),
            ("+49 30 23125012", us, Some("493023125012")),
            // Of no one: for examples and the sandbox.
            ("15550100101", None, Some("15550100101")),
            ("555-010-0101", us, Some("15550100101")),
            ("212555236", us, None),
            ("+1 212 555 01230", us, None),
            ("212 555 0123 ext. 5", us, None),
            ("robin@example.com", us, None),
            ("", us, None),
            ("+", None, None),
        ];
        for (written, country, expected) in cases {
            assert_eq!(
                normalize(written, country).as_deref(),
                expected,
                "{written}"
            );
        }
    }

    #[test]
    fn a_country_is_two_letters() {
        assert!("US".parse::<Country>().is_ok());
        assert!("USA".parse::<Country>().is_err());
        assert!("".parse::<Country>().is_err());
    }
}
