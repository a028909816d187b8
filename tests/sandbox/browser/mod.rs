//! The web page of the sandbox in a browser: every flow, by mouse and keyboard, in
//! both color schemes, on a desktop and on a phone.

mod axe;
mod driver;

use std::path::Path;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::post;
use driver::Driver;
use heymarket_api::types::SendMessage;
use heymarket_sandbox::Sandbox;
use serde_json::json;

use super::{CONVERSATION, CUSTOMER, OWNER, SUPPORT, call, client, sandbox};

const VIEWS: [&str; 9] = [
    "messages",
    "contacts",
    "lists",
    "templates",
    "scheduled",
    "requests",
    "webhooks",
    "rules",
    "state",
];

/// Opens a view.
async fn view(driver: &Driver, sandbox: &Sandbox, name: &str) {
    driver
        .open(&format!("{}/?view={name}", sandbox.url()))
        .await;
    driver.wait("document.querySelector('main h1')").await;
}

/// Opens the thread of the first customer.
async fn thread(driver: &Driver, sandbox: &Sandbox) {
    let query = format!("view=messages&inbox={SUPPORT}&conversation={CONVERSATION}");
    driver.open(&format!("{}/?{query}", sandbox.url())).await;
    driver.wait("document.querySelector('#thread li')").await;
}

/// Waits until an element has a text.
async fn shows(driver: &Driver, selector: &str, text: &str) {
    let expression = format!("document.querySelector({selector:?})?.innerText.includes({text:?})");
    driver.wait(&expression).await;
}

fn is_subscribed(sandbox: &Sandbox) -> bool {
    let contacts = sandbox.contacts();
    let customer = contacts.iter().find(|contact| contact.phone == CUSTOMER);
    !customer.expect("the customer").unsubscribed
}

async fn send(sandbox: &Sandbox, text: &str) {
    let message = SendMessage::new(SUPPORT, OWNER)
        .to_phone(CUSTOMER)
        .text(text);
    client(sandbox).send_message(&message).await.expect("sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_does_what_it_offers() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let sandbox = sandbox().start().await.expect("a sandbox");
    customers_write_and_opt_out(&driver, &sandbox).await;
    a_message_appears_by_itself(&driver, &sandbox).await;
    hostile_texts_do_nothing(&driver, &sandbox).await;
    requests_are_listed_and_copied(&driver, &sandbox).await;
    rules_are_added_and_removed(&driver, &sandbox).await;
    deliveries_are_repeated(&driver, &sandbox).await;
    the_clock_sends_what_is_scheduled(&driver, &sandbox).await;
    snapshots_are_saved_and_restored(&driver, &sandbox).await;
    assert_eq!(driver.console().await, [] as [&str; 0]);
    driver.quit().await;
}

async fn customers_write_and_opt_out(driver: &Driver, sandbox: &Sandbox) {
    thread(driver, sandbox).await;
    driver.write("#reply", "Where is my order?").await;
    driver.click("#send-reply").await;
    shows(driver, "#thread li:last-child", "Where is my order?").await;
    shows(driver, "#status", "Received.").await;
    // Enter sends, and the box is empty again.
    driver
        .wait("document.querySelector('#reply').value === ''")
        .await;
    driver.write("#reply", "Hello?\n").await;
    shows(driver, "#thread li:last-child", "Hello?").await;
    driver.click("#send-stop").await;
    shows(driver, "#thread li:last-child", "STOP").await;
    assert!(!is_subscribed(sandbox));
    driver.click("#send-start").await;
    shows(driver, "#thread li:last-child", "START").await;
    assert!(is_subscribed(sandbox));
    driver.click("details summary").await;
    driver.write("#new-from", "15550107788").await;
    driver.write("#new-text", "I am new.").await;
    driver.click("details form button").await;
    shows(driver, "#threads li:first-child", "I am new.").await;
    driver.write("#new-from", "nobody").await;
    driver.click("details form button").await;
    shows(driver, "#status.error", "must be a phone number").await;
    // The rejected request is in the console, and nothing else.
    let console = driver.console().await;
    assert!(
        console.iter().all(|line| line.contains("400")),
        "{console:?}"
    );
}

/// Measures how long a message takes from its request to the page.
async fn a_message_appears_by_itself(driver: &Driver, sandbox: &Sandbox) {
    thread(driver, sandbox).await;
    let mut times = Vec::new();
    for index in 0..20 {
        let text = format!("Live {index}.");
        driver
            .run(&format!(
                "window.seen = new Promise((resolve) => {{
                   const thread = document.getElementById('thread');
                   new MutationObserver(() => {{
                     if (thread.innerText.includes({text:?})) resolve(Date.now());
                   }}).observe(thread, {{ childList: true }});
                 }});"
            ))
            .await;
        let start = jiff::Timestamp::now();
        send(sandbox, &text).await;
        let seen = driver
            .run_async("window.seen.then(arguments[arguments.length - 1]);")
            .await;
        let seen = seen.as_i64().expect("a time");
        times.push(seen - start.as_millisecond());
    }
    times.sort_unstable();
    eprintln!(
        "from a send to the page: median {} ms, most {} ms",
        times[10], times[19]
    );
    assert!(times[10] < 1000, "{times:?}");
    let status = "document.querySelector('#thread li:last-child .meta').innerText";
    driver.wait(&format!("{status}.includes('sent')")).await;
    driver
        .click("#thread li:last-child .actions form:last-child button")
        .await;
    driver
        .wait(&format!("{status}.includes('failed: Unreachable')"))
        .await;
}

