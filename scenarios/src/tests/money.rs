//! What incidents cost: what they add to the same runs without them.

use super::read;
use crate::study::{self, Plan};
use sim_core::results::{StudyResult, Summary};
use std::ops::ControlFlow;

/// A service that fails 2 % of its requests on any day, with these faults.
fn text(faults: &str) -> String {
    format!(
        "scenario: An ordinary day\nquestion: What does the fault add?\n\
         run: {{duration: 10m, warm_up: 10s, replications: 16, seed: 3}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
         services: {{api: {{workers: 50, endpoints: {{get: {{steps: [{{work: 5ms}}, {{fail: {{probability: 2%}}}}]}}}}}}}}\n\
         faults: {{{faults}}}\n\
         costs:\n  lost: {{meter: {{failures: {{of: api.get}}}}, price: $1}}\n  \
         wrong: {{meter: {{wrongness: {{kind: wrong_amount}}}}, price: $10}}\n"
    )
}

fn study(text: &str) -> StudyResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())).unwrap()
}

fn lost(summary: &Summary) -> &sim_core::results::CostItemSummary {
    &summary.cost.items[0]
}

const BAD: &str =
    "bad: {inject: {fail: {probability: 0.75%}}, where: {service: api}, at: 5m, for: 1m, frequency: 4/year}";

/// 6,000 requests in the fault's minute: 2 % fail on any day, and 0.75 % of the rest besides.
#[test]
fn ordinary_losses_are_no_part_of_an_incident() {
    let summary = study(&text(BAD)).summary;
    let once = lost(&summary).per_incident.unwrap();
    let expected = 6_000.0 * 0.98 * 0.0075;
    assert!(once.low <= expected && expected <= once.high, "{once:?} for {expected}");
    assert!(once.half_width() < 5.0, "pairs see only what the fault adds, {once:?}");
    let (month, year) = (lost(&summary).per_month.mean, lost(&summary).per_year.mean);
    assert!((year - 12.0 * month - 4.0 * once.mean).abs() < 1e-6 * year, "{year}");
    assert_eq!(summary.wrongness.by_fault[0].fault, "bad");
    assert_eq!(summary.wrongness.by_fault[0].adds, once);
    assert_eq!(summary.wrongness.runs_without_incidents, 16);
}

#[test]
fn a_fault_that_fails_nothing_costs_nothing() {
    let idle = "idle: {inject: {slow: {factor: 2}}, where: {service: api}, at: 5m, for: 1m}";
    let once = lost(&study(&text(idle)).summary).per_incident.unwrap();
    assert_eq!((once.low, once.mean, once.high), (0.0, 0.0, 0.0));
}

#[test]
fn each_fault_has_its_own_price() {
    let two = format!(
        "{BAD}, lies: {{inject: {{wrong: {{kind: wrong_amount, probability: 10%}}}}, where: {{service: api}}, at: 7m, for: 1m}}"
    );
    let summary = study(&text(&two)).summary;
    let [bad, lies] = summary.wrongness.by_fault.as_slice() else { panic!("{:?}", summary.wrongness.by_fault) };
    // 5,880 good answers, a tenth of them wrong, at $10 each.
    assert!((bad.adds.mean - 44.1).abs() < 5.0 && (lies.adds.mean - 5_880.0).abs() < 200.0, "{bad:?} {lies:?}");
    assert_eq!((bad.per_year, lies.per_year), (Some(4.0), None));
}

#[test]
fn the_second_run_moves_nothing_else() {
    let priced = study(&text(BAD)).summary;
    let unpriced = text(BAD).split("costs:").next().unwrap().to_owned();
    let unpriced = study(&unpriced).summary;
    assert_eq!(unpriced.wrongness.runs_without_incidents, 0);
    assert_eq!(priced.digest, unpriced.digest);
    assert_eq!(priced.endpoints["api.get"].availability, unpriced.endpoints["api.get"].availability);
}

/// A transfer that is metered where the call has this size and the places are so.
fn warnings(size: &str, regions: &str, zones: &str) -> String {
    let text = format!(
        "scenario: Bytes\nquestion: What do they cost?\nregions: {{{regions}}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 10/s}}}}}}}}\n\
         services:\n  web: {{workers: 4, instances: 2, zones: [{zones}], endpoints: {{get: {{steps: [{{call: {{to: db.get, timeout: 1s{size}}}}}]}}}}}}\n  \
         db: {{workers: 4, instances: 2, zones: [{zones}], endpoints: {{get: {{steps: [{{work: 5ms}}]}}}}}}\n\
         costs: {{bytes: {{meter: {{transfer: {{of: db, across: regions}}}}, price: $0.02/GiB}}}}\n"
    );
    read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).warnings.render(false)
}

#[test]
fn a_transfer_that_can_only_be_zero_is_warned_of() {
    let (two, one) = (("a: {zones: [a1]}, b: {zones: [b1]}", "a1, b1"), ("a: {zones: [a1, a2]}", "a1, a2"));
    let sized = ", size: {request: 1KiB, response: 1KiB}";
    assert_eq!(warnings(sized, two.0, two.1), "");
    assert!(warnings("", two.0, two.1).contains("nothing crosses regions, so bytes costs $0"));
    assert!(warnings("", two.0, two.1).contains("no call that it meters has a size"));
    assert!(warnings(sized, one.0, one.1).contains("all is in one region"));
}
