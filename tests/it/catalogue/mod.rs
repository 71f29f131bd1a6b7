//! The catalogue of what is simulated (`docs/CATALOGUE.md`): for each line the shipped scenario that uses it and the test that shows it, and for each
//! scenario with which the language was proposed the one that is shipped. A name that does not exist is a failure.

mod examples;
mod rows;

use super::generated::check;
use super::{files, root};
use examples::{EXAMPLES, RENAMED, stands_for};
use rows::{ROWS, Row};
use scenarios::reader::parse::parse;
use scenarios::reader::{FileId, Node};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The entries of the catalogue, in its order.
const ENTRIES: [(&str, &str, &[&str]); 7] = [
    ("A", "Requests under stress", &["A1", "A2", "A3", "A4", "A5", "A6", "A7"]),
    ("B", "Machines and networks that half-fail", &["B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8"]),
    ("C", "The control plane", &["C1", "C2", "C3", "C4", "C5", "C6", "C7"]),
    ("D", "Right answers", &["D1", "D2", "D3", "D4", "D5", "D6"]),
    ("E", "Money and promises", &["E1", "E2", "E3", "E4", "E5", "E6"]),
    ("F", "Experiments and answers", &["F1", "F2", "F3"]),
    ("G", "Details", &["G"]),
];

const HEAD: &str = "\
# The catalogue

What the simulator models, line by line: the shipped scenarios that use it (`windtunnel show NAME`), and the tests that show its behaviour. A line
without a scenario is not built. This page is generated from `tests/it/catalogue/rows.rs`; a scenario or a test that does not exist fails the
tests. `acts` is a row of `tests/it/acts`, which holds that a kind changes results in the direction that it claims, and `truth` a case of
`docs/TRUTH.md`.
";

/// The names in a cell of a row.
fn names(cell: &'static str) -> impl Iterator<Item = &'static str> {
    cell.split(", ").filter(|name| !name.is_empty())
}

/// All functions of the project that are tests, and the text of the rows of `tests/it/acts`.
struct Known {
    tests: BTreeSet<String>,
    acts: String,
}

impl Known {
    fn of_project() -> Self {
        let mut tests = BTreeSet::new();
        for folder in ["sim-core/src", "scenarios/src", "reports/src", "tests/it"] {
            for file in files(folder, "rs") {
                let text = std::fs::read_to_string(file).unwrap();
                let after = text.split("#[test]\n").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("fn "));
                tests.extend(after.filter_map(|rest| Some(rest.split_once('(')?.0.to_owned())));
            }
        }
        let acts = files("tests/it/acts", "rs");
        Self { tests, acts: acts.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect() }
    }

    fn has(&self, test: &str) -> bool {
        match test.split_once(' ') {
            Some(("acts", kind)) => self.acts.contains(&format!("\"{kind}\"")),
            Some(("truth", case)) => scenarios::suite::ALL.iter().any(|known| known.name == case),
            _ => self.tests.contains(test),
        }
    }
}

/// Names that a row has and the project has not.
fn wrong(row: &Row, known: &Known, shipped: &BTreeSet<&str>) -> Vec<String> {
    let (entry, says, scenarios, tests) = row;
    let mut wrong: Vec<String> = names(scenarios)
        .filter(|name| !shipped.contains(name))
        .map(|name| format!("{entry}: no scenario {name}"))
        .collect();
    wrong.extend(names(tests).filter(|test| !known.has(test)).map(|test| format!("{entry}: no test {test}")));
    wrong.extend(unused(row, known, shipped));
    if scenarios.is_empty() != tests.is_empty() {
        wrong.push(format!("{entry}, {says}: a line has both scenarios and tests, or neither"));
    }
    wrong
}

/// All keys of a scenario, and all values that are one word: what a comment or a question says is none.
fn said(node: &Node, words: &mut BTreeSet<String>) {
    words.extend(node.text().map(str::to_owned));
    node.items().iter().for_each(|item| said(item, words));
    for entry in node.entries() {
        words.insert(entry.key.clone());
        said(&entry.value, words);
    }
}

/// Kinds that the tests of a row name (`acts breaker count`) and none of its scenarios has.
fn unused(row: &Row, known: &Known, shipped: &BTreeSet<&str>) -> Vec<String> {
    let (entry, says, scenarios, tests) = row;
    let there = names(scenarios).filter(|name| shipped.contains(name));
    let mut words = BTreeSet::new();
    for path in there.filter_map(scenarios::builtin::find) {
        let parsed = parse(scenarios::builtin::text(&path).unwrap(), FileId(0));
        said(&parsed.node.unwrap(), &mut words);
    }
    let kinds = names(tests)
        .filter(|test| known.has(test))
        .filter_map(|test| test.strip_prefix("acts ")?.split(' ').next_back());
    let unused = kinds.filter(|kind| !words.contains(*kind));
    unused.map(|kind| format!("{entry}, {says}: none of its scenarios has the kind {kind}")).collect()
}