async fn hostile_texts_do_nothing(driver: &Driver, sandbox: &Sandbox) {
    let hostile = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>\"'</li>";
    sandbox
        .inbound(SUPPORT, CUSTOMER, hostile)
        .expect("received");
    shows(driver, "#thread li:last-child", hostile).await;
    send(sandbox, hostile).await;
    let body = json!({"name": hostile, hostile: hostile});
    call(sandbox, "POST /v1/tag?<script>=1")
        .json(&body)
        .send()
        .await;
    sandbox
        .save_snapshot("<script>window.hacked=1</script>")
        .expect("saved");
    for name in VIEWS {
        view(driver, sandbox, name).await;
        let found = driver
            .run(
                "return window.hacked === undefined
                   && document.querySelectorAll('main img, main script').length === 0;",
            )
            .await;
        assert_eq!(found, true, "{name}");
    }
    let refused = driver
        .run(
            "const script = document.createElement('script');
             script.textContent = 'window.hacked = 1';
             document.body.append(script);
             return window.hacked === undefined;",
        )
        .await;
    assert_eq!(refused, true, "the policy refuses inline scripts");
    let console = driver.console().await;
    assert!(
        console
            .iter()
            .all(|line| line.contains("Content Security Policy")),
        "{console:?}"
    );
}

async fn requests_are_listed_and_copied(driver: &Driver, sandbox: &Sandbox) {
    view(driver, sandbox, "requests").await;
    driver.click("#clear-requests").await;
    driver
        .wait("document.querySelectorAll('#requests li').length === 0")
        .await;
    send(sandbox, "For the journal.").await;
    shows(driver, "#requests li", "POST /v1/message/send").await;
    driver.click("#requests summary").await;
    shows(driver, "#requests li", "For the journal.").await;
    shows(driver, "#requests li", "[redacted]").await;
    driver.click("#requests button[data-copy]").await;
    driver
        .wait("/Copied|Selected/.test(document.querySelector('#status').innerText)")
        .await;
    let curl = driver
        .run("return document.querySelector('[id^=curl-]').innerText;")
        .await;
    let target = format!("'{}/v1/message/send'", sandbox.url());
    assert!(
        curl.as_str().is_some_and(|curl| curl.contains(&target)),
        "{curl}"
    );
    // What was folded out stays so when another request comes.
    call(sandbox, "GET /v1/nothing").send().await;
    driver
        .wait("document.querySelectorAll('#requests > li').length === 2")
        .await;
    driver
        .wait("document.querySelectorAll('#requests details[open]').length === 1")
        .await;
    driver.write("#filter-status", "4xx\n").await;
    driver.wait("location.search.includes('4xx')").await;
    driver
        .wait("document.querySelectorAll('#requests > li').length === 1")
        .await;
    shows(driver, "#requests li", "GET /v1/nothing").await;
}

