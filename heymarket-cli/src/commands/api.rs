//! `heymarket api METHOD PATH`: sends any request.

mod fields;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_api::{Client, Error, ErrorKind, RawRequest};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::catalog;
use crate::context::Context;
use crate::failure::Failure;
use crate::operations;
use crate::output::results::Output;
use crate::output::shape::Shape;
use crate::safety::{debug, dry_run};
use crate::session::Session;

#[derive(Args)]
struct Arguments {
    /// The method and the path; the default method is GET, or POST with fields or a body
    #[arg(value_name = "METHOD] [PATH", required = true, num_args = 1..=2)]
    words: Vec<String>,

    /// The method of the request
    #[arg(long, short = 'X', value_name = "METHOD")]
    method: Option<String>,

    /// Add a string parameter
    #[arg(long, short = 'f', value_name = "KEY=VALUE")]
    raw_field: Vec<String>,

    /// Add a typed parameter: true, false, null, a number, or the content of @FILE (@- is standard
    /// input)
    #[arg(long, short = 'F', value_name = "KEY=VALUE")]
    field: Vec<String>,

    /// Add a header to the request
    #[arg(long, short = 'H', value_name = "NAME:VALUE")]
    header: Vec<String>,

    /// The body: a JSON file, or `-` for standard input; fields then go to the query
    #[arg(long, value_name = "FILE|-")]
    input: Option<String>,

    /// Read all pages, and print each item as a line of JSON
    #[arg(long)]
    paginate: bool,

    /// Print the status and the headers before the body
    #[arg(long, short = 'i', conflicts_with = "paginate")]
    include: bool,
}

pub(crate) fn command() -> Command {
    Arguments::augment_args(
        Command::new("api")
            .about("Send any request to the API")
            .long_about(
                "Send any request to the API, and print the response. The request is signed, paced \
                 and retried as those of other commands.\n\n\
                 Fields are members of the body, or query parameters of a GET request. Keys may be \
                 nested: `-F filters[inboxes][]=41001`. Nothing is checked or added before the \
                 request is sent. A request that sends, deletes or changes in bulk is confirmed \
                 first, as in other commands, and so is every change by an unknown path.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket api /v1/inboxes\n  \
                 heymarket api GET /v1/conversations/9920 --jq .status\n  \
                 heymarket api POST /v1/conversations -F id=50001 -F 'filters[inboxes][]=41001'",
            ),
    )
}

pub(crate) async fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let request = request(&arguments)?;
    let headers = arguments
        .header
        .iter()
        .map(|header| parse_header(header))
        .collect::<Result<Vec<_>, Failure>>()?;
    request.check(jiff::Timestamp::now())?;
    context.check()?;
    let shown: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.to_string(), value)
        })
        .collect();
    if dry_run::shows_only(context, &request, &shown)? {
        return Ok(());
    }
    let mut session = Session::new(context);
    // Credentials are missing sooner than an answer.
    let client = session.client().await?;
    operations::confirm::confirm_request(&mut session, &request).await?;
    let client = client.with_options(|options| {
        let headers = headers.into_iter();
        headers.fold(options, |options, (name, value)| {
            options.header(name, value)
        })
    });
    let outcome = if arguments.paginate {
        let columns = catalog::of_id(request.operation().id()).map(|known| known.columns);
        let shape = Shape::of(columns.unwrap_or(&[]));
        operations::all::walk(&mut session, &client, request, shape).await
    } else {
        once(context, &client, request, arguments.include).await
    };
    let closed = session.close().await;
    outcome.and(closed)
}

async fn once(
    context: &Context,
    client: &Client,
    request: RawRequest,
    includes_head: bool,
) -> Result<(), Failure> {
    debug::debug_request(context, &request);
    let outcome = client.execute_as::<IgnoredAny>(&request).await;
    debug::debug_outcome(context, &outcome);
    let mut output = context.json_output()?;
    match outcome {
        Ok(response) => {
            if includes_head {
                head(&mut output, response.status(), response.headers())?;
            }
            output.answer(response.body(), Shape::UNKNOWN)?;
            output.finish()
        }
        Err(error) => {
            failed(&mut output, &error, includes_head)?;
            output.finish()?;
            // A 2xx response succeeded, even if its body is not JSON.
            let is_success = error.kind() == ErrorKind::Decode;
            if is_success {
                Ok(())
            } else {
                Err(error.into())
            }
        }
    }
}

/// Prints the body of an error response, which is what the user looks for here.
fn failed(output: &mut Output, error: &Error, includes_head: bool) -> Result<(), Failure> {
    if let (true, Some(status), Some(headers)) = (includes_head, error.status(), error.headers()) {
        head(output, status, headers)?;
    }
    match error.body() {
        Some(body) if !body.is_empty() => match serde_json::from_slice::<IgnoredAny>(body) {
            Ok(_) => output.answer(body, Shape::UNKNOWN),
            Err(_) => output.line(&String::from_utf8_lossy(body)),
        },
        _ => Ok(()),
    }
}

fn head(output: &mut Output, status: StatusCode, headers: &HeaderMap) -> Result<(), Failure> {
    output.line(&format!("HTTP {status}"))?;
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        output.line(&format!("{name}: {value}"))?;
    }
    output.line("")
}

fn request(arguments: &Arguments) -> Result<RawRequest, Failure> {
    let has_fields = !arguments.field.is_empty() || !arguments.raw_field.is_empty();
    let by_default = if has_fields || arguments.input.is_some() {
        "POST"
    } else {
        "GET"
    };
    let (method, path) = match arguments.words.as_slice() {
        [method, path] => (method.as_str(), path),
        [path] => (by_default, path),
        _ => return Err(Failure::usage("give a path, or a method and a path")),
    };
    let method = arguments.method.as_deref().unwrap_or(method);
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes())
        .map_err(|_| Failure::usage(format!("{method:?} is not an HTTP method")))?;
    let path = if path.starts_with('/') {
        path.clone()
    } else if path.contains("://") {
        return Err(Failure::usage(
            "give a path instead of a URL; --base-url sets the server",
        ));
    } else {
        format!("/{path}")
    };
    let mut request = RawRequest::new(method.clone(), &path);
    let fields = fields::read(&arguments.raw_field, &arguments.field)?;
    let body = match &arguments.input {
        Some(source) => Some(operations::body::read_file(source)?),
        None => None,
    };
    if body.is_some() || matches!(method, Method::GET | Method::HEAD) {
        for (name, value) in fields::query(&fields) {
            request = request.query(name, value);
        }
    } else if has_fields {
        request = request.json(fields);
    }
    match body {
        Some(body) => Ok(request.json(body)),
        // A walk needs a body to put its cursor into.
        None if arguments.paginate && !has_fields && method == Method::POST => {
            Ok(request.json(Value::Object(serde_json::Map::new())))
        }
        None => Ok(request),
    }
}

fn parse_header(header: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    // The message does not quote the value, which may be a secret.
    let unfit = || Failure::usage("-H takes NAME:VALUE");
    let (name, value) = header.split_once(':').ok_or_else(unfit)?;
    let name = name.trim().parse::<HeaderName>().map_err(|_| unfit())?;
    let value = value.trim().parse::<HeaderValue>().map_err(|_| unfit())?;
    Ok((name, value))
}
