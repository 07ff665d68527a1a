//! A headless browser, controlled through the pipe of its remote debugging. It has one page and does one thing at a
//! time.

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long to wait for anything.
const LIMIT: Duration = Duration::from_secs(60);
/// The names of the program on different systems.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A browser with one page.
pub(super) struct Browser {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    number: u64,
    session: String,
    /// The requests of the page, and below, its errors.
    pub(super) requests: Vec<String>,
    pub(super) errors: Vec<String>,
    _profile: TempDir,
}

/// Finds an installed browser.
pub(super) fn found() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let places = NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

impl Browser {
    pub(super) fn start(program: &Path) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        // The browser reads commands from descriptor 3 and answers on 4. A shell connects these to our pipes.
        let mut child = Command::new("/bin/sh")
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null")
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--hide-scrollbars",
                "--disable-background-networking",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let (tell, from) = channel();
        let pipe = child.stdout.take().expect("a pipe");
        thread::spawn(move || {
            for message in BufReader::new(pipe).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice(&message) else {
                    return;
                };
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            to: child.stdin.take().expect("a pipe"),
            child,
            from,
            number: 0,
            session: String::new(),
            requests: Vec::new(),
            errors: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let target = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", target);
        browser.session = session["sessionId"].as_str().expect("a session").to_owned();
        for part in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{part}.enable"), json!({}));
        }
        browser
    }

    /// Calls a method and waits for its result.
    fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = self.session.clone().into();
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser reads");
        let number = self.number;
        let answer = self.wait(method, |message| message["id"] == number);
        assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
        answer["result"].clone()
    }

    /// Waits for a message, and records the events before it.
    fn wait(&mut self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let left = LIMIT.saturating_sub(began.elapsed());
            let message = self.from.recv_timeout(left);
            let message = message.unwrap_or_else(|error| panic!("{what}: {error}"));
            let parameters = &message["params"];
            match message["method"].as_str() {
                Some("Network.requestWillBeSent") => {
                    let url = parameters["request"]["url"].as_str().unwrap_or_default();
                    self.requests.push(url.to_owned());
                }
                Some("Runtime.exceptionThrown") => self.errors.push(parameters.to_string()),
                Some("Log.entryAdded") if parameters["entry"]["level"] == "error" => {
                    self.errors.push(parameters["entry"]["text"].to_string());
                }
                _ => {}
            }
            if is_it(&message) {
                return message;
            }
        }
    }

    /// Sets the size and theme of the window.
    pub(super) fn window(&mut self, width: u32, height: u32, theme: &str) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
        let theme = json!({ "features": [{ "name": "prefers-color-scheme", "value": theme }] });
        self.call("Emulation.setEmulatedMedia", theme);
    }

    /// Opens a report and waits until the page's scripts have run.
    pub(super) fn open(&mut self, url: &str) {
        self.load(url);
        self.until("document.querySelectorAll('#rows li').length > 0 || !document.getElementById('case').hidden");
    }

    /// Opens an address and waits until the page has loaded.
    pub(super) fn load(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": "about:blank" }));
        self.wait_for_load();
        self.call("Page.navigate", json!({ "url": url }));
        self.wait_for_load();
    }

    fn wait_for_load(&mut self) {
        self.wait("loading", |message| {
            message["method"] == "Page.loadEventFired"
        });
    }

    /// Evaluates an expression.
    pub(super) fn value(&mut self, expression: &str) -> Value {
        let call = json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let answer = self.call("Runtime.evaluate", call);
        let exception = &answer["exceptionDetails"];
        assert!(exception.is_null(), "{expression}: {exception}");
        answer["result"]["value"].clone()
    }

    /// Evaluates an expression that is a string.
    pub(super) fn text(&mut self, expression: &str) -> String {
        let value = self.value(expression);
        value
            .as_str()
            .unwrap_or_else(|| panic!("{expression}: {value}"))
            .to_owned()
    }

    /// Waits until an expression is true.
    pub(super) fn until(&mut self, expression: &str) {
        let began = Instant::now();
        while self.value(&format!("Boolean({expression})")) != true {
            assert!(began.elapsed() < LIMIT, "it never holds: {expression}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Clicks the middle of the first element that matches a selector. As with a mouse, an element on top gets the
    /// click.
    pub(super) fn click(&mut self, selector: &str) {
        let quoted = json!(selector);
        let place = self.value(&format!(
            "(() => {{ const element = document.querySelector({quoted}); element.scrollIntoView({{ block: 'center', behavior: 'instant' }});
               const box = element.getClientRects()[0]; const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
               const hit = document.elementFromPoint(x, y);
               return [x, y, element.contains(hit) || hit?.contains(element) === true]; }})()"
        ));
        assert_eq!(place[2], true, "something covers {selector}");
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses a key.
    pub(super) fn press(&mut self, key: &str) {
        let text = if key.chars().count() == 1 { key } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event = json!({ "type": kind, "key": key, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types text at the cursor.
    pub(super) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Saves a picture of the page, from this element on, to the folder in `SCREENSHOTS`, if set.
    pub(super) fn picture(&mut self, name: &str, from: &str) {
        let Some(folder) = env::var_os("SCREENSHOTS") else {
            return;
        };
        let place = self.value(&format!(
            "(() => {{ const top = document.querySelector({}).getBoundingClientRect().top + scrollY;
               return [top, innerWidth, Math.min(document.documentElement.scrollHeight - top, 2400)]; }})()",
            json!(from)
        ));
        let clip =
            json!({ "x": 0, "y": place[0], "width": place[1], "height": place[2], "scale": 1 });
        let how = json!({ "captureBeyondViewport": true, "clip": clip });
        let answer = self.call("Page.captureScreenshot", how);
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(answer["data"].as_str().expect("a picture"));
        fs::create_dir_all(&folder).expect("the folder");
        let path = Path::new(&folder).join(format!("{name}.png"));
        fs::write(path, bytes.expect("base64")).expect("the picture");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The shell was replaced by the browser, which ends its helper processes too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
