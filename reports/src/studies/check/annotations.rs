//! What is not held as workflow commands of GitHub Actions, which shows them at the lines of a change.
//!
//! `::error file=F,line=L,col=C,title=T::TEXT`, escaped as the runner's toolkit does (actions/toolkit, `core/src/command.ts`).

use super::notices::{Notice, notices};
use sim_core::results::gate::CheckedFile;

/// One line for each notice; empty where all is held.
pub fn github(files: &[CheckedFile]) -> String {
    notices(files).iter().map(line).collect()
}

fn line(notice: &Notice<'_>) -> String {
    let command = if notice.broken { "error" } else { "warning" };
    let mut at = format!("file={}", property(notice.place.map_or(notice.file, |p| &p.file)));
    if let Some(p) = notice.place {
        at.push_str(&format!(",line={},endLine={},col={},endColumn={}", p.line, p.line, p.column, p.end_column));
    }
    let title = format!("title={}", property(&notice.title));
    format!("::{command} {at},{title}::{}\n", data(&notice.text))
}

/// What stands after `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands between commas.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::check::sample;
    use sim_core::results::gate::{CheckedFile, FilePlace};

    #[test]
    fn a_broken_promise_is_an_error_at_its_line() {
        let mut checked = sample::checked();
        let place = FilePlace { file: "a,b.yaml".into(), line: 7, column: 3, end_column: 8 };
        checked.places.insert("promises.works".into(), place);
        let text = github(&[CheckedFile { file: "c.yaml".into(), outcome: Ok(checked) }]);
        let first = text.lines().next().unwrap();
        let head = "::error file=a%2Cb.yaml,line=7,endLine=7,col=3,endColumn=8,title=Broken%3A works::";
        assert!(first.starts_with(head), "{first}");
        assert!(first.contains("98.31\u{a0}%25"), "{first}");
        assert!(
            text.lines().nth(1).is_some_and(|l| l.starts_with("::warning file=c.yaml,title=Inconclusive")),
            "{text}"
        );
    }
}
