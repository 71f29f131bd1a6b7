//! `check`: verdicts of many scenarios, in the words of a terminal and of the machines that read it: one form a file.
//!
//! `lines` is for people, `markdown` for a pull request, `annotations` for the lines of a change on GitHub, `sarif` for code scanning,
//! `junit` for everything that knows tests. All say the same words about the same places, which are those of `notices`.

pub mod annotations;
pub mod junit;
mod lines;
pub mod markdown;
mod notices;
#[cfg(test)]
mod sample;
pub mod sarif;

use crate::ReportError;
use crate::answer::{Answer, Kind, pretty};
use crate::terminal::{Style, say};
use sim_core::results::gate::CheckedFile;

/// Its kind.
pub const KIND: Kind = Kind {
    command: "check",
    results: None,
    runs_again: None,
    #[cfg(any(test, feature = "sample"))]
    pages: Vec::new,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a check.
#[derive(Debug, Clone, Copy)]
pub struct CheckAnswer<'a> {
    /// The scenarios that were judged or could not be run.
    pub files: &'a [CheckedFile],
    /// The baseline, as the user named it; `None` where numbers were compared with none.
    pub baseline: Option<&'a str>,
}

impl Answer for CheckAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        let item = |file: &CheckedFile| {
            let mut item = match &file.outcome {
                Ok(checked) => serde_json::to_value(checked)?,
                Err(troubles) => serde_json::json!({"problems": troubles}),
            };
            let none = if file.outcome.is_ok() { "not_judged" } else { "not_run" };
            let verdict = notices::verdict(file).map_or(serde_json::Value::from(none), |v| serde_json::json!(v));
            item["file"] = file.file.as_str().into();
            item["verdict"] = verdict;
            Ok(item)
        };
        let items: Vec<serde_json::Value> = self.files.iter().map(item).collect::<Result<_, serde_json::Error>>()?;
        pretty(&items)
    }

    /// The lines, without the last that tells the exit status.
    fn terminal(&self, style: &Style) -> String {
        lines::lines(self.files, self.baseline, style)
    }

    /// How many scenarios are held, broken or inconclusive.
    fn sentence(&self, style: &Style) -> String {
        say(&notices::totals(self.files), style)
    }
}
