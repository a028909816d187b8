//! `heymarket bulk plan`: a CSV file becomes a batch.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgMatches, Args, Command, FromArgMatches as _};
use heymarket_outbox::{Batch, Outbox, Plan, Recipient, Recipients, Unknown, Window};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::describe::{grouped, minutes};
use super::failed::failed;
use crate::catalog::spec::Entity;
use crate::config::defaults::Key;
use crate::context::Context;
use crate::failure::Failure;
use crate::globals::Format;
use crate::output::shape::Shape;
use crate::session::Session;
use crate::time;

#[derive(Args)]
struct Arguments {
    /// The CSV file, with a header line and a column `phone`; - is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The ID of the batch, of your choice; planning the same one again changes nothing
    #[arg(long, value_name = "ID")]
    batch: String,

    /// The inbox to send from, by name or ID
    #[arg(long, value_name = "INBOX")]
    inbox: Option<String>,

    /// The team member to send as, by name, email address or ID
    #[arg(long = "as", value_name = "MEMBER")]
    sender: Option<String>,

    /// The text; {{name}} is the column of that name
    #[arg(long, conflicts_with = "template")]
    text: Option<String>,

    /// The template to send in place of a text, by name or ID
    #[arg(long, value_name = "TEMPLATE")]
    template: Option<String>,

    /// The public URL of a file to attach
    #[arg(long, value_name = "URL")]
    media: Option<String>,

    /// Text within these hours only, by each recipient's time zone, such as 09:00-20:00
    #[arg(long, value_name = "HOURS")]
    window: Option<String>,

    /// The days of the window, such as mon,tue,fri; by default all
    #[arg(long, value_name = "DAYS", value_delimiter = ',', requires = "window")]
    days: Vec<String>,

    /// A date on which nothing is sent, such as 2026-12-25; may be repeated
    #[arg(long, value_name = "DATE", requires = "window")]
    holiday: Vec<Date>,

    /// The time zone of recipients without a column `zone` or a zone of their area code; by default
    /// this machine's
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,

    /// Send nothing before this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    not_before: Option<Timestamp>,

    /// Send nothing after this time
    #[arg(long, value_name = "TIME", value_parser = time::past)]
    not_after: Option<Timestamp>,

    /// Ask for the status of each recipient before texting it, at twice the requests
    #[arg(long)]
    check_status: bool,

    /// Send a message again whose answer was lost and that is not in the history after this long,
    /// such as 2m; by default 'bulk review' lists it
    #[arg(long, value_name = "SPAN")]
    resend_after: Option<SignedDuration>,

    /// Text this number only, for a trial; may be repeated
    #[arg(long, value_name = "PHONE")]
    only: Vec<String>,

    /// Send one message to a list in place of one to each
    #[arg(long)]
    as_list: bool,
}

const SHAPE: Shape = Shape {
    items: None,
    columns: &[
        "batch",
        "recipients",
        "planned",
        "requests",
        "segments",
        "begins",
        "ends",
    ],
};

pub(super) fn command() -> Command {
    Arguments::augment_args(
        Command::new("plan")
            .about("Plan a batch from a CSV file, and show what would be sent")
            .long_about(
                "Plan a batch from a CSV file, and show what would be sent. Nothing is sent.\n\n\
                 The column `phone` is the recipient. The other columns fill the placeholders of the \
                 text, and the column `zone` is the recipient's time zone. Invalid numbers, \
                 duplicates and people who opted out are refused with a reason. A placeholder \
                 without a value refuses the whole plan, with the lines.",
            )
            .after_help(
                "Examples:\n  \
                 heymarket bulk plan reminders.csv --batch july --inbox Support --as \
                 robin@example.com --text 'Hi {{first}}, see you {{time}}.' --window 09:00-20:00 \
                 --country US",
            ),
    )
}

pub(super) async fn run(
    context: &Context,
    outbox: &Outbox,
    matches: &ArgMatches,
) -> Result<(), Failure> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let mut session = Session::new(context);
    let outcome = plan(&mut session, outbox, &arguments).await;
    let closed = session.close().await;
    outcome.and(closed)
}

async fn plan(
    session: &mut Session<'_>,
    outbox: &Outbox,
    arguments: &Arguments,
) -> Result<(), Failure> {
    let batch = batch(session, arguments).await?;
    let recipients = recipients(&arguments.file)?;
    let plan = outbox.plan(&batch, recipients).await.map_err(failed)?;
    if arguments.as_list {
        outbox.send_as_list(batch.id()).await.map_err(failed)?;
    }
    let context = session.context;
    let mut output = context.output()?;
    if output.format == Format::Table {
        output.text(&plan.to_string())?;
    } else {
        output.json(&described(&plan).to_string(), SHAPE)?;
    }
    output.finish()?;
    if !arguments.as_list {
        offer_list(session, &plan).await;
    }
    let takes = plan.requests.div_ceil(500);
    context.terminal.notice(&format!(
        "{} at 500 requests a minute; send it with 'heymarket bulk send {}'",
        minutes(takes),
        plan.batch
    ));
    Ok(())
}

