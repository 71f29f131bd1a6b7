//! How far a setting carries: runs that keep every promise, p99 and throughput, over the load.

use crate::figures::lines::{Family, Polyline};
use crate::figures::{DataTable, Drawing, Figure, scalability};
use crate::numbers::{estimate, grouped, optional, plain};
use crate::page::section::some;
use crate::page::{Block, Section};
use crate::studies::capacity::findings;
use crate::words::word;
use sim_core::results::{About, CapacityResult, Estimate, Judge, Knee, KneePoint, Unit, Z_95};
use sim_core::units::Percentile;

pub(super) fn how_far(capacity: &CapacityResult) -> Option<Section> {
    let knee = capacity.knee.as_ref().filter(|knee| knee.points.len() > 1)?;
    let figures = [Some(kept_by_load(capacity, knee)), p99_by_load(capacity, knee), throughput(knee)];
    let blocks: Vec<Block> = figures.into_iter().flatten().map(|f| Block::Figure(Box::new(f))).collect();
    some("knee", "How far it carries", "How far it carries", blocks)
}

/// A line over the offered load.
fn over_load(knee: &Knee, value: impl Fn(&KneePoint) -> Option<Estimate>, mark: bool) -> Family<'static> {
    let known = knee.points.iter().filter_map(|p| Some((p.offered_per_s.mean, value(p)?, p.verdict)));
    let (points, verdicts): (Vec<(f64, Estimate)>, Vec<_>) = known.map(|(x, e, v)| ((x, e), Some(v))).unzip();
    let broken = knee.points.iter().find(|p| knee.breaks_at.is_some_and(|load| (p.load - load).abs() < 1e-9));
    let mark = broken.filter(|_| mark).map(|p| (p.offered_per_s.mean, format!("broken at {}", findings::offered(p))));
    Family {
        name: "requests offered a second",
        unit: Unit::PerSecond,
        log: false,
        ticks: None,
        of_lines: "",
        lines: vec![Polyline { name: String::new(), points, verdicts }],
        of: Unit::Share,
        promised: None,
        shares: false,
        joined: true,
        mark,
    }
}

fn draw(family: &Family, title: &str, desc: &str) -> Vec<Drawing> {
    vec![family.draw(title, desc)]
}

fn load_rows(knee: &Knee) -> DataTable {
    let rows = knee.points.iter().map(|p| {
        vec![
            findings::factor(p.load),
            estimate(&p.offered_per_s, Unit::PerSecond),
            estimate(&p.goodput_per_s, Unit::PerSecond),
            estimate(&p.concurrency, Unit::Count),
            optional(p.p99_s.as_ref(), Unit::Seconds),
            optional(p.availability.as_ref(), Unit::Share),
            format!("{} of {}", p.kept, p.judged),
            word(p.verdict).to_owned(),
        ]
    });
    DataTable {
        says: "all loads that were tried".into(),
        heads: ["Load", "Offered", "Good answers", "Under way", "p99", "Availability", "Kept in runs", "Verdict"]
            .map(String::from)
            .into(),
        rows: rows.collect(),
    }
}

fn kept_by_load(capacity: &CapacityResult, knee: &Knee) -> Figure {
    let factor = findings::factor;
    let from = knee.holds_from.map_or_else(String::new, |load| format!("from {} ", factor(load)));
    let above = knee.points.iter().any(|p| knee.holds_to.is_some_and(|to| p.load > to));
    let title = match (knee.holds_to, knee.breaks_at) {
        (Some(holds), Some(breaks)) => {
            format!(
                "Every promise is held {from}up to {} of the load, and one is broken from {}",
                factor(holds),
                factor(breaks)
            )
        }
        (Some(holds), None) if above => {
            format!(
                "Every promise is held {from}up to {} of the load; what was tried above is inconclusive",
                factor(holds)
            )
        }
        (Some(holds), None) => {
            format!("Every promise is held {from}up to {} of the load, the most that was tried", factor(holds))
        }
        _ => "The load that the search began with is not held".to_owned(),
    };
    let share = |p: &KneePoint| Estimate::wilson(p.kept, p.judged, Z_95);
    let mut family = over_load(knee, share, true);
    family.shares = true;
    family.promised = Some((capacity.needed, format!("needed {:.0} %", capacity.needed * 100.0)));
    let desc = "Share of runs that keep every promise over the offered load, with the share that is needed.";
    Figure {
        id: "load-kept".into(),
        panels: draw(&family, &title, desc),
        title,
        caption: (
            "Runs that keep every promise".into(),
            "over the offered load, at the answer; band: 95 % interval (Wilson). Dot: held; ring: inconclusive; cross: broken.".into(),
        ),
        tables: vec![load_rows(knee)],
        readings: Vec::new(),
        format: "",
    }
}

