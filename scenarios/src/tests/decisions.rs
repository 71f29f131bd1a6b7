//! Decisions and knees, on systems whose answer is arithmetic.

use super::{problems, read};
use crate::files::Memory;
use crate::study::decide::DecideStudy;
use crate::study::knee::KneeStudy;
use crate::study::{Plan, Study};
use crate::written::studies::decide::DecideSettings;
use crate::written::studies::knee::KneeSettings;
use crate::written::studies::question::Variant;
use sim_core::expression::Group;
use sim_core::results::{Decision, GuideLevel, Knees, LoadPoint, Rule, Verdict};
use std::ops::ControlFlow;

/// Two instances at $1/h are wrong in 1 % of a request a second, at `price` each; four in none.
fn decision(price: &str, study: &str) -> Decision {
    let text = format!(
        "scenario: Two or four\nquestion: Which?\nrun: {{duration: 30m, warm_up: 1m, replications: 8, seed: 3}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services: {{api: {{instances: 2, workers: 10, endpoints: {{get: {{steps: [{{work: 5ms}}]}}}}}}}}\n\
         faults: {{lies: {{inject: {{wrong: {{kind: wrong_amount, probability: 1%}}}}, where: {{service: api}}}}}}\n\
         variants: {{four: {{services.api.instances: 4, faults.lies: null}}}}\n\
         costs:\n  nodes: {{meter: {{instances: {{of: api}}}}, price: $1/h}}\n  \
         wrong: {{meter: {{wrongness: {{kind: wrong_amount}}}}, price: {price}}}\n\
         studies: {{which: {{ask: {{decide: {study}}}}}}}\n"
    );
    let files = Memory::of("a.yaml", &text);
    let load = |variant: Option<&str>| {
        crate::load(&files, "a.yaml", &[], variant).unwrap_or_else(|report| panic!("{}", report.render(false)))
    };
    let loaded = load(None);
    let ask = DecideSettings::of(&loaded.written.studies.get("which").unwrap().ask).unwrap().clone();
    let options = vec![("base".to_owned(), load(None)), ("four".to_owned(), load(Some("four")))];
    let plan = Plan::of(&loaded, 2);
    let study = DecideStudy { loaded: &loaded, options: &options, study: "which", ask: &ask, plan: &plan };
    study.run(&|_, _| ControlFlow::Continue(())).unwrap()
}

/// Two more instances cost $17,520 a year, and 1 % of a request a second is 315,360 a year: at 5.6 cents each both cost the same.
#[test]
fn the_price_at_which_the_advice_turns_is_that_of_arithmetic() {
    let cheap = decision("$0.01", "{among: [base, four]}");
    assert_eq!((cheap.cheapest, cheap.certain, cheap.by), (0, true, Rule::Cost));
    assert!((cheap.options[0].of(Group::Infrastructure).mean - 17_520.0).abs() < 1e-6);
    let more = cheap.options[1].more_than_cheapest;
    assert!(more.low <= 17_520.0 - 3_153.6 && 17_520.0 - 3_153.6 <= more.high, "{more:?}");
    let flip = cheap.flips.iter().find(|flip| flip.item == "wrong").unwrap();
    assert!((flip.factor * 0.01 / 0.0556 - 1.0).abs() < 0.1 && flip.to == 1, "{flip:?}");
    let dear = decision("$1", "{among: [base, four]}");
    assert_eq!(dear.cheapest, 1);
    let flip = dear.flips.iter().find(|flip| flip.item == "wrong").unwrap();
    assert!((flip.factor / 0.0556 - 1.0).abs() < 0.1 && flip.to == 0, "{flip:?}");
    assert!(dear.options.iter().all(|option| option.on_front), "cheap and wrong, or dear and right");
    // At a hundredth of a cent it would have to be 556 times as dear.
    let far = decision("$0.0001", "{among: [base, four]}");
    assert!(far.cheapest == 0 && far.flips.is_empty(), "{:?}", far.flips);
}

#[test]
fn the_guide_goes_by_its_thresholds() {
    let level = |price: &str, guide: &str| {
        let decision = decision(price, &format!("{{among: [base, four], by: guide, guide: {{{guide}}}}}"));
        assert_eq!(decision.by, Rule::Guide);
        decision.guide.unwrap().level
    };
    assert_eq!(level("$10", ""), GuideLevel::StrictSerializable);
    assert_eq!(level("$1", ""), GuideLevel::Serializable);
    assert_eq!(level("$1", "coordination_above: $10k/year"), GuideLevel::SnapshotIsolation);
    assert_eq!(level("$0.01", ""), GuideLevel::EventualWithCache);
    assert_eq!(level("$0.01", "latency_matters: false"), GuideLevel::Batch);
}

