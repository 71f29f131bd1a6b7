//! What is known of the scenario without a run: findings with their places, and how much of the load needs each service.

use crate::figures::DataTable;
use crate::numbers::plain;
use crate::page::finding::Finding;
use crate::page::section::some;
use crate::page::{Block, CellForm, LoneTable, Section};
use crate::terminal::Style;
use crate::terminal::text::wrap;
use sim_core::problem::Severity;
use sim_core::results::{Known, KnownFinding, Need, Unit};
use std::fmt::Write;

/// Findings that a terminal shows.
const SHOWN: usize = 3;
/// Services in the table.
const ROWS: usize = 50;

/// The section of a page; `None` where nothing is known.
pub fn section(known: &Known) -> Option<Section> {
    let mut blocks = Vec::new();
    if !known.findings.is_empty() {
        blocks.push(Block::Lede(
            "Found in the file by arithmetic, before anything was simulated. A warning goes wrong whenever what it speaks of happens; a note \
             may well be meant. windtunnel validate says the same."
                .into(),
        ));
        blocks.push(Block::Findings(known.findings.iter().map(told).collect()));
    }
    blocks.extend(needs(&known.needs));
    some("known", "Known without a run", "Known without a run", blocks)
}

fn told(finding: &KnownFinding) -> Finding {
    let why = format!("{} {} {}", sentence(&finding.why), sentence(&finding.hint), sentence(&at(finding)));
    let what = sentence(&finding.what);
    Finding {
        what,
        why: why.split_whitespace().collect::<Vec<_>>().join(" "),
        command: None,
        figure: None,
        weight: 0.0,
    }
}

/// Its kind and where it is written: `Warning timeouts-in-the-wrong-order, shop.yaml:12:30, load.users.timeout`.
fn at(finding: &KnownFinding) -> String {
    let place = finding.place.as_ref().map(|p| format!("{}:{}:{}, ", p.file, p.line, p.column)).unwrap_or_default();
    format!("{} {}, {place}{}", finding.severity.name(), finding.name, finding.path)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    // What begins with a word in code, as `max_wait 5s`, or with a name, keeps it as it is written.
    let first = text.split(' ').next().unwrap_or_default();
    let plain = first.chars().all(|c| c.is_ascii_lowercase());
    match chars.next() {
        Some(letter) if plain => letter.to_uppercase().chain(chars).chain(['.']).collect(),
        Some(_) => format!("{text}."),
        None => String::new(),
    }
}

/// How much of the load each service stops; nothing where there is one service only.
fn needs(needs: &[Need]) -> Option<Block> {
    if needs.len() < 2 {
        return None;
    }
    let row = |need: &Need| {
        let share = plain(need.share, Unit::Share);
        vec![need.service.clone(), share, need.instances.to_string(), need.zones.to_string()]
    };
    let table = DataTable {
        says: "Blast radius of services".into(),
        heads: ["Service", "Load that needs it", "Instances", "Zones"].map(String::from).into(),
        rows: needs.iter().take(ROWS).map(row).collect(),
    };
    let caption = "the share of all requests that cannot be answered in full while none of its instances runs, by the steps of the file: optional \
                   calls, fallbacks, background work and queues need nothing. Load classes weigh by their mean rates.";
    let title = Some(("Blast radius".to_owned(), ("Services".to_owned(), caption.to_owned())));
    Some(Block::Table(LoneTable { title, cells: CellForm::Calls, table }))
}

/// The warnings among the findings, for a terminal; notes stand in the report.
pub fn lines(known: &Known, style: Style, out: &mut String) {
    let warnings: Vec<&KnownFinding> =
        known.findings.iter().filter(|finding| finding.severity == Severity::Warning).collect();
    if warnings.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.bold("Known without a run"));
    for finding in warnings.iter().take(SHOWN) {
        let place = finding.place.as_ref().map(|p| format!(" ({}:{})", p.file, p.line)).unwrap_or_default();
        out.push_str(&wrap(
            &format!("- {}{place}", sentence(&finding.what).trim_end_matches('.')),
            "   ",
            style.sentence_width(),
        ));
    }
    if let Some(more) = warnings.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        let s = if more == 1 { " is" } else { "s are" };
        let _ = writeln!(out, "   {more} more warning{s} in the report.");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::results::gate::FilePlace;

    fn known(findings: usize) -> Known {
        let place = FilePlace { file: "shop.yaml".into(), line: 12, column: 30, end_column: 32 };
        let finding = KnownFinding {
            name: "retry-never-comes".into(),
            severity: Severity::Warning,
            what: "a timeout is never tried again".into(),
            why: "max_wait 2s, and the caller gives up".into(),
            hint: "write more".into(),
            path: "load.users.timeout".into(),
            place: Some(place),
        };
        let need = |service: &str, share| Need { service: service.into(), instances: 2, zones: 1, share };
        Known { findings: vec![finding; findings], needs: vec![need("web", 1.0), need("db", 0.25)] }
    }

    #[test]
    fn a_finding_has_its_numbers_its_advice_and_its_place() {
        let section = section(&known(1)).unwrap();
        let [Block::Lede(_), Block::Findings(found), Block::Table(table)] = &section.blocks[..] else { panic!() };
        assert_eq!(found[0].what, "A timeout is never tried again.");
        assert_eq!(
            found[0].why,
            "max_wait 2s, and the caller gives up. Write more. Warning retry-never-comes, shop.yaml:12:30, load.users.timeout."
        );
        assert_eq!(table.table.rows[1], ["db", "25\u{a0}%", "2", "1"]);
    }

    #[test]
    fn a_terminal_shows_three_warnings_and_no_note() {
        let style = Style { colour: false, plain: true, width: 80 };
        let mut out = String::new();
        lines(&known(5), style, &mut out);
        assert!(out.contains("- A timeout is never tried again (shop.yaml:12)\n"), "{out}");
        assert!(out.ends_with("   2 more warnings are in the report.\n"), "{out}");
        let mut notes = known(2);
        notes.findings.iter_mut().for_each(|finding| finding.severity = Severity::Note);
        let mut none = String::new();
        lines(&notes, style, &mut none);
        assert_eq!(none, "");
        assert!(super::section(&Known::default()).is_none());
    }
}