/// The recipients of the file, or of standard input.
fn recipients(
    file: &PathBuf,
) -> Result<Box<dyn Iterator<Item = Result<Recipient, heymarket_outbox::Error>>>, Failure> {
    Ok(if file.as_os_str() == "-" {
        Box::new(Recipients::read(io::stdin()).map_err(failed)?)
    } else {
        Box::new(Recipients::open(file).map_err(failed)?)
    })
}

async fn batch(session: &mut Session<'_>, arguments: &Arguments) -> Result<Batch, Failure> {
    let defaults = session.defaults()?;
    let given = |flag: &Option<String>, key| {
        let default = || defaults.get(key).map(str::to_owned);
        flag.clone().or_else(default)
    };
    let (inbox, sender) = (
        given(&arguments.inbox, Key::Inbox),
        given(&arguments.sender, Key::Member),
    );
    let missing: Vec<_> = [("--inbox", inbox.is_none()), ("--as", sender.is_none())]
        .into_iter()
        .filter_map(|(flag, is_missing)| is_missing.then_some(flag))
        .collect();
    let (Some(inbox), Some(sender)) = (inbox, sender) else {
        return Err(Failure::usage(format!(
            "missing required flags: {}",
            missing.join(", ")
        )));
    };
    let inbox = session.id(Entity::Inbox, &inbox).await?;
    let sender = session.id(Entity::Member, &sender).await?;
    let mut batch = Batch::new(&arguments.batch, inbox, sender);
    if let Some(text) = &arguments.text {
        batch = batch.text(text);
    }
    if let Some(template) = &arguments.template {
        batch = batch.template(session.id(Entity::Template, template).await?);
    }
    if let Some(media) = &arguments.media {
        batch = batch.media(media);
    }
    if let Some(window) = window(arguments)? {
        batch = batch.window(window);
    }
    if let Some(zone) = &arguments.zone {
        batch = batch.zone(zone);
    }
    if let Some(time) = arguments.not_before {
        batch = batch.not_before(time);
    }
    if let Some(time) = arguments.not_after {
        batch = batch.not_after(time);
    }
    if let Some(country) = session.country()? {
        batch = batch.country(country.code());
    }
    if !arguments.only.is_empty() {
        batch = batch.allow_only(&arguments.only);
    }
    if let Some(after) = arguments.resend_after {
        let after = Duration::try_from(after)
            .map_err(|_| Failure::usage("--resend-after is a span such as 2m"))?;
        batch = batch.unknown(Unknown::ResendAfter(after));
    }
    Ok(batch.check_status(arguments.check_status))
}

fn window(arguments: &Arguments) -> Result<Option<Window>, Failure> {
    let Some(hours) = &arguments.window else {
        return Ok(None);
    };
    let mut window: Window = hours.parse().map_err(failed)?;
    if !arguments.days.is_empty() {
        let days: Result<Vec<_>, _> = arguments.days.iter().map(|day| weekday(day)).collect();
        window = window.weekdays(days?);
    }
    for date in &arguments.holiday {
        window = window.holiday(*date);
    }
    Ok(Some(window))
}

fn weekday(text: &str) -> Result<Weekday, Failure> {
    let days = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    let wanted = text.trim().to_lowercase();
    let mut days = days.into_iter();
    let found = days.find(|(name, _)| wanted.len() >= 3 && name.starts_with(&wanted));
    found
        .map(|(_, day)| day)
        .ok_or_else(|| Failure::usage(format!("{text:?} is not a day; write days as mon,tue,fri")))
}

fn described(plan: &Plan) -> serde_json::Value {
    let refused: serde_json::Map<_, _> = plan
        .refused
        .iter()
        .map(|(reason, count)| (reason.as_str().to_owned(), (*count).into()))
        .collect();
    let warnings: Vec<_> = plan.warnings.iter().map(ToString::to_string).collect();
    json!({
        "batch": plan.batch,
        "is_repeated": plan.is_repeated,
        "recipients": plan.recipients,
        "planned": plan.planned,
        "refused": refused,
        "segments": plan.segments,
        "warnings": warnings,
        "warning_count": plan.warning_count,
        "samples": plan.samples,
        "requests": plan.requests,
        "begins": plan.begins().to_string(),
        "ends": plan.ends().map(|time| time.to_string()),
        "late": plan.late(),
    })
}

/// Says that one message to a list would do, if it would. The team's limit is
/// asked for only then.
async fn offer_list(session: &mut Session<'_>, plan: &Plan) {
    if plan.list_offer(None).is_none() {
        return;
    }
    let Ok(client) = session.client().await else {
        return;
    };
    let Ok(team) = client.get_team().await else {
        return;
    };
    if let Some(offer) = plan.list_offer(team.list_size) {
        session.context.terminal.notice(&format!(
            "All {} get the same: one message to a list takes {} requests in place of {}; plan it \
             again with --as-list",
            grouped(offer.recipients),
            offer.requests,
            grouped(plan.requests),
        ));
    }
}
