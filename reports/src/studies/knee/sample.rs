//! An invented knee study of two promises.

#[cfg(test)]
use super::KneeAnswer;
use super::page::page;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
use crate::studies::run::sample::{near, quick, source, works};
#[cfg(test)]
use crate::terminal::Style;
use sim_core::results::{Judge, Judgement, Knees, LoadPoint, PromiseKnee, Unit, Verdict};

fn judgement(load: f64, breaks: f64, observed: f64, promised: f64) -> Judgement {
    let verdict = match load / breaks {
        ..0.98 => Verdict::Held,
        ..1.0 => Verdict::Inconclusive,
        _ => Verdict::Broken,
    };
    let kept = if verdict == Verdict::Held { 64 } else { 20 };
    Judgement { verdict, kept, judged: 64, observed: Some(near(observed, observed * 0.02)), promised: Some(promised) }
}

/// The study.
pub fn knees() -> Knees {
    let judge = |name: &str, about, unit, at_most| Judge {
        name: name.into(),
        says: "gateway.checkout keeps its promise".into(),
        about,
        unit,
        at_most,
        promise: true,
        invariant: false,
        counts: true,
    };
    let point = |load: f64| LoadPoint {
        load,
        offered_per_s: near(800.0 * load, 2.0),
        goodput_per_s: near((800.0 * load).min(1500.0), 3.0),
        p99_s: Some(near(0.2 * load * load, 0.01)),
        replications: 64,
        stopped: 0,
        promises: vec![judgement(load, 1.9, 0.999, 0.995), judgement(load, 1.5, 0.2 * load * load, 0.8)],
    };
    Knees {
        scenario: "Checkout at the spring sale".into(),
        question: "Which promise is the first to break when more people come?".into(),
        study: "how-far".into(),
        seed: 42,
        version: "0.0.0".into(),
        confidence: 0.95,
        needed: 0.9,
        budget: 200,
        spent: 512,
        load: Some("shoppers".into()),
        promises: vec![
            PromiseKnee { judge: judge("works", works(), Unit::Share, false), holds_to: Some(4), breaks_at: Some(6) },
            PromiseKnee { judge: judge("quick", quick(), Unit::Seconds, true), holds_to: Some(1), breaks_at: Some(3) },
        ],
        points: [1.0, 1.4, 1.48, 1.52, 1.8, 1.88, 1.96, 2.74].map(point).into(),
        first: Some(1),
        digest: "00112233445566ff".into(),
    }
}

/// The report of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("knee", page(&knees(), &source()))]
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let (knees, source) = (knees(), source());
    let answer = KneeAnswer { knees: &knees, source: &source };
    vec![("knee", answer.terminal(style)), ("knee in a sentence", answer.sentence(style))]
}
