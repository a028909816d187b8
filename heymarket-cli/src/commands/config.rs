//! `heymarket config`: default values of flags.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};
use serde_json::json;

use crate::completion;
use crate::config::defaults::Key;
use crate::config::file::ConfigFile;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::shape::Shape;
use crate::session;

const KEY: &str = "key";
const VALUE: &str = "value";

const SHAPE: Shape = Shape::of(&["key", "value", "about"]);

pub(crate) fn command() -> Command {
    let key = || {
        Arg::new(KEY)
            .value_name("KEY")
            .required(true)
            .value_parser(PossibleValuesParser::new(Key::ALL.map(Key::name)))
            .add(completion::of_keys())
            .help("The default")
    };
    let keys: Vec<String> = Key::ALL
        .iter()
        .map(|key| format!("  {:<9}{}", key.name(), key.about()))
        .collect();
    Command::new("config")
        .about("Set default values, such as your inbox")
        .long_about(format!(
            "Set default values, such as your inbox.\n\n\
             A default belongs to the selected profile; without one, to all profiles. A flag \
             overrides it.\n\n{}",
            keys.join("\n")
        ))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("set")
                .about("Set a default")
                .arg(key())
                .arg(
                    Arg::new(VALUE)
                        .value_name("VALUE")
                        .required(true)
                        .help("An ID, a name, or a country code"),
                )
                .after_help(
                    "Examples:\n  heymarket config set inbox Support\n  heymarket config set member \
                     robin@example.com\n  heymarket config set country US",
                ),
        )
        .subcommand(
            Command::new("get")
                .about("Print a default")
                .arg(key())
                .after_help("Examples:\n  heymarket config get inbox"),
        )
        .subcommand(
            Command::new("unset")
                .about("Remove a default")
                .arg(key())
                .after_help("Examples:\n  heymarket config unset inbox"),
        )
        .subcommand(
            Command::new("list")
                .about("List the defaults")
                .after_help("Examples:\n  heymarket config list"),
        )
}

pub(crate) fn run(context: &Context, matches: &ArgMatches) -> Result<(), Failure> {
    let profile = session::selected_profile(&context.globals)?;
    let profile = profile.as_deref();
    let key = |matches: &ArgMatches| {
        let name = matches.get_one::<String>(KEY).map_or("", String::as_str);
        Key::parse(name).ok_or_else(|| Failure::usage(format!("{name:?} is not a default")))
    };
    match matches.subcommand() {
        Some(("set", matches)) => {
            let value = matches.get_one::<String>(VALUE).map_or("", String::as_str);
            set(context, profile, key(matches)?, Some(value))
        }
        Some(("unset", matches)) => set(context, profile, key(matches)?, None),
        Some(("get", matches)) => get(context, profile, key(matches)?),
        _ => list(context, profile),
    }
}

fn set(
    context: &Context,
    profile: Option<&str>,
    key: Key,
    value: Option<&str>,
) -> Result<(), Failure> {
    let value = value.map(|value| key.check(value)).transpose()?;
    let mut file = ConfigFile::load()?;
    file.set_default(profile, key, value.as_deref())?;
    file.save()?;
    let of = profile.map_or_else(
        || "all profiles".to_owned(),
        |name| format!("the profile {name}"),
    );
    let name = key.name();
    context.terminal.notice(&match value {
        Some(value) => format!("{name} is {value} for {of}"),
        None => format!("{name} has no default for {of}"),
    });
    Ok(())
}

fn get(context: &Context, profile: Option<&str>, key: Key) -> Result<(), Failure> {
    let defaults = ConfigFile::load()?.defaults(profile);
    let value = defaults.get(key).ok_or_else(|| {
        let name = key.name();
        Failure::other(format!(
            "{name} has no default; set it with 'heymarket config set {name} VALUE'"
        ))
    })?;
    let mut output = context.output()?;
    output.line(value)?;
    output.finish()
}

fn list(context: &Context, profile: Option<&str>) -> Result<(), Failure> {
    let defaults = ConfigFile::load()?.defaults(profile);
    let rows: Vec<_> = Key::ALL
        .iter()
        .map(|key| json!({"key": key.name(), "value": defaults.get(*key), "about": key.about()}))
        .collect();
    let mut output = context.output()?;
    output.json(&json!(rows).to_string(), SHAPE)?;
    output.finish()
}
