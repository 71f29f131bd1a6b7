//! What every study says of its results: its answer as it is printed ([`Answer`]), and what lies in its out folder ([`Reported`]).
//!
//! A study implements both beside its forms; the command line, and the tests that look at lines, pages and figures, need no more of it.

use crate::figures::picture::Pictures;
use crate::page::Page;
use crate::terminal::Style;
use crate::{ReportError, html, markdown};

/// Files of an out folder: relative path and contents.
pub type Files = Vec<(String, Vec<u8>)>;

/// The answer of a study, as it is printed.
pub trait Answer {
    /// What `--json` prints.
    ///
    /// # Errors
    /// Never for results of a study.
    fn json(&self) -> Result<String, ReportError>;

    /// What a terminal shows.
    fn terminal(&self, style: &Style) -> String;

    /// The answer in a sentence, for those who ask for nothing else.
    fn sentence(&self, style: &Style) -> String;
}

/// The answer of a study that has an out folder.
pub trait Reported: Answer {
    /// Its kind, which names the file of its results.
    fn kind(&self) -> &'static Kind;

    /// The files that lie beside its results and its report: the scenario, and tables for other programs.
    ///
    /// # Errors
    /// If a table cannot be made.
    fn tables(&self) -> Result<Files, ReportError>;

    /// Its report.
    fn page(&self) -> Page;
}

/// A kind of study.
pub struct Kind {
    /// The command that runs it.
    pub command: &'static str,
    /// The file of its results in the out folder, as `--json` prints them; `None` where it has no out folder.
    pub results: Option<&'static str>,
    /// What an out folder of it is of, as "a search", where its report cannot be made again of what lies in the folder.
    pub runs_again: Option<&'static str>,
    /// Reports of invented results, by name, for tests that look at pages and figures.
    #[cfg(any(test, feature = "sample"))]
    pub pages: fn() -> Vec<(&'static str, Page)>,
    /// Forms of a terminal of invented results, by name, for tests that look at lines.
    #[cfg(test)]
    pub(crate) forms: fn(&Style) -> Vec<(&'static str, String)>,
}

/// All files of the out folder of a study.
///
/// # Errors
/// If a figure, table or page cannot be made.
pub fn files(answer: &impl Reported) -> Result<Files, ReportError> {
    let mut files = Vec::new();
    if let Some(results) = answer.kind().results {
        files.push((results.to_owned(), answer.json()?.into_bytes()));
    }
    files.extend(answer.tables()?);
    files.extend(lay_out(&answer.page())?);
    Ok(files)
}

/// The report in all its forms: figures as pictures, Markdown, and the page, which is last so that who sees it sees all.
fn lay_out(page: &Page) -> Result<Files, ReportError> {
    let mut files = Vec::new();
    let pictures = Pictures::new();
    for figure in page.figures() {
        for (path, drawing) in figure.files().into_iter().zip(&figure.panels) {
            let svg = drawing.standalone();
            files.push((format!("{path}.png"), pictures.png(&svg)?));
            files.push((format!("{path}.svg"), svg.into_bytes()));
        }
    }
    files.push(("report.md".to_owned(), markdown::render(page).into_bytes()));
    files.push(("report.html".to_owned(), html::render(page)?.into_bytes()));
    Ok(files)
}

/// Results as the text of a file.
pub(crate) fn pretty(results: &impl serde::Serialize) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(results)? + "\n")
}
