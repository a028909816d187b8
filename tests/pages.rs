//! The programs of docs/other-languages.md, run against a sandbox and through a gateway.

use std::process::{Command, Output};

use heymarket_gateway::{Gateway, Token};
use heymarket_sandbox::{SECRET_ID, SECRET_KEY, Sandbox};

use crate::support::project_root;

/// The inboxes of the sandbox's demo data, as the page says that each program prints them.
const INBOXES: &str = "41001 Support\n41002 Orders\n41003 Announcements\n";
const TOKEN: &str = "invented-gateway-token";

/// A language of the page, its fence, and how its interpreter takes a program.
const LANGUAGES: [(&str, &str, &str); 4] = [
    ("Python", "python", "python3"),
    ("Node", "js", "node"),
    ("PHP", "php", "php"),
    ("Ruby", "ruby", "ruby"),
];

fn page() -> String {
    let path = project_root().join("docs/other-languages.md");
    std::fs::read_to_string(path).expect("the page")
}

/// Returns the fenced block of a language in a section.
fn block(section: &str, fence: &str) -> String {
    let page = page();
    let start = format!("\n## {section}\n");
    let (_, rest) = page.split_once(&start).expect("a section");
    let section = rest.split("\n## ").next().expect("its text");
    let start = format!("\n```{fence}\n");
    let (_, rest) = section.split_once(&start).expect("a block");
    let (block, _) = rest.split_once("```").expect("the end of the block");
    block.to_owned()
}

/// Runs a program. Returns `None` where the interpreter is missing, which in CI is a
/// failure.
fn run(interpreter: &str, source: &str, variables: &[(&str, String)]) -> Option<Output> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program");
    std::fs::write(&path, source).expect("a program");
    let output = Command::new(interpreter)
        .arg(&path)
        .envs(variables.iter().map(|(name, value)| (name, value)))
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

#[track_caller]
fn prints_the_inboxes(output: Option<Output>) {
    let Some(output) = output else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(printed.replace("\r\n", "\n"), INBOXES);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_program_sends_its_message_once() {
    let folder = tempfile::tempdir().expect("a folder");
    for (_, fence, interpreter) in LANGUAGES {
        let sandbox = Sandbox::start().await.expect("a sandbox");
        let token = Token::new(TOKEN).expect("a token");
        let ledger = folder.path().join(fence);
        let gateway = Gateway::builder(sandbox.client(), token).ledger(ledger);
        let gateway = gateway.start(([127, 0, 0, 1], 0).into()).await;
        let gateway = gateway.expect("a gateway");
        let variables = [
            ("HEYMARKET_BASE_URL", gateway.url()),
            ("HEYMARKET_GATEWAY_TOKEN", TOKEN.to_owned()),
        ];
        let program = block("Send a message", fence);
        let Some(first) = run(interpreter, &program, &variables) else {
            continue;
        };
        assert!(first.status.success(), "{interpreter}: {first:?}");
        let sent = sandbox.sent();
        let [message] = sent.as_slice() else {
            panic!("{interpreter}: {} messages", sent.len());
        };
        let printed = String::from_utf8(first.stdout).expect("UTF-8");
        assert_eq!(printed.trim(), message.id.to_string(), "{interpreter}");
        let again = run(interpreter, &program, &variables).expect("an output");
        assert_eq!(again.stdout, printed.as_bytes(), "{interpreter}: {again:?}");
        assert_eq!(sandbox.sent().len(), 1, "{interpreter}");
    }
}

#[test]
fn the_page_shows_what_its_programs_print() {
    assert_eq!(block("Test against the sandbox", "text"), INBOXES);
}

#[test]
fn the_page_counts_the_lines_of_its_programs() {
    for (language, fence, _) in LANGUAGES {
        let lines = |section| block(section, fence).lines().count();
        let (signed, through) = (lines("Sign a request"), lines("Call the gateway"));
        let row = format!("| {language} | {signed} | {through} |");
        assert!(page().contains(&row), "{row}");
        assert!(through <= 10, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_program_signs_and_lists_inboxes() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    for (_, fence, interpreter) in LANGUAGES {
        let variables = [
            ("HEYMARKET_BASE_URL", sandbox.url().to_owned()),
            ("HEYMARKET_API_SECRET_ID", SECRET_ID.to_owned()),
            ("HEYMARKET_API_SECRET_KEY", SECRET_KEY.to_owned()),
        ];
        let program = block("Sign a request", fence);
        prints_the_inboxes(run(interpreter, &program, &variables));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_program_lists_inboxes_through_the_gateway() {
    let sandbox = Sandbox::start().await.expect("a sandbox");
    let token = Token::new(TOKEN).expect("a token");
    let gateway = Gateway::builder(sandbox.client(), token);
    let gateway = gateway.start(([127, 0, 0, 1], 0).into()).await;
    let gateway = gateway.expect("a gateway");
    for (_, fence, interpreter) in LANGUAGES {
        let program = block("Call the gateway", fence);
        let variables = |token: &str| {
            [
                ("HEYMARKET_BASE_URL", gateway.url()),
                ("HEYMARKET_GATEWAY_TOKEN", token.to_owned()),
            ]
        };
        prints_the_inboxes(run(interpreter, &program, &variables(TOKEN)));
        if let Some(output) = run(interpreter, &program, &variables("another-token-17")) {
            assert!(!output.status.success(), "{interpreter}: {output:?}");
        }
    }
}
