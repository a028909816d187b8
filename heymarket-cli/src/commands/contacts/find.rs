//! `heymarket contacts find WORD`: finds contacts by a part of their name, number or
//! address.

use clap::{Arg, ArgMatches, Command};
use heymarket_api::{RawRequest, operations};
use serde_json::{Value, json};

use crate::catalog;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::shape::Shape;
use crate::safety::dry_run;
use crate::session::Session;

const WORD: &str = "word";

/// The members of a contact that a word may be in.
const SEARCHED: [&str; 5] = ["display_name", "first", "last", "email", "phone"];

/// Adds the word to the command of the operation.
pub(super) fn extend(command: Command) -> Command {
    command
        .about("Find contacts by a word, a phone number or an ID")
        .long_about(
            "Find contacts by a word, a phone number or an ID.\n\n\
             WORD is a part of a name, an email address or a phone number, in any case. The API \
             cannot search for words, so all contacts are read. --phone and --id ask for one contact; \
             if both are given, the phone number takes precedence.",
        )
        .override_usage("heymarket contacts find (<WORD> | --phone <PHONE> | --id <TEXT>) [OPTIONS]")
        .arg(
            Arg::new(WORD)
                .value_name("WORD")
                .conflicts_with_all(["phone", "id", "body"])
                .help("A part of a name, an email address or a phone number"),
        )
        .after_help(
            "Examples:\n  \
             heymarket contacts find avery\n  \
             heymarket contacts find --phone '+1 (555) 010-0101'\n\n\
             POST /v1/contact/get\n\
             https://developers.heymarket.com/api-reference/contacts/get-by-phone-or-id",
        )
}

/// Returns whether the command is given a word.
pub(crate) fn is_word(matches: &ArgMatches) -> bool {
    matches.contains_id(WORD)
}

/// Prints the contacts that a word is in.
pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let word = matches.get_one::<String>(WORD).map_or("", String::as_str);
    if word.trim().is_empty() {
        return Err(Failure::usage("the word is empty"));
    }
    context.check()?;
    let request = RawRequest::of(&operations::LIST_CONTACTS).json(json!({}));
    if dry_run::shows_only(context, &request, &[])? {
        return Ok(());
    }
    let mut session = Session::new(context);
    let outcome = find(&mut session, request, word).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn find(session: &mut Session<'_>, request: RawRequest, word: &str) -> Result<(), Failure> {
    let context = session.context;
    let client = session.client().await?;
    let mut pages = client.walk(request)?.pages();
    let progress = Progress::start(&context.terminal, "contacts read");
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        progress.add(page.len());
        for item in page {
            let contact = serde_json::from_str(item.json.get()).unwrap_or_default();
            if is_match(&contact, word) {
                found.push(contact);
            }
        }
    }
    progress.clear();
    let columns = catalog::of_id("list_contacts").map_or(&[][..], |operation| operation.columns);
    let mut output = context.output()?;
    output.json(&Value::Array(found).to_string(), Shape::of(columns))?;
    output.finish()
}

/// Returns whether all words of a text are in a contact. A word of digits also
/// matches a number that is written otherwise.
fn is_match(contact: &Value, text: &str) -> bool {
    let values = SEARCHED
        .iter()
        .filter_map(|name| contact.get(*name)?.as_str());
    let known = values.collect::<Vec<_>>().join("\n").to_lowercase();
    let is_number = |c: char| c.is_ascii_digit() || " -().+".contains(c);
    if text.chars().all(is_number) {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        return !digits.is_empty() && known.contains(&digits);
    }
    text.split_whitespace()
        .all(|word| known.contains(&word.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::is_match;
    use serde_json::json;

    #[test]
    fn a_contact_matches_by_a_part_of_any_case() {
        let contact = json!({"first": "Avery", "last": "Example", "phone": "15550100101", "email": "a@example.com"});
        for text in [
            "avery",
            "EXAM",
            "avery example",
            "example avery",
            "0100101",
            "(555) 010-0101",
            "a@ex",
        ] {
            assert!(is_match(&contact, text), "{text}");
        }
        for text in ["blake", "avery blake", "999", "-"] {
            assert!(!is_match(&contact, text), "{text}");
        }
    }
}
