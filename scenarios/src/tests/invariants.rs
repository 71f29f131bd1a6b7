//! Invariants over services: what has to be true at the end of every single run, and in which runs it is not.

use super::{problems, read};
use crate::study::gate::{Gate, GateStudy};
use crate::study::{self, Plan, Study};
use sim_core::results::gate::{Checked, Ended};
use sim_core::results::{PromiseSummary, StudyResult, Verdict};
use std::ops::ControlFlow;

/// Transfers of money: 40 in each run, whose second half fails with this probability.
fn text(fails: &str, steps: &str, rest: &str) -> String {
    format!(
        "\
scenario: Transfers
question: Is money made or lost?
run: {{duration: 2m, warm_up: 0s, replications: 24, seed: 5}}
load: {{clerks: {{to: bank.move, arrive: {{burst: {{size: 40, at: 1s}}}}, timeout: 1m}}}}
services:
  bank: {{workers: unlimited, endpoints: {{move: {{steps: [{steps}]}}}}}}
  ledger:
    workers: unlimited
    endpoints:
      debit: {{effect: idempotent, steps: [{{wait: 1ms}}]}}
      credit: {{effect: idempotent, steps: [{{wait: 1ms}}, {{fail: {{probability: {fails}, outcome: error}}}}]}}
invariants:
  money: effects(bank->ledger.debit) == effects(bank->ledger.credit)
{rest}"
    )
}

const BOTH: &str = "{call: {to: ledger.debit}}, {call: {to: ledger.credit}}";

fn of(text: &str) -> StudyResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap()
}

fn money(study: &StudyResult) -> &PromiseSummary {
    study.summary.expectations.iter().find(|clause| clause.path == "invariants.money").unwrap()
}

#[test]
fn an_invariant_is_broken_by_one_run_and_names_it() {
    let study = of(&text("0.1%", BOTH, ""));
    let money = money(&study);
    assert_eq!((money.verdict, money.name.as_str()), (Verdict::Broken, "money"));
    let broken = money.broken_in.as_ref().unwrap();
    // Each run keeps it with probability 0.999^40 = 96 %.
    assert!(broken.runs >= 1 && broken.runs < 6 && broken.of == 24 && broken.seed == 5, "{broken:?}");
    // The same replication by itself breaks it again, and the one before it keeps it.
    let first = broken.replications[0];
    let loaded = read(&text("0.1%", BOTH, "")).unwrap();
    let kept = |replication: u32| {
        let run = sim_core::world::simulate(&loaded.model, 5, replication);
        let counts = |edge: u32| run.edge(sim_core::ids::EdgeId(edge), run.whole()).of(&sim_core::data::EFFECTS);
        counts(0) == counts(1)
    };
    assert!(!kept(first) && (first == 0 || kept(first - 1)));
}

#[test]
fn an_invariant_that_every_run_keeps_is_held() {
    let study = of(&text("0%", BOTH, "expect: [availability(bank.move) > 99%]\n"));
    assert_eq!((money(&study).verdict, money(&study).kept, money(&study).judged), (Verdict::Held, 24, 24));
    assert!(money(&study).broken_in.is_none());
    assert_eq!(study.summary.expectations.len(), 2, "it stands behind what is expected");
    // Where the second half is tried until it succeeds, money is neither made nor lost, though half of the attempts fail.
    let again = "{call: {to: ledger.debit}}, {call: {to: ledger.credit, retry: {max_attempts: 60, backoff: {fixed: {delay: 10ms}}}}}";
    assert_eq!(money(&of(&text("50%", again, ""))).verdict, Verdict::Held);
}

/// An idempotent effect is one for each call, and one that is not is one for each attempt that does it.
#[test]
fn effects_are_counted_as_the_endpoint_says() {
    let twice = "{call: {to: ledger.debit, timeout: 500us, retry: {max_attempts: 3, backoff: {fixed: {delay: 10ms}}}}}, {call: {to: ledger.credit}}";
    let counted = |effect: &str| {
        let text = text("0%", twice, "").replace("debit: {effect: idempotent", &format!("debit: {{effect: {effect}"));
        let loaded = read(&text).unwrap();
        let run = sim_core::world::simulate(&loaded.model, 5, 0);
        run.edge(sim_core::ids::EdgeId(0), run.whole()).of(&sim_core::data::EFFECTS)
    };
    assert_eq!((counted("idempotent"), counted("not_idempotent"), counted("none")), (40, 120, 0));
}

#[test]
fn an_invariant_of_unknown_names_is_refused_at_its_place() {
    let text = text("0%", BOTH, "").replace("effects(bank->ledger.credit)", "effects(bank->ledger.crdit)");
    let found = problems(&text);
    assert!(found.iter().any(|problem| problem.contains("ledger.crdit")), "{found:?}");
    let report = read(&text).unwrap_err();
    assert!(report.problems.iter().any(|placed| placed.problem.path.starts_with("invariants.money")));
}

/// What `check` says of it.
fn checked(text: &str, gate: Gate) -> Checked {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let plan = Plan::of(&loaded, 2);
    GateStudy { loaded: &loaded, variants: &[], plan: &plan, gate: &gate }
        .run(&|_, _| ControlFlow::Continue(()))
        .unwrap()
}

#[test]
fn an_invariant_is_held_only_after_the_last_run() {
    let certain =
        "expect: [held(works) with probability 1%]\npromises: {works: {keep: {availability: 1%}, of: bank.move}}\n";
    for rest in ["", certain] {
        let all = checked(&text("0%", BOTH, rest), Gate::default());
        assert_eq!((all.replications, all.ended), (24, Ended::Complete), "{rest}");
        assert_eq!(all.expectations.last().map(|money| money.verdict), Some(Verdict::Held), "{rest}");
        let within = checked(&text("0%", BOTH, rest), Gate { budget: Some(70), ..Gate::default() });
        assert_eq!(within.replications, 70, "{rest}");
    }
    // The first run that breaks it decides.
    let broken = checked(&text("50%", BOTH, ""), Gate::default());
    assert_eq!((broken.replications, broken.ended), (1, Ended::Certain));
    assert_eq!(broken.expectations[0].verdict, Verdict::Broken);
}

#[test]
fn an_invariant_with_a_probability_is_refused() {
    let text = text("0%", BOTH, "")
        .replace("effects(bank->ledger.credit)\n", "effects(bank->ledger.credit) with probability 50%\n");
    let report = read(&text).unwrap_err();
    let problem = &report.problems[0].problem;
    assert_eq!(problem.path, "invariants.money");
    assert_eq!(problem.message, "every run has to keep an invariant, so that a probability says nothing");
}
