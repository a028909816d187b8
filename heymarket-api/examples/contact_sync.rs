//! Brings contacts in line with a file of lines `PHONE,FIRST,LAST`: it creates those that are not
//! there, updates those that differ, and leaves the others alone.
//! `cargo run -q -p heymarket-api --example contact_sync -- FILE`
//!
//! It reads all contacts first, in some requests for thousands of them, and writes in batches. A
//! second run has nothing to do, so a run that was interrupted is run again.

mod support;

use std::collections::HashMap;
use std::error::Error;
use std::process::ExitCode;

use heymarket_api::Client;
use heymarket_api::types::{ChannelType, ListContactsV2, NewContactChannel, UpsertContact};

#[tokio::main]
async fn main() -> ExitCode {
    let Some(path) = std::env::args().nth(1) else {
        eprintln!("usage: contact_sync FILE, with lines of PHONE,FIRST,LAST");
        return ExitCode::from(2);
    };
    match run(&path).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether every contact was written.
#[expect(clippy::print_stdout, reason = "it is what the example is for")]
async fn run(path: &str) -> Result<bool, Box<dyn Error>> {
    let wanted = read(path)?;
    let connection = support::connect(|builder| builder).await?;
    let known = known(&connection.client).await?;
    let changes = changes(&wanted, &known);
    let same = wanted.len() - changes.len();
    let client = &connection.client;
    let result = client.upsert_contacts_in_batches(changes).await?;
    let written = result.contacts.map_or(0, |contacts| contacts.len());
    let failed = result.failed_contacts.map_or(0, |contacts| contacts.len());
    println!("{written} written, {same} unchanged, {failed} failed");
    Ok(failed == 0)
}

#[derive(PartialEq)]
struct Name {
    first: String,
    last: String,
}

fn read(path: &str) -> Result<HashMap<String, Name>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut contacts = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut fields = line.split(',').map(|field| field.trim().to_owned());
        let (Some(phone), Some(first), Some(last), None) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err(format!("{path}:{number}: expected PHONE,FIRST,LAST").into());
        };
        contacts.insert(phone, Name { first, last });
    }
    Ok(contacts)
}

/// Contacts that are there, with their ID, by phone number.
async fn known(client: &Client) -> Result<HashMap<String, (String, Name)>, Box<dyn Error>> {
    let mut known = HashMap::new();
    let mut contacts = client.contacts_v2(ListContactsV2::new().limit(500));
    while let Some(contact) = contacts.next().await {
        let contact = contact?;
        if let (Some(phone), Some(id)) = (contact.phone, contact.uuid) {
            let name = Name {
                first: contact.first.unwrap_or_default(),
                last: contact.last.unwrap_or_default(),
            };
            known.insert(phone, (id, name));
        }
    }
    Ok(known)
}

fn changes(
    wanted: &HashMap<String, Name>,
    known: &HashMap<String, (String, Name)>,
) -> Vec<UpsertContact> {
    let mut changes = Vec::new();
    for (phone, name) in wanted {
        let found = known.get(phone);
        if found.is_some_and(|(_, found)| found == name) {
            continue;
        }
        let channel = NewContactChannel::new(ChannelType::Phone, phone.as_str());
        let mut contact = UpsertContact::new([channel])
            .first(name.first.as_str())
            .last(name.last.as_str());
        contact.contact_id = found.map(|(id, _)| id.clone());
        changes.push(contact);
    }
    changes
}
