//! Processor time is charged as it passes: whatever looks, and whatever becomes of the work.

use scenarios::{Memory, load};
use sim_core::model::Model;
use sim_core::results::RunResult;

/// One service of 8 workers whose requests do nothing but work for `work` each, called so, with more of a scenario.
fn simulate(call: &str, work: &str, more: &str) -> (Model, RunResult) {
    let text = format!(
        "scenario: Work\nquestion: How busy is the processor?\nrun: {{duration: 2m, warm_up: 10s, replications: 1}}\n\
         load:\n  users: {{to: web.get, {call}, arrive: {{poisson: {{rate: 20/s}}}}}}\n\
         services:\n  web: {{instances: 2, workers: 4, endpoints: {{get: {{steps: [{{work: {work}}}]}}}}}}\n{more}"
    );
    let loaded = load(&Memory::of("cpu.yaml", &text), "cpu.yaml", &[], None);
    let model = loaded.unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 1, 0);
    (model, run)
}

/// Processor time and time of workers in each slice [ns].
fn slices(run: &RunResult) -> Vec<(u128, u128)> {
    run.slices.iter().map(|slice| (slice.services[0].cpu_ns, slice.services[0].busy_ns)).collect()
}

#[test]
fn work_that_is_longer_than_windows_is_charged_as_it_passes() {
    for work in ["1h", "7s", "{exponential: {mean: 3s}}"] {
        for more in [
            "",
            "faults:\n  down: {inject: {crash: {}}, where: {service: web, count: 1}, at: 15s, for: 7s, every: 20s}\n",
            "faults:\n  late: {inject: {slow: {factor: 3}}, where: {service: web, count: 1}, at: 15s, for: 7s, every: 20s}\n",
        ] {
            let (_, run) = simulate("timeout: 20s", work, more);
            let slices = slices(&run);
            assert!(slices.len() > 100 && slices.iter().any(|(_, busy)| *busy > 0));
            for (place, (cpu, busy)) in slices.iter().enumerate() {
                assert_eq!(cpu, busy, "slice {place} of work {work} {more}");
            }
        }
    }
}

#[test]
fn work_that_nobody_waits_for_any_more_is_charged_until_it_stops() {
    let (_, run) = simulate("timeout: 2s, cancel: true", "30s", "");
    assert!(slices(&run).iter().all(|(cpu, busy)| cpu == busy));
}

#[test]
fn a_frozen_instance_uses_no_processor() {
    let freeze = "faults:\n  still: {inject: {freeze: {}}, where: {service: web}, at: 20s, for: 30s}\n";
    for work in ["7s", "1h"] {
        let (_, run) = simulate("timeout: 20s", work, freeze);
        for slice in &run.slices {
            let counts = slice.services[0];
            let frozen = slice.from_ns >= 20_000_000_000 && slice.to_ns <= 50_000_000_000;
            assert_eq!(counts.cpu_ns, if frozen { 0 } else { counts.busy_ns }, "{work}: {} ns", slice.from_ns);
        }
    }
}

#[test]
fn telemetry_sees_processor_time_as_it_passes() {
    // All 8 workers are busy from a few seconds after the beginning on.
    let alerts = "control:\n  telemetry: {quick: {every: 1s}}\n  alerts:\n    over: {when: cpu(web) over 10s > 100.1%, for: 1s, reads: quick}\n    \
         busy: {when: cpu(web) over 10s > 99%, for: 1s, reads: quick}\n";
    let (_, run) = simulate("timeout: 20s", "1h", alerts);
    assert!(run.alerts[0].is_empty(), "{:?}", run.alerts[0]);
    assert_eq!(run.alerts[1].len(), 1);
    assert!(run.alerts[1][0].from_ns <= 10_000_000_000, "{:?}", run.alerts[1]);
}

#[test]
fn branches_of_one_request_share_the_cores_of_its_machine() {
    let text = "scenario: Branches\nquestion: How long do eight seconds of work take on two cores?\n\
        run: {duration: 1m, warm_up: 0s, replications: 1}\nload:\n  users: {to: web.get, arrive: {burst: {size: 1, at: 1s}}}\n\
        services:\n  web: {workers: 1, machine: {cores: 2}, endpoints: {get: {steps: [{parallel: {repeat: {count: 8}, branches: [{work: 1s}]}}]}}}\n";
    let model =
        load(&Memory::of("b.yaml", text), "b.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false))).model;
    let run = sim_core::world::simulate(&model, 1, 0);
    let counts = run.service(sim_core::ids::ServiceId(0), run.whole());
    assert_eq!((counts.cpu_ns, counts.busy_ns), (8_000_000_000, 4_000_000_000));
}

/// The answers of a run: how many, and the sum of their latencies [ns].
fn answers(text: &str, site: u32) -> (u64, u64) {
    let model =
        load(&Memory::of("a.yaml", text), "a.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
    let run = sim_core::world::simulate(&model.model, 1, 0);
    let counts = run.edge(sim_core::ids::EdgeId(site), run.whole());
    (counts.outcomes[0], counts.latency_sum_ns)
}

#[test]
fn work_that_is_cancelled_gives_its_share_to_the_others_at_once() {
    // Four pieces of 1 s share a core for 1 s, and have 250 ms each behind them; then two are cancelled, and the others share it for 1.5 s.
    let text = "scenario: Shares\nquestion: When are those done that are left?\nrun: {duration: 1m, warm_up: 0s, replications: 1}\n\
        load:\n  bulk: {to: web.get, timeout: 1s, cancel: true, arrive: {burst: {size: 2, at: 1s}}}\n  users: {to: web.get, arrive: {burst: {size: 2, at: 1s}}}\n\
        services:\n  web: {workers: 4, machine: {cores: 1}, endpoints: {get: {steps: [{work: 1s}]}}}\n";
    assert_eq!(answers(text, 1), (2, 5_000_000_000));
}
