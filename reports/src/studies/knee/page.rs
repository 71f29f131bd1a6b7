//! The report of a knee study: where each promise breaks, every load, and how sure it is.

use super::{factor, findings, rate};
use crate::Source;
use crate::figures::knees::{self, KneeRow};
use crate::figures::{DataTable, Figure};
use crate::numbers::{estimate, kept, optional, plain};
use crate::page::section::{scenario, section};
use crate::page::sentence::sentences;
use crate::page::{Block, CellForm, Fact, LoneTable, Page};
use crate::words::{WHEN_AN_INVARIANT_HOLDS, WHEN_HELD, word};
use sim_core::results::{Estimate, Knees, LoadPoint, PromiseKnee, Unit, Z_95};

/// The page of a knee study.
pub fn page(knees: &Knees, source: &Source) -> Page {
    let mut promises = vec![Block::Lede(WHEN_HELD.into())];
    if knees.promises.iter().any(|promise| promise.judge.invariant) {
        promises.push(Block::Lede(WHEN_AN_INVARIANT_HOLDS.into()));
    }
    promises.push(Block::Figure(Box::new(figure(knees))));
    Page {
        kind: "knee report",
        title: knees.scenario.clone(),
        question: knees.question.clone(),
        answer: sentences(&findings::answer(knees)),
        meta: format!(
            "{} loads, {} replications in all on the same random numbers; verdicts at {} confidence, however often was looked.",
            knees.points.len(),
            knees.spent,
            plain(knees.confidence, Unit::Share)
        ),
        sections: vec![
            section("knees", "Where each breaks", "Where each promise breaks", promises),
            section("loads", "Load by load", "Load by load", vec![Block::Table(loads(knees))]),
            section("sure", "How sure we are", "How sure we are", vec![Block::Facts(facts(knees))]),
            scenario(source),
        ],
        time: None,
    }
}

fn figure(knees: &Knees) -> Figure {
    let row = |(place, promise): (usize, &PromiseKnee)| KneeRow {
        name: promise.judge.name.clone(),
        holds_to: promise.holds_to.map(|at| knees.points[at].offered_per_s.mean),
        points: knees.points.iter().map(|p| (p.offered_per_s.mean, p.promises[place].verdict)).collect(),
        text: match promise.breaks_at {
            Some(_) => format!("breaks at {}", rate(knees, promise.breaks_at)),
            None => "does not break".to_owned(),
        },
    };
    let rows: Vec<KneeRow> = knees.promises.iter().enumerate().map(row).collect();
    let title = match knees.first {
        Some(first) => {
            let promise = &knees.promises[first];
            format!("{} breaks first, at {}", promise.judge.name, rate(knees, promise.breaks_at))
        }
        None => "No promise breaks at any load that was looked at".to_owned(),
    };
    let own = knees.points.iter().find(|p| (p.load - 1.0).abs() < 1e-9).map(|p| p.offered_per_s.mean);
    let cells = |promise: &PromiseKnee| {
        vec![
            promise.judge.name.clone(),
            rate(knees, promise.holds_to),
            rate(knees, promise.breaks_at),
            factor(knees, promise.breaks_at),
        ]
    };
    let heads = ["Promise", "Holds up to", "Breaks at", "Of the file's load"].map(String::from).into();
    Figure {
        id: "knees".into(),
        panels: vec![knees::draw(&title, &rows, own)],
        title,
        caption: (
            "Every load that was looked at, by promise".into(),
            "a dot is held, a ring inconclusive, a cross broken; the bar ends at the heaviest load up to which the promise holds, and the dotted line \
             is the load of the file."
                .into(),
        ),
        tables: vec![DataTable {
            says: "where each promise breaks".into(),
            heads,
            rows: knees.promises.iter().map(cells).collect(),
        }],
        readings: Vec::new(),
        format: "",
    }
}

fn loads(knees: &Knees) -> LoneTable {
    let mut heads: Vec<String> = ["Load", "Offered", "Good answers", "p99"].map(String::from).into();
    heads.extend(knees.promises.iter().map(|promise| promise.judge.name.clone()));
    let row = |point: &LoadPoint| {
        let mut row = vec![
            plain(point.load, Unit::Share),
            estimate(&point.offered_per_s, Unit::PerSecond),
            estimate(&point.goodput_per_s, Unit::PerSecond),
            optional(point.p99_s.as_ref(), Unit::Seconds),
        ];
        row.extend(point.promises.iter().map(|judged| {
            let share =
                Estimate::wilson(judged.kept, judged.judged, Z_95).map_or_else(|| "no data".into(), |e| kept(&e));
            format!("{}, kept in {share}", word(judged.verdict).to_lowercase())
        }));
        row
    };
    let table = DataTable { says: "Load by load".into(), heads, rows: knees.points.iter().map(row).collect() };
    LoneTable { title: None, cells: CellForm::Numbers, table }
}

fn facts(knees: &Knees) -> Vec<Fact> {
    vec![
        Fact::new("Load that grows", knees.load.clone().unwrap_or_else(|| "all load classes".into())),
        Fact::new(
            "Replications",
            format!("{} of {} loads, at most {} each", knees.spent, knees.points.len(), knees.budget),
        ),
        Fact::new("Random numbers", "the same at every load"),
        Fact::new(
            "Verdicts",
            format!("at {} confidence, however often was looked", plain(knees.confidence, Unit::Share)),
        ),
        Fact::new("Seed", knees.seed.to_string()),
        Fact::new("Version", format!("windtunnel {}", knees.version)),
        Fact::code("Digest", knees.digest.clone()),
    ]
}
