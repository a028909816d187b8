//! Recipients, by hand or from a CSV file.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::lines::Lines;

/// The column of the phone number.
const PHONE: &str = "phone";

/// The column of the time zone, if there is one.
const ZONE: &str = "zone";

/// Someone to text: a phone number, and the values of placeholders.
///
/// `Debug` shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    pub(crate) phone: String,
    pub(crate) zone: Option<String>,
    /// The line of the file, if it came from one.
    pub(crate) line: Option<u64>,
    names: Arc<Vec<String>>,
    values: Vec<String>,
}

impl Recipient {
    /// Creates a recipient with a phone number, in any usual spelling. Without
    /// a `+`, it is a number of the batch's
    /// [country](crate::Batch::country).
    #[must_use]
    pub fn new(phone: impl Into<String>) -> Self {
        Self {
            phone: phone.into(),
            zone: None,
            line: None,
            names: Arc::default(),
            values: Vec::new(),
        }
    }

    /// Sets the value of the placeholder `{{name}}`.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.names).push(name.into());
        self.values.push(value.into());
        self
    }

    /// Sets the recipient's time zone, such as `America/Chicago`. By default it
    /// is that of the number's area, or else of the batch.
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        if name == PHONE && !self.names.iter().any(|known| known == PHONE) {
            return Some(&self.phone);
        }
        let index = self.names.iter().position(|known| known == name)?;
        self.values.get(index).map(String::as_str)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

impl From<Recipient> for Result<Recipient, Error> {
    fn from(recipient: Recipient) -> Self {
        Ok(recipient)
    }
}

/// The recipients of a CSV file with a header line, read as they are asked for.
///
/// The column `phone` is required. `zone` is the recipient's time zone, if the
/// file has it, and every column is a placeholder of its name.
pub struct Recipients<R> {
    records: csv::StringRecordsIntoIter<Lines<R>>,
    names: Arc<Vec<String>>,
    phone: usize,
    zone: Option<usize>,
    has_failed: bool,
}

impl Recipients<File> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// Returns an error when the file cannot be read, is not UTF-8 or has no
    /// column `phone`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let file = File::open(path)
            .map_err(|error| Error::input(format!("{}: {error}", path.display())))?;
        Self::read(file)
    }
}

impl<R: Read> Recipients<R> {
    /// Reads recipients from CSV.
    ///
    /// # Errors
    ///
    /// As [`open`](Recipients::open).
    pub fn read(reader: R) -> Result<Self, Error> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(Lines::new(reader));
        let header = reader.headers().cloned();
        let header = header.map_err(|error| {
            let line = line_of(reader.get_mut(), error.position());
            Error::csv(&error, line)
        })?;
        let names: Vec<String> = header
            .iter()
            // Spreadsheets put a byte order mark before the first name.
            .map(|name| name.trim_start_matches('\u{feff}').to_owned())
            .collect();
        let column = |wanted: &str| {
            let mut columns = names.iter().enumerate();
            let index = columns.find(|(_, name)| *name == wanted)?.0;
            Some((index, columns.any(|(_, name)| *name == wanted)))
        };
        let Some((phone, is_twice)) = column(PHONE) else {
            // Without a header, the first line is a person.
            let known = if names.iter().any(|name| may_be_personal(name)) {
                "its first line must name the columns".to_owned()
            } else {
                format!("its columns are: {}", names.join(", "))
            };
            return Err(Error::input(format!(
                "the CSV has no column {PHONE:?}; {known}"
            )));
        };
        if is_twice {
            return Err(Error::input(format!("the CSV has two columns {PHONE:?}")));
        }
        Ok(Self {
            phone,
            zone: column(ZONE).map(|(index, _)| index),
            records: reader.into_records(),
            names: Arc::new(names),
            has_failed: false,
        })
    }

    /// Returns the names of the columns.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.names
    }
}