async fn rules_are_added_and_removed(driver: &Driver, sandbox: &Sandbox) {
    view(driver, sandbox, "rules").await;
    driver.write("#rule-operation", "get_team").await;
    driver.write("#field-status", "503").await;
    driver.click("form.card button[type=submit]").await;
    shows(
        driver,
        "#rules",
        "fault=status,operation=get_team,status=503",
    )
    .await;
    assert_eq!(call(sandbox, "GET /v1/team").send().await.status, 503);
    shows(driver, "#rules", "1 of 1 requests hit").await;
    driver.click("#rules button").await;
    driver
        .wait("document.querySelectorAll('#rules li').length === 0")
        .await;
    assert_eq!(call(sandbox, "GET /v1/team").send().await.status, 200);
    driver.write("#rule-operation", "get_teem").await;
    driver.click("form.card button[type=submit]").await;
    shows(driver, "#status.error", "the nearest is get_team").await;
    driver.console().await;
}

async fn deliveries_are_repeated(driver: &Driver, sandbox: &Sandbox) {
    let receiver = Router::new().route("/", post(async || http::StatusCode::IM_A_TEAPOT));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let receiver = tokio::spawn(async { axum::serve(listener, receiver).await });
    view(driver, sandbox, "webhooks").await;
    driver.write("#webhook-url", &url).await;
    driver.write("#webhook-token", "invented-token").await;
    driver.click("form.card button[type=submit]").await;
    shows(driver, "#webhooks", &url).await;
    sandbox
        .inbound(SUPPORT, CUSTOMER, "For the webhook.")
        .expect("received");
    shows(driver, "#deliveries", "message_recieved").await;
    shows(driver, "#deliveries", "failed").await;
    driver.click("#deliveries summary").await;
    shows(driver, "#deliveries", "418").await;
    driver.click("#deliveries form button").await;
    driver
        .wait("document.querySelectorAll('#deliveries > li').length === 2")
        .await;
    shows(driver, "#webhooks", "2 failed").await;
    let text = driver
        .run("return document.documentElement.outerHTML;")
        .await;
    assert!(!text.to_string().contains("invented-token"));
    driver.click("#webhooks button").await;
    driver
        .wait("document.querySelectorAll('#webhooks li').length === 0")
        .await;
    receiver.abort();
}

async fn the_clock_sends_what_is_scheduled(driver: &Driver, sandbox: &Sandbox) {
    view(driver, sandbox, "scheduled").await;
    shows(driver, "#scheduled", "Happy new year!").await;
    driver.click("#scheduled button").await;
    driver
        .wait("document.querySelectorAll('#scheduled tr').length === 0")
        .await;
    shows(driver, "#clock", "2030-01-01").await;
    let messages = sandbox.messages();
    assert!(
        messages
            .iter()
            .any(|message| message.text == "Happy new year!")
    );
    driver.click("#freeze").await;
    shows(driver, "#clock", "frozen").await;
    driver.click("#system").await;
    driver
        .wait("!document.querySelector('#clock').innerText.includes('2030')")
        .await;
}

