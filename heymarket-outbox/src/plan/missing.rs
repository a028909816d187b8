//! Placeholders without a value, which refuse a plan.

use crate::error::Error;

/// How many lines an error names.
const MOST_LINES: usize = 20;

/// Placeholders without a value.
#[derive(Default)]
pub(super) struct Missing {
    count: u64,
    lines: Vec<(u64, String)>,
}

impl Missing {
    pub(super) fn add(&mut self, line: u64, name: &str) {
        self.count += 1;
        if self.lines.len() < MOST_LINES {
            self.lines.push((line, name.to_owned()));
        }
    }

    pub(super) fn check(&self, batch: &str) -> Result<(), Error> {
        if self.count == 0 {
            return Ok(());
        }
        let lines = self.lines.iter();
        let lines: Vec<_> = lines
            .map(|(line, name)| format!("line {line} ({name})"))
            .collect();
        let more = self.count - self.lines.len() as u64;
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let plural = if self.count == 1 { "" } else { "s" };
        Err(Error::input(format!(
            "batch {batch:?}: a placeholder has no value in {} line{plural}: {}{more}; nothing was \
             planned",
            self.count,
            lines.join(", ")
        )))
    }
}
