//! Helps, completions and manual pages.

use insta::assert_snapshot;

use crate::commands::{names, resources};
use crate::support::run;

/// A help without the options that all commands have.
fn own(help: &str) -> String {
    let mut is_common = false;
    let lines = help.lines().filter(|line| {
        if ["Connection:", "Output:", "Safety:"].contains(line) {
            is_common = true;
        } else if !line.starts_with(' ') && !line.is_empty() {
            is_common = false;
        }
        !is_common
    });
    lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_root_lists_every_command_and_option() {
    assert_snapshot!("root", run(None, &["--help"]).done());
    assert_snapshot!("root-short", run(None, &["-h"]).done());
}

#[test]
fn every_operation_has_a_help() {
    for resource in resources() {
        let help = run(None, &[&resource, "--help"]).done();
        let mut text = own(&help);
        for verb in names(&help) {
            let help = run(None, &[&resource, &verb, "--help"]).done();
            text.push_str(&format!("\n\n==== {resource} {verb}\n\n{}", own(&help)));
        }
        assert_snapshot!(format!("help-{resource}"), text);
    }
}

#[test]
fn every_other_command_has_a_help() {
    let mut text = String::new();
    let resources = resources();
    for name in names(&run(None, &["--help"]).done()) {
        if resources.contains(&name) {
            continue;
        }
        let help = run(None, &[&name, "--help"]).done();
        text.push_str(&format!("==== {name}\n\n{}\n\n", own(&help)));
        assert_eq!(
            run(None, &["help", &name]).done().trim_end(),
            help.trim_end(),
            "{name}"
        );
    }
    assert_snapshot!("help-others", text.trim_end());
}

#[test]
fn help_knows_commands_and_topics() {
    let help = run(None, &["conversations", "get", "--help"]).done();
    assert_eq!(run(None, &["help", "conversations", "get"]).done(), help);
    assert_snapshot!(
        "topic-environment",
        run(None, &["help", "environment"]).done()
    );
    assert_snapshot!(
        "topic-exit-codes",
        run(None, &["help", "exit-codes"]).done()
    );
    assert_snapshot!("topic-options", run(None, &["help", "options"]).done());
    assert_snapshot!("topic-times", run(None, &["help", "times"]).done());
    assert_eq!(run(None, &["help", "nonsense"]).code, Some(2));
}

#[test]
fn a_manual_page_takes_the_place_of_a_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let (victim, page) = (
        folder.path().join("victim"),
        folder.path().join("heymarket.1"),
    );
    std::fs::write(&victim, "mine").expect("a file");
    std::os::unix::fs::symlink(&victim, &page).expect("a link");
    run(None, &["man", folder.path().to_str().expect("a path")]).done();
    assert_eq!(std::fs::read_to_string(&victim).expect("the file"), "mine");
    let metadata = std::fs::symlink_metadata(&page).expect("the page");
    assert!(metadata.is_file());
    assert_eq!(metadata.permissions().mode() & 0o400, 0o400);
    let others = metadata.permissions().mode() & 0o044;
    let made = folder.path().join("made");
    std::fs::write(&made, "").expect("a file");
    let usual = std::fs::metadata(made)
        .expect("a file")
        .permissions()
        .mode()
        & 0o044;
    assert_eq!(others, usual, "manual pages are for everybody");
}

#[test]
fn every_command_has_a_manual_page() {
    assert!(run(None, &["man"]).done().contains(".TH heymarket 1"));
    let folder = tempfile::tempdir().expect("a folder");
    let inside = folder.path().join("man/man1");
    run(None, &["man", inside.to_str().expect("a path")]).done();
    let mut pages: Vec<_> = std::fs::read_dir(&inside)
        .expect("the pages")
        .map(|entry| {
            entry
                .expect("a page")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .collect();
    pages.sort();
    let mut expected = 0;
    for (words, _) in crate::examples::helps() {
        let page = [&["heymarket".to_owned()][..], &words].concat().join("-");
        assert!(pages.contains(&format!("{page}.1")), "{page}");
        expected += 1;
    }
    assert_eq!(pages.len(), expected);
}
