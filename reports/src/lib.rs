//! Results to figures, findings in sentences, tables and pages. Never runs a simulation.
//!
//! `numbers` writes numbers as people read them, `findings` says what matters, `figures` draws, `pages` puts a report together for each
//! kind of study as a `page`, which `html` and `markdown` lay out; `terminal` has its own way, and `tables` makes files for other
//! programs. [`write`] makes everything that belongs in the out folder of a run, as bytes.

mod answer;
mod arrows;
pub mod check;
mod course;
mod error;
pub mod experiment;
pub mod figures;
pub mod findings;
pub mod html;
pub mod markdown;
pub mod numbers;
pub mod page;
pub mod pages;
mod source;
pub mod tables;
pub mod terminal;
pub mod truth;

#[cfg(any(test, feature = "sample"))]
pub mod sample;

pub use error::ReportError;
pub use source::Source;

use page::Page;
use sim_core::results::compare::Comparison;
use sim_core::results::gate::CheckedFile;
use sim_core::results::{CapacityResult, StudyResult, SweepResult};

/// `results.json`.
///
/// # Errors
/// Never for results of a study.
pub fn json(study: &StudyResult) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(&study.summary)? + "\n")
}

/// The verdicts of `check` as JSON.
///
/// # Errors
/// Never for results of a check.
pub fn check_json(files: &[CheckedFile]) -> Result<String, ReportError> {
    let item = |file: &CheckedFile| {
        let mut item = match &file.outcome {
            Ok(checked) => serde_json::to_value(checked)?,
            Err(troubles) => serde_json::json!({"problems": troubles}),
        };
        let none = if file.outcome.is_ok() { "not_judged" } else { "not_run" };
        let verdict = check::verdict(file).map_or(serde_json::Value::from(none), |v| serde_json::json!(v));
        item["file"] = file.file.as_str().into();
        item["verdict"] = verdict;
        Ok(item)
    };
    let items: Vec<serde_json::Value> = files.iter().map(item).collect::<Result<_, serde_json::Error>>()?;
    Ok(serde_json::to_string_pretty(&items)? + "\n")
}

/// The verdicts of `check` as `JUnit` XML: a suite a file, a case a promise or clause.
///
/// # Errors
/// If the XML cannot be written.
pub fn junit(files: &[CheckedFile]) -> Result<String, ReportError> {
    tables::junit::xml(files)
}

/// `compare.json`.
///
/// # Errors
/// Never for results of a comparison.
pub fn compare_json(comparison: &Comparison) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(comparison)? + "\n")
}

/// All files of the out folder of a comparison: relative path and contents; the sources are those of A and of each B.
///
/// # Errors
/// If a figure or page cannot be made.
pub fn write_comparison(comparison: &Comparison, sources: &[Source]) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut files = vec![
        ("compare.json".to_owned(), compare_json(comparison)?.into_bytes()),
        ("compare.csv".to_owned(), tables::compare::csv(comparison).into_bytes()),
    ];
    files.extend(lay_out(&pages::compare::page(comparison, sources))?);
    Ok(files)
}

/// `sweep.json`: all but the replications, which stand in the tables.
///
/// # Errors
/// Never for results of a sweep.
pub fn sweep_json(sweep: &SweepResult) -> Result<String, ReportError> {
    let mut value = serde_json::to_value(sweep)?;
    for point in value["points"].as_array_mut().into_iter().flatten() {
        point.as_object_mut().map(|point| point.remove("rows"));
    }
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

/// All files of the out folder of a sweep: relative path and contents.
///
/// # Errors
/// If a figure, table or page cannot be made.
pub fn write_sweep(sweep: &SweepResult, source: &Source) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let columns = tables::sweep::columns(sweep);
    let mut files = vec![
        ("sweep.json".to_owned(), sweep_json(sweep)?.into_bytes()),
        ("sweep.csv".to_owned(), tables::columns::csv(&columns).into_bytes()),
        #[cfg(feature = "parquet")]
        ("sweep.parquet".to_owned(), tables::columns::parquet(&columns)?),
    ];
    files.extend(source.files());
    files.extend(lay_out(&pages::sweep::page(sweep, source))?);
    Ok(files)
}

/// `capacity.json`.
///
/// # Errors
/// Never for results of a search.
pub fn capacity_json(capacity: &CapacityResult) -> Result<String, ReportError> {
    Ok(serde_json::to_string_pretty(capacity)? + "\n")
}

/// All files of the out folder of a search for capacity: relative path and contents.
///
/// # Errors
/// If a figure or page cannot be made.
pub fn write_capacity(capacity: &CapacityResult, source: &Source) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut files = vec![
        ("capacity.json".to_owned(), capacity_json(capacity)?.into_bytes()),
        ("capacity.csv".to_owned(), tables::columns::csv(&tables::capacity::columns(capacity)).into_bytes()),
    ];
    files.extend(source.files());
    files.extend(lay_out(&pages::capacity::page(capacity, source))?);
    Ok(files)
}

/// All files of the out folder of a run: relative path and contents.
///
/// # Errors
/// If a figure, table or page cannot be made.
pub fn write(study: &StudyResult, source: &Source) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut files = vec![
        ("results.json".to_owned(), json(study)?.into_bytes()),
        ("timeseries.csv".to_owned(), tables::series::csv(study).into_bytes()),
    ];
    if !study.summary.experiments.is_empty() {
        files.push(("journal.csv".to_owned(), tables::journal::csv(study).into_bytes()));
    }
    #[cfg(feature = "parquet")]
    files.push(("timeseries.parquet".to_owned(), tables::parquet::bytes(study)?));
    files.extend(source.files());
    let experiments = !study.summary.experiments.is_empty();
    let page = if experiments { pages::experiment::page } else { pages::run::page };
    files.extend(lay_out(&page(study, source))?);
    Ok(files)
}

/// The report in all its forms: figures as pictures, Markdown, and the page, which is last so that who sees it sees all.
fn lay_out(page: &Page) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let mut files = Vec::new();
    let pictures = figures::picture::Pictures::new();
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