fn p99_by_load(capacity: &CapacityResult, knee: &Knee) -> Option<Figure> {
    let first = knee.points.iter().find_map(|p| Some((p, p.p99_s?)))?;
    let last = knee.points.iter().rev().find_map(|p| Some((p, p.p99_s?)))?;
    let p99 =
        |judge: &Judge| matches!(&judge.about, About::Latency { percentile, .. } if *percentile == Percentile::P99);
    let judge = capacity.promises.iter().position(p99);
    let promised = judge.and_then(|i| {
        let case = capacity.levels.first()?.tried.first()?.cases.first()?;
        case.promises.get(i)?.promised
    });
    let crossing = promised.and_then(|bound| crossing(knee, bound));
    let title = match (crossing, promised) {
        (Some(at), Some(bound)) => {
            format!("p99 passes its promise of {} at {} requests/s", plain(bound, Unit::Seconds), grouped(at, 0))
        }
        _ if first.1.high >= last.1.low && last.1.high >= first.1.low => {
            format!("p99 stays near {} at every load that was tried", plain(last.1.mean, Unit::Seconds))
        }
        _ => {
            let at = findings::offered_apart(first.0, last.0);
            let (from, to) = at.unwrap_or_else(|| (findings::factor(first.0.load), findings::factor(last.0.load)));
            let (a, b) = (plain(first.1.mean, Unit::Seconds), plain(last.1.mean, Unit::Seconds));
            format!("p99 goes from {a} at {from} to {b} at {to}")
        }
    };
    let mut family = over_load(knee, |p| p.p99_s, false);
    family.of = Unit::Seconds;
    family.promised = promised.map(|v| (v, format!("promised {}", plain(v, Unit::Seconds))));
    let desc = "99th percentile of the latency over the offered load.";
    let how = if crossing.is_some() {
        " The load at which it passes its promise is read from a straight line between two loads."
    } else {
        ""
    };
    Some(Figure {
        id: "load-p99".into(),
        panels: draw(&family, &title, desc),
        title,
        caption: (
            "p99 of the answers".into(),
            format!("over the offered load, at the answer; band: 95 % interval.{how}"),
        ),
        tables: vec![load_rows(knee)],
        readings: Vec::new(),
        format: "",
    })
}

/// The offered load at which p99 passes a bound, by a straight line between two loads [s⁻¹].
fn crossing(knee: &Knee, bound: f64) -> Option<f64> {
    knee.points.windows(2).find_map(|pair| {
        let (a, b) = (pair[0].p99_s?.mean, pair[1].p99_s?.mean);
        let (from, to) = (pair[0].offered_per_s.mean, pair[1].offered_per_s.mean);
        (a <= bound && b > bound).then(|| from + (to - from) * (bound - a) / (b - a))
    })
}

fn throughput(knee: &Knee) -> Option<Figure> {
    let most = knee.points.iter().max_by(|a, b| a.goodput_per_s.mean.total_cmp(&b.goodput_per_s.mean))?;
    let title = match knee.scalability.as_ref().and_then(|s| s.peak_per_s) {
        Some(peak) => format!(
            "At most {} good answers a second were seen; by the law {}/s is the most",
            grouped(most.goodput_per_s.mean, 0),
            grouped(peak, 0)
        ),
        None => format!("At most {} good answers a second were seen", grouped(most.goodput_per_s.mean, 0)),
    };
    let fit = knee.scalability.as_ref().map_or_else(String::new, |s| {
        format!(
            " Polyline: the Universal Scalability Law (Gunther 2007) with {}/s of one alone, contention {} and coherency {}; it explains {:.1}\u{a0}% \
             of the variance.",
            estimate(&s.lambda, Unit::Count),
            estimate(&s.sigma, Unit::Share),
            findings::small(&s.kappa),
            s.r2 * 100.0
        )
    });
    let desc = "Good answers a second against the mean number of requests under way, with the fitted law.";
    Some(Figure {
        id: "scalability".into(),
        panels: vec![scalability::draw(&title, desc, knee)],
        title,
        caption: (
            "Good answers a second".into(),
            format!("against requests under way, a mark for each load; upright and level lines: 95 % intervals.{fit}"),
        ),
        tables: vec![load_rows(knee)],
        readings: Vec::new(),
        format: "",
    })
}
