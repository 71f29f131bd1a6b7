//! Invented sweeps: a grid of load and instances, and a cloud of three knobs.

#[cfg(test)]
use super::SweepAnswer;
use super::page::page;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
use crate::studies::run::sample::{near, quick, source, wobble, works};
#[cfg(test)]
use crate::terminal::Style;
use sim_core::results::{
    Design, Estimate, Judge, Judgement, Knob, Point, RankMethod, RankedKnob, Ranking, Setting, Shown, SweepResult,
    Unit, Verdict,
};

const RATES: [f64; 7] = [500.0, 750.0, 1000.0, 1250.0, 1500.0, 1750.0, 2000.0];
const INSTANCES: [f64; 3] = [2.0, 4.0, 8.0];

fn setting(text: String, number: f64) -> Setting {
    Setting { text, number: Some(number) }
}

fn shown() -> Vec<Shown> {
    vec![
        Shown { name: "p99(gateway.checkout)".into(), unit: Unit::Seconds, about: quick(), less_is_better: Some(true) },
        Shown {
            name: "availability(gateway.checkout)".into(),
            unit: Unit::Share,
            about: works(),
            less_is_better: Some(false),
        },
    ]
}

fn judged() -> Vec<Judge> {
    let judge = |name: &str, about, says: &str, unit, at_most| Judge {
        name: name.into(),
        says: says.into(),
        about,
        unit,
        at_most,
        promise: true,
        invariant: false,
        counts: true,
    };
    vec![
        judge("works", works(), "gateway.checkout answers at least 99.5% of requests", Unit::Share, false),
        judge("quick", quick(), "p99(gateway.checkout) is at most 800ms", Unit::Seconds, true),
    ]
}

/// What a service with so much load on so many instances does.
fn point(number: u32, settings: Vec<Setting>, load: f64, instances: f64, cost: f64) -> Point {
    let used = load / (instances * 270.0);
    let late = if used < 0.98 { 0.05 / (1.0 - used) } else { 2.5 + used };
    let lost = if used < 1.0 { 0.0004 } else { 1.0 - 1.0 / used };
    let share = (1.0 / (1.0 + sim_core::engine::math::exp((used - 0.985) * 90.0)) * 64.0).round() / 64.0;
    let verdict = match share {
        s if s >= 0.97 => Verdict::Held,
        s if s <= 0.80 => Verdict::Broken,
        _ => Verdict::Inconclusive,
    };
    let unrest = 1.0 + 0.02 * wobble(number as usize);
    let (p99, works) = (near(late * unrest, late * 0.03), near(1.0 - lost, lost * 0.1));
    let judgement = |observed: Estimate, promised| Judgement {
        verdict,
        kept: (share * 64.0) as u32,
        judged: 64,
        observed: Some(observed),
        promised: Some(promised),
    };
    Point {
        number,
        settings,
        shown: vec![Some(p99), Some(works)],
        judged: vec![judgement(works, 0.995), judgement(p99, 0.8)],
        kept_all: Some(Estimate { mean: share, low: (share - 0.06).max(0.0), high: (share + 0.04).min(1.0) }),
        verdict: Some(verdict),
        cost_per_month: Estimate::exact(cost),
        stopped: 0,
        digest: "7c1e09b45d2af386".into(),
        rows: Vec::new(),
    }
}

fn knob(path: &str, values: &[f64], unit: Unit, after: &str, log: bool) -> Knob {
    Knob {
        path: path.into(),
        values: values.iter().map(|v| format!("{v}{after}")).collect(),
        numbers: Some(values.to_vec()),
        unit,
        log,
        now: Some(format!("{}{after}", values[0])),
    }
}

fn ranked(path: &str, total: f64, alone: f64, half: f64, ends: (f64, f64)) -> RankedKnob {
    let (at_low, at_high) = (Some(ends.0), Some(ends.1));
    RankedKnob { path: path.into(), total: near(total, half), alone: Some(near(alone, half)), at_low, at_high }
}

