//! Budgets of what must not grow, and the sections that hold the figures.

use std::collections::BTreeMap;

use xtask::measure::budgets::{self, Figures};
use xtask::measure::document;

use crate::support::project_root;

fn figures(value: f64) -> Figures<f64> {
    let group = BTreeMap::from([("a send".to_owned(), value)]);
    BTreeMap::from([("allocations".to_owned(), group)])
}

const BUDGETS: &str = "[allocations]\n\"a send\" = { most = 50, slack = 2 }\n";

#[test]
fn a_budget_may_be_passed_by_its_slack_and_by_no_more() {
    let budgets = budgets::parse(BUDGETS).expect("budgets");
    for (measured, is_kept) in [
        (1.0, true),
        (50.0, true),
        (52.0, true),
        (52.1, false),
        (f64::NAN, false),
    ] {
        let exceeded = budgets::check(&budgets, &figures(measured)).expect("a verdict");
        assert_eq!(exceeded.is_empty(), is_kept, "{measured}");
    }
}

#[test]
fn an_exceeded_budget_names_the_figure_and_the_file_to_change() {
    let budgets = budgets::parse(BUDGETS).expect("budgets");
    let exceeded = budgets::check(&budgets, &figures(60.0)).expect("a verdict");
    let text = exceeded[0].to_string();
    for part in [
        "allocations: a send",
        "60.0",
        "50",
        "slack of 2",
        "xtask/budgets.toml",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn figures_and_budgets_without_each_other_are_errors() {
    let none = budgets::parse("").expect("no budgets");
    let error = budgets::check(&none, &figures(1.0)).expect_err("no budget");
    assert!(
        error
            .to_string()
            .contains("a send has no budget; it is 1.0"),
        "{error}"
    );
    let more = format!("{BUDGETS}\"a page\" = {{ most = 1, slack = 0 }}\n");
    let more = budgets::parse(&more).expect("budgets");
    let error = budgets::check(&more, &figures(1.0)).expect_err("no figure");
    assert!(
        error
            .to_string()
            .contains("a page is not a measured figure"),
        "{error}"
    );
}

#[test]
fn malformed_budgets_are_an_error_that_says_where() {
    for (text, said) in [
        ("[allocations", "line 1"),
        ("[a]\nb = { most = 1 }", "missing field `slack`"),
        (
            "[a]\nb = { most = 1, slack = 0, more = 1 }",
            "unknown field `more`",
        ),
        ("[a]\nb = { most = \"1\", slack = 0 }", "line 2"),
        ("[a]\nb = { most = nan, slack = 0 }", "a: b"),
        ("[a]\nb = { most = 1, slack = -1 }", "not below zero"),
    ] {
        let error = budgets::parse(text).expect_err(text).to_string();
        assert!(error.starts_with("xtask/budgets.toml: "), "{error}");
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn the_budgets_of_the_project_can_be_read() {
    let budgets = budgets::read(&project_root()).expect("budgets");
    assert!(budgets.contains_key("allocations"));
}

#[test]
fn a_command_writes_its_own_section_and_leaves_the_others() {
    let text =
        "# A\n\n<!-- begin a -->\nold\n<!-- end a -->\n\n<!-- begin b -->\nkept\n<!-- end b -->\n";
    let once = document::replaced(text, "a", "new\n").expect("a section");
    assert!(
        once.contains("<!-- begin a -->\n\nnew\n\n<!-- end a -->"),
        "{once}"
    );
    assert!(once.contains("<!-- begin b -->\nkept\n<!-- end b -->\n") && !once.contains("old"));
    assert_eq!(
        document::replaced(&once, "a", "new").expect("a section"),
        once
    );
}

#[test]
fn a_document_without_the_marks_of_a_section_is_an_error() {
    for text in [
        "",
        "<!-- end a --><!-- begin a -->",
        "<!-- begin a --><!-- begin a --><!-- end a -->",
    ] {
        let error = document::replaced(text, "a", "new")
            .expect_err(text)
            .to_string();
        assert!(error.starts_with("docs/performance.md: "), "{error}");
    }
}
