//! Checks and their results.

use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::shape::Shape;
use crate::output::{plain, style};

const SHAPE: Shape = Shape::of(&["check", "result", "detail", "advice"]);

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// The result of a check.
#[derive(Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    result: Verdict,
    detail: String,
    /// What to do; empty if the detail says it, or if there is nothing to do.
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'static str,
    /// The duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    milliseconds: Option<u64>,
    #[serde(skip)]
    is_of_credentials: bool,
}

impl Check {
    pub(super) fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, detail.into(), "")
    }

    pub(super) fn warn(
        name: &'static str,
        detail: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self::new(name, Verdict::Warn, detail.into(), advice)
    }

    pub(super) fn fail(
        name: &'static str,
        detail: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self::new(name, Verdict::Fail, detail.into(), advice)
    }

    fn new(name: &'static str, result: Verdict, detail: String, advice: &'static str) -> Self {
        Self {
            name,
            result,
            detail,
            advice,
            milliseconds: None,
            is_of_credentials: false,
        }
    }

    /// Adds the duration.
    pub(super) fn took(mut self, time: std::time::Duration) -> Self {
        self.milliseconds = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Marks a check of the credentials, whose failure has an exit code of its own.
    pub(super) fn of_credentials(mut self) -> Self {
        self.is_of_credentials = true;
        self
    }

    /// Formats the check for people.
    fn prose(&self, is_colored: bool) -> String {
        let result = match self.result {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        let time = self.milliseconds.map(|time| format!(" ({time} ms)"));
        let padding = " ".repeat(5 - result.len());
        let result = if is_colored {
            style::paint(result, style::of_status(result))
        } else {
            result.to_owned()
        };
        let mut text = format!(
            "{result}{padding} {:<12} {}{}",
            self.name,
            plain::one_line(&self.detail),
            time.unwrap_or_default()
        );
        if !self.advice.is_empty() {
            text.push_str("\n                   ");
            text.push_str(self.advice);
        }
        text
    }
}

/// All checks, in their order.
#[derive(Default)]
pub(super) struct Report(Vec<Check>);

impl Report {
    pub(super) fn add(&mut self, check: Check) {
        self.0.push(check);
    }

    /// Prints the checks: lines on a terminal, else JSON.
    pub(super) fn print(&self, context: &Context) -> Result<(), Failure> {
        let mut output = context.output()?;
        if output.format == Format::Table {
            for check in &self.0 {
                output.trusted_line(&check.prose(context.terminal.colors_output))?;
            }
        } else {
            let json = serde_json::to_string(&self.0)
                .map_err(|error| Failure::other(format!("the report: {error}")))?;
            output.json(&json, SHAPE)?;
        }
        output.finish()
    }

    /// Returns an error that names the failed checks.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let failed: Vec<&Check> = self
            .0
            .iter()
            .filter(|check| check.result == Verdict::Fail)
            .collect();
        if failed.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = failed.iter().map(|check| check.name).collect();
        let message = format!("failed checks: {}", names.join(", "));
        Err(if failed.iter().any(|check| check.is_of_credentials) {
            Failure::credentials(message)
        } else {
            Failure::other(message)
        })
    }
}
