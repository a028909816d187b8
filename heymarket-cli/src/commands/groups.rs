//! Arranges the commands of the root's help in groups.

use clap::Command;

/// The groups, in the order of the help.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Messaging",
        &[
            "conversations",
            "messages",
            "bulk",
            "scheduled-messages",
            "templates",
            "surveys",
        ],
    ),
    (
        "People",
        &[
            "contacts",
            "contacts-v2",
            "lists",
            "tags",
            "users",
            "team",
            "inboxes",
        ],
    ),
    (
        "Setup",
        &["auth", "config", "alias", "completions", "doctor", "help"],
    ),
    (
        "Developer",
        &[
            "api", "export", "gateway", "listen", "mcp", "trigger", "sandbox", "man",
        ],
    ),
];

/// Puts the commands of the root's help in groups. A command of no group is listed
/// under the last one.
pub(super) fn arrange(root: Command) -> Command {
    let commands: Vec<(String, String)> = root
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .map(|command| {
            let about = command.get_about().map(ToString::to_string);
            (command.get_name().to_owned(), about.unwrap_or_default())
        })
        .collect();
    let width = commands
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0);
    let line = |(name, about): &(String, String)| {
        let first = about
            .split(". ")
            .next()
            .unwrap_or(about)
            .trim_end_matches('.');
        format!("  {name:width$}  {first}\n")
    };
    let mut text = String::new();
    let is_grouped = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    for (index, (group, names)) in GROUPS.iter().enumerate() {
        text.push_str(&format!("{group}:\n"));
        for name in *names {
            let found = commands.iter().filter(|(known, _)| known == name);
            found.for_each(|command| text.push_str(&line(command)));
        }
        if index + 1 == GROUPS.len() {
            let rest = commands.iter().filter(|(name, _)| !is_grouped(name));
            rest.for_each(|command| text.push_str(&line(command)));
        }
        text.push('\n');
    }
    let text = text.trim_end().replace('{', "{{");
    root.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{text}\n\n\
         Options:\n  \
         -h, --help     Print this help\n  \
         -V, --version  Print the version{{after-help}}"
    ))
    .override_usage("heymarket <COMMAND> [OPTIONS]")
    .after_help(
        "Examples:\n  \
         heymarket conversations view 9920 --sandbox\n  \
         heymarket conversations list --inbox Support --member robin@example.com\n  \
         heymarket messages send --inbox Support --as robin@example.com --to '+1 (555) 010-0101' \
         --text 'On its way.'\n\n\
         'heymarket help COMMAND' describes a command, and 'heymarket help options' the options of all \
         commands.",
    )
}