impl<R: Read> Iterator for Recipients<R> {
    type Item = Result<Recipient, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let record = self.records.next();
        let lines = self.records.reader_mut().get_mut();
        let Some(record) = record else {
            // The CSV reader takes all that follows for one value.
            let line = lines.unclosed()?;
            self.has_failed = true;
            let problem = format!("line {line}: a quote is not closed");
            return Some(Err(Error::input(problem)));
        };
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                self.has_failed = true;
                let line = line_of(lines, error.position());
                return Some(Err(Error::csv(&error, line)));
            }
        };
        let zone = self.zone.and_then(|index| record.get(index));
        Some(Ok(Recipient {
            phone: record.get(self.phone).unwrap_or_default().to_owned(),
            zone: zone.filter(|zone| !zone.is_empty()).map(str::to_owned),
            line: line_of(lines, record.position()),
            names: Arc::clone(&self.names),
            values: record.iter().map(str::to_owned).collect(),
        }))
    }
}

/// Whether a text is no name of a column: it has an address or many digits.
fn may_be_personal(name: &str) -> bool {
    name.contains('@') || name.bytes().filter(u8::is_ascii_digit).count() > 4
}

/// The line of a record. Its position is the end of the record before.
fn line_of<R>(lines: &mut Lines<R>, position: Option<&csv::Position>) -> Option<u64> {
    lines.at(position?.byte())
}

impl<R> fmt::Debug for Recipients<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipients")
            .field("columns", &self.names)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Recipient>, Error> {
        Recipients::read(text.as_bytes())?.collect()
    }

    #[test]
    fn each_line_is_a_recipient_with_its_columns() {
        let text =
            "\u{feff}phone, first ,zone\n15550100101,\"Robin, R\",\n\"+1 555 010 0102\",Sam,UTC\n";
        let read = read(text).expect("recipients");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].phone, "15550100101");
        assert_eq!(read[0].value("first"), Some("Robin, R"));
        assert_eq!((read[0].line, read[0].zone.as_deref()), (Some(2), None));
        assert_eq!(
            (read[1].line, read[1].zone.as_deref()),
            (Some(3), Some("UTC"))
        );
        assert_eq!(format!("{:?}", read[0]), "Recipient { line: Some(2), .. }");
    }

    #[test]
    fn a_quote_that_is_not_closed_is_an_error() {
        let text = "phone,first\n15550100101,\"Avery\n15550100102,Blair\n";
        let error = read(text).expect_err("a quote").to_string();
        assert_eq!(error, "line 2: a quote is not closed");
    }

    #[test]
    fn a_line_is_the_one_that_an_editor_shows() {
        for end in ["\n", "\r\n", "\r"] {
            let lines = [
                "",
                "phone,first",
                "",
                "15550100101,\"a",
                "",
                "b\"",
                "",
                "",
                "15550100102,c",
                "15550100103,d",
                "15550100104",
            ];
            let text = lines.join(end);
            let recipients = Recipients::read(text.as_bytes()).expect("a header");
            let found: Vec<_> = recipients
                .map(|recipient| match recipient {
                    Ok(recipient) => format!("{:?}", recipient.line),
                    Err(error) => error.to_string(),
                })
                .collect();
            assert_eq!(found[..3], ["Some(4)", "Some(9)", "Some(10)"], "{end:?}");
            assert!(found[3].contains("line 11: "), "{end:?} {}", found[3]);
        }
    }

    #[test]
    fn an_error_says_the_line_and_shows_no_value() {
        let error = read("number\n1\n").expect_err("no phone").to_string();
        assert!(error.contains("no column \"phone\""), "{error}");
        assert!(error.contains("number"), "{error}");
        for first in ["Robin,15550100101", "Robin,robin@example.com"] {
            let error = read(&format!("{first}\n")).expect_err("no header");
            let error = error.to_string();
            assert!(error.contains("must name the columns"), "{error}");
            assert!(!error.contains("Robin"), "{error}");
        }
        let error = read("phone,first\n15550100101,A\n15550100102\n");
        let error = error.expect_err("a short line").to_string();
        assert!(
            error.contains("line 3") && !error.contains("15550"),
            "{error}"
        );
        let mut bytes = b"phone\n1555010010".to_vec();
        bytes.push(0xff);
        let mut recipients = Recipients::read(&bytes[..]).expect("a header");
        let error = recipients.next().expect("a line").expect_err("no UTF-8");
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(recipients.next().is_none());
    }
}
