//! The examples of every help run against a sandbox.

use crate::commands::names;
use crate::support::{Home, Live, end, piped, run};

/// Examples that need a terminal, a server that is not there, or never end.
const NOT_RUN: [&str; 20] = [
    "heymarket auth login",
    "heymarket auth logout",
    "heymarket auth switch",
    "heymarket completions",
    "heymarket gateway",
    "heymarket listen",
    "heymarket man",
    "heymarket mcp",
    "heymarket trigger",
    // These need what another command makes.
    "heymarket alias delete",
    "heymarket bulk",
    "heymarket config get",
    // The UUIDs of contacts differ in each sandbox.
    "heymarket contacts-v2 add-channel",
    "heymarket contacts-v2 create",
    "heymarket contacts-v2 delete",
    "heymarket contacts-v2 get",
    "heymarket contacts-v2 list-channels",
    "heymarket contacts-v2 update",
    "heymarket contacts-v2 update-channel",
    "heymarket contacts-v2 delete-many",
];

/// The example lines of a help. A line that is wrapped is continued.
fn examples(help: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    for line in lines.take_while(|line| !line.is_empty()) {
        match line.strip_prefix("  ") {
            Some(example)
                if example.starts_with("heymarket ") || example.starts_with("export ") =>
            {
                found.push(example.to_owned());
            }
            _ => match found.last_mut() {
                Some(last) => {
                    last.push(' ');
                    last.push_str(line.trim());
                }
                None => panic!("{line:?} is no example"),
            },
        }
    }
    found
}

/// The helps of all commands, by their words.
pub(crate) fn helps() -> Vec<(Vec<String>, String)> {
    let mut helps = Vec::new();
    let mut waiting = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = run(None, &arguments).done();
        for name in names(&help) {
            let mut words: Vec<String> = words.clone();
            words.push(name);
            waiting.push(words);
        }
        helps.push((words, help));
    }
    helps
}

#[test]
fn every_command_has_an_example() {
    for (words, help) in helps() {
        let is_group = words.len() < 2 && help.contains("Commands:");
        assert!(
            is_group || !examples(&help).is_empty(),
            "no example for {words:?}:\n{help}"
        );
    }
}

#[test]
fn every_example_runs_against_a_sandbox() {
    let live = Live::start();
    let mut failed = Vec::new();
    let mut count = 0;
    for (words, help) in helps() {
        for example in examples(&help) {
            let is_run = !NOT_RUN.iter().any(|start| example.starts_with(start));
            let is_server = example.starts_with("heymarket sandbox");
            if !is_run || is_server {
                continue;
            }
            count += 1;
            live.sandbox().reset().expect("a reset");
            let home = Home::of(&live);
            std::fs::write(home.path().join("reply.txt"), "On its way.\n").expect("a file");
            let csv = "phone,Mobile,first\n,15550100998,Ada\n";
            let csv = if example.contains("--map Mobile") {
                csv.replacen("phone,", "Note,", 1)
            } else {
                "phone,first\n15550100998,Ada\n".to_owned()
            };
            std::fs::write(home.path().join("contacts.csv"), csv).expect("a file");
            let line = example.replace("--map Mobile=phone", "--map Mobile=phone --map Note=-");
            let line = format!(
                "heymarket() {{ case $1 in alias) command heymarket \"$@\" ;; *) command heymarket \
                 \"$@\" --yes ;; esac; }}\n{line}"
            );
            let outcome = end(piped(&mut home.shell(&line)), "");
            if outcome.code != Some(0) {
                failed.push(format!(
                    "{words:?}: {example}\n  {:?} {}",
                    outcome.code, outcome.stderr
                ));
            }
        }
    }
    assert!(count > 90, "{count}");
    assert!(
        failed.is_empty(),
        "{} of {count}:\n{}",
        failed.len(),
        failed.join("\n")
    );
}
