//! An invented search for capacity: gateway instances at four loads, with a zone to lose and a price.

#[cfg(test)]
use super::CapacityAnswer;
use super::page::page;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
use crate::studies::run::sample::{near, quick, source, wobble, works};
#[cfg(test)]
use crate::terminal::Style;
use sim_core::engine::math::exp;
use sim_core::results::{
    CapacityKnob, CapacityLevel, CapacityResult, Case, Estimate, Judge, Judgement, Knee, KneePoint, Scalability,
    Setting, Tried, Unit, Verdict, Z_95,
};

fn judges() -> Vec<Judge> {
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
        judge("quick", quick(), "p99 of gateway.checkout is at most 800ms", Unit::Seconds, true),
    ]
}

fn setting(n: u32) -> Setting {
    Setting { text: n.to_string(), number: Some(f64::from(n)) }
}

/// How well so many instances do at a load: the share of runs kept, availability and p99.
fn does(instances: f64, load: f64) -> (f64, f64, f64) {
    let used = load * 26.6 / instances;
    let kept = 1.0 / (1.0 + exp((used - 1.0) * 60.0));
    let lost = 0.0005 + 0.9 / (1.0 + exp((1.08 - used) * 40.0));
    (kept, 1.0 - lost, 0.18 + 1.5 / (1.0 + exp((1.05 - used) * 30.0)))
}

fn case(lost: Option<&str>, instances: f64, load: f64) -> Case {
    let (share, works, quick) = does(instances, load);
    let judged = if (0.8..0.97).contains(&share) { 256 } else { 64 };
    let kept = (share * f64::from(judged)).round() as u32;
    let probability = Estimate::wilson(kept, judged, Z_95);
    let verdict = match probability {
        Some(p) if p.low >= 0.9 => Verdict::Held,
        Some(p) if p.high < 0.9 => Verdict::Broken,
        _ => Verdict::Inconclusive,
    };
    let judgement = |observed: Estimate, promised| Judgement {
        verdict,
        kept,
        judged,
        observed: Some(observed),
        promised: Some(promised),
    };
    Case {
        lost: lost.map(str::to_owned),
        kept,
        judged,
        probability,
        verdict,
        promises: vec![judgement(near(works, (1.0 - works) * 0.05), 0.995), judgement(near(quick, quick * 0.02), 0.8)],
        binding: Some(usize::from(quick > 0.6)),
    }
}

fn tried(instances: u32, load: f64, extra: bool) -> Tried {
    let n = f64::from(instances);
    let whole = case(None, n * 1.04, load);
    let cases = if whole.verdict == Verdict::Broken {
        vec![whole]
    } else {
        vec![
            whole,
            case(Some("zone-a"), n, load),
            case(Some("zone-b"), n * 1.005, load),
            case(Some("zone-c"), n * 1.01, load),
        ]
    };
    Tried {
        places: vec![instances as usize - 4],
        settings: vec![setting(instances)],
        verdict: cases.iter().map(|c| c.verdict).max().unwrap_or(Verdict::Held),
        cost_per_month: Estimate::exact(n * 124.1),
        availability: Some(near(does(n * 1.04, load).1, 0.0001)),
        on_front: true,
        cases,
        extra,
    }
}

fn level(load: f64, label: &str, order: &[u32], extra: &[u32]) -> CapacityLevel {
    let tried: Vec<Tried> =
        order.iter().map(|n| tried(*n, load, false)).chain(extra.iter().map(|n| self::tried(*n, load, true))).collect();
    let cost = |i: &usize| tried[*i].cost_per_month.mean;
    let of = |verdict: Verdict| (0..order.len()).filter(|i| tried[*i].verdict == verdict).collect::<Vec<usize>>();
    let answer = of(Verdict::Held).into_iter().min_by(|a, b| cost(a).total_cmp(&cost(b)));
    let below = |i: &usize| answer.is_some_and(|a| cost(i) < cost(&a));
    let undecided = of(Verdict::Inconclusive).into_iter().filter(below).collect();
    let cheaper = of(Verdict::Broken).into_iter().filter(below).max_by(|a, b| cost(a).total_cmp(&cost(b)));
    CapacityLevel { load, label: label.into(), answer, rises: true, undecided, cheaper, tried }
}

fn knee() -> Knee {
    let point = |load: f64| {
        let (share, works, quick) = does(30.0, load);
        let kept = (share * 64.0).round() as u32;
        let offered = 800.0 * load;
        let goodput = offered * works / (1.0 + 0.02 * wobble((load * 16.0) as usize));
        KneePoint {
            load,
            offered_per_s: near(offered, 2.0),
            goodput_per_s: near(goodput, 4.0),
            concurrency: near(offered * (0.06 + quick * 0.05), 1.5),
            p99_s: Some(near(quick, quick * 0.04)),
            availability: Some(near(works, 0.0002)),
            kept,
            judged: 64,
            verdict: match kept {
                62.. => Verdict::Held,
                50.. => Verdict::Inconclusive,
                _ => Verdict::Broken,
            },
        }
    };
    Knee {
        settings: vec![setting(30)],
        points: [0.25, 0.5, 0.75, 1.0, 1.0625, 1.125, 1.1875, 1.25, 1.5, 2.0].map(point).into(),
        holds_to: Some(1.0),
        holds_from: None,
        breaks_at: Some(1.125),
        breaks_first: Some(1),
        scalability: Some(Scalability {
            lambda: near(14.9, 0.4),
            sigma: near(0.0031, 0.0006),
            kappa: near(0.000_021, 0.000_003),
            r2: 0.986,
            peak_concurrency: None,
            peak_per_s: None,
        }),
    }
}

/// The search.
pub fn search() -> CapacityResult {
    let values: Vec<Setting> = (4..=160).map(setting).collect();
    CapacityResult {
        scenario: "Checkout at the spring sale".into(),
        question: "How many gateways does checkout need, also with a zone lost?".into(),
        study: "gateways".into(),
        seed: 42,
        version: "0.1.0".into(),
        confidence: 0.95,
        needed: 0.9,
        budget: 256,
        spent: 6208,
        knobs: vec![CapacityKnob { path: "services.gateway.instances".into(), values, now: Some(setting(4)) }],
        promises: judges(),
        survive: vec!["zone-a".into(), "zone-b".into(), "zone-c".into()],
        priced: true,
        levels: vec![
            level(1.0, "now", &[4, 64, 34, 19, 26, 30, 28, 27, 29], &[22, 40, 50]),
            level(1.5, "+50 %", &[30, 64, 47, 38, 42, 40, 41, 43], &[]),
            level(2.0, "x2", &[43, 86, 64, 53, 58, 55, 56, 57], &[]),
            level(5.0, "x5", &[57, 160, 108, 134, 147, 140, 137, 138, 139], &[]),
        ],
        knee: Some(knee()),
        digest: "7c1e09b45d2af386".into(),
    }
}

/// The report of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("capacity", page(&search(), &source()))]
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let (capacity, source) = (search(), source());
    let answer = CapacityAnswer { capacity: &capacity, source: &source };
    vec![("capacity", answer.terminal(style)), ("capacity in a sentence", answer.sentence(style))]
}
