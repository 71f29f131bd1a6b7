//! Standard output and its form, and files that are whole or not there.

use crate::project::typed;
use crate::writing::writing;
use anyhow::{Context, Result, bail};
use sim_core::visible::printable;
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::OnceLock;

/// Columns that text is laid out for at most, and at least.
const WIDEST: usize = 100;
const NARROWEST: usize = 60;

/// Prints results: what is hidden in them is shown escaped, and no line begins with a command of a build system.
///
/// A reader that is gone is no error: what the command found out stays as it is, and so does its exit status.
///
/// # Errors
/// If standard output cannot be written, as on a full disk.
pub fn print(text: &str) -> Result<()> {
    print_own(&printable(text, io::stdout().is_terminal() || colours(&io::stdout())))
}

/// Prints what the program itself wrote and other programs read: a script, commands of a build system. As [`print`], and not a character is changed.
///
/// # Errors
/// As [`print`].
pub fn print_own(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write the output"),
        _ => Ok(()),
    }
}

/// Says something on standard error. Where nobody can hear it, the command goes on.
pub fn say(text: &str) {
    say_own(&printable(text, io::stderr().is_terminal() || colours(&io::stderr())));
}

/// As [`say`], of what the program itself wrote for other programs.
pub fn say_own(text: &str) {
    // `eprintln!` panics where standard error has no reader.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Sees whether files can be written into a folder, before anything is run for them. What was not there is not there afterwards.
///
/// # Errors
/// If they cannot.
pub fn writable(folder: &Path) -> Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let _whole = writing();
    let made: Vec<&Path> =
        folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).collect();
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", typed(folder)))?;
    let probe = folder.join(format!(".probe.{}.part", std::process::id()));
    let written = fs::File::create(&probe);
    let _ = fs::remove_file(&probe);
    // Where another process has begun to write there, the folder stays.
    made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
    written.map(|_| ()).with_context(|| format!("cannot write into {}", typed(folder)))
}

/// The bytes of a file as they are written: what people read in a terminal begins no line with a command of a build system either.
pub fn printable_file<'a>(name: &str, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    let is_text = Path::new(name).extension().is_some_and(|e| e == "md");
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text => Cow::Owned(printable(text, false).as_bytes().to_vec()),
        _ => Cow::Borrowed(bytes),
    }
}

/// The text of standard input, of which `most` bytes are read.
///
/// # Errors
/// If it cannot be read, or is longer.
pub fn standard_input(most: usize) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    io::stdin().lock().take(most as u64 + 1).read_to_end(&mut text).context("cannot read standard input")?;
    if text.len() > most {
        bail!("standard input is too long: at most {} MiB are read", most >> 20);
    }
    Ok(text)
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColourArg {
    /// On a terminal.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// How text is printed, as the command line says.
struct Form {
    plain: bool,
    /// Whether the terminal understands no escape codes.
    dumb: bool,
    quiet: bool,
    colour: ColourArg,
}

static FORM: OnceLock<Form> = OnceLock::new();

/// Keeps how text is printed.
pub fn set(plain: bool, quiet: bool, colour: ColourArg) {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    FORM.get_or_init(|| Form { plain, dumb, quiet, colour });
}

/// Whether there are to be no escape codes, and bars in ASCII.
pub fn is_plain() -> bool {
    FORM.get().is_some_and(|form| form.plain || form.dumb)
}

/// Whether only verdicts and problems are wanted.
pub fn is_quiet() -> bool {
    FORM.get().is_some_and(|form| form.quiet)
}

/// Whether colours are wanted on a stream.
pub fn colours(stream: &impl IsTerminal) -> bool {
    let (plain, colour) = FORM.get().map_or((false, ColourArg::Auto), |form| (form.plain, form.colour));
    match colour {
        _ if plain => false,
        ColourArg::Always => true,
        ColourArg::Never => false,
        ColourArg::Auto => stream.is_terminal() && !is_plain() && !no_color(),
    }
}

/// Whether `NO_COLOR` switches colours off: where it is set and not empty (no-color.org).
fn no_color() -> bool {
    switches_off(std::env::var_os("NO_COLOR").as_deref())
}

fn switches_off(no_color: Option<&OsStr>) -> bool {
    no_color.is_some_and(|value| !value.is_empty())
}

/// Columns of the output: `COLUMNS`, or else those of the terminal; 100 where there is none, and never less than 60 or more than 100.
pub fn width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok()).filter(|columns| *columns > 0);
    let terminal = || Some(usize::from(terminal_size::terminal_size_of(io::stdout())?.0.0));
    asked.or_else(terminal).unwrap_or(WIDEST).clamp(NARROWEST, WIDEST)
}

/// Writes a file under a temporary name beside its own, forces it to the disk and renames it, so that it is whole or not there, also after
/// a loss of power.
///
/// # Errors
/// If the folder or file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let _whole = writing();
    write_one(path, bytes)
}

/// As [`write_whole`], where [`writing`] is held already.
///
/// # Errors
/// As [`write_whole`].
pub fn write_one(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", typed(folder)))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = folder.join(format!(".{name}.{}.part", std::process::id()));
    let forced = |mut file: fs::File| file.write_all(bytes).and_then(|()| file.sync_all());
    let written = fs::File::create(&temporary).and_then(forced).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("cannot write {}", typed(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_no_color_switches_nothing_off() {
        assert!(switches_off(Some(OsStr::new("1"))) && switches_off(Some(OsStr::new("0"))));
        assert!(!switches_off(Some(OsStr::new(""))) && !switches_off(None));
    }
}
