//! The programs of docs/other-languages.md, run against a sandbox.

use std::process::{Command, Output};

use heymarket_sandbox::{SECRET_ID, SECRET_KEY, Sandbox};

use crate::support::project_root;

/// The inboxes of the sandbox's demo data, as the page says that both print them.
const INBOXES: &str = "41001 Support\n41002 Orders\n41003 Announcements\n";

fn page() -> String {
    let path = project_root().join("docs/other-languages.md");
    std::fs::read_to_string(path).expect("the page")
}

/// Returns the first fenced block of a language.
fn block(language: &str) -> String {
    let page = page();
    let start = format!("\n```{language}\n");
    let (_, rest) = page.split_once(&start).expect("a block");
    let (block, _) = rest.split_once("```").expect("the end of the block");
    block.to_owned()
}

/// Runs a program with its source as an argument. Returns `None` where the
/// interpreter is missing, which in CI is a failure.
fn run(interpreter: &str, flag: &str, source: &str, sandbox: &Sandbox) -> Option<Output> {
    let output = Command::new(interpreter)
        .args([flag, source])
        .env("HEYMARKET_BASE_URL", sandbox.url())
        .env("HEYMARKET_API_SECRET_ID", SECRET_ID)
        .env("HEYMARKET_API_SECRET_KEY", SECRET_KEY)
        .env("NO_PROXY", "127.0.0.1")
        .output();
    match output {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            assert!(std::env::var_os("CI").is_none(), "{interpreter}: {error}");
            None
        }
        Err(error) => panic!("{interpreter}: {error}"),
    }
}

async fn prints_the_inboxes(interpreter: &str, flag: &str, language: &str) {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let Some(output) = run(interpreter, flag, &block(language), &sandbox) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(printed.replace("\r\n", "\n"), INBOXES);
}

#[test]
fn the_page_shows_what_its_programs_print() {
    assert_eq!(block("text"), INBOXES);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_program_signs_and_lists_inboxes() {
    prints_the_inboxes("python3", "-c", "python").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_program_signs_and_lists_inboxes() {
    prints_the_inboxes("node", "-e", "js").await;
}
