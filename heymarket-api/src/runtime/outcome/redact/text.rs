//! Text without its escapes, as its reader sees it.

/// A character, and its bytes in the message.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    pub(super) char: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// How often nested escapes are undone.
const DEPTH: usize = 4;

/// Returns the characters of a text, with the escapes of JSON, URLs and HTML undone.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut units: Vec<Unit> = text
        .char_indices()
        .map(|(start, char)| Unit {
            char: narrow(char),
            start,
            end: start + char.len_utf8(),
        })
        .collect();
    for _ in 0..DEPTH {
        let length = units.len();
        units = unescaped(&units);
        if units.len() == length {
            break;
        }
    }
    units
}

/// A UTF-8 byte of a case-folded letter or digit, and the index of its unit.
#[derive(Clone, Copy)]
pub(super) struct Letter {
    pub(super) byte: u8,
    pub(super) unit: usize,
}

/// Returns the letters and digits of a text.
pub(super) fn letters(units: &[Unit]) -> Vec<Letter> {
    let mut letters = Vec::with_capacity(units.len());
    for (unit, Unit { char, .. }) in units.iter().enumerate() {
        fold(*char, |byte| letters.push(Letter { byte, unit }));
    }
    letters
}

/// Returns the bytes of letters.
pub(super) fn bytes(letters: &[Letter]) -> Vec<u8> {
    letters.iter().map(|letter| letter.byte).collect()
}

/// Returns the letters and digits of a text without escapes.
pub(super) fn folded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for char in text.chars() {
        fold(narrow(char), |byte| bytes.push(byte));
    }
    bytes
}

fn fold(char: char, mut push: impl FnMut(u8)) {
    if let Ok(byte) = u8::try_from(char)
        && byte.is_ascii()
    {
        if byte.is_ascii_alphanumeric() {
            push(byte.to_ascii_lowercase());
        }
        return;
    }
    // Via capitals, in which `ß` and `SS` are equal.
    let small = char.to_uppercase().flat_map(char::to_lowercase);
    for char in small.filter(|char| char.is_alphanumeric()) {
        char.encode_utf8(&mut [0; 4]).bytes().for_each(&mut push);
    }
}

/// Returns the ASCII equivalent of a fullwidth character.
fn narrow(char: char) -> char {
    match char {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        _ => char,
    }
}

fn unescaped(units: &[Unit]) -> Vec<Unit> {
    let mut plain = Vec::with_capacity(units.len());
    let mut rest = units;
    while let Some(first) = rest.first() {
        let (char, length) = escape(rest).unwrap_or((first.char, 1));
        plain.push(Unit {
            char: narrow(char),
            start: first.start,
            end: rest[length - 1].end,
        });
        rest = &rest[length..];
    }
    plain
}

/// Parses an escape at the start. Returns its character and its length.
fn escape(text: &[Unit]) -> Option<(char, usize)> {
    match text.first()?.char {
        '\\' => backslash(text).or_else(|| encoded(text)),
        '%' => encoded(text),
        '&' => entity(text),
        _ => None,
    }
}

/// Parses `\n`, `\"`, `\u00e9`, `\ud83d\ude42` and `\u{e9}`.
fn backslash(text: &[Unit]) -> Option<(char, usize)> {
    match text.get(1)?.char {
        'b' | 'f' | 'n' | 'r' | 't' => Some((' ', 2)),
        char @ ('"' | '\'' | '\\' | '/') => Some((char, 2)),
        'u' if text.get(2)?.char == '{' => {
            let digits = text[3..].iter().take(7).position(|unit| unit.char == '}')?;
            let char = char::from_u32(hex(&text[3..3 + digits])?)?;
            Some((char, 4 + digits))
        }
        'u' => {
            let high = hex(text.get(2..6)?)?;
            if let Some(char) = char::from_u32(high) {
                return Some((char, 6));
            }
            let is_pair = text.get(6)?.char == '\\' && text.get(7)?.char == 'u';
            let low = hex(text.get(8..12).filter(|_| is_pair)?)?;
            let pair = [high, low].map(u16::try_from);
            let [Ok(high), Ok(low)] = pair else {
                return None;
            };
            let mut chars = char::decode_utf16([high, low]);
            Some((chars.next()?.ok()?, 12))
        }
        _ => None,
    }
}

/// Parses `%C3%A9`, `\xc3\xa9`, and `%E9` as a byte of Latin-1.
fn encoded(text: &[Unit]) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let text = text.get(at..)?;
        let (digits, length) = match (text.first()?.char, text.get(1)?.char) {
            ('%', _) => (text.get(1..3)?, 3),
            ('\\', 'x') => (text.get(2..4)?, 4),
            _ => return None,
        };
        Some((u8::try_from(hex(digits)?).ok()?, length))
    };
    let (first, length) = byte(0)?;
    let mut utf8 = vec![first];
    let mut end = length;
    while utf8.len() < 4 {
        if let Ok(char) = std::str::from_utf8(&utf8) {
            return Some((char.chars().next()?, end));
        }
        let Some((next, length)) = byte(end) else {
            break;
        };
        utf8.push(next);
        end += length;
    }
    match std::str::from_utf8(&utf8) {
        Ok(char) => Some((char.chars().next()?, end)),
        Err(_) => Some((char::from(first), length)),
    }
}

/// Parses `&amp;`, `&#233;` and `&#xe9;`.
fn entity(text: &[Unit]) -> Option<(char, usize)> {
    let end = text.iter().take(10).position(|unit| unit.char == ';')?;
    let name: String = text[1..end].iter().map(|unit| unit.char).collect();
    let char = match name.as_str() {
        "amp" => '&',
        "apos" => '\'',
        "gt" => '>',
        "lt" => '<',
        "nbsp" => ' ',
        "quot" => '"',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((char, end + 1))
}

fn hex(digits: &[Unit]) -> Option<u32> {
    let mut digits = digits.iter().map(|unit| unit.char.to_digit(16));
    digits.try_fold(0, |number, digit| Some(number * 16 + digit?))
}