fn page() -> String {
    let mut out = String::from(HEAD);
    let built = |row: &&Row| !row.2.is_empty();
    let _ = writeln!(out, "\n{} of {} lines are built.", ROWS.iter().filter(built).count(), ROWS.len());
    for (letter, title, entries) in ENTRIES {
        let _ = write!(out, "\n## {letter} {title}\n\n| | what | scenarios | tests |\n|---|---|---|---|\n");
        for (entry, says, scenarios, tests) in ROWS.iter().filter(|row| entries.contains(&row.0)) {
            let link = |name: &str| format!("[{name}](../scenarios/shipped/{name}.yaml)");
            let scenarios: Vec<String> = names(scenarios).map(link).collect();
            let tests: Vec<String> = names(tests).map(|test| format!("`{test}`")).collect();
            let shown = if scenarios.is_empty() { "**not built**".to_owned() } else { scenarios.join(", ") };
            let _ = writeln!(out, "| {entry} | {says} | {shown} | {} |", tests.join(", "));
        }
    }
    let there = EXAMPLES.iter().filter(|name| stands_for(name).is_some()).count();
    let _ = write!(
        out,
        "\n## The scenarios with which the language was proposed\n\n{there} of {} run: as they were, or improved with the \
         language; {} of them under another name. ARCHITECTURE.md says what is different and why.\n\n| proposed | shipped |\n|---|---|\n",
        EXAMPLES.len(),
        RENAMED.len()
    );
    for name in EXAMPLES {
        let shipped = stands_for(name);
        let shipped = shipped.map(|path| format!("[{path}](../scenarios/shipped/{path}.yaml)"));
        let _ = writeln!(out, "| {name} | {} |", shipped.unwrap_or_else(|| "**not built yet**".to_owned()));
    }
    out
}

#[test]
fn the_catalogue_is_generated_and_names_what_exists() {
    let (known, shipped) = (Known::of_project(), scenarios::builtin::shipped().collect::<BTreeSet<_>>());
    let wrong: Vec<String> = ROWS.iter().flat_map(|row| wrong(row, &known, &shipped)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let entries: BTreeSet<&str> = ENTRIES.iter().flat_map(|(_, _, entries)| entries.iter().copied()).collect();
    let used: BTreeSet<&str> = ROWS.iter().map(|row| row.0).collect();
    assert_eq!(entries, used, "each entry has a line, and each line an entry");
    check("docs/CATALOGUE.md", &page());
}

#[test]
fn names_that_do_not_exist_are_found() {
    let (known, shipped) = (Known::of_project(), BTreeSet::from(["checkout"]));
    let of = |scenarios, tests| wrong(&("A1", "a breaker", scenarios, tests), &known, &shipped);
    assert_eq!(
        of("checkout", "names_that_do_not_exist_are_found, acts breaker rate, truth queueing/mm1"),
        Vec::<String>::new()
    );
    assert_eq!(of("chekout", "nobody_tests_this"), ["A1: no scenario chekout", "A1: no test nobody_tests_this"]);
    assert_eq!(of("checkout", "acts breaker nowhere, truth queueing/mm9").len(), 2);
    assert_eq!(of("checkout", "").len() + of("", "truth queueing/mm1").len(), 2);
    // A scenario that has nothing of the kind does not show it.
    assert_eq!(of("checkout", "acts backoff fixed"), ["A1, a breaker: none of its scenarios has the kind fixed"]);
    // A comment or a helper of that name is no test.
    assert!(!known.has("stands_for") && known.tests.len() > 500);
}

#[test]
fn each_proposed_scenario_is_listed_once_and_renamed_ones_exist() {
    assert_eq!(EXAMPLES.iter().collect::<BTreeSet<_>>().len(), 43);
    assert!(EXAMPLES.is_sorted(), "by name");
    for (name, shipped) in RENAMED {
        assert!(
            EXAMPLES.contains(&name) && scenarios::builtin::shipped().any(|known| known == shipped),
            "{name}: {shipped}"
        );
    }
    for shipped in EXAMPLES.iter().filter_map(|name| stands_for(name)) {
        let path = scenarios::builtin::find(shipped).unwrap();
        let loaded = scenarios::load(&scenarios::builtin::Builtin, &path, &[], None);
        assert!(loaded.is_ok(), "{shipped}: {}", loaded.unwrap_err().render(false));
    }
    // What is different is written down: each scenario that is shipped elsewhere than under its own name is spoken of.
    let page = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    for (name, shipped) in RENAMED {
        assert!(
            page.contains(&format!("`{name}`")) && page.contains(shipped),
            "ARCHITECTURE.md does not speak of {name}"
        );
    }
}
