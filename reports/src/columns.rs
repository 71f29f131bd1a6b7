//! Tables of any kind, by columns, as CSV and as Parquet.

#[cfg(feature = "parquet")]
use crate::ReportError;
use sim_core::results::Unit;

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its head.
    pub name: String,
    /// What stands in it.
    pub cells: Cells,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Cells {
    /// Numbers, or nothing.
    Numbers(Vec<Option<f64>>),
    /// Whole numbers.
    Counts(Vec<u32>),
    /// Words.
    Words(Vec<String>),
    /// Yes, no, or nothing.
    Truths(Vec<Option<bool>>),
}

impl Column {
    /// A column of numbers.
    pub fn numbers(name: impl Into<String>, cells: impl Iterator<Item = Option<f64>>) -> Self {
        Self { name: name.into(), cells: Cells::Numbers(cells.collect()) }
    }

    /// A column of whole numbers.
    pub fn counts(name: impl Into<String>, cells: impl Iterator<Item = u32>) -> Self {
        Self { name: name.into(), cells: Cells::Counts(cells.collect()) }
    }

    /// A column of words.
    pub fn words(name: impl Into<String>, cells: impl Iterator<Item = String>) -> Self {
        Self { name: name.into(), cells: Cells::Words(cells.collect()) }
    }

    /// A column of yes and no.
    pub fn truths(name: impl Into<String>, cells: impl Iterator<Item = Option<bool>>) -> Self {
        Self { name: name.into(), cells: Cells::Truths(cells.collect()) }
    }

    fn len(&self) -> usize {
        match &self.cells {
            Cells::Numbers(cells) => cells.len(),
            Cells::Counts(cells) => cells.len(),
            Cells::Words(cells) => cells.len(),
            Cells::Truths(cells) => cells.len(),
        }
    }

    fn cell(&self, row: usize) -> String {
        match &self.cells {
            Cells::Numbers(cells) => cells[row].map_or_else(String::new, |number| number.to_string()),
            Cells::Counts(cells) => cells[row].to_string(),
            Cells::Words(cells) => quoted(&cells[row]),
            Cells::Truths(cells) => cells[row].map_or_else(String::new, |truth| truth.to_string()),
        }
    }
}

/// A unit, as it stands in the head of a column.
pub fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Seconds => "s",
        Unit::Share | Unit::Count => "1",
        Unit::PerSecond => "1/s",
        Unit::Money => "$",
        Unit::MoneyPerMonth => "$/month",
        Unit::MoneyPerYear => "$/year",
        Unit::Bytes => "B",
        Unit::Bandwidth => "B/s",
    }
}

/// A word as RFC 4180 wants it.
pub fn quoted(word: &str) -> String {
    // A cell that begins with a colon could begin a line that a build system takes for a command.
    let is_bare = !word.contains([',', '"', '\n', '\r']) && !word.trim_start().starts_with(':');
    if is_bare { word.to_owned() } else { format!("\"{}\"", word.replace('"', "\"\"")) }
}

/// The table as CSV, with a head.
pub fn csv(columns: &[Column]) -> String {
    let heads: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let mut out = heads.join(",") + "\n";
    for row in 0..columns.first().map_or(0, Column::len) {
        let cells: Vec<String> = columns.iter().map(|column| column.cell(row)).collect();
        out.push_str(&cells.join(","));
        out.push('\n');
    }
    out
}

/// The table as Parquet, by polars.
///
/// # Errors
/// If polars cannot write it.
#[cfg(feature = "parquet")]
pub fn parquet(columns: &[Column]) -> Result<Vec<u8>, ReportError> {
    use polars::prelude::{DataFrame, NamedFrom, ParquetWriter, Series};
    let rows = columns.first().map_or(0, Column::len);
    let series = columns.iter().map(|column| {
        let name = column.name.as_str().into();
        let series = match &column.cells {
            Cells::Numbers(cells) => Series::new(name, cells),
            Cells::Counts(cells) => Series::new(name, cells),
            Cells::Words(cells) => Series::new(name, cells),
            Cells::Truths(cells) => Series::new(name, cells),
        };
        series.into()
    });
    let failed = |error: polars::error::PolarsError| ReportError::Table(error.to_string());
    let mut frame = DataFrame::new(rows, series.collect()).map_err(failed)?;
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).map_err(failed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_commas_is_quoted() {
        let columns = [
            Column::words("a,b", ["x".to_owned(), "say \"y\"".to_owned()].into_iter()),
            Column::numbers("n", [Some(0.1), None].into_iter()),
            Column::truths("kept", [Some(true), None].into_iter()),
        ];
        assert_eq!(csv(&columns), "\"a,b\",n,kept\nx,0.1,true\n\"say \"\"y\"\"\",,\n");
    }
}
