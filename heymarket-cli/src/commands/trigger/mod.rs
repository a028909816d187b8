//! `heymarket trigger`: posts a sample of an event.

mod samples;

use std::time::Instant;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches as _};
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{Shape, json as json_text};
use crate::safety::{Curl, Part};
use crate::webhook::{TOKEN_VARIABLE, Target, cause, tokens};

const EVENT: &str = "event";

const SHAPE: Shape = Shape {
    items: None,
    columns: &["event", "url", "status", "milliseconds"],
};

#[derive(Args)]
struct Arguments {
    /// Where to post it
    #[arg(long, value_name = "URL")]
    to: String,

    /// The webhook's verification token; better set HEYMARKET_WEBHOOK_TOKEN, which no list of
    /// processes shows
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,

    /// Set a member of the event's data to a text
    #[arg(long, short = 'f', value_name = "NAME=TEXT")]
    raw_field: Vec<String>,

    /// Set a member of the event's data to JSON, or to a text that is none
    #[arg(long, short = 'F', value_name = "NAME=VALUE")]
    field: Vec<String>,

    /// The id of the webhook's configuration
    #[arg(long, default_value_t = 1, value_name = "ID")]
    webhook_id: i64,
}

pub(crate) fn command() -> Command {
    let event = Arg::new(EVENT)
        .value_name("EVENT")
        .required(true)
        .value_parser(PossibleValuesParser::new(samples::types()))
        .help("The type of the event");
    Arguments::augment_args(
        Command::new("trigger")
            .about("Post a sample of a webhook event")
            .long_about(
                "Post a sample of a webhook event, as Heymarket would, to try a receiver out.\n\n\
                 The data is invented, with new ids and the time of now, so that each sample is a \
                 new event; -f and -F set members of it, as in -F id=700100201 -f status=received. \
                 Of opting in and out and of calls nobody knows the fields: those are a guess. \
                 The API is not asked. Anything but a 2xx answer is a failure.\n\n\
                 The command that --curl prints takes the token from HEYMARKET_WEBHOOK_TOKEN. It \
                 takes a URL with a user name, a password or a query from HEYMARKET_WEBHOOK_URL.",
            )
            .arg(event),
    )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let event = matches.get_one::<String>(EVENT);
    let event = event.map(String::as_str).unwrap_or_default();
    let target = Target::parse(&arguments.to)?;
    let mut data = samples::data(event);
    for field in &arguments.raw_field {
        set(&mut data, field, |text| text.into())?;
    }
    for field in &arguments.field {
        set(&mut data, field, |text| {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        })?;
    }
    let delivery = |token: &str| json!({"type": event, "id": arguments.webhook_id, "token": token, "event_data": data});
    if context.globals.curl {
        return curl(context, &target, delivery);
    }
    if context.globals.dry_run {
        return show(context, &target, &delivery("[redacted]"));
    }
    if !target.is_local() && !context.globals.yes {
        return Err(Failure::usage(format!(
            "{target} is not on this machine; add --yes to post the sample and the token there"
        )));
    }
    let token = tokens(arguments.token.into_iter().collect())?;
    let token = token.first().map(String::as_str).unwrap_or_default();
    let start = Instant::now();
    let answer = target.post(delivery(token).to_string().into_bytes()).await;
    let answer = answer.map_err(|error| Failure::other(format!("{target}: {}", cause(&error))))?;
    let status = answer.status();
    let result = json!({
        "event": event,
        "url": target.to_string(),
        "status": status.as_u16(),
        "milliseconds": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    let mut output = context.output()?;
    output.json(&result.to_string(), SHAPE)?;
    output.finish()?;
    if status.is_success() {
        Ok(())
    } else {
        Err(Failure::other(format!("{target} says {status}")))
    }
}

/// Shows the delivery, and sends nothing.
fn show(context: &Context, target: &Target, delivery: &Value) -> Result<(), Failure> {
    let mut output = context.output()?;
    let body = json_text::pretty(&delivery.to_string());
    output.line(&format!("POST {target}\n\n{body}"))?;
    output.finish()?;
    context.terminal.say("nothing was sent");
    Ok(())
}

/// Prints the delivery as a curl command. It takes the token from a variable,
/// and the URL too if that has a user name, a password or a query.
fn curl(
    context: &Context,
    target: &Target,
    delivery: impl Fn(&str) -> Value,
) -> Result<(), Failure> {
    // Marks the place of the token; no other text contains it.
    let mark = uuid::Uuid::new_v4().to_string();
    let body = json_text::compact(&delivery(&mark).to_string());
    let (before, after) = body.split_once(&mark).unwrap_or((&body, ""));
    let token = Part::Variable(TOKEN_VARIABLE);
    let url = target.to_string();
    let url = if target.is_shown_whole() {
        Part::Text(&url)
    } else {
        Part::Variable("HEYMARKET_WEBHOOK_URL")
    };
    Curl::new("POST", url)
        .json(&[Part::Text(before), token, Part::Text(after)])
        .print(context)
}

/// Sets the member that `field` names, with dots between the names of nested
/// ones.
fn set(data: &mut Value, field: &str, value: impl Fn(&str) -> Value) -> Result<(), Failure> {
    let (path, text) = field
        .split_once('=')
        .filter(|(path, _)| !path.is_empty())
        .ok_or_else(|| Failure::usage("a field is written NAME=VALUE"))?;
    let mut place = data;
    for name in path.split('.') {
        let members = place.as_object_mut().ok_or_else(|| {
            Failure::usage(format!("the field {path}: what it is in is no object"))
        })?;
        place = members.entry(name).or_insert_with(|| json!({}));
    }
    *place = value(text);
    Ok(())
}
