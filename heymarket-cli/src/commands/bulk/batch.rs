//! The arguments that make a batch.

use std::io;
use std::path::Path;
use std::time::Duration;

use clap::{Arg, ArgMatches, Args};
use heymarket_outbox::{Batch, Outbox, Recipient, Recipients, Unknown, Window};
use jiff::civil::{Date, Weekday};
use jiff::{SignedDuration, Timestamp};

use super::failed::failed;
use crate::catalog::spec::Entity;
use crate::config::defaults::Key;
use crate::failure::Failure;
use crate::session::Session;
use crate::time;

const ID: &str = "id";

/// The option that gives a batch its ID.
pub(super) fn id_argument() -> Arg {
    Arg::new(ID)
        .long("batch")
        .value_name("ID")
        .help("The ID of the batch, of your choice; planning the same one again changes nothing")
}

pub(super) fn id(matches: &ArgMatches) -> Option<&str> {
    matches.get_one::<String>(ID).map(String::as_str)
}

// What a batch is made of, but for its ID and its recipients. This is no doc comment:
// clap would take it for the description of the command.
#[derive(Args)]
#[group(requires = "id")]
pub(super) struct BatchArguments {
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
    #[arg(long, value_name = "TIME", value_parser = time::future)]
    not_before: Option<Timestamp>,

    /// Send nothing after this time
    #[arg(long, value_name = "TIME", value_parser = time::future)]
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
    pub(super) as_list: bool,
}

/// The recipients of the file, or of standard input.
pub(super) fn recipients(
    file: &Path,
) -> Result<Box<dyn Iterator<Item = Result<Recipient, heymarket_outbox::Error>>>, Failure> {
    Ok(if file.as_os_str() == "-" {
        Box::new(Recipients::read(io::stdin()).map_err(failed)?)
    } else {
        Box::new(Recipients::open(file).map_err(failed)?)
    })
}

/// Makes a batch one message to a list that was planned before as one to each recipient.
pub(super) async fn make_list(outbox: &Outbox, id: &str) -> Result<(), Failure> {
    let status = outbox.status(id).await.map_err(failed)?;
    if status.is_to_list {
        return Ok(());
    }
    outbox.send_as_list(id).await.map_err(failed)
}

/// The batch of these arguments.
pub(super) async fn batch(
    session: &mut Session<'_>,
    id: &str,
    arguments: &BatchArguments,
) -> Result<Batch, Failure> {
    let (inbox, sender) = sender(session, arguments).await?;
    let mut batch = Batch::new(id, inbox.into(), sender.into());
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
    batch = batch.as_list(arguments.as_list);
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

/// Returns the inbox to send from and the member to send as.
async fn sender(
    session: &mut Session<'_>,
    arguments: &BatchArguments,
) -> Result<(i64, i64), Failure> {
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
    Ok((inbox, sender))
}

fn window(arguments: &BatchArguments) -> Result<Option<Window>, Failure> {
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