/// One worker of 10 ms: the queue is full from 100 requests a second on. A wait of 100 ms is passed with fewer.
#[test]
fn each_promise_breaks_at_its_own_load() {
    let loaded = read(
        "scenario: Knees\nquestion: Where?\nrun: {duration: 5m, warm_up: 30s, replications: 8, seed: 3}\n\
         load: {users: {to: api.get, arrive: {poisson: {rate: 40/s}}}}\n\
         services: {api: {workers: 1, queue: {capacity: 20}, endpoints: {get: {steps: [{work: 10ms}]}}}}\n\
         promises:\n  works: {keep: {availability: 95%}, of: api.get}\n  quick: {keep: {latency: {p99: 60ms}}, of: api.get}\n",
    )
    .unwrap_or_else(|report| panic!("{}", report.render(false)));
    let plan = Plan::of(&loaded, 2);
    let ask = KneeSettings::default();
    let study = KneeStudy { loaded: &loaded, study: "", ask: &ask, confidence: 0.95, budget: 80, plan: &plan };
    let knees = study.run(&|_, _| ControlFlow::Continue(())).unwrap();
    let at = |place: Option<usize>| knees.points[place.unwrap()].offered_per_s.mean;
    let (works, quick) = (&knees.promises[0], &knees.promises[1]);
    // A loss of 5 % at 105/s: what is above the 100/s that it can do.
    assert!((100.0..111.0).contains(&at(works.breaks_at)), "{}", at(works.breaks_at));
    // M/D/1: the p99 of the wait passes 50 ms at about 70/s.
    assert!((60.0..85.0).contains(&at(quick.breaks_at)), "{}", at(quick.breaks_at));
    assert_eq!(knees.first, Some(1));
    for promise in &knees.promises {
        assert!(at(promise.holds_to) < at(promise.breaks_at));
    }
}

/// A queue whose p99 is near what is promised, so that a wide range of loads is inconclusive.
fn near_the_promise(run: &str, p99: &str, up_to: &str) -> Knees {
    let text = format!(
        "scenario: Near\nquestion: Where?\nrun: {{duration: 1m, warm_up: 5s, replications: 20, seed: 3{run}}}\n\
         load: {{users: {{to: api.get, arrive: {{poisson: {{rate: 70/s}}}}}}}}\n\
         services: {{api: {{workers: 1, queue: {{capacity: 1M}}, endpoints: {{get: {{steps: [{{work: {{exponential: {{mean: 10ms}}}}}}]}}}}}}}}\n\
         promises: {{quick: {{keep: {{latency: {{p99: {p99}}}}}, of: api.get}}, works: {{keep: {{availability: 99%}}, of: api.get}}}}\n\
         studies: {{k: {{ask: {{knee: {{up_to: {up_to}}}}}}}}}\n"
    );
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let ask = KneeSettings::of(&loaded.written.studies.get("k").unwrap().ask).unwrap().clone();
    let plan = Plan::of(&loaded, 2);
    let study = KneeStudy { loaded: &loaded, study: "k", ask: &ask, confidence: 0.95, budget: 60, plan: &plan };
    study.run(&|_, _| ControlFlow::Continue(())).unwrap()
}

#[test]
fn both_sides_of_what_is_inconclusive_are_found() {
    let knees = near_the_promise("", "190ms", "150%");
    let verdicts: Vec<Verdict> = knees.points.iter().map(|point| point.promises[0].verdict).collect();
    let (holds, breaks) = (knees.promises[0].holds_to.unwrap(), knees.promises[0].breaks_at.unwrap());
    assert!(verdicts[..=holds].iter().all(|verdict| *verdict == Verdict::Held), "{verdicts:?}");
    assert!(verdicts[..breaks].iter().all(|verdict| *verdict != Verdict::Broken), "{verdicts:?}");
    let near = |at: usize| knees.points[at + 1].load / knees.points[at].load <= 1.02;
    assert!(near(holds) && near(breaks - 1), "{holds} and {breaks} of {:?}", knees.points);
    let own = knees.points.iter().find(|point| point.load == 1.0).unwrap();
    assert_eq!(own.promises[0].verdict, Verdict::Inconclusive, "else this tests nothing");
}

#[test]
fn a_load_that_a_bound_stops_is_the_heaviest() {
    let knees = near_the_promise(", bounds: {backlog: 200}", "400ms", "1000%");
    let all = |point: &&LoadPoint| point.stopped == point.replications;
    assert_eq!(knees.points.iter().filter(all).count(), 1);
    assert!(all(&knees.points.last().unwrap()) && knees.points[0].stopped == 0);
    assert!(knees.points.iter().any(|point| point.stopped > 0 && point.offered_per_s.mean > 90.0));
}

#[test]
fn questions_that_make_no_sense_say_so() {
    let problem = |ask: &str, rest: &str| {
        let text = format!(
            "scenario: s\nquestion: q?\nload: {{users: {{to: api.get, arrive: {{poisson: {{rate: 40/s}}}}}}}}\n\
             services: {{api: {{workers: 1, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n{rest}studies: {{s: {{ask: {ask}}}}}\n"
        );
        problems(&text).join("; ")
    };
    for (ask, rest, says) in [
        ("{knee: {}}", "", "nothing is promised, so that no load is too much"),
        ("{knee: {load: userz}}", "promises: {p: {keep: {availability: 99%}, of: api.get}}\n", "userz"),
        ("{decide: {among: [base]}}", "costs: {c: {meter: flat, price: $1/h}}\n", "fewer than two"),
        ("{decide: {among: [base, other]}}", "variants: {other: {}}\n", "nothing has a price"),
        (
            "{metastability: {trigger: {services.api.workers: {list: [1, 2]}}, at_load: [100%]}}",
            "",
            "one size of one fault is the trigger",
        ),
    ] {
        let found = problem(ask, rest);
        assert!(found.contains(says), "{ask}: {found}");
    }
}
