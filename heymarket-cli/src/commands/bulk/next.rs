//! The command that sends what is planned: the same account and the same outbox.

use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::place::{self, OUTBOX};
use crate::connection::server::Server;
use crate::context::Context;
use crate::globals::Globals;
use crate::shell::quoted;

/// Returns the command that sends batches from the outbox of these arguments.
pub(super) fn send(context: &Context, matches: &ArgMatches, batches: &str) -> String {
    let given = matches.get_one::<PathBuf>(OUTBOX);
    let command = send_command(&context.globals, given.map(PathBuf::as_path));
    format!("{command} {batches}")
}

/// Returns `heymarket bulk send` with the flags that select the account and the outbox, as they were
/// given. Without them, another batch of the same ID could be sent. A value that may be secret is left
/// to be filled in.
pub(crate) fn send_command(globals: &Globals, outbox: Option<&Path>) -> String {
    let mut words = vec!["heymarket bulk send".to_owned()];
    if globals.sandbox {
        words.push("--sandbox".to_owned());
    }
    let mut add = |flag: &str, value: Option<String>| {
        words.extend(value.map(|value| format!("{flag} {value}")));
    };
    add("--state", globals.state.as_deref().map(path));
    add("--profile", globals.profile.as_deref().map(quoted));
    let command = globals.secret_command.as_ref();
    add("--secret-command", command.map(|_| "COMMAND".to_owned()));
    let url = globals.base_url.as_ref();
    let url = url.map(|url| quoted(&Server::new(url).to_string()));
    add("--base-url", url);
    let outbox = outbox.map(|given| match place::is_database(given) {
        true => "URL".to_owned(),
        false => path(given),
    });
    add("--outbox", outbox);
    words.join(" ")
}

fn path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::send_command;
    use crate::globals::Globals;

    #[test]
    fn the_command_has_what_selects_the_account_and_the_outbox() {
        let none = Globals::default();
        assert_eq!(send_command(&none, None), "heymarket bulk send");
        let sandbox = Globals {
            sandbox: true,
            state: Some("demo state.json".into()),
            ..Globals::default()
        };
        assert_eq!(
            send_command(&sandbox, Some(Path::new("july.db"))),
            "heymarket bulk send --sandbox --state 'demo state.json' --outbox 'july.db'"
        );
        let profile = Globals {
            profile: Some("work".to_owned()),
            base_url: Some("https://canary:canary@api.example.com/".to_owned()),
            ..Globals::default()
        };
        assert_eq!(
            send_command(
                &profile,
                Some(Path::new("postgres://canary@example.com/outbox"))
            ),
            "heymarket bulk send --profile 'work' --base-url 'https://api.example.com' --outbox URL"
        );
        let secret = Globals {
            secret_command: Some("canary".to_owned()),
            ..Globals::default()
        };
        assert_eq!(
            send_command(&secret, None),
            "heymarket bulk send --secret-command COMMAND"
        );
    }
}
