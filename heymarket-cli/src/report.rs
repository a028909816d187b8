//! Reports failures on standard error.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::error::ContextValue;

use crate::exit;
use crate::failure::Failure;
use crate::output::plain;
use crate::output::terminal::{Log, Terminal};

/// Reports a failure on standard error and returns its exit code.
pub(crate) fn report(failure: Failure, terminal: &Terminal) -> ExitCode {
    let code = failure.exit_code();
    match failure {
        Failure::Arguments(error) if error.use_stderr() => report_arguments(error),
        // Help and version contain no values.
        Failure::Arguments(error) => {
            // A reader that is gone has seen enough.
            let _ = error.print();
        }
        Failure::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        other => {
            terminal.error(&format!("heymarket: {other}"));
            explain(&other, terminal);
        }
    }
    code.into()
}

/// Says what to do, where the message does not.
fn explain(failure: &Failure, terminal: &Terminal) {
    let Failure::Api(error) = failure else {
        return;
    };
    match failure.exit_code() {
        exit::OUTCOME_UNKNOWN => {
            terminal.notice("  outcome unknown; check before retrying");
            if let Some(local_id) = error.local_id() {
                terminal.notice(&format!("  its local_id: {local_id}"));
            }
        }
        exit::UNSUBSCRIBED => {
            terminal.notice("  the recipient opted out; do not retry");
        }
        _ => {}
    }
}

/// Prints an error of clap with each value on one line.
fn report_arguments(mut error: clap::Error) {
    let context = error.context();
    let on_one_line = |text: &String| plain::one_line(text).into_owned();
    let values: Vec<_> = context
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(on_one_line(text)))),
            ContextValue::Strings(texts) => {
                let texts = texts.iter().map(on_one_line).collect();
                Some((kind, ContextValue::Strings(texts)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in values {
        error.insert(kind, value);
    }
    // A failure to write the error cannot be reported anywhere.
    let _ = write!(Log, "{}", error.render());
}
