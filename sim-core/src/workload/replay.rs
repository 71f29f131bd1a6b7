//! Load as a file says: arrival times one by one, or rates by interval.
//!
//! The settings hold the name of the file and nothing is read here; the caller reads the text and gives it to
//! [`ReplaySettings::parse`]. Only plain comma-separated values are read: no quotes, no other separators.

use crate::problem::Problems;
use crate::units::{Rate, SimDuration};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Requests as a CSV file recorded them: their times, or their rate by interval.
///
/// # What it models
/// With a column of arrival times, each row is one request at that time after time 0; none come during the warm-up. With a column
/// of rates, requests are Poisson at the rate of the row, from its time until the next row's; the first rate holds during the
/// warm-up too and the last one to the end of the run. Times are durations (`1.5s`) or bare seconds, rates are rates (`800/s`) or
/// bare numbers a second.
///
/// # When to use it
/// To see how a design would have fared on a day that you remember.
///
/// # Knobs
/// - `file`: path of the CSV file, beside the scenario; required
/// - `at`: name of the column with arrival times, default `at`
/// - `from`: name of the column where an interval begins, default `from`
/// - `rate`: name of the column with the interval's rate, default `rate`
///
/// # Example
/// ```yaml
/// load:
///   friday: {to: shop.buy, arrive: {replay: {file: friday.csv}}}
/// ```
///
/// # Source
/// The trace of a production system; see the SRE Workbook on capacity tests with recorded traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaySettings {
    /// Path of the CSV file, beside the scenario.
    pub file: String,
    /// Name of the column with arrival times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Name of the column where an interval begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Name of the column with the interval's rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Replay {
    /// Arrival times after time 0 in order [ns].
    Times(Arc<[u64]>),
    /// Begin of each interval after time 0 [ns] and its rate [s⁻¹], in order.
    Rates(Arc<[(u64, f64)]>),
}

/// Something wrong in a line of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvProblem {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// More problems than this are not worth reading.
const PROBLEMS_MAX: usize = 20;

impl ReplaySettings {
    /// A file needs a name, and either times or rates.
    pub fn validate(&self, problems: &mut Problems) {
        if self.file.trim().is_empty() {
            problems.error("file", "the name of the file is empty");
        }
        if self.at.is_some() && (self.from.is_some() || self.rate.is_some()) {
            problems.error("at", "a file has either arrival times or rates by interval").hint =
                Some("name either `at`, or `from` and `rate`".into());
        }
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// All problems of all lines, up to 20.
    pub fn parse(&self, text: &str) -> Result<Replay, Vec<CsvProblem>> {
        // Spreadsheets begin a file with a mark of its byte order.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let Some((_, header)) = lines.next() else {
            return Err(vec![CsvProblem { line: 1, message: "the file is empty".into() }]);
        };
        let columns: Vec<&str> = header.split(',').map(str::trim).collect();
        let place = |name: &Option<String>, default: &str| {
            let name = name.as_deref().unwrap_or(default);
            columns.iter().position(|c| *c == name)
        };
        let rows = lines.map(|(index, line)| (index + 1, line.split(',').map(str::trim).collect()));
        match (place(&self.at, "at"), place(&self.from, "from"), place(&self.rate, "rate")) {
            (Some(at), _, _) if self.rate.is_none() => times(rows, at),
            (_, Some(from), Some(rate)) => rates(rows, from, rate),
            _ => Err(vec![CsvProblem { line: 1, message: self.no_column(&columns) }]),
        }
    }

    fn no_column(&self, columns: &[&str]) -> String {
        let at = self.at.as_deref().unwrap_or("at");
        let (from, rate) = (self.from.as_deref().unwrap_or("from"), self.rate.as_deref().unwrap_or("rate"));
        // What stands there is not quoted: the file may be any file.
        let n = columns.len();
        let s = if n == 1 { "" } else { "s" };
        format!(
            "expected a column `{at}`, or columns `{from}` and `{rate}`; the first line has {n} column{s} of other names"
        )
    }
}

type CsvRow<'a> = (usize, Vec<&'a str>);

