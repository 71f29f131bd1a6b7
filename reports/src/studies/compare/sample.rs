//! An invented comparison: a breaker's window of 2 s against one of 10 s.

#[cfg(test)]
use super::CompareAnswer;
use super::page::page;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
use crate::studies::run::sample::{near, source};
#[cfg(test)]
use crate::terminal::Style;
use sim_core::results::compare::{
    Change, Compared, Comparison, Differs, PromiseRow, RowKind, RowMetric, System, ValueRow,
};
use sim_core::results::{Estimate, Unit, Verdict};

fn system(name: &str) -> System {
    System {
        name: name.into(),
        file: name.into(),
        variant: None,
        scenario: "Checkout when the card processor browns out".into(),
        digest: "7c1e09b45d2af386".into(),
        stopped: 0,
        one_of: None,
    }
}

fn row(
    (name, of): (&str, Option<&str>),
    unit: Unit,
    a: Estimate,
    difference: Option<Estimate>,
    change: Option<Change>,
) -> ValueRow {
    let b = difference.map(|d| near(a.mean + d.mean, a.half_width()));
    let kind = if matches!(unit, Unit::Money | Unit::MoneyPerMonth) { RowKind::Money } else { RowKind::Endpoint };
    ValueRow {
        name: of.map_or_else(|| name.to_owned(), |of| format!("{name}({of})")),
        metric: of.map(|of| RowMetric { name: name.into(), of: Some(of.into()), scope: String::new() }),
        kind,
        unit,
        less_is_better: Some(unit != Unit::Share),
        a: Some(a),
        b,
        difference,
        change,
        b_better_in: change.map(|c| (if c == Change::Better { 64 } else { 29 }, 64)),
        would_tell: (change == Some(Change::NoneSeen)).then_some(1240),
        narrower: Some(4.1),
        pairs: Vec::new(),
    }
}

fn promise(name: &str, a: u32, b: u32, change: Change) -> PromiseRow {
    let share = |kept: u32| Estimate::wilson(kept, 64, sim_core::results::Z_95);
    let verdict = |kept: u32| match kept {
        62.. => Verdict::Held,
        55.. => Verdict::Inconclusive,
        _ => Verdict::Broken,
    };
    PromiseRow {
        name: name.into(),
        invariant: false,
        a_verdict: Some(verdict(a)),
        b_verdict: Some(verdict(b)),
        a: share(a),
        b: share(b),
        difference: Some(near((f64::from(b) - f64::from(a)) / 64.0, 0.05)),
        only: (b.saturating_sub(a), a.saturating_sub(b)),
        change: Some(change),
        would_tell: (change == Change::NoneSeen).then_some(310),
    }
}

/// The comparison.
pub fn comparison() -> Comparison {
    use Change::{Better, NoneSeen, Same, Worse};
    let rows = vec![
        row(
            ("availability", Some("gateway.checkout")),
            Unit::Share,
            near(0.98312, 0.0002),
            Some(near(0.0121, 0.0002)),
            Some(Better),
        ),
        row(
            ("error_rate", Some("gateway.checkout")),
            Unit::Share,
            near(0.0169, 0.0002),
            Some(near(-0.0121, 0.0002)),
            Some(Better),
        ),
        row(
            ("p50", Some("gateway.checkout")),
            Unit::Seconds,
            near(0.0608, 0.0001),
            Some(near(0.0001, 0.0003)),
            Some(NoneSeen),
        ),
        row(
            ("p99", Some("gateway.checkout")),
            Unit::Seconds,
            near(0.322, 0.02),
            Some(near(-0.135, 0.02)),
            Some(Better),
        ),
        row(
            ("recovery after brownout", Some("gateway.checkout")),
            Unit::Seconds,
            near(54.1, 0.8),
            Some(near(0.2, 0.3)),
            Some(NoneSeen),
        ),
        row(
            ("wrong orders, each brownout", None),
            Unit::Money,
            near(109_400.0, 600.0),
            Some(near(12_400.0, 500.0)),
            Some(Worse),
        ),
        row(("the bill", None), Unit::MoneyPerMonth, near(3410.0, 8.0), Some(Estimate::exact(0.0)), Some(Same)),
        row(("rps", Some("gateway")), Unit::PerSecond, near(826.0, 1.0), None, None),
    ];
    let differs =
        Differs { path: "policies.card.breaker.rate.window.time".into(), a: Some("10s".into()), b: Some("2s".into()) };
    let promises =
        vec![promise("works", 0, 62, Better), promise("quick", 64, 64, Same), promise("back-soon", 61, 60, NoneSeen)];
    Comparison {
        question: "Does the breaker keep checkout within its promise, and what does it cost?".into(),
        seed: 42,
        replications: 64,
        runs_without_incidents: 0,
        version: "0.1.0".into(),
        simulated_s: 900.0,
        warm_up_s: 120.0,
        a: system("checkout.yaml"),
        against: vec![Compared {
            b: system("checkout-window-2s.yaml"),
            differs: vec![differs],
            differs_more: 0,
            rows,
            promises,
            narrower: Some((1.2, 4.1)),
        }],
    }
}

/// The report of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("compare", page(&comparison(), &[source()]))]
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let (comparison, sources) = (comparison(), [source()]);
    let answer = CompareAnswer { comparison: &comparison, sources: &sources };
    vec![("compare", answer.terminal(style)), ("compare in a sentence", answer.sentence(style))]
}
