//! `decide`: which of several systems to take, by all that they cost.

mod findings;
mod page;
#[cfg(any(test, feature = "sample"))]
mod sample;

use crate::answer::{Answer, Files, Kind, Reported, pretty};
use crate::columns::{Column, csv};
use crate::numbers::plain;
use crate::page::Page;
use crate::terminal::table::{TextRow, TextTable};
use crate::terminal::text::{ascii, wrap};
use crate::terminal::{Style, say};
use crate::{ReportError, Source};
use sim_core::expression::Group;
use sim_core::results::{Decision, Estimate, OptionPriced, Unit};

/// Its kind.
pub const KIND: Kind = Kind {
    command: "decide",
    results: Some("decision.json"),
    runs_again: Some("a decision"),
    #[cfg(any(test, feature = "sample"))]
    pages: sample::pages,
    #[cfg(test)]
    forms: sample::forms,
};

/// The answer of a decision.
#[derive(Debug, Clone, Copy)]
pub struct DecideAnswer<'a> {
    /// Its results.
    pub decision: &'a Decision,
    /// The scenario.
    pub source: &'a Source,
}

impl Answer for DecideAnswer<'_> {
    fn json(&self) -> Result<String, ReportError> {
        pretty(self.decision)
    }

    fn terminal(&self, style: &Style) -> String {
        terminal(self.decision, *style)
    }

    fn sentence(&self, style: &Style) -> String {
        say(&findings::answer(self.decision), style)
    }
}

impl Reported for DecideAnswer<'_> {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn tables(&self) -> Result<Files, ReportError> {
        let table = csv(&columns(self.decision)).into_bytes();
        Ok([vec![("decision.csv".to_owned(), table)], self.source.files()].concat())
    }

    fn page(&self) -> Page {
        page::page(self.decision, self.source)
    }
}

/// The groups of which some system has items.
fn groups(decision: &Decision) -> Vec<Group> {
    let has = |group: &Group| decision.options.iter().any(|option| option.groups.iter().any(|(of, _)| of == group));
    Group::ALL.into_iter().filter(has).collect()
}

/// One row a system.
fn columns(decision: &Decision) -> Vec<Column> {
    let options = &decision.options;
    let mut all = vec![Column::words("system", options.iter().map(|o| o.name.clone()))];
    let mut money = |name: &str, of: &dyn Fn(&OptionPriced) -> Estimate| {
        for (end, pick) in [("", mean as fn(&Estimate) -> f64), (" low", low), (" high", high)] {
            all.push(Column::numbers(format!("{name}{end} [$/year]"), options.iter().map(|o| Some(pick(&of(o))))));
        }
    };
    for group in groups(decision) {
        money(group.name(), &|option| option.of(group));
    }
    money("total", &|option| option.total);
    money("more than the cheapest", &|option| option.more_than_cheapest);
    all.push(Column::numbers("availability [1]", options.iter().map(|o| Some(o.availability?.mean))));
    all.push(Column::numbers("wrong [1]", options.iter().map(|o| Some(o.wrong?.mean))));
    all.push(Column::numbers("p99 [s]", options.iter().map(|o| Some(o.p99_s?.mean))));
    all.push(Column::truths("on the front", options.iter().map(|o| Some(o.on_front))));
    all
}

fn mean(e: &Estimate) -> f64 {
    e.mean
}

fn low(e: &Estimate) -> f64 {
    e.low
}

fn high(e: &Estimate) -> f64 {
    e.high
}

fn terminal(decision: &Decision, style: Style) -> String {
    let say = |text: &str| ascii(&wrap(text, "", style.sentence_width()));
    let mut out = style.bold(&decision.scenario) + "\n";
    out.push_str(&say(&decision.question));
    out.push('\n');
    out.push_str(&say(&findings::answer(decision)));
    let groups = groups(decision);
    let mut heads = vec!["total a year"];
    heads.extend(groups.iter().map(|group| group.name()));
    heads.extend(["p99", "front"]);
    let row = |option: &OptionPriced| {
        let mut cells = vec![plain(option.total.mean, Unit::Money)];
        cells.extend(groups.iter().map(|group| plain(option.of(*group).mean, Unit::Money)));
        cells.push(option.p99_s.map_or_else(|| "-".into(), |p99| plain(p99.mean, Unit::Seconds)));
        cells.push(if option.on_front { "yes" } else { "no" }.into());
        TextRow {
            lead: String::new(),
            name: option.name.clone(),
            cells: cells.iter().map(|cell| ascii(cell)).collect(),
        }
    };
    let rows = decision.options.iter().map(row).collect();
    TextTable { title: "System", lead: 0, heads: &heads, rows }.write(style, &mut out);
    out.push('\n');
    findings::reasons(decision).iter().for_each(|text| out.push_str(&say(text)));
    let closing = format!(
        "{} replications of {} systems on the same random numbers; seed {}, digest {}",
        decision.replications,
        decision.options.len(),
        decision.seed,
        decision.digest
    );
    out.push('\n');
    out.push_str(&say(&closing));
    style.finish(&out)
}
