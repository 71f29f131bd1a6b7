//! Ctrl-C, and the signal to terminate: the first lets a study stop where it can, the second ends the program at once.
//!
//! Signals are caught from the begin of a study on; before, they end the program as they end any other. The thread that waits for them
//! simulates nothing. The end waits for [`writing`], which is held while a file is written: a file is whole or not there, and no temporary
//! file is left.

use crate::output;
use crate::status::STOPPED;
use crate::writing::writing;
use std::ops::ControlFlow;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// How many signals came.
static ASKED: AtomicU8 = AtomicU8::new(0);

/// Whether replications are running, which the first signal stops. After the last one there is nothing to stop.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// A command was stopped before it was done. The message says what is kept, and how to go on.
#[derive(Debug)]
pub struct Stopped(pub String);

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stopped {}

impl Stopped {
    /// Nothing is kept, as the sentence `why` says, and the command that was typed has to be typed again.
    pub fn again(why: &str) -> Self {
        Self(format!("stopped: {why}\nAgain    {}\n", typed(&[])))
    }

    /// Something is `kept`, and the command that was typed goes on with it; `--fresh` would throw it away.
    pub fn go_on(kept: &str) -> Self {
        Self(format!("stopped: {kept}\nGo on    {}\n", typed(&["--fresh"])))
    }
}

/// The command line as it was typed, without these flags.
fn typed(without: &[&str]) -> String {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let words = words.filter(|word| !without.contains(&word.as_str())).map(|word| crate::shell::quoted(&word));
    std::iter::once("windtunnel".to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Whether a study may go on, or was asked to stop.
pub fn go_on() -> ControlFlow<()> {
    if ASKED.load(Ordering::Relaxed) == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// Replications run from now on, and signals are caught.
pub fn watch() {
    static ONCE: Once = Once::new();
    RUNNING.store(true, Ordering::Relaxed);
    ONCE.call_once(catch);
}

/// The last replication is done, or the study was stopped.
pub fn work_is_done() {
    RUNNING.store(false, Ordering::Relaxed);
}

#[cfg(unix)]
fn catch() {
    use signal_hook::consts::{SIGINT, SIGTERM};
    // Where signals cannot be caught, they end the program as ever.
    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if ASKED.fetch_add(1, Ordering::Relaxed) > 0 {
                let _whole = writing();
                std::process::exit(i32::from(STOPPED));
            }
            let what = if RUNNING.load(Ordering::Relaxed) {
                "stopping when the replications that are running are done"
            } else {
                "all replications are done, and what they gave is being written"
            };
            output::say(&format!("\n{what}; Ctrl-C again stops at once\n"));
        }
    });
}

/// Elsewhere Ctrl-C ends the program at once.
#[cfg(not(unix))]
fn catch() {}
