//! The tasks of `docs/tasks.md`, each as one command line.

use std::path::Path;

use crate::support::{Home, Live, end, piped};

/// The title and the command line of each task.
fn tasks() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    let path = root.expect("the project").join("docs/tasks.md");
    let text = std::fs::read_to_string(path).expect("the tasks");
    let sections = text.split("\n## ").skip(1);
    sections
        .map(|section| {
            let (title, rest) = section.split_once('\n').expect("a title");
            let block = rest.split("```sh\n").nth(1).expect("a command");
            let command = block.split("```").next().expect("its end");
            (title.to_owned(), command.trim().to_owned())
        })
        .collect()
}

#[test]
fn each_task_is_one_command_line_that_works() {
    let live = Live::start();
    let home = Home::of(&live);
    // A customer has been waiting for an answer since the spring.
    let asked = "2026-05-04T09:00:00Z".parse().expect("a time");
    live.sandbox().set_time(asked);
    live.sandbox()
        .inbound(41001, "15550100120", "Is anybody there?")
        .expect("a message");
    let tasks = tasks();
    assert!(tasks.len() >= 20, "{}", tasks.len());
    for (title, command) in tasks {
        assert_eq!(command.lines().count(), 1, "{title}");
        let outcome = end(piped(&mut home.shell(&command)), "");
        assert_eq!(
            outcome.code,
            Some(0),
            "{title}: {command}\n{}",
            outcome.stderr
        );
        let is_silent = command.contains('>') && !command.contains("--");
        assert!(
            is_silent
                || !(outcome.stdout.is_empty() && outcome.stderr.is_empty())
                || command.contains("failed"),
            "{title} prints nothing"
        );
    }
}