fn result(design: Design, knobs: Vec<Knob>, points: Vec<Point>, rankings: Vec<Ranking>) -> SweepResult {
    SweepResult {
        scenario: "Checkout under more load".into(),
        question: "How many instances does checkout need for how much load?".into(),
        study: String::new(),
        seed: 42,
        replications: 64,
        version: "0.1.0".into(),
        digest: "7c1e09b45d2af386".into(),
        design,
        knobs,
        shown: shown(),
        judged: judged(),
        points,
        rankings,
    }
}

/// Every combination of seven loads and three numbers of instances.
pub fn grid() -> SweepResult {
    let knobs = vec![
        knob("load.shoppers.arrive.poisson.rate", &RATES, Unit::PerSecond, "/s", false),
        knob("services.gateway.instances", &INSTANCES, Unit::Count, "", true),
    ];
    let mut points = Vec::new();
    for rate in RATES {
        for instances in INSTANCES {
            let settings = vec![setting(format!("{rate}/s"), rate), setting(format!("{instances}"), instances)];
            points.push(point(points.len() as u32, settings, rate, instances, instances * 124.0));
        }
    }
    let ranking = Ranking {
        of: "p99(gateway.checkout)".into(),
        unit: Unit::Seconds,
        method: RankMethod::GridVariance,
        variance: 1.9,
        knobs: vec![
            ranked("services.gateway.instances", 0.62, 0.41, 0.05, (3.1, 0.18)),
            ranked("load.shoppers.arrive.poisson.rate", 0.58, 0.37, 0.06, (0.4, 2.9)),
        ],
    };
    result(Design::Grid, knobs, points, vec![ranking])
}

/// Sixty trajectories through three knobs.
pub fn cloud() -> SweepResult {
    let knobs = vec![
        knob("load.shoppers.arrive.poisson.rate", &[500.0, 2000.0], Unit::PerSecond, "/s", false),
        knob("services.gateway.instances", &[2.0, 8.0], Unit::Count, "", false),
        knob("policies.card.timeout", &[0.05, 0.5], Unit::Seconds, "s", true),
    ];
    let part = |i: u32, k: u32| f64::from(i * k % 61) / 61.0;
    let points = (0..60)
        .map(|i| {
            let (rate, instances) = (500.0 + 1500.0 * part(i, 17), (2.0 + 6.0 * part(i, 29)).round());
            let timeout = 0.05 + 0.45 * part(i, 41);
            let settings = vec![
                setting(format!("{rate:.0}/s"), rate),
                setting(format!("{instances}"), instances),
                setting(format!("{:.0}ms", timeout * 1e3), timeout),
            ];
            point(i, settings, rate * (1.0 + timeout * 0.2), instances, instances * 124.0)
        })
        .collect();
    let ranking = Ranking {
        of: "p99(gateway.checkout)".into(),
        unit: Unit::Seconds,
        method: RankMethod::Morris,
        variance: 1.9,
        knobs: vec![
            ranked("services.gateway.instances", 2.1, 0.9, 0.3, (3.1, 0.18)),
            ranked("load.shoppers.arrive.poisson.rate", 1.7, 1.1, 0.4, (0.4, 2.9)),
            ranked("policies.card.timeout", 0.08, 0.05, 0.05, (1.4, 1.5)),
        ],
    };
    result(Design::Morris, knobs, points, vec![ranking])
}

/// Reports of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("sweep", page(&grid(), &source())), ("cloud", page(&cloud(), &source()))]
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let (grid, cloud, source) = (grid(), cloud(), source());
    let [grid, cloud] = [&grid, &cloud].map(|sweep| SweepAnswer { sweep, source: &source });
    vec![
        ("sweep by a grid", grid.terminal(style)),
        ("sweep by points", cloud.terminal(style)),
        ("sweep in a sentence", grid.sentence(style)),
    ]
}
