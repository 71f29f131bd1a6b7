//! `metastability`: where a system comes back by itself after a trigger.

mod findings;
mod page;
#[cfg(any(test, feature = "sample"))]
mod sample;

use crate::answer::{Answer, Files, Kind, Reported, pretty};
use crate::columns::{Column, csv};
use crate::numbers::{alone, plain};
use crate::page::Page;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::{ascii, wrap};
use crate::terminal::{Style, say};
use crate::{ReportError, Source};
use sim_core::results::{MapCell, MapLoad, Metastability, Region, Unit};

/// Its kind.
pub const KIND: Kind = Kind {
    command: "metastability",
    results: Some("metastability.json"),
    runs_again: Some("a map of triggers"),
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a metastability study.
#[derive(Debug, Clone, Copy)]
pub struct MetastabilityAnswer<'a> {
    /// Its results.
    pub map: &'a Metastability,
    /// The scenario.
    pub source: &'a Source,
}

impl Answer for MetastabilityAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        pretty(self.map)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal(self.map, *style)
    }

    fn sentence(&self, style: &Style) -> String {
        say(&findings::answer(self.map), style)
    }
}

impl Reported for MetastabilityAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        let table = csv(&columns(self.map)).into_bytes();
        Ok([vec![("metastability.csv".to_owned(), table)], self.source.files()].concat())
    }

    fn page(&self) -> Page {
        page::page(self.map, self.source)
    }
}

/// One row a cell.
fn columns(map: &Metastability) -> Vec<Column> {
    let cells: Vec<(&MapLoad, usize, &MapCell)> =
        map.loads.iter().flat_map(|l| l.cells.iter().enumerate().map(move |(at, cell)| (l, at, cell))).collect();
    vec![
        Column::numbers("load [1]", cells.iter().map(|c| Some(c.0.load))),
        Column::numbers("offered [1/s]", cells.iter().map(|c| Some(c.0.offered_per_s.mean))),
        Column::words(map.trigger.clone(), cells.iter().map(|c| map.sizes[c.1].text.clone())),
        Column::words("region", cells.iter().map(|c| c.2.region.name().to_owned())),
        Column::counts("recovered", cells.iter().map(|c| c.2.recovered)),
        Column::counts("struck", cells.iter().map(|c| c.2.struck)),
        Column::counts("stopped", cells.iter().map(|c| c.2.stopped)),
        Column::counts("healthy without", cells.iter().map(|c| c.0.healthy)),
        Column::numbers("recovery [s]", cells.iter().map(|c| Some(c.2.recovery_s?.mean))),
    ]
}

/// The longest recovery at a load, of those that take any time.
fn longest(load: &MapLoad) -> Option<f64> {
    let times = load.cells.iter().filter(|_| load.region != Region::Overloaded).filter_map(|cell| cell.recovery_s);
    times.map(|time| time.mean).filter(|time| *time > 0.0).reduce(f64::max)
}

/// What stands in a cell: how long the recovery takes, or that there is none.
fn cell(cell: &MapCell) -> String {
    match (cell.region, &cell.recovery_s) {
        (Region::Overloaded, _) => "over".to_owned(),
        (_, Some(recovery)) if cell.recovered == cell.struck && recovery.high == 0.0 => "at once".to_owned(),
        (_, Some(recovery)) if cell.recovered == cell.struck => plain(recovery.mean, Unit::Seconds),
        (_, Some(_)) => format!("{} of {}", cell.recovered, cell.struck),
        _ if cell.struck == 0 => "–".to_owned(),
        _ => "stuck".to_owned(),
    }
}

fn terminal(map: &Metastability, style: Style) -> String {
    let say = |text: &str| ascii(&wrap(text, "", style.sentence_width()));
    let mut out = style.bold(&map.scenario) + "\n";
    out.push_str(&say(&map.question));
    out.push('\n');
    out.push_str(&say(&findings::answer(map)));
    // Where each replication carries the load there is nothing to say of it.
    let fewer = |load: &MapLoad| load.region != Region::Overloaded && load.healthy < map.replications;
    let some = map.loads.iter().any(fewer);
    let row = |load: &MapLoad| {
        let never = load.never_recovers_from.map_or_else(|| "-".to_owned(), |at| map.sizes[at].text.clone());
        let longest = longest(load);
        let mut cells = vec![
            load.region.name().to_owned(),
            never,
            longest.map_or_else(|| "-".to_owned(), |e| ascii(&plain(e, Unit::Seconds))),
        ];
        cells.extend(some.then(|| format!("{} of {}", load.healthy, map.replications)));
        TextRow { lead: String::new(), name: ascii(&alone(&load.offered_per_s, Unit::PerSecond)), cells }
    };
    let mut heads = vec!["region", "never recovers from", "longest recovery"];
    heads.extend(some.then_some("healthy without trigger"));
    let rows = map.loads.iter().map(row).collect();
    TextTable { title: "Load", lead: 0, heads: &heads, rows }.write(style, &mut out);
    let rows = map.loads.iter().map(|load| TextRow {
        lead: String::new(),
        name: ascii(&alone(&load.offered_per_s, Unit::PerSecond)),
        cells: load.cells.iter().map(|one| ascii(&cell(one)).replace('–', "-")).collect(),
    });
    let heads: Vec<&str> = map.sizes.iter().map(|size| size.text.as_str()).collect();
    let title = "Recovery after";
    TextTable { title, lead: 0, heads: &heads, rows: rows.collect() }.write(style, &mut out);
    let closing = format!(
        "{} replications, {} of each cell, on the same random numbers; recovered when the good answers are {} of those without the trigger, to the end of the run; seed {}, digest {}",
        map.spent,
        map.replications,
        plain(map.recovered_when, Unit::Share),
        map.seed,
        map.digest
    );
    out.push('\n');
    out.push_str(&say(&closing));
    style.finish(&out)
}
