//! `explain`: what a word of the language means, in each of its meanings.
//!
//! Keys and kinds come from the schema, and metrics from their list. What no schema says is written in
//! `meaning.rs`: how quantities are written, and the words of conditions. A path such as `services.web.queue.capacity` is walked, with or
//! without the names that an author has chosen.

pub mod language;
mod meaning;
mod path;
pub mod text;

use crate::findings;
use crate::profiles;
use crate::reader::otherwise;
pub use crate::sections::SECTIONS;
use crate::written::call::fallback;
use crate::written::{modes, step, store, studies};
use language::Language;
use meaning::Meaning;
pub use meaning::{CLAUSE_WORDS, METRIC_FAMILIES, QUANTITIES};
use sim_core::expression::{METRICS, Metric};
use sim_core::kind::Kind;
use sim_core::problem::Problem;

/// All kinds of the language, by family.
pub fn kinds() -> Vec<Kind> {
    let own =
        [fallback::ALL, step::ALL, store::ALL, modes::ALL, profiles::ALL, studies::ALL].into_iter().flatten().copied();
    sim_core::kinds::all().into_iter().chain(own).collect()
}

/// The families of kinds, in their order.
pub fn families() -> Vec<&'static str> {
    let mut families: Vec<&str> = Vec::new();
    for kind in kinds() {
        if !families.contains(&kind.family) {
            families.push(kind.family);
        }
    }
    families
}

/// The kinds of a family.
pub(crate) fn kinds_of(family: &str) -> impl Iterator<Item = Kind> {
    kinds().into_iter().filter(move |kind| kind.family == family)
}

/// All meanings of a word or a path, for a terminal.
///
/// # Errors
/// Nothing has that name; the problem says what it is like.
pub fn explain(name: &str) -> Result<String, Problem> {
    let meanings = meanings(name);
    if meanings.is_empty() {
        return Err(unknown(name));
    }
    let texts: Vec<String> = meanings.iter().map(Meaning::text).collect();
    let head = if texts.len() > 1 { format!("{name} has {} meanings.\n\n", texts.len()) } else { String::new() };
    Ok(head + &texts.join("\n"))
}

/// The meanings of a word, those of whole sections and kinds first.
fn meanings(name: &str) -> Vec<Meaning> {
    let language = Language::get();
    let mut all = meaning::of_kinds(name);
    all.extend(meaning::of_family(name));
    if name.contains('.') {
        all.extend(meaning::of_targets(language, path::targets(language, name)));
    } else {
        all.extend(meaning::of_word(language, name));
    }
    all.extend(meaning::of_metric(name));
    all.extend(meaning::of_quantity(name));
    all.extend(meaning::of_clause_word(name));
    all.extend(meaning::of_finding(name));
    all
}

fn unknown(name: &str) -> Problem {
    let last = name.rsplit('.').next().unwrap_or(name);
    if let Some(write) = otherwise::said_otherwise(last) {
        return Problem::error("", format!("nothing in the language is called \"{name}\"")).hint(write);
    }
    let mut problem = Problem::unknown("", "word", name, words().iter().map(String::as_str));
    problem.message = format!("nothing in the language is called \"{name}\"");
    if problem.hint.is_none() {
        problem.hint = Some("windtunnel explain, without a word, lists what there is".to_owned());
    }
    problem
}

/// All that `explain` knows by a single word, and kinds with their family.
pub fn words() -> Vec<String> {
    let mut words = meaning::words();
    words.extend(kinds().iter().flat_map(|kind| [kind.name.to_owned(), format!("{}.{}", kind.family, kind.name)]));
    words.extend(families().into_iter().map(str::to_owned));
    words.extend(Metric::names());
    words.extend(findings::ALL.iter().map(|kind| kind.name.to_owned()));
    words.extend(QUANTITIES.iter().map(|(name, ..)| (*name).to_owned()));
    words.sort_unstable();
    words.dedup();
    words
}

/// What there is to explain, by what it is.
pub fn overview() -> String {
    let mut out = format!("sections\n{}\nkinds\n", text::wrapped(&SECTIONS.join(", "), 2));
    for family in families() {
        let names: Vec<&str> = kinds_of(family).map(|kind| kind.name).collect();
        out.push_str(&format!("  {family:16}  {}\n", text::wrapped(&names.join(", "), 20).trim()));
    }
    let metrics: Vec<&str> = METRICS.iter().map(|metric| metric.name).collect();
    let findings: Vec<&str> = findings::ALL.iter().map(|kind| kind.name).collect();
    out.push_str(&format!("\nfindings of validate\n{}", text::wrapped(&findings.join(", "), 2)));
    out.push_str(&format!(
        "\nmetrics\n{}\nNext     windtunnel explain WORD, or a path, as services.web.queue\n",
        text::wrapped(&metrics.join(", "), 2)
    ));
    out
}

#[cfg(test)]
mod tests;
