//! Phone numbers, as people write them.

use phonenumber::metadata::DATABASE;

/// A country whose calling code completes a national number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Country(phonenumber::country::Id);

impl Country {
    /// Parses a two-letter country code such as `US`, in any case.
    pub(crate) fn parse(code: &str) -> Result<Self, String> {
        code.trim()
            .to_ascii_uppercase()
            .parse()
            .map(Self)
            .map_err(|_| {
                format!("{code:?} is not a country; use a two-letter code, such as US or DE")
            })
    }

    /// Returns the two-letter code.
    pub(crate) fn code(&self) -> &str {
        self.0.as_ref()
    }
}

/// Parses a phone number, and returns it as the API takes it: digits with the
/// country code, without a plus sign.
///
/// Without a country, the number must have its country code; the plus sign is
/// optional. With one, a number without a plus sign is a number of that country.
///
/// # Errors
///
/// Returns a message if the text is not a phone number, or has more or fewer digits
/// than numbers of its country have.
pub(crate) fn parse(text: &str, country: Option<Country>) -> Result<String, String> {
    let refuse = |problem: &str| {
        let advice = match country {
            Some(country) => format!(
                "a number of another country than {} needs its country code, such as +15550100101",
                country.code()
            ),
            None => {
                "write the number with its country code, such as +15550100101, or set --country"
                    .to_owned()
            }
        };
        Err(format!(
            "{text:?} is not a phone number: {problem}; {advice}"
        ))
    };
    let text = text.trim();
    let is_separator = |c: char| matches!(c, ' ' | '-' | '(' | ')' | '.' | '/' | '+' | '\u{a0}');
    if !text.chars().all(|c| c.is_ascii_digit() || is_separator(c)) {
        return refuse("it has other characters than digits and separators");
    }
    let international = match country {
        None if !text.starts_with('+') => format!("+{text}"),
        _ => text.to_owned(),
    };
    let number = match phonenumber::parse(country.map(|country| country.0), &international) {
        Ok(number) => number,
        Err(phonenumber::ParseError::InvalidCountryCode) => {
            return refuse("no country has this code");
        }
        Err(phonenumber::ParseError::TooLong) => return refuse("it has too many digits"),
        Err(_) => return refuse("it has too few digits"),
    };
    let code = number.country().code();
    let national = number.national().to_string();
    let lengths = lengths(code);
    let length = u16::try_from(national.len()).unwrap_or(u16::MAX);
    if lengths.contains(&length) {
        return Ok(format!("{code}{national}"));
    }
    if lengths.iter().all(|possible| *possible > length) {
        refuse("it has too few digits")
    } else if lengths.iter().all(|possible| *possible < length) {
        refuse("it has too many digits")
    } else {
        refuse("its number of digits does not exist in its country")
    }
}

/// Returns the numbers of digits that national numbers of a calling code have.
///
/// Whether a number is assigned is not checked: new area codes come sooner than new
/// versions of this program.
fn lengths(code: u16) -> Vec<u16> {
    let regions = DATABASE.by_code(&code).unwrap_or_default();
    let kinds = regions.iter().flat_map(|region| {
        let kinds = region.descriptors();
        [
            kinds.fixed_line(),
            kinds.mobile(),
            kinds.toll_free(),
            kinds.premium_rate(),
            kinds.shared_cost(),
            kinds.personal_number(),
            kinds.voip(),
            kinds.pager(),
            kinds.uan(),
        ]
    });
    let lengths = kinds.flatten().flat_map(|kind| kind.possible_length());
    // Metadata marks kinds that do not exist with a length of -1.
    lengths.copied().filter(|length| *length < 20).collect()
}

/// Parses an address of a conversation: a phone number or an email address.
pub(crate) fn parse_address(text: &str, country: Option<Country>) -> Result<String, String> {
    match text.contains('@') {
        true => Ok(text.trim().to_owned()),
        false => parse(text, country),
    }
}

#[cfg(test)]
mod tests {
    use super::{Country, parse};

    #[test]
    fn a_number_is_read_however_it_is_written() {
        for text in [
            "15550100101",
            "+15550100101",
            "+1 (555) 010-0101",
            "1.555.010.0101",
            " +1 555 010 0101 ",
        ] {
            assert_eq!(parse(text, None).as_deref(), Ok("15550100101"), "{text}");
        }
    }

    #[test]
    fn a_country_completes_a_national_number() {
        let us = Country::parse("us").ok();
        for text in ["(555) 010-0101", "1 555 010 0101", "+15550100101"] {
            assert_eq!(parse(text, us).as_deref(), Ok("15550100101"), "{text}");
        }
        let de = Country::parse("DE").ok();
        assert_eq!(parse("030 23125012", de).as_deref(), Ok("493023125012"));
        assert_eq!(parse("+15550100101", de).as_deref(), Ok("15550100101"));
        assert!(Country::parse("Utopia").is_err());
    }

    #[test]
    fn a_number_that_cannot_exist_is_refused() {
        for text in [
            "",
            "+",
            "123",
            "1555",
            "1555010010",
            "155501001010101",
            "555-CALL",
            "+9995550100101",
        ] {
            assert!(parse(text, None).is_err(), "{text}");
        }
        let problem = parse("123", None).expect_err("a problem");
        assert!(
            problem.starts_with("\"123\" is not a phone number: "),
            "{problem}"
        );
        assert!(problem.contains("too few digits"), "{problem}");
        assert!(parse("555", Country::parse("US").ok()).is_err());
    }
}
