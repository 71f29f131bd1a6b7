//! Progress on standard error: a bar on a terminal, and elsewhere a line every ten seconds, which is what logs can show.
//!
//! `--plain` has the lines on a terminal too, for a bar is redrawn by escape codes; `--quiet` has nothing. The thread that writes the
//! lines simulates nothing.

use crate::{interrupt, output};
use indicatif::{ProgressBar, ProgressStyle};
use scenarios::study::Watch;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Time between lines.
const EVERY: Duration = Duration::from_secs(10);

/// How far something is.
pub struct Progress {
    bar: Option<ProgressBar>,
    lines: Option<Lines>,
}

impl Progress {
    /// Of so many replications, which are `doing` (running, sweeping); from now on Ctrl-C stops it.
    pub fn new(doing: &str, title: &str, replications: u32) -> Self {
        interrupt::watch();
        if output::is_quiet() {
            return Self { bar: None, lines: None };
        }
        if io::stderr().is_terminal() && !output::is_plain() {
            return Self { bar: Some(bar(doing, title, replications)), lines: None };
        }
        let at = At { title: title.to_owned(), done: 0, of: replications };
        Self { bar: None, lines: Some(Lines::new(doing, at, EVERY, output::say)) }
    }

    /// It is done, and nothing is left of it on the terminal.
    pub fn finish(self) {
        interrupt::work_is_done();
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Watch for Progress {
    fn at(&self, done: u32, of: u32) -> ControlFlow<()> {
        if let Some(bar) = &self.bar {
            bar.set_length(u64::from(of));
            bar.set_position(u64::from(done));
        }
        if let Some(lines) = &self.lines {
            let mut at = lines.shared.at();
            (at.done, at.of) = (done, of);
        }
        interrupt::go_on()
    }

    fn now(&self, title: String) {
        if let Some(lines) = &self.lines {
            lines.shared.at().title.clone_from(&title);
        }
        if let Some(bar) = &self.bar {
            bar.set_message(title);
        }
    }
}

fn bar(doing: &str, title: &str, replications: u32) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(replications));
    let template = format!(
        "{doing:9} {{wide_msg}}\n          {{bar:{}.dim}}   {{pos}} of {{len}}   {{percent}} %   {{eta}} left",
        46_usize.min(output::width().saturating_sub(50))
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("█░░"));
    }
    bar.set_message(title.to_owned());
    bar
}

/// How far it is.
struct At {
    title: String,
    done: u32,
    of: u32,
}

/// What the threads share.
struct Shared {
    at: Mutex<At>,
    over: Mutex<bool>,
    ended: Condvar,
}

impl Shared {
    fn at(&self) -> MutexGuard<'_, At> {
        self.at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line every so often, by a thread of its own: a replication may take longer than that.
struct Lines {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Lines {
    fn new(doing: &str, at: At, every: Duration, say: impl Fn(&str) + Send + 'static) -> Self {
        let shared = Arc::new(Shared { at: Mutex::new(at), over: Mutex::new(false), ended: Condvar::new() });
        let (theirs, doing) = (Arc::clone(&shared), doing.to_owned());
        let work = move || {
            let begin = Instant::now();
            let mut over = theirs.over.lock().unwrap_or_else(PoisonError::into_inner);
            while !*over {
                let waited = theirs.ended.wait_timeout(over, every).unwrap_or_else(PoisonError::into_inner);
                over = waited.0;
                if waited.1.timed_out() && !*over {
                    let at = theirs.at();
                    say(&line(&doing, &at.title, (at.done, at.of), begin.elapsed()));
                }
            }
        };
        Self { shared, thread: std::thread::Builder::new().spawn(work).ok() }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        *self.shared.over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.ended.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// `running A shop: 39 of 64 replications, 60 %, 12 s, about 8 s left`.
fn line(doing: &str, title: &str, (done, of): (u32, u32), since: Duration) -> String {
    let percent = u64::from(done) * 100 / u64::from(of.max(1));
    let left = since.as_secs_f64() / f64::from(done) * f64::from(of.saturating_sub(done));
    let left = if done == 0 { String::new() } else { format!(", about {} left", length(left)) };
    let so_far = length(since.as_secs_f64());
    format!("{doing} {title}: {done} of {of} replications, {percent} %, {so_far}{left}\n")
}

/// Seconds as people say them.
fn length(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_line_says_how_far_it_is_and_how_long_it_takes() {
        let seconds = Duration::from_secs;
        assert_eq!(
            line("running", "A shop", (0, 64), seconds(10)),
            "running A shop: 0 of 64 replications, 0 %, 10 s\n"
        );
        assert_eq!(
            line("running", "A shop", (16, 64), seconds(40)),
            "running A shop: 16 of 64 replications, 25 %, 40 s, about 2 min 0 s left\n"
        );
        assert!(line("sweeping", "x", (1, 400), seconds(30)).ends_with("30 s, about 3 h 19 min left\n"));
    }

    #[test]
    fn lines_come_while_nothing_is_done_and_end_with_it() {
        let (said, heard) = mpsc::channel();
        let at = At { title: "A shop".into(), done: 3, of: 8 };
        let lines = Lines::new("running", at, Duration::from_millis(5), move |text| drop(said.send(text.to_owned())));
        let first = heard.recv_timeout(Duration::from_mins(1)).unwrap();
        // How much time it took depends on what else the machine does.
        assert!(first.starts_with("running A shop: 3 of 8 replications, 37 %, "), "{first}");
        lines.shared.at().done = 7;
        let mut all = std::iter::from_fn(|| heard.recv_timeout(Duration::from_mins(1)).ok());
        assert!(all.any(|line| line.contains("7 of 8")), "no line says how far it is now");
        drop(lines);
        while heard.try_recv().is_ok() {}
        assert!(heard.recv().is_err(), "the thread has ended");
    }
}
