//! Commands that control a running sandbox, by its `/_sandbox/` endpoints.

use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use heymarket_sandbox::Rule;
use http::Method;
use jiff::Timestamp;
use reqwest::Client;
use serde_json::{Value, json};

use crate::context::Context;
use crate::environment::variable;
use crate::failure::Failure;
use crate::output::shape::Shape;
use crate::phone;
use crate::time;

/// The sandbox that is controlled, unless another is named.
const DEFAULT: &str = "http://127.0.0.1:8080";
/// The columns of a request in the log.
const LOG: Shape = Shape::of(&["id", "time", "method", "path", "operation", "status"]);

const TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the commands.
pub(super) fn commands() -> [Command; 4] {
    [inbound(), clock(), log(), rules()]
}

fn inbound() -> Command {
    Command::new("inbound")
        .about("Let a customer send a message")
        .arg(
            Arg::new("inbox")
                .long("inbox")
                .value_name("ID")
                .required(true)
                .value_parser(clap::value_parser!(i64))
                .help("The inbox that receives the message"),
        )
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("PHONE|EMAIL")
                .required(true)
                .help("The customer"),
        )
        .arg(
            Arg::new("text")
                .long("text")
                .value_name("TEXT")
                .allow_hyphen_values(true)
                .help("The text of the message"),
        )
        .arg(
            Arg::new("media-url")
                .long("media-url")
                .value_name("URL")
                .help("The URL of a picture"),
        )
        .after_help(
            "Examples:\n  heymarket sandbox inbound --inbox 41001 --from 15550100101 --text 'Where is \
             my order?'",
        )
}

fn clock() -> Command {
    Command::new("clock")
        .about("Show or set the sandbox's clock")
        .arg(
            Arg::new("set")
                .long("set")
                .value_name("TIME")
                .value_parser(time::past)
                .help("Set the time"),
        )
        .arg(
            Arg::new("advance")
                .long("advance")
                .value_name("SPAN")
                .conflicts_with("set")
                .value_parser(span)
                .help("Advance the clock, such as by 2h"),
        )
        .arg(
            Arg::new("freeze")
                .long("freeze")
                .action(ArgAction::SetTrue)
                .help("Stop the clock"),
        )
        .arg(
            Arg::new("system")
                .long("system")
                .action(ArgAction::SetTrue)
                .conflicts_with_all(["set", "advance", "freeze"])
                .help("Follow this machine's clock again"),
        )
        .after_help(
            "Examples:\n  heymarket sandbox clock\n  heymarket sandbox clock --advance 2h\n  heymarket \
             sandbox clock --set '2026-05-07 12:00' --freeze",
        )
}

fn log() -> Command {
    Command::new("log")
        .about("List the requests that the sandbox received")
        .arg(
            Arg::new("limit")
                .long("limit")
                .value_name("NUMBER")
                .value_parser(clap::value_parser!(u32).range(1..))
                .help("The number of requests, the latest ones; by default 100"),
        )
        .arg(
            Arg::new("clear")
                .long("clear")
                .action(ArgAction::SetTrue)
                .help("Forget the requests so far, and list none"),
        )
        .after_help(
            "Examples:\n  heymarket sandbox log\n  heymarket sandbox log --limit 5 --jq '.[] | .path'",
        )
}

fn rules() -> Command {
    Command::new("rules")
        .about("List, add or remove rules for faults")
        .arg(
            Arg::new("add")
                .long("add")
                .value_name("RULE")
                .action(ArgAction::Append)
                .value_parser(clap::value_parser!(Rule))
                .help("Add a rule; `heymarket sandbox --help` shows the form"),
        )
        .arg(
            Arg::new("clear")
                .long("clear")
                .action(ArgAction::SetTrue)
                .help("Remove all rules first"),
        )
        .after_help("Examples:\n  heymarket sandbox rules\n  heymarket sandbox rules --clear")
}

/// Parses a positive span such as `2h`, and returns its seconds.
fn span(text: &str) -> Result<u64, String> {
    let problem = || format!("{text:?} is not a span; write it as 90s, 45m, 2h or 3d");
    let span: jiff::Span = text.parse().map_err(|_| problem())?;
    let now = jiff::Zoned::now();
    let later = now.checked_add(span).map_err(|_| problem())?;
    u64::try_from(now.duration_until(&later).as_secs()).map_err(|_| problem())
}

