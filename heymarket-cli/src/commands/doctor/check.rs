//! The checks, and what came of them.

use serde::Serialize;

use crate::cli::Format;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Shape, plain};

const SHAPE: Shape = Shape {
    items: None,
    columns: &["check", "result", "detail", "advice"],
};

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// What a check found.
#[derive(Serialize)]
pub(super) struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    result: Verdict,
    detail: String,
    /// What to do; empty where the detail says so, or nothing is.
    #[serde(skip_serializing_if = "str::is_empty")]
    advice: &'static str,
    /// How long it took.
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

    /// Notes how long it took.
    pub(super) fn took(mut self, time: std::time::Duration) -> Self {
        self.milliseconds = Some(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Has an exit code of its own.
    pub(super) fn of_credentials(mut self) -> Self {
        self.is_of_credentials = true;
        self
    }

    fn prose(&self) -> String {
        let result = match self.result {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        let time = self.milliseconds.map(|time| format!(" ({time} ms)"));
        let mut text = format!(
            "{result:<5} {:<12} {}{}",
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

    /// Writes them: lines on a terminal, and else JSON.
    pub(super) fn print(&self, context: &Context) -> Result<(), Failure> {
        let mut output = context.output()?;
        if output.format == Format::Table {
            for check in &self.0 {
                output.line(&check.prose())?;
            }
        } else {
            let json = serde_json::to_string(&self.0)
                .map_err(|error| Failure::other(format!("the report: {error}")))?;
            output.json(&json, SHAPE)?;
        }
        output.finish()
    }

    /// The failure that they amount to.
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
        let message = format!("not in order: {}", names.join(", "));
        Err(if failed.iter().any(|check| check.is_of_credentials) {
            Failure::credentials(message)
        } else {
            Failure::other(message)
        })
    }
}
