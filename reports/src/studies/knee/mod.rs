//! `knee`: the load at which each promise breaks.

mod findings;
mod page;
#[cfg(any(test, feature = "sample"))]
mod sample;

use crate::answer::{Answer, Files, Kind, Reported, pretty};
use crate::columns::{Column, csv, unit};
use crate::numbers::{alone, plain};
use crate::page::Page;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::{ascii, wrap};
use crate::terminal::{Style, say};
use crate::words::word;
use crate::{ReportError, Source};
use sim_core::results::{Knees, PromiseKnee, Unit};

/// Its kind.
pub const KIND: Kind = Kind {
    command: "knee",
    results: Some("knee.json"),
    runs_again: Some("a knee study"),
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a knee study.
#[derive(Debug, Clone, Copy)]
pub struct KneeAnswer<'a> {
    /// Its results.
    pub knees: &'a Knees,
    /// The scenario.
    pub source: &'a Source,
}

impl Answer for KneeAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        pretty(self.knees)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal(self.knees, *style)
    }

    fn sentence(&self, style: &Style) -> String {
        say(&findings::answer(self.knees), style)
    }
}

impl Reported for KneeAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        let table = csv(&columns(self.knees)).into_bytes();
        Ok([vec![("knee.csv".to_owned(), table)], self.source.files()].concat())
    }

    fn page(&self) -> Page {
        page::page(self.knees, self.source)
    }
}

/// One row a load.
fn columns(knees: &Knees) -> Vec<Column> {
    let points = &knees.points;
    let mut all = vec![
        Column::numbers("load [1]", points.iter().map(|p| Some(p.load))),
        Column::numbers("offered [1/s]", points.iter().map(|p| Some(p.offered_per_s.mean))),
        Column::numbers("goodput [1/s]", points.iter().map(|p| Some(p.goodput_per_s.mean))),
        Column::numbers("p99 [s]", points.iter().map(|p| Some(p.p99_s?.mean))),
        Column::counts("replications", points.iter().map(|p| p.replications)),
        Column::counts("stopped", points.iter().map(|p| p.stopped)),
    ];
    for (place, promise) in knees.promises.iter().enumerate() {
        let name = format!("{} [{}]", promise.judge.name, unit(promise.judge.unit));
        let of = |p: &sim_core::results::LoadPoint| p.promises[place];
        all.push(Column::numbers(name, points.iter().map(|p| Some(of(p).observed?.mean))));
        let name = format!("{} verdict", promise.judge.name);
        all.push(Column::words(name, points.iter().map(|p| word(of(p).verdict).to_lowercase())));
    }
    all
}

/// The load of a point in requests a second; a line where there is none.
fn rate(knees: &Knees, at: Option<usize>) -> String {
    at.map_or_else(|| "–".to_owned(), |at| alone(&knees.points[at].offered_per_s, Unit::PerSecond))
}

/// The heaviest load at which a bound does not stop all replications; without one, the heaviest.
fn heaviest(knees: &Knees) -> Option<usize> {
    let runs = |point: &sim_core::results::LoadPoint| point.stopped < point.replications;
    knees.points.iter().rposition(runs).or(knees.points.len().checked_sub(1))
}

/// The load of a point as a factor of the file's.
fn factor(knees: &Knees, at: Option<usize>) -> String {
    at.map_or_else(|| "–".to_owned(), |at| plain(knees.points[at].load, Unit::Share))
}

fn terminal(knees: &Knees, style: Style) -> String {
    let say = |text: &str| ascii(&wrap(text, "", style.sentence_width()));
    let mut out = style.bold(&knees.scenario) + "\n";
    out.push_str(&say(&knees.question));
    out.push('\n');
    out.push_str(&say(&findings::answer(knees)));
    let row = |promise: &PromiseKnee| TextRow {
        lead: String::new(),
        name: promise.judge.name.clone(),
        cells: [rate(knees, promise.holds_to), rate(knees, promise.breaks_at), factor(knees, promise.breaks_at)]
            .map(|text| ascii(&text).replace('–', "-"))
            .into(),
    };
    let heads = ["holds up to", "breaks at", "of the file's load"];
    let rows = knees.promises.iter().map(row).collect();
    TextTable { title: "Promise", lead: 0, heads: &heads, rows }.write(style, &mut out);
    let closing = format!(
        "{} replications of {} loads on the same random numbers, at most {} each; verdicts at {} confidence however often was looked; seed {}, digest {}",
        knees.spent,
        knees.points.len(),
        knees.budget,
        plain(knees.confidence, Unit::Share),
        knees.seed,
        knees.digest
    );
    out.push('\n');
    out.push_str(&say(&closing));
    style.finish(&out)
}