/// Runs a command.
pub(super) async fn run(
    context: &Context,
    name: &str,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let sandbox = Control::new(context)?;
    let answer = match name {
        "inbound" => {
            sandbox
                .send(Method::POST, "inbound", Some(message(matches)?))
                .await?
        }
        "clock" => match clock_change(matches) {
            Some(change) => sandbox.send(Method::PUT, "clock", Some(change)).await?,
            None => sandbox.send(Method::GET, "clock", None).await?,
        },
        "log" => {
            if matches.get_flag("clear") {
                sandbox.send(Method::DELETE, "requests", None).await?;
            }
            let limit = matches.get_one::<u32>("limit");
            let query = limit.map(|limit| format!("requests?limit={limit}"));
            let path = query.as_deref().unwrap_or("requests");
            sandbox.send(Method::GET, path, None).await?
        }
        _ => {
            if matches.get_flag("clear") {
                sandbox.send(Method::DELETE, "rules", None).await?;
            }
            for rule in matches.get_many::<Rule>("add").into_iter().flatten() {
                let rule = serde_json::to_value(rule)
                    .map_err(|error| Failure::other(format!("the rule: {error}")))?;
                sandbox.send(Method::POST, "rules", Some(rule)).await?;
            }
            sandbox.send(Method::GET, "rules", None).await?
        }
    };
    let mut output = context.output()?;
    let shape = if name == "log" { LOG } else { Shape::UNKNOWN };
    output.json(&answer.to_string(), shape)?;
    output.finish()
}

fn message(matches: &ArgMatches) -> Result<Value, Failure> {
    let text = |name: &str| matches.get_one::<String>(name).map_or("", String::as_str);
    let from = phone::parse_address(text("from"), None).map_err(Failure::usage)?;
    Ok(json!({
        "inbox_id": matches.get_one::<i64>("inbox"),
        "from": from,
        "text": text("text"),
        "media_url": text("media-url"),
    }))
}

/// Returns the change of the clock, if there is one.
fn clock_change(matches: &ArgMatches) -> Option<Value> {
    let mut change = serde_json::Map::new();
    if let Some(time) = matches.get_one::<Timestamp>("set") {
        change.insert("now".to_owned(), time.to_string().into());
    }
    if let Some(seconds) = matches.get_one::<u64>("advance") {
        change.insert("advance_seconds".to_owned(), (*seconds).into());
    }
    if matches.get_flag("freeze") {
        change.insert("frozen".to_owned(), true.into());
    }
    if matches.get_flag("system") {
        change.insert("system".to_owned(), true.into());
    }
    (!change.is_empty()).then_some(Value::Object(change))
}

/// The control endpoints of a sandbox.
struct Control {
    url: String,
    client: Client,
}

impl Control {
    fn new(context: &Context) -> Result<Self, Failure> {
        if context.globals.sandbox {
            return Err(Failure::usage(
                "a sandbox of --sandbox ends with its command; start one with 'heymarket sandbox'",
            ));
        }
        let url = match &context.globals.base_url {
            Some(url) => url.clone(),
            None => variable("HEYMARKET_BASE_URL")?.unwrap_or_else(|| DEFAULT.to_owned()),
        };
        let client = Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .build()
            .map_err(|error| Failure::other(format!("the HTTP client: {error}")))?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            client,
        })
    }

    /// Sends a request, and returns the JSON of the response.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let url = format!("{}/_sandbox/{path}", self.url);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request
                .header(http::header::CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        let unreachable = |error: reqwest::Error| {
            let error = error.without_url();
            Failure::other(format!(
                "no sandbox at {}: {error}; start one with 'heymarket sandbox'",
                self.url
            ))
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        if status.is_success() {
            return Ok(answer);
        }
        let message = answer.get("message").and_then(Value::as_str);
        Err(Failure::other(format!(
            "the sandbox returned {status}: {}",
            message.unwrap_or("no reason")
        )))
    }
}
