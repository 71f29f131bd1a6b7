//! Searches, sweeps and comparisons: what they judge beside promises, and values that only the command line asks for.

use crate::files::Memory;
use crate::loaded::Loaded;
use crate::study::capacity::{CapacityAsk, CapacityStudy};
use crate::study::compare::{Candidate, CompareStudy};
use crate::study::knee::KneeStudy;
use crate::study::sweep::{self, Origin, Sweep, SweepStudy};
use crate::study::{self, Plan, Study, load_with};
use crate::written::precision::PrecisionSettings;
use crate::written::studies::capacity::CapacitySettings;
use crate::written::studies::knee::KneeSettings;
use crate::written::studies::question::Variant;
use crate::written::studies::sweep::SweepSettings;
use sim_core::expression::Value;
use sim_core::results::{SweepResult, Verdict};
use sim_core::units::Probability;
use std::ops::ControlFlow;

const INVARIANT: &str = "invariants: {money: effects(bank->ledger.debit) == effects(bank->ledger.credit)}\n";

/// Transfers whose second half fails with this probability, and counts as done all the same.
fn transfers(fails: &str, rest: &str) -> String {
    format!(
        "scenario: Transfers\nquestion: Is money made or lost?\nrun: {{duration: 1m, warm_up: 0s, replications: 24, seed: 5}}\n\
         load: {{clerks: {{to: bank.move, arrive: {{constant: {{rate: 2/s}}}}, timeout: 1m}}}}\n\
         services:\n  \
         bank: {{workers: unlimited, endpoints: {{move: {{steps: [{{call: {{to: ledger.debit}}}}, {{call: {{to: ledger.credit, optional: true}}}}]}}}}}}\n  \
         ledger:\n    workers: 100\n    endpoints:\n      debit: {{effect: idempotent, steps: [{{wait: 1ms}}]}}\n      \
         credit: {{effect: idempotent, steps: [{{wait: 1ms}}, {{fail: {{probability: {fails}, outcome: error}}}}]}}\n{rest}"
    )
}

fn files(text: &str) -> Memory {
    Memory::of("a.yaml", text)
}

fn loaded(files: &Memory) -> Loaded {
    crate::load(files, "a.yaml", &[], None).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

fn origin(files: &Memory) -> Origin<'_> {
    Origin { files, path: "a.yaml", sets: &[], variant: None }
}

fn go_on(_: u32, _: u32) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The sweep of a file, in which the command line may ask for other values.
fn swept(text: &str, show: Option<&str>) -> SweepResult {
    let files = files(text);
    let loaded = loaded(&files);
    let (name, study) = loaded.written.studies.iter().next().unwrap();
    let mut ask = SweepSettings::of(&study.ask).unwrap().clone();
    ask.show.extend(show.map(|show| Value::parse(show).unwrap()));
    let sweep = Sweep::new(origin(&files), &loaded, name, &ask, &Plan::of(&loaded, 2)).unwrap();
    let (all, mut points) = ((0..sweep.len()).collect::<Vec<u32>>(), Vec::new());
    let keep = |point| {
        points.push(point);
        ControlFlow::Continue(())
    };
    SweepStudy { sweep: &sweep, points: &all, threads: 2, keep }.run(&go_on).unwrap();
    sweep::answer(&sweep.head, points)
}

/// Each transfer fails to be whole with probability 0.05 %, so that one run in twenty loses money: more than nine in ten keep it.
const SWEEP: &str = "studies: {s: {ask: {sweep: {over: {services.ledger.endpoints.credit.steps.1.fail.probability: {list: [0%, 0.05%]}}}}}}\n";

#[test]
fn a_sweep_breaks_where_one_run_breaks_an_invariant() {
    for beside in [
        "",
        "promises: {works: {keep: {availability: 99%}, of: bank.move}}\n",
        "expect: [availability(bank.move) > 99%]\n",
    ] {
        let sweep = swept(&transfers("0%", &format!("{beside}{INVARIANT}{SWEEP}")), None);
        let verdicts: Vec<Option<Verdict>> = sweep.points.iter().map(|point| point.verdict).collect();
        assert_eq!(verdicts[1], Some(Verdict::Broken), "{beside}");
        assert_ne!(verdicts[0], Some(Verdict::Broken), "{beside}");
        let money = sweep.judged.last().unwrap();
        assert_eq!(money.name, "money");
        assert!(money.says.to_string().starts_with("money: effects(") && money.counts && !money.promise, "{money:?}");
        let of_money = sweep.points[1].judged.last().unwrap();
        assert!(of_money.verdict == Verdict::Broken && of_money.kept > 12 && of_money.judged == 24, "{of_money:?}");
    }
}

#[test]
fn a_capacity_is_not_enough_where_an_invariant_breaks() {
    let text = |fails: &str, promises: &str| {
        let study = "studies: {s: {ask: {capacity: {find: {services.ledger.instances: {list: [1, 2]}}}}}}\n";
        transfers(fails, &format!("{promises}{INVARIANT}{study}"))
    };
    let found = |text: &str| {
        let files = files(text);
        let loaded = loaded(&files);
        let ask = CapacitySettings::of(&loaded.written.studies.get("s").unwrap().ask).unwrap().clone();
        let asked = CapacityAsk { study: "s".into(), ask, confidence: 0.95, budget: 60, knee: None };
        let plan = Plan::of(&loaded, 2);
        let study = CapacityStudy { origin: origin(&files), loaded: &loaded, asked: &asked, plan: &plan };
        study.run(&go_on).unwrap()
    };
    for promises in ["promises: {works: {keep: {availability: 99%}, of: bank.move}}\n", ""] {
        let broken = found(&text("0.05%", promises));
        assert_eq!(broken.levels[0].answer, None, "one run in twenty loses money");
        let tried = &broken.levels[0].tried[0];
        let binds = tried.cases[0].binding.map(|place| broken.promises[place].name.as_str());
        assert_eq!((tried.verdict, binds), (Verdict::Broken, Some("money")));
        assert_eq!(tried.cases[0].promises.len(), broken.promises.len());
        let kept = found(&text("0%", promises));
        assert!(kept.levels[0].answer.is_some(), "{kept:?}");
    }
}

