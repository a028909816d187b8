//! Prints a conversation as JSON:
//! `cargo run -q -p heymarket-api --example get_conversation -- 9920`.
//!
//! With credentials in the environment (`HEYMARKET_API_SECRET_ID` and
//! `HEYMARKET_API_SECRET_KEY`, or `HEYMARKET_API_KEY`) it asks the API.
//! Without, it asks a sandbox within this program, which has conversation 9920.

use std::error::Error;
use std::process::ExitCode;

use heymarket_api::Client;
use heymarket_sandbox::Sandbox;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(id) = std::env::args().nth(1).and_then(|id| id.parse().ok()) else {
        eprintln!("usage: get_conversation ID, where ID is the number of a conversation");
        return ExitCode::from(2);
    };
    match print_conversation(id).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn print_conversation(id: i64) -> Result<(), Box<dyn Error>> {
    let has_credentials = [
        "HEYMARKET_API_SECRET_ID",
        "HEYMARKET_API_SECRET_KEY",
        "HEYMARKET_API_KEY",
    ]
    .iter()
    .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if has_credentials {
        return print(&Client::from_env()?, id).await;
    }
    eprintln!("no credentials in the environment: asking an embedded sandbox with demo data");
    let sandbox = Sandbox::start().await?;
    print(&sandbox.client(), id).await?;
    sandbox.stop().await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is what the example is for")]
async fn print(client: &Client, id: i64) -> Result<(), Box<dyn Error>> {
    let conversation = client.get_conversation(id).await?;
    println!("{}", serde_json::to_string_pretty(&*conversation)?);
    Ok(())
}
