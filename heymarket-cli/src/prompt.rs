//! Questions on the terminal.

use std::io;

use dialoguer::Select;

use crate::failure::Failure;
use crate::output::plain;
use crate::output::terminal::Terminal;

/// The number of choices that are visible at once.
const VISIBLE: usize = 12;

/// Asks a yes-or-no question. Anything but yes is no.
pub(crate) async fn confirm(terminal: &Terminal, question: &str) -> Result<bool, Failure> {
    let (terminal, question) = (*terminal, question.to_owned());
    blocking(move || terminal.confirm(&question)).await
}

/// Asks for a line of text.
pub(crate) async fn line(terminal: &Terminal, question: &str) -> Result<String, Failure> {
    let (terminal, question) = (*terminal, format!("{question}:"));
    blocking(move || terminal.ask(&question)).await
}

/// Asks to pick one of several choices. Returns its index.
///
/// # Errors
///
/// Returns an error if the user cancels.
pub(crate) async fn pick(question: &str, choices: &[String]) -> Result<usize, Failure> {
    let question = plain::one_line(question).into_owned();
    let choices: Vec<String> = choices
        .iter()
        .map(|choice| plain::one_line(choice).into_owned())
        .collect();
    blocking(move || {
        let picked = Select::new()
            .with_prompt(question)
            .items(choices)
            .default(0)
            .max_length(VISIBLE)
            .interact_opt();
        match picked {
            Ok(Some(index)) => Ok(index),
            Ok(None) => Err(cancelled()),
            Err(dialoguer::Error::IO(error)) if error.kind() == io::ErrorKind::Interrupted => {
                Err(cancelled())
            }
            Err(error) => Err(Failure::other(format!("the terminal: {error}"))),
        }
    })
    .await
}

fn cancelled() -> Failure {
    Failure::interrupted("cancelled; nothing was sent")
}

/// Runs a question on a thread of its own, so that Ctrl-C still ends the command.
async fn blocking<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let asked = tokio::task::spawn_blocking(question).await;
    asked.unwrap_or_else(|_| Err(Failure::other("the question failed")))
}