/// The hypothesis of an experiment is no promise, and an experiment beside promises is in nobody's way.
#[test]
fn a_capacity_is_searched_beside_an_experiment() {
    let files = files(&transfers(
        "0%",
        "promises: {works: {keep: {availability: 99%}, of: bank.move}}\n\
         experiments: {e: {at: 10s, for: 10s, hypothesis: [availability(bank.move) > 1%], actions: [{inject: {slow: {factor: 1.1}}, where: {service: ledger}}]}}\n\
         studies: {s: {ask: {capacity: {find: {services.ledger.instances: {list: [1, 2]}}}}}}\n",
    ));
    let loaded = loaded(&files);
    let ask = CapacitySettings::of(&loaded.written.studies.get("s").unwrap().ask).unwrap().clone();
    let asked = CapacityAsk { study: "s".into(), ask, confidence: 0.95, budget: 60, knee: None };
    let plan = Plan::of(&loaded, 2);
    let study = CapacityStudy { origin: origin(&files), loaded: &loaded, asked: &asked, plan: &plan };
    let found = study.run(&go_on).unwrap();
    assert_eq!(found.promises.len(), 1);
    assert!(found.levels[0].answer.is_some(), "{found:?}");
}

#[test]
fn a_knee_is_where_an_invariant_breaks_too() {
    // Nothing fails, and more than so many at once are turned away after the first half is done.
    let text = transfers("0%", &format!("{INVARIANT}studies: {{s: {{ask: {{knee: {{up_to: 400%}}}}}}}}\n")).replace(
        "workers: 100\n",
        "workers: 100\n    admission: {rate_limit: {token_bucket: {rate: 5/s, burst: 8}}}\n",
    );
    let files = files(&text);
    let loaded = loaded(&files);
    let ask = KneeSettings::of(&loaded.written.studies.get("s").unwrap().ask).unwrap().clone();
    let plan = Plan::of(&loaded, 2);
    let study = KneeStudy { loaded: &loaded, study: "s", ask: &ask, confidence: 0.95, budget: 60, plan: &plan };
    let knees = study.run(&go_on).unwrap();
    assert_eq!(knees.promises[0].judge.name, "money");
    let load = |at: Option<usize>| knees.points[at.unwrap()].load;
    // Two calls for each of two transfers a second: 5 a second are reached at 125 %, and what a minute may be above that is little.
    let (holds, breaks) = (load(knees.promises[0].holds_to), load(knees.promises[0].breaks_at));
    assert!(1.0 < holds && holds < breaks && breaks < 1.5, "{holds} {breaks}");
}

#[test]
fn a_comparison_has_a_row_for_each_invariant() {
    let candidate = |fails: &str| Candidate::load(&files(&transfers(fails, INVARIANT)), "a.yaml", &[], None).unwrap();
    let candidates = [candidate("0%"), candidate("5%")];
    let plan = Plan::of(&candidates[0].loaded, 2);
    let compared = CompareStudy { candidates: &candidates, show: &[], plan: &plan }.run(&go_on).unwrap();
    let rows = &compared.against[0].promises;
    let money = rows.iter().find(|row| row.name == "money").unwrap();
    assert_eq!((money.a_verdict, money.b_verdict), (Some(Verdict::Held), Some(Verdict::Broken)));
}

/// Two transfers a second, of which all do the first half.
#[test]
fn effects_that_only_the_command_line_asks_for_are_counted() {
    let sweep = swept(&transfers("0%", SWEEP), Some("effects(bank->ledger.debit)"));
    let counted = sweep.points[0].shown[0].unwrap().mean;
    assert!((118.0..=120.0).contains(&counted), "{counted}");

    let files = files(&transfers("0%", "variants: {other: {services.ledger.workers: 50}}\n"));
    for asked in ["effects(bank->ledger.debit)", "effects(bank->ledger.debit) in other"] {
        let value = Value::parse(asked).unwrap();
        let needed = value.variants().into_iter().map(str::to_owned).collect();
        let (mut loaded, mut variants) = load_with(&files, "a.yaml", &[], None, needed).unwrap();
        let all = std::iter::once(&mut loaded).chain(variants.iter_mut().map(|(_, variant)| variant));
        all.for_each(|loaded| loaded.counts_for(std::slice::from_ref(&value)));
        let precision = PrecisionSettings { within: Probability::parse("10%").unwrap(), of: vec![value], cap: None };
        let plan = Plan { precision: Some(precision), ..Plan::of(&loaded, 2) };
        let precise = study::run(&loaded, &variants, &plan, &go_on).unwrap().summary.precision.unwrap();
        let counted = precise.of[0].observed.unwrap().mean;
        assert!((118.0..=120.0).contains(&counted), "{asked}: {counted}");
    }
}

#[test]
fn the_word_for_effects_in_prose_asks_for_nothing() {
    let counts = |text: &str| loaded(&files(text)).model.counts_effects;
    let silent = transfers("0%", "");
    assert!(!counts(&silent) && counts(&transfers("0%", INVARIANT)));
    assert!(!counts(&silent.replace("Is money made or lost?", "Do effects(all) count?")));
    assert!(!counts(&format!("{silent}answer: By effects(all).\n")));
}
