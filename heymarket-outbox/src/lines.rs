//! The numbers of lines, as an editor shows them. The CSV reader counts from the
//! end of the record before, and so does not know of blank lines between two.

use std::collections::VecDeque;
use std::io::{self, Read};

/// A reader that notes where the lines begin that are not blank.
///
/// What was asked for is forgotten, so it holds no more than the CSV reader has
/// read ahead.
pub(crate) struct Lines<R> {
    inner: R,
    /// How many bytes were read.
    read: u64,
    line: u64,
    is_blank: bool,
    after_return: bool,
    /// The first bytes of lines that are not blank, and their numbers.
    begun: VecDeque<(u64, u64)>,
    field: Field,
}

/// Where a byte is in its field.
#[derive(Clone, Copy)]
enum Field {
    Start,
    Plain,
    /// Within quotes that began in this line.
    Quoted(u64),
    /// After a quote within quotes: it ends them, unless another one follows.
    Ended(u64),
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl<R> Lines<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self {
            inner,
            read: 0,
            line: 1,
            is_blank: true,
            after_return: false,
            begun: VecDeque::new(),
            field: Field::Start,
        }
    }

    /// The number of the first line that begins at a byte or after it and is not
    /// blank. Bytes before that one are not asked for again.
    pub(crate) fn at(&mut self, byte: u64) -> Option<u64> {
        while self.begun.front().is_some_and(|(begin, _)| *begin < byte) {
            self.begun.pop_front();
        }
        self.begun.front().map(|(_, line)| *line)
    }

    /// The line in which quotes begin that have not ended.
    pub(crate) fn unclosed(&self) -> Option<u64> {
        match self.field {
            Field::Quoted(line) => Some(line),
            Field::Start | Field::Plain | Field::Ended(_) => None,
        }
    }

    fn note(&mut self, byte: u8) {
        let at = usize::try_from(self.read).unwrap_or(usize::MAX);
        if BYTE_ORDER_MARK.get(at) != Some(&byte) {
            self.field = match (self.field, byte) {
                (Field::Start, b'"') => Field::Quoted(self.line),
                (Field::Quoted(line), b'"') => Field::Ended(line),
                (Field::Ended(line), b'"') | (Field::Quoted(line), _) => Field::Quoted(line),
                (_, b',' | b'\n' | b'\r') => Field::Start,
                _ => Field::Plain,
            };
        }
        match byte {
            // The second half of an end that was counted.
            b'\n' if self.after_return => {}
            b'\n' | b'\r' => {
                self.line += 1;
                self.is_blank = true;
            }
            _ if self.is_blank => {
                self.is_blank = false;
                self.begun.push_back((self.read, self.line));
            }
            _ => {}
        }
        self.after_return = byte == b'\r';
        self.read += 1;
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for byte in &buffer[..count] {
            self.note(*byte);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, byte: u64) -> Option<u64> {
        let mut lines = Lines::new(text.as_bytes());
        io::copy(&mut lines, &mut io::sink()).expect("a text");
        lines.at(byte)
    }

    #[test]
    fn blank_lines_count_and_begin_nothing() {
        let text = "a\n\n\nb\nc";
        assert_eq!(line(text, 0), Some(1));
        assert_eq!(line(text, 2), Some(4));
        assert_eq!(line(text, 6), Some(5));
        assert_eq!(line(text, 8), None);
    }

    #[test]
    fn quotes_that_do_not_end_are_known_by_their_line() {
        for (text, line) in [
            ("a,b\n\"c,d\ne,f\n", Some(2)),
            ("a\nb,\"c\"\"", Some(2)),
            ("\u{feff}\"a", Some(1)),
            ("a,\"b\nc\"\n\"d\"", None),
            ("a \"b\n", None),
            ("a,\"b\"\"\"", None),
            ("\"a\" \"b\n", None),
            ("", None),
        ] {
            let mut lines = Lines::new(text.as_bytes());
            io::copy(&mut lines, &mut io::sink()).expect("a text");
            assert_eq!(lines.unclosed(), line, "{text:?}");
        }
    }

    #[test]
    fn a_line_ends_once_whatever_ends_it() {
        for text in ["a\r\n\r\nb", "a\r\rb", "a\n\nb"] {
            assert_eq!(line(text, 1), Some(3), "{text:?}");
        }
    }
}
