//! A program without `async`: it prints the inboxes and how many contacts there are.
//! `cargo run -q -p heymarket-api --example blocking`
//!
//! One runtime lives as long as the client, since the client's connections belong to it. Each call
//! is a `block_on`, a walk is one for each item.

mod support;

use std::error::Error;
use std::process::ExitCode;

use heymarket_api::types::ListContacts;
use tokio::runtime::Builder;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "it is what the example is for")]
fn run() -> Result<(), Box<dyn Error>> {
    // The threads of the program call at once? Then `Builder::new_multi_thread` with one worker,
    // and a `Handle` for each thread.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let connection = runtime.block_on(support::connect(|builder| builder))?;
    let client = &connection.client;

    for inbox in runtime.block_on(client.list_inboxes())?.iter() {
        println!("{} {}", inbox.id, inbox.name.as_deref().unwrap_or_default());
    }

    let mut contacts = client.contacts(ListContacts::new());
    let mut count = 0;
    while let Some(contact) = runtime.block_on(contacts.next()) {
        contact?;
        count += 1;
    }
    println!("{count} contacts");
    Ok(())
}
