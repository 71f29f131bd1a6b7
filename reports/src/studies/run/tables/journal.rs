//! Journals of experiments and deploys as CSV: one row a value that was measured, or an entry without values.

use crate::columns::quoted;
use sim_core::results::{JournalEntry, StudyResult};
use std::fmt::Write;

/// The journals of all replications that are kept, in the order of experiment or deploy, replication and time.
pub fn csv(study: &StudyResult) -> String {
    let mut out = String::from("experiment,replication,course,held,at_s,kind,text,holds,of,value,unit\n");
    let truth = |truth: Option<bool>| truth.map_or("", |truth| if truth { "true" } else { "false" });
    for (experiment, journal) in &study.journals {
        let (course, held) = (journal.course.words(), truth(journal.held));
        for entry in &journal.entries {
            let (kind, text, holds) = (entry.kind.words(), quoted(&entry.text.to_string()), truth(entry.holds));
            for measured in measured(entry) {
                let _ = writeln!(
                    out,
                    "{experiment},{},{course},{held},{},{kind},{text},{holds},{measured}",
                    journal.replication, entry.at_s
                );
            }
        }
    }
    out
}

/// What was measured, a text a row; a row without values where nothing was.
fn measured(entry: &JournalEntry) -> Vec<String> {
    if entry.values.is_empty() {
        return vec![",,".to_owned()];
    }
    let each = entry.values.iter().map(|value| {
        let number = value.value.map_or_else(String::new, |number| number.to_string());
        let unit = serde_json::to_value(value.unit).unwrap_or_default();
        format!("{},{number},{}", quoted(&value.of.to_string()), unit.as_str().unwrap_or_default())
    });
    each.collect()
}
