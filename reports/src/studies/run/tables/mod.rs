//! Files of a run for other programs: its series as CSV and Parquet, and the journals of its experiments and deploys.

pub mod journal;
#[cfg(feature = "parquet")]
mod parquet;
mod series;
mod wrong;

use crate::answer::Files;
use crate::{ReportError, Source};
use sim_core::results::StudyResult;

/// The scenario and the tables.
///
/// # Errors
/// If a table cannot be made.
#[cfg_attr(not(feature = "parquet"), expect(clippy::unnecessary_wraps, reason = "only Parquet can fail"))]
pub fn files(study: &StudyResult, source: &Source) -> Result<Files, ReportError> {
    let mut files = vec![("timeseries.csv".to_owned(), series::csv(study).into_bytes())];
    if !study.summary.experiments.is_empty() || !study.summary.deploys.is_empty() {
        files.push(("journal.csv".to_owned(), journal::csv(study).into_bytes()));
    }
    if !study.summary.wrongness.first.is_empty() {
        files.push(("wrong.csv".to_owned(), wrong::csv(study).into_bytes()));
    }
    #[cfg(feature = "parquet")]
    files.push(("timeseries.parquet".to_owned(), parquet::bytes(study)?));
    files.extend(source.files());
    Ok(files)
}
