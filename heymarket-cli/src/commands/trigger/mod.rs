//! `heymarket trigger`: posts sample events.

mod samples;

use std::time::Instant;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches as _};
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::json as json_text;
use crate::output::shape::Shape;
use crate::safety::curl::{Curl, Part};
use crate::webhook::target::{Target, cause};
use crate::webhook::token::{TOKEN_VARIABLE, tokens};

const EVENT: &str = "event";

/// Posts a sample of every type.
const ALL: &str = "all";

const SHAPE: Shape = Shape::of(&["event", "url", "status", "milliseconds"]);

#[derive(Args)]
struct Arguments {
    /// The URL to post to
    #[arg(long, alias = "to", value_name = "URL")]
    url: String,

    /// The webhook's verification token. Prefer HEYMARKET_WEBHOOK_TOKEN, which no list of processes
    /// shows
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,

    /// Set a member of the event's data to a text
    #[arg(long, short = 'f', value_name = "NAME=TEXT")]
    raw_field: Vec<String>,

    /// Set a member of the event's data to JSON, or to a text that is not JSON
    #[arg(long, short = 'F', value_name = "NAME=VALUE")]
    field: Vec<String>,

    /// The ID of the webhook's configuration
    #[arg(long, default_value_t = 1, value_name = "ID")]
    webhook_id: i64,
}

pub(crate) fn command() -> Command {
    let mut values: Vec<PossibleValue> = samples::types()
        .into_iter()
        .map(PossibleValue::new)
        .collect();
    values.push(PossibleValue::new(ALL).help("A sample of every type"));
    // The API misspells this type; both spellings work here.
    if let Some(received) = values
        .iter_mut()
        .find(|value| value.get_name() == "message_recieved")
    {
        *received = received.clone().alias("message_received");
    }
    let event = Arg::new(EVENT)
        .value_name("EVENT")
        .required(true)
        .value_parser(PossibleValuesParser::new(values))
        .help("The type of the event, or `all`");
    Arguments::augment_args(
        Command::new("trigger")
            .about("Post sample webhook events")
            .long_about(
                "Post sample webhook events, as Heymarket would, to try out a receiver.\n\n\
                 The data is invented. Each sample has new IDs and the current time, so that it is a \
                 new event. -f and -F set members of the data, as in -F id=700100201 -f \
                 status=received. The data of opt-outs, opt-ins and calls is undocumented; those \
                 samples are a guess. Sends nothing to the API. Any response but a 2xx is a \
                 failure.\n\n\
                 The command that --curl prints reads the token from HEYMARKET_WEBHOOK_TOKEN, and a \
                 URL with a user name, a password or a query from HEYMARKET_WEBHOOK_URL.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket trigger message_received --url http://127.0.0.1:9000/\n  \
                 heymarket trigger all --url http://127.0.0.1:9000/\n  \
                 heymarket trigger chat_closed --url http://127.0.0.1:9000/ -F id=9920",
            )
            .arg(event),
    )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let event = matches.get_one::<String>(EVENT);
    let event = match event.map(String::as_str).unwrap_or_default() {
        "message_received" => "message_recieved",
        event => event,
    };
    let target = Target::parse(&arguments.url)?;
    let events = match event {
        ALL => samples::types(),
        event => vec![event.to_owned()],
    };
    if context.globals.curl || context.globals.dry_run {
        let mut events = events.iter();
        return events.try_for_each(|event| show(context, &target, event, &arguments));
    }
    if !target.is_local() && !context.globals.yes {
        return Err(Failure::usage(format!(
            "{target} is not on this machine; add --yes to post the sample and the token there"
        )));
    }
    let token = tokens(arguments.token.clone().into_iter().collect())?;
    let token = token.first().map(String::as_str).unwrap_or_default();
    let mut results = Vec::new();
    let mut failed = Vec::new();
    for event in &events {
        let delivery = delivery(event, &arguments, &data(event, &arguments)?, token);
        let (result, status) = post(&target, event, &delivery).await?;
        results.push(result);
        if !status.is_success() {
            failed.push(format!("{event}: {status}"));
        }
    }
    let mut output = context.output()?;
    match results.as_slice() {
        [one] if event != ALL => output.json(&one.to_string(), SHAPE)?,
        several => output.json(&json!(several).to_string(), SHAPE)?,
    }
    output.finish()?;
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::other(format!(
            "{target} returned {}",
            failed.join(", ")
        )))
    }
}

/// Returns the sample's data, with the members that the flags set.
fn data(event: &str, arguments: &Arguments) -> Result<Value, Failure> {
    let mut data = samples::data(event);
    for field in &arguments.raw_field {
        set(&mut data, field, |text| text.into())?;
    }
    for field in &arguments.field {
        set(&mut data, field, |text| {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        })?;
    }
    Ok(data)
}

fn delivery(event: &str, arguments: &Arguments, data: &Value, token: &str) -> Value {
    json!({"type": event, "id": arguments.webhook_id, "token": token, "event_data": data})
}

/// Posts a delivery, and returns its result and the status.
async fn post(
    target: &Target,
    event: &str,
    delivery: &Value,
) -> Result<(Value, http::StatusCode), Failure> {
    let start = Instant::now();
    let response = target.post(delivery.to_string().into_bytes()).await;
    let response =
        response.map_err(|error| Failure::other(format!("{target}: {}", cause(&error))))?;
    let status = response.status();
    let result = json!({
        "event": event,
        "url": target.to_string(),
        "status": status.as_u16(),
        "milliseconds": u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    });
    Ok((result, status))
}

/// Shows the delivery, and sends nothing.
fn show(
    context: &Context,
    target: &Target,
    event: &str,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let data = data(event, arguments)?;
    if context.globals.curl {
        return curl(context, target, |token| {
            delivery(event, arguments, &data, token)
        });
    }
    let delivery = delivery(event, arguments, &data, "[redacted]");
    let mut output = context.output()?;
    let body = json_text::pretty(&delivery.to_string());
    output.line(&format!("POST {target}\n\n{body}"))?;
    output.finish()?;
    context.terminal.notice("nothing was sent");
    Ok(())
}

/// Prints the delivery as a curl command that reads the token from a variable, and
/// the URL as well if it has a user name, a password or a query.
fn curl(
    context: &Context,
    target: &Target,
    delivery: impl Fn(&str) -> Value,
) -> Result<(), Failure> {
    // Marks the place of the token. No other text contains it.
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

/// Sets the member that a field names. Dots separate the names of nested members.
fn set(data: &mut Value, field: &str, value: impl Fn(&str) -> Value) -> Result<(), Failure> {
    let (path, text) = field
        .split_once('=')
        .filter(|(path, _)| !path.is_empty())
        .ok_or_else(|| Failure::usage("-f and -F take NAME=VALUE"))?;
    let mut place = data;
    for name in path.split('.') {
        let members = place
            .as_object_mut()
            .ok_or_else(|| Failure::usage(format!("the field {path} is not inside an object")))?;
        place = members.entry(name).or_insert_with(|| json!({}));
    }
    *place = value(text);
    Ok(())
}