async fn snapshots_are_saved_and_restored(driver: &Driver, sandbox: &Sandbox) {
    view(driver, sandbox, "state").await;
    driver.write("#snapshot-name", "Before / after").await;
    driver.click("form.card button[type=submit]").await;
    shows(driver, "#snapshots", "Before / after").await;
    let before = sandbox.messages().len();
    send(sandbox, "After the snapshot.").await;
    assert_eq!(sandbox.messages().len(), before + 1);
    driver.click("#restore-1").await;
    shows(driver, "#status", "Snapshot restored.").await;
    assert_eq!(sandbox.messages().len(), before);
    driver.click("#delete-1").await;
    driver
        .wait("document.querySelectorAll('#snapshots li').length === 1")
        .await;
    driver.click("#reset-state").await;
    shows(driver, "#status", "Reset.").await;
    assert!(sandbox.messages().len() < before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_accessible_on_every_screen() {
    let Some(driver) = Driver::start().await else {
        return;
    };
    let sandbox = sandbox().start().await.expect("a sandbox");
    sandbox.freeze("2026-05-07T12:00:00Z".parse().expect("a time"));
    send(&sandbox, "On its way.").await;
    sandbox
        .inbound(SUPPORT, CUSTOMER, "Thank you!")
        .expect("received");
    sandbox
        .add_rule(
            "fault=delay,delay_ms=1,operation=get_team"
                .parse()
                .expect("a rule"),
        )
        .expect("a rule");
    call(&sandbox, "GET /v1/team").send().await;
    call(&sandbox, "GET /v1/nothing").send().await;
    sandbox.save_snapshot("A snapshot").expect("saved");
    let axe = axe::source();
    let mut problems = Vec::new();
    for (width, height) in [(1200, 900), (390, 844)] {
        driver.resize(width, height).await;
        for scheme in ["light", "dark"] {
            driver.color_scheme(scheme).await;
            for name in VIEWS {
                view(&driver, &sandbox, name).await;
                let place = format!("{name}, {scheme}, {width}");
                let overflow = driver
                    .run("return document.documentElement.scrollWidth - window.innerWidth;")
                    .await;
                if overflow.as_i64().is_none_or(|overflow| overflow > 0) {
                    problems.push(format!("{place}: {overflow} pixels too wide"));
                }
                driver
                    .run("document.querySelector('details')?.setAttribute('open', '');")
                    .await;
                if let Some(axe) = &axe {
                    let found = axe::violations(&driver, axe).await;
                    problems.extend(found.iter().map(|found| format!("{place}: {found}")));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    by_keyboard(&driver, &sandbox).await;
    screenshots(&driver, &sandbox).await;
    assert_eq!(driver.console().await, [] as [&str; 0]);
    driver.quit().await;
}

/// Reaches the content, and sends a message, without a mouse.
async fn by_keyboard(driver: &Driver, sandbox: &Sandbox) {
    const TAB: &str = "\u{E004}";
    const ENTER: &str = "\u{E007}";
    driver.resize(1200, 900).await;
    thread(driver, sandbox).await;
    driver.press(TAB).await;
    shows(driver, ":focus", "Skip to content").await;
    driver.press(ENTER).await;
    driver.wait("document.activeElement.id === 'main'").await;
    let start = Instant::now();
    let focused = "return document.activeElement.id;";
    while driver.run(focused).await != "reply" {
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the box is not reached"
        );
        driver.press(TAB).await;
    }
    for key in ["H", "i", "!", ENTER] {
        driver.press(key).await;
    }
    shows(driver, "#thread li:last-child", "Hi!").await;
    assert_eq!(driver.run(focused).await, "reply", "the focus stays");
}

/// Writes the pictures of the documentation. They go to `target/`, and to `docs/`
/// if the variable `UPDATE_SCREENSHOTS` is set.
async fn screenshots(driver: &Driver, sandbox: &Sandbox) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = match std::env::var_os("UPDATE_SCREENSHOTS") {
        Some(_) => root.join("docs/images"),
        None => root.join("target/screenshots"),
    };
    std::fs::create_dir_all(&folder).expect("a folder");
    send(sandbox, "You are welcome.").await;
    for (name, shown, scheme, width, height) in [
        ("sandbox-messages", "messages", "light", 1000, 760),
        ("sandbox-requests", "requests", "dark", 1000, 620),
        ("sandbox-phone", "thread", "light", 390, 760),
    ] {
        driver.resize(width, height).await;
        driver.color_scheme(scheme).await;
        if shown == "thread" {
            thread(driver, sandbox).await;
        } else {
            view(driver, sandbox, shown).await;
            driver
                .run("document.querySelector('.requests details')?.setAttribute('open', '');")
                .await;
        }
        let picture = driver.screenshot().await;
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("written");
    }
}
