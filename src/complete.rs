//! What a shell is told that could come next: kinds and keys for `explain`, files and built-in scenarios, and the variants and studies of
//! the scenario that stands on the line already.
//!
//! The shell runs this program with a variable set, and the line so far as arguments (`completions` prints how).

use crate::named;
use crate::project::{project, typed};
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use scenarios::project::ENDINGS;
use scenarios::reader::Node;
use scenarios::{builtin, explain, overlay};
use std::ffi::OsStr;
use std::path::Path;

/// The variable by which a shell asks.
pub const VARIABLE: &str = "COMPLETE";

/// Scenario files and folders, and built-in scenarios.
pub fn scenarios(current: &OsStr) -> Vec<CompletionCandidate> {
    let is_scenario = |path: &Path| path.extension().is_some_and(|own| ENDINGS.iter().any(|ending| own == *ending));
    let mut all = PathCompleter::any().filter(is_scenario).complete(current);
    all.extend(builtins(current));
    all
}

/// Built-in scenarios: those that are shipped, and of the truth suite those whose folder is begun.
pub fn builtins(current: &OsStr) -> Vec<CompletionCandidate> {
    let begun = current.to_string_lossy().contains('/');
    let all: Vec<&str> = if begun { builtin::names().collect() } else { builtin::shipped().collect() };
    beginning(current, all)
}

/// All that `explain` knows.
pub fn words(current: &OsStr) -> Vec<CompletionCandidate> {
    beginning(current, explain::words())
}

/// The variants of the scenario on the line.
pub fn variants(current: &OsStr) -> Vec<CompletionCandidate> {
    beginning(current, std::iter::once("base".to_owned()).chain(keys_of_scenario("variants")))
}

/// The studies of the scenario on the line.
pub fn studies(current: &OsStr) -> Vec<CompletionCandidate> {
    beginning(current, keys_of_scenario("studies"))
}

fn beginning<T: AsRef<str>>(current: &OsStr, all: impl IntoIterator<Item = T>) -> Vec<CompletionCandidate> {
    let begin = current.to_string_lossy();
    let fits = all.into_iter().filter(|word| word.as_ref().starts_with(&*begin));
    fits.map(|word| CompletionCandidate::new(word.as_ref())).collect()
}

/// The names in a section of the first scenario among the words after `--`, which are the line so far.
fn keys_of_scenario(section: &str) -> Vec<String> {
    let line = std::env::args_os().skip_while(|word| word != "--").skip(3);
    let scenario = line.filter(|word| !word.is_empty()).find_map(|word| {
        let path = Path::new(&word);
        let file = named::builtin_of(path).or_else(|| path.is_file().then(|| typed(path)))?;
        overlay::tree(project(), &file, &[], None)
    });
    let entries = scenario.as_ref().and_then(|tree| tree.get(section)).map_or(&[][..], Node::entries);
    entries.iter().map(|entry| entry.key.clone()).collect()
}
