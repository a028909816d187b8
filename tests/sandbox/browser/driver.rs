//! Chromium, driven by the WebDriver protocol through chromedriver.
//!
//! The handful of commands that the tests need are plain JSON over HTTP. The
//! crates for it bring an HTTP stack of their own and have no command for the
//! console.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The key of an element in the protocol.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a busy machine may take to show something.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with one window. Dropping it ends both processes.
pub(super) struct Driver {
    process: Child,
    http: Client,
    session: String,
    /// Holds the profile until the browser ends.
    _profile: TempDir,
}

/// Returns the path of a program, or `None` if it is not installed.
pub(super) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut folders = std::env::split_paths(&path);
    folders.find_map(|folder| Some(folder.join(program)).filter(|path| path.is_file()))
}

impl Driver {
    /// Starts a browser, or returns `None` where it is not installed. CI must have
    /// it.
    pub(super) async fn start() -> Option<Self> {
        let programs = (installed("chromedriver"), installed("chromium"));
        let (Some(driver), Some(browser)) = programs else {
            let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!is_ci, "CI has no chromium and chromedriver");
            eprintln!("skipped: chromium or chromedriver is not installed");
            return None;
        };
        let mut process = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let base = listening(&mut process);
        let profile = tempfile::tempdir().expect("a folder");
        let http = Client::builder().no_proxy().build().expect("a client");
        let session = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"binary": browser, "args": arguments(profile.path())},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let mut driver = Self {
            process,
            http,
            session: format!("{base}/session"),
            _profile: profile,
        };
        let created = driver.command(Method::POST, "", &session).await;
        let id = created["sessionId"].as_str().expect("a session");
        driver.session = format!("{}/{id}", driver.session);
        Some(driver)
    }

    async fn command(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.session));
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        let response = request.send().await.expect("chromedriver responds");
        let status = response.status();
        let text = response.text().await.expect("a body");
        let mut body: Value = serde_json::from_str(&text).expect("JSON");
        assert!(status.is_success(), "{path}: {}", body["value"]["message"]);
        body["value"].take()
    }

    pub(super) async fn open(&self, url: &str) {
        self.command(Method::POST, "/url", &json!({"url": url}))
            .await;
    }

    /// Runs a script and returns its result.
    pub(super) async fn run(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.command(Method::POST, "/execute/sync", &body).await
    }

    /// Runs a script that calls its last argument with the result.
    pub(super) async fn run_async(&self, script: &str) -> Value {
        let body = json!({"script": script, "args": []});
        self.command(Method::POST, "/execute/async", &body).await
    }

    /// Waits until an expression is true.
    pub(super) async fn wait(&self, expression: &str) {
        let start = Instant::now();
        let script = format!("return Boolean({expression});");
        while self.run(&script).await != true {
            if start.elapsed() > PATIENCE {
                let main = self.run("return document.body.innerText;").await;
                panic!("still false: {expression}\n{main}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn element(&self, selector: &str) -> String {
        self.wait(&format!("document.querySelector({selector:?})"))
            .await;
        let body = json!({"using": "css selector", "value": selector});
        let found = self.command(Method::POST, "/element", &body).await;
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// Clicks an element as a person does: it must be visible.
    pub(super) async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        let path = format!("/element/{element}/click");
        self.command(Method::POST, &path, &json!({})).await;
    }

    /// Types into an element.
    pub(super) async fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        let path = format!("/element/{element}/value");
        self.command(Method::POST, &path, &json!({"text": text}))
            .await;
    }

    /// Presses a key, wherever the focus is.
    pub(super) async fn press(&self, key: &str) {
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key},
        ]}]});
        self.command(Method::POST, "/actions", &body).await;
    }

    pub(super) async fn resize(&self, width: u32, height: u32) {
        self.devtools(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        )
        .await;
    }

    /// Sets `prefers-color-scheme`.
    pub(super) async fn color_scheme(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", &json!({"features": features}))
            .await;
    }

    async fn devtools(&self, command: &str, parameters: &Value) {
        let body = json!({"cmd": command, "params": parameters});
        self.command(Method::POST, "/goog/cdp/execute", &body).await;
    }

    /// Returns what the console has since the last call: warnings and errors.
    pub(super) async fn console(&self) -> Vec<String> {
        let body = json!({"type": "browser"});
        let entries = self.command(Method::POST, "/se/log", &body).await;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let is_problem =
            |entry: &&Value| matches!(entry["level"].as_str(), Some("SEVERE" | "WARNING"));
        entries
            .iter()
            .filter(is_problem)
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Returns a picture of the window as a PNG.
    pub(super) async fn screenshot(&self) -> Vec<u8> {
        let picture = self.command(Method::GET, "/screenshot", &Value::Null).await;
        let picture = picture.as_str().expect("a picture");
        STANDARD.decode(picture).expect("base64")
    }

    /// Closes the browser.
    pub(super) async fn quit(self) {
        self.command(Method::DELETE, "", &json!({})).await;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // chromedriver ends its browser on a signal to stop, and not when it is
        // killed. A failed test sends the signal, too.
        #[cfg(unix)]
        {
            let id = self.process.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &id]).status();
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(5) {
                if self.process.try_wait().is_ok_and(|ended| ended.is_some()) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waits until chromedriver listens, and returns its URL.
fn listening(process: &mut Child) -> String {
    let output = process.stdout.take().expect("its output");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        Some(port.trim_end_matches('.').to_owned())
    });
    // What it prints later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
    format!("http://127.0.0.1:{}", port.expect("a port"))
}

/// Returns the arguments of the browser: it talks to nothing but the sandbox.
fn arguments(profile: &Path) -> Vec<String> {
    let flags = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1200,900",
    ];
    let mut arguments: Vec<_> = flags.map(str::to_owned).to_vec();
    arguments.push(format!("--user-data-dir={}", profile.display()));
    arguments
}
