//! Findings of texts, as tests compare them.

use crate::files::Memory;
use crate::loaded::load;

/// What a kind finds in a text, each as `line:column characters: message; label`.
pub fn told(name: &str, text: &str) -> Vec<String> {
    let head = "scenario: s\nquestion: q\n";
    let loaded = load(&Memory::of("s.yaml", &format!("{head}{text}")), "s.yaml", &[], None)
        .unwrap_or_else(|report| panic!("{}", report.render(false)));
    let report = loaded.findings;
    let own = report.problems.iter().filter(|placed| placed.problem.name == Some(name));
    own.map(|placed| {
        let problem = &placed.problem;
        let span = placed.span.expect("has a place");
        let (line, column) = report.sources.position(span);
        let marked = &report.sources.text(span.file)[span.start..span.end];
        let label = problem.label.as_deref().unwrap_or_default();
        format!("{line}:{column} {marked}: {}; {label}", problem.message)
    })
    .collect()
}
