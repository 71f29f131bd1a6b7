//! A load of which nothing comes while the run lasts is told of, and one of which something may come is not.

use super::read;
use crate::files::Memory;
use crate::load;

fn text(run: &str, arrive: &str) -> String {
    format!(
        "scenario: A\nquestion: q?\nrun: {{{run}}}\nload: {{late: {{to: api.get, arrive: {{{arrive}}}}}}}\n\
         services: {{api: {{workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n"
    )
}

fn warned(run: &str, arrive: &str) -> String {
    read(&text(run, arrive)).unwrap_or_else(|report| panic!("{}", report.render(false))).warnings.render(false)
}

#[test]
fn what_begins_after_the_end_is_said() {
    for (arrive, label) in [
        ("closed: {users: 5, think: 1s, first: 1h}", "5 users begin after this time"),
        ("closed: {users: 5, think: 1h}", "5 users begin after this time"),
        ("closed: {users: 5, first: {exponential: {mean: 1h}}}", "5 users begin after this time"),
        ("burst: {size: 5, at: 10s}", "the run ends after 10s"),
    ] {
        let said = warned("duration: 10s", arrive);
        let number = if arrive.starts_with("closed") { "hardly a" } else { "no" };
        let says = format!("{number} request of late comes while the run lasts");
        assert!(said.contains(&says) && said.contains(label), "{said}");
    }
    for (run, arrive) in [
        ("duration: 10s", "closed: {users: 5, think: 1s, first: 9s}"),
        ("duration: 10s", "closed: {users: 5000, first: {exponential: {mean: 1h}}}"),
        ("duration: 10s, warm_up: 2h", "closed: {users: 5, think: 1h}"),
        ("duration: 10s", "burst: {size: 5, at: 9s}"),
    ] {
        assert_eq!(warned(run, arrive), "", "{run} {arrive}");
    }
}

/// A file of arrival times brings nothing when the first comes after the end; a file of rates has its first rate from the beginning on.
#[test]
fn a_replay_that_begins_after_the_end_is_said() {
    let said = |csv: &str| {
        let scenario = text("duration: 10s", "replay: {file: calls.csv}");
        let files = Memory::of("small.yaml", &scenario).and("calls.csv", csv);
        let loaded = load(&files, "small.yaml", &[], None);
        loaded.unwrap_or_else(|report| panic!("{}", report.render(false))).warnings.render(false)
    };
    for late in ["at\n10\n", "at\n1h\n12s\n"] {
        let said = said(late);
        assert!(said.contains("no request of late comes while the run lasts"), "{late}: {said}");
        assert!(said.contains("the first request of the file comes after the end, 10s"), "{late}: {said}");
    }
    for early in ["at\n9.999\n", "at\n1h\n0\n", "from,rate\n1h,5\n"] {
        assert_eq!(said(early), "", "{early}");
    }
}
