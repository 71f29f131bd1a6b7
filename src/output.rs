//! Standard output, files that are whole or not there, and progress.

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Prints results. A reader that is gone is no error: what the command found out stays as it is, and so does its exit status.
///
/// # Errors
/// If standard output cannot be written, as on a full disk.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write the output"),
        _ => Ok(()),
    }
}

/// Says something on standard error. Where nobody can hear it, the command goes on.
pub fn say(text: &str) {
    // `eprintln!` panics where standard error has no reader.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Whether colours are wanted on standard output.
pub fn colours(plain: bool) -> bool {
    !plain
        && io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none()
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes a file under a temporary name beside its own and renames it, so that it is whole or not there.
///
/// # Errors
/// If the folder or file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.part", std::process::id()));
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// A bar on standard error with the time left; nothing where that is no terminal.
pub fn progress(title: &str, replications: u32) -> ProgressBar {
    progress_of("running", title, replications)
}

/// As [`progress`], of something that is done in another word.
pub fn progress_of(doing: &str, title: &str, replications: u32) -> ProgressBar {
    let bar = ProgressBar::new(u64::from(replications));
    if !io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
        return bar;
    }
    let template =
        format!("{doing:9} {{msg}}\n          {{bar:46.dim}}   {{pos}} of {{len}}   {{percent}} %   {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("█░░"));
    }
    bar.set_message(title.to_owned());
    bar
}
