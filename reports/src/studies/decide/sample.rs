//! An invented decision among three levels.

#[cfg(test)]
use super::DecideAnswer;
use super::page::page;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
use crate::studies::run::sample::{near, source};
#[cfg(test)]
use crate::terminal::Style;
use sim_core::expression::Group;
use sim_core::results::{Decision, Estimate, Flip, GuideLevel, Guided, OptionPriced, Rule};

fn option(name: &str, rent: f64, wrong: f64, p99_s: f64, more: f64) -> OptionPriced {
    let (rent, wrong) = (near(rent, rent * 0.001), near(wrong, wrong * 0.05));
    let total = Estimate { mean: rent.mean + wrong.mean, low: rent.low + wrong.low, high: rent.high + wrong.high };
    OptionPriced {
        name: name.into(),
        groups: vec![(Group::Infrastructure, rent), (Group::Wrongness, wrong)],
        items: vec![("nodes".into(), Group::Infrastructure, rent), ("wrong-balance".into(), Group::Wrongness, wrong)],
        total,
        more_than_cheapest: near(more, more * 0.04),
        availability: Some(near(0.9995, 0.0001)),
        wrong: Some(near(wrong.mean / 1e10, 1e-6)),
        p99_s: Some(near(p99_s, p99_s * 0.02)),
        on_front: true,
    }
}

/// The decision.
pub fn decision() -> Decision {
    Decision {
        scenario: "Which guarantee level is worth its price".into(),
        question: "Given what a wrong balance costs, which level should the wallet have?".into(),
        study: "which-level".into(),
        seed: 241,
        version: "0.0.0".into(),
        replications: 32,
        simulated_s: 1200.0,
        options: vec![
            option("base", 158_000.0, 0.0, 0.31, 0.0),
            option("snapshot", 96_000.0, 410_000.0, 0.12, 348_000.0),
            option("eventual", 60_000.0, 9_800_000.0, 0.02, 9_702_000.0),
        ],
        cheapest: 0,
        certain: true,
        flips: vec![
            Flip { item: "wrong-balance".into(), factor: 0.151, to: 1 },
            Flip { item: "nodes".into(), factor: 6.61, to: 1 },
        ],
        guide: Some(Guided {
            wrongness: near(9_800_000.0, 490_000.0),
            coordination: Estimate::exact(98_000.0),
            level: GuideLevel::StrictSerializable,
            option: Some(0),
        }),
        by: Rule::Cost,
        digest: "00112233445566ff".into(),
    }
}

/// The report of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("decide", page(&decision(), &source()))]
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let (decision, source) = (decision(), source());
    let answer = DecideAnswer { decision: &decision, source: &source };
    vec![("decide", answer.terminal(style)), ("decide in a sentence", answer.sentence(style))]
}
