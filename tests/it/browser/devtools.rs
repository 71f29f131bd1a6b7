//! A headless Chromium, driven by the `DevTools` protocol over two pipes: commands and answers are JSON, a zero byte ends each.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// How long an answer may take before the browser counts as dead.
const PATIENCE: Duration = Duration::from_secs(30);

/// The program: what `CHROMIUM` says, or what is found by its usual names. The error says why there is none.
pub fn program() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        let path = PathBuf::from(&named);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("CHROMIUM is {}, which is no file", path.display()))
        };
    }
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name)));
    let found = all.into_iter().find(|path| path.is_file());
    found.ok_or_else(|| format!("none of {} is on PATH, and CHROMIUM is not set", names.join(", ")))
}

/// One browser with one page.
pub struct Browser {
    child: Child,
    input: ChildStdin,
    answers: Receiver<Value>,
    profile: PathBuf,
    session: String,
    sent: u64,
    events: Vec<Value>,
}

impl Browser {
    /// Starts it.
    pub fn start(program: &Path) -> Self {
        let profile = std::env::temp_dir().join(format!("windtunnel-browser-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&profile);
        // The browser reads from descriptor 3 and writes to 4: a shell puts our pipes there.
        let script = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .arg(program)
            .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--no-first-run", "--disable-extensions", "--disable-background-networking", "--mute-audio"])
            .args(["--remote-debugging-pipe", &format!("--user-data-dir={}", profile.display()), "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).is_ok_and(|n| n > 0) {
                bytes.pop();
                let Ok(message) = serde_json::from_slice(&bytes) else { break };
                if sender.send(message).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
        let mut browser = Self { child, input, answers, profile, session: String::new(), sent: 0, events: Vec::new() };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        attached["sessionId"].as_str().unwrap().clone_into(&mut browser.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        browser
    }

    /// Sends a command and waits for its answer; events on the way are kept.
    pub fn call(&mut self, method: &str, params: &Value) -> Value {
        self.sent += 1;
        let mut message = json!({"id": self.sent, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.input.write_all(message.to_string().as_bytes()).unwrap();
        self.input.write_all(&[0]).unwrap();
        self.input.flush().unwrap();
        loop {
            let mut answer = self.answers.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{method}: {e}"));
            if answer["id"] == json!(self.sent) {
                assert!(answer["error"].is_null(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            if answer["method"].is_string() {
                self.events.push(answer);
            }
        }
    }

    /// Opens a file, as wide as said, light or dark, with or without its script.
    pub fn open(&mut self, file: &Path, width: u32, dark: bool, script: bool) {
        self.resize(width);
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.call("Emulation.setEmulatedMedia", &json!({"media": "", "features": features}));
        self.call("Emulation.setScriptExecutionDisabled", &json!({"value": !script}));
        let loaded = |e: &Value| e["method"] == "Page.loadEventFired";
        self.events.retain(|e| !loaded(e));
        self.call("Page.navigate", &json!({"url": format!("file://{}", file.display())}));
        while !self.events.iter().any(loaded) {
            let event = self.answers.recv_timeout(PATIENCE).expect("the page loads");
            self.events.push(event);
        }
    }

    /// Makes the page as wide as said.
    pub fn resize(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Lays the page out as for a printer, or for a screen again.
    pub fn print(&mut self, on: bool) {
        self.call("Emulation.setEmulatedMedia", &json!({"media": if on { "print" } else { "" }}));
    }

    /// What an expression gives.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let mut result = self.call("Runtime.evaluate", &json!({"expression": expression, "returnByValue": true}));
        assert!(result["exceptionDetails"].is_null(), "{expression}: {}", result["exceptionDetails"]);
        result["result"]["value"].take()
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Escape" => 27,
            "ArrowRight" => 39,
            _ => 0,
        };
        let mut down = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if key.chars().count() == 1 {
            down["text"] = json!(key);
        }
        self.call("Input.dispatchKeyEvent", &down);
        self.call("Input.dispatchKeyEvent", &json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
    }

    /// Moves the mouse, pressed, from one place to another.
    pub fn drag(&mut self, from: (f64, f64), to: (f64, f64)) {
        for (kind, (x, y)) in [("mousePressed", from), ("mouseMoved", to), ("mouseReleased", to)] {
            let mouse = json!({"type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1});
            self.call("Input.dispatchMouseEvent", &mouse);
        }
    }

    /// What was written to the console, and addresses other than files that were asked for, since the last call.
    pub fn complaints(&mut self) -> Vec<String> {
        let say = |event: Value| match event["method"].as_str() {
            Some("Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded") => {
                Some(event["params"].to_string())
            }
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                (!url.starts_with("file://") && !url.starts_with("data:")).then(|| format!("asked for {url}"))
            }
            _ => None,
        };
        std::mem::take(&mut self.events).into_iter().filter_map(say).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.input.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let _ = self.input.flush();
        // It ends by itself; one that does not is ended.
        for _ in 0..100 {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}