fn times<'a>(rows: impl Iterator<Item = CsvRow<'a>>, column: usize) -> Result<Replay, Vec<CsvProblem>> {
    let mut times: Vec<u64> =
        collect(rows, |cells| time(cell(cells, column)?).map_err(|message| in_column(column, &message)))?;
    times.sort_unstable();
    Ok(Replay::Times(times.into()))
}

fn rates<'a>(rows: impl Iterator<Item = CsvRow<'a>>, from: usize, rate: usize) -> Result<Replay, Vec<CsvProblem>> {
    let mut last = None;
    let rates = collect(rows, |cells| {
        let begin = time(cell(cells, from)?).map_err(|message| in_column(from, &message))?;
        if last.is_some_and(|last| begin <= last) {
            return Err("this interval does not begin after the one before it".into());
        }
        last = Some(begin);
        let rate_here = per_second(cell(cells, rate)?).map_err(|message| in_column(rate, &message))?;
        Ok((begin, rate_here))
    })?;
    Ok(Replay::Rates(rates.into()))
}

/// Reads all rows, or gives the problems of those that could not be read.
fn collect<'a, T>(
    rows: impl Iterator<Item = CsvRow<'a>>,
    mut read: impl FnMut(&[&'a str]) -> Result<T, String>,
) -> Result<Vec<T>, Vec<CsvProblem>> {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (line, cells) in rows {
        match read(&cells) {
            Ok(value) => good.push(value),
            Err(message) => bad.push(CsvProblem { line, message }),
        }
        if bad.len() >= PROBLEMS_MAX {
            break;
        }
    }
    if good.is_empty() && bad.is_empty() {
        bad.push(CsvProblem { line: 1, message: "the file has a first line and no other".into() });
    }
    if bad.is_empty() { Ok(good) } else { Err(bad) }
}

fn cell<'a>(cells: &[&'a str], column: usize) -> Result<&'a str, String> {
    cells.get(column).copied().ok_or_else(|| format!("this line has no column {}", column + 1))
}

/// What is wrong with a cell, and where: never what stands in it.
fn in_column(column: usize, message: &str) -> String {
    format!("column {}: {message}", column + 1)
}

fn time(text: &str) -> Result<u64, String> {
    let seconds = |s: f64| (s.is_finite() && (0.0..9.2e9).contains(&s)).then(|| SimDuration::from_secs_f64(s).ns());
    let bare = text.parse::<f64>().ok().map(seconds);
    match bare {
        Some(ns) => ns.ok_or_else(|| "a time is not after 0".to_owned()),
        None => SimDuration::parse(text)
            .map(SimDuration::ns)
            .map_err(|_| "this is no time; expected seconds such as 1.5, or a duration such as 1.5s".to_owned()),
    }
}

fn per_second(text: &str) -> Result<f64, String> {
    let rate = match text.parse::<f64>() {
        Ok(rate) => Some(rate),
        Err(_) => Rate::parse(text).ok().map(Rate::per_second),
    };
    rate.filter(|rate| rate.is_finite() && *rate >= 0.0).ok_or_else(|| {
        "this is no rate; expected a number a second such as 800, or a rate such as 48000/min".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ReplaySettings {
        ReplaySettings { file: "a.csv".into(), at: None, from: None, rate: None }
    }

    #[test]
    fn arrival_times_are_sorted_and_take_both_forms() {
        let replay = settings().parse("id,at\n1,1.5\n2,500ms\n").unwrap();
        assert_eq!(replay, Replay::Times(vec![500_000_000, 1_500_000_000].into()));
    }

    #[test]
    fn rates_by_interval() {
        let replay = settings().parse("from,rate\n0,10\n1m,600/min\n").unwrap();
        assert_eq!(replay, Replay::Rates(vec![(0, 10.0), (60_000_000_000, 10.0)].into()));
    }

    #[test]
    fn all_bad_lines_are_reported() {
        let problems = settings().parse("from,rate\n0,10\nx,10\n0,10\n3,-1\n").unwrap_err();
        assert_eq!(problems.iter().map(|p| p.line).collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn empty_and_foreign_files_are_errors() {
        assert_eq!(settings().parse("").unwrap_err().len(), 1);
        assert!(settings().parse("a,b\n1,2\n").unwrap_err()[0].message.contains("column `at`"));
        assert_eq!(settings().parse("at\n").unwrap_err().len(), 1);
    }
}
