//! The time series as Parquet, by polars.

use super::series::{SeriesRow, rows};
use crate::ReportError;
use polars::prelude::{Column, DataFrame, NamedFrom, ParquetWriter, Series};
use sim_core::results::StudyResult;

/// The bytes of the file.
///
/// # Errors
/// If polars cannot write it.
pub fn bytes(study: &StudyResult) -> Result<Vec<u8>, ReportError> {
    let rows = rows(study);
    let numbers = |name: &str, pick: fn(&SeriesRow) -> Option<f64>| -> Column {
        Series::new(name.into(), rows.iter().map(pick).collect::<Vec<Option<f64>>>()).into()
    };
    let words = |name: &str, pick: fn(&SeriesRow) -> &str| -> Column {
        Series::new(name.into(), rows.iter().map(pick).collect::<Vec<&str>>()).into()
    };
    let columns = vec![
        numbers("from_s", |r| Some(r.from_s)),
        numbers("to_s", |r| Some(r.to_s)),
        words("subject", |r| &r.subject),
        words("metric", |r| &r.metric),
        numbers("mean", |r| r.mean),
        numbers("low", |r| r.low),
        numbers("high", |r| r.high),
    ];
    let failed = |error: polars::error::PolarsError| ReportError::Table(error.to_string());
    let mut frame = DataFrame::new(rows.len(), columns).map_err(failed)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).map_err(failed)?;
    Ok(bytes)
}
