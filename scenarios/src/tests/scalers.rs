//! Scalers in the world: what they see of single instances, whom an activator holds, and who waits for a node.

use super::{between, close, problems, read, run};
use crate::Loaded;
use sim_core::call::activator::{ACTIVATED, HELD, WAIT};
use sim_core::counters::{level, part};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::judge::RunMetrics;
use sim_core::metrics::{LevelAt, PartAt};
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::{Held, RunResult};
use sim_core::service::memory::OOM_KILLS;
use sim_core::service::nodes::{NODES, PENDING};
use sim_core::service::sizes::{RUNNING_2, RUNNING_3, RUNNING_4};

/// A service of so many instances of one core, whose requests take 10 ms of it, with a scaler.
fn scaled(rate: &str, scaler: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Scaled\nquestion: How many?\nrun: {{duration: 10m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: {rate}}}}}, shape: [{{step: {{at: 2m, factor: 2}}}}]}}}}\n\
         services: {{api: {{instances: 4, workers: 50, machine: {{cores: 1}}, start_up: 60s, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         control: {{telemetry: {{all: {{every: 15s}}}}, scalers: {{api: {scaler}}}}}\n"
    ))
}

/// Mean instances between two times [s].
fn instances(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let counts = run.service(ServiceId(0), between(from_s, to_s));
    counts.instances_ns as f64 / 1e9 / (to_s - from_s) as f64
}

#[test]
fn a_pod_autoscaler_orders_once_while_pods_start() {
    // 200/s x 10 ms = 2 cores of 4; twice as many from 2:00 on, 4 of 4: eight are wanted at half of each.
    let (_, found) = scaled("200/s", "{of: api, every: 15s, min: 2, max: 100, use: {hpa: {metrics: {cpu(api): 50%}}}}");
    close(instances(&found, 0, 120), 4.0, 1e-9, "instances before");
    close(instances(&found, 300, 600), 8.0, 1e-9, "instances after");
    let most = found.slices.iter().map(|slice| slice.services[0].wanted_now).max();
    assert_eq!(most, Some(8), "nothing is ordered twice");
    let steps = found.scaler_steps[0];
    assert_eq!((steps.up, steps.down, steps.moved), (1, 0, 4));
    // 39 looks before the end, of which one ordered and four looked while pods started.
    let held = found.scaler_held[0];
    assert_eq!((held.looks, held.by.iter().sum::<u64>()), (39, 38));
    assert!(held.by[Held::Tolerance as usize] > 30, "{held:?}");
}

#[test]
fn a_rate_policy_lets_a_few_come_at_a_time() {
    let scaler = "{of: api, every: 15s, min: 2, max: 100, use: {hpa: {metrics: {cpu(api): 50%}, up: {policies: [{count: 1, every: 60s}]}}}}";
    let (_, found) = scaled("200/s", scaler);
    // One a minute from 2:15 on: the fourth is ordered at 5:15.
    let wanted = |second: u64| {
        let slice = found.slices.iter().rfind(|slice| slice.to_ns <= second * 1_000_000_000);
        slice.expect("a slice").services[0].wanted_now
    };
    assert_eq!([wanted(120), wanted(150), wanted(210), wanted(270), wanted(330), wanted(600)], [4, 5, 6, 7, 8, 8]);
    assert!(found.scaler_held[0].by[Held::Policies as usize] >= 9, "{:?}", found.scaler_held[0]);
}

#[test]
fn pods_that_crashed_count_as_full_on_the_way_down() {
    // One core of ten is used: 10 x 10 % / 50 % = 2. With six of ten gone, 4 x 25 % and six times 100 % are 70 %: nothing is taken away.
    let text = |fault: &str| {
        format!(
            "scenario: Gone\nquestion: How many?\nrun: {{duration: 10m, warm_up: 0s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 100/s}}}}}}}}\n\
             services: {{api: {{instances: 10, workers: 50, machine: {{cores: 1}}, start_up: 60s, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             control: {{telemetry: {{all: {{every: 15s}}}}, scalers: {{api: {{of: api, every: 15s, use: {{hpa: {{metrics: {{cpu(api): 50%}}}}}}}}}}}}\n\
             faults: {{{fault}}}\n"
        )
    };
    let gone = "bad: {inject: crash, where: {service: api, instances: [0, 1, 2, 3, 4, 5]}, at: 0s, for: 9m}";
    let (_, found) = run(&text(gone));
    assert!(
        found.slices.iter().take_while(|slice| slice.to_ns < 540_000_000_000).all(|s| s.services[0].wanted_now == 10)
    );
    let (_, calm) = run(&text(""));
    assert!(instances(&calm, 360, 540) < 3.0, "{}", instances(&calm, 360, 540));
}

/// One request each 90 s of a service that is scaled to none in between.
fn rare(settings: &str) -> (Model, RunResult) {
    run(&format!(
        "scenario: Rare\nquestion: Who waits?\nrun: {{duration: 30m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{burst: {{size: 1, every: 300s}}}}{settings}}}}}\n\
         services: {{api: {{instances: 1, workers: 10, start_up: 5s, endpoints: {{get: {{steps: [{{wait: 100ms}}]}}}}}}}}\n\
         control: {{telemetry: {{all: {{every: 2s}}}}, scalers: {{api: {{of: api, every: 2s, min: 0, max: 5, use: {{knative: {{concurrency: 10}}}}}}}}}}\n"
    ))
}

#[test]
fn an_activator_holds_requests_until_the_first_instance_is_up() {
    let (model, found) = rare("");
    let whole = between(0, 1_800);
    let site = EdgeId(0);
    let counts = found.edge(site, whole);
    assert_eq!(counts.outcomes[Outcome::Ok as usize], counts.attempts, "{counts:?}");
    assert!(counts.of(&ACTIVATED) >= 4, "{counts:?}");
    // They wake the scaler at once, and wait for the start-up of 5 s and nothing else.
    let waits = found.timed(PartAt::call_site(part(&WAIT), site), whole);
    close(waits.sum_ns as f64 / 1e9, 5.0 * counts.of(&ACTIVATED) as f64, 1e-6, "waits in all [s]");
    let held = found.level(LevelAt::calls(level(&HELD), model.edges[0].guard), whole);
    assert_eq!((held.most, held.now), (1, 0));
    assert!(instances(&found, 0, 1_800) < 0.5, "{}", instances(&found, 0, 1_800));
}

#[test]
fn who_gives_up_at_an_activator_is_gone() {
    let (model, found) = rare(", timeout: 10s, total_timeout: 2s");
    let counts = found.edge(EdgeId(0), between(0, 1_800));
    assert!(
        counts.of(&ACTIVATED) >= 4 && counts.call_outcomes[Outcome::Timeout as usize] == counts.of(&ACTIVATED),
        "{counts:?}"
    );
    let held = found.level(LevelAt::calls(level(&HELD), model.edges[0].guard), between(0, 1_800));
    assert_eq!(held.now, 0);
}

/// Four instances on two nodes, eight from 1:00 on.
fn on_nodes(cluster: &str) -> RunResult {
    let (_, found) = run(&format!(
        "scenario: On nodes\nquestion: Who waits?\nrun: {{duration: 40m, warm_up: 0s}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services: {{api: {{instances: 4, workers: 10, start_up: 10s, endpoints: {{get: {{steps: [{{wait: 10ms}}]}}}}}}}}\n\
         control: {{scalers: {{api: {{of: api, every: 10s, max: 8, use: {{scheduled: [{{at: 60s, for: 5m, instances: 8}}, {{at: 6m, instances: 4}}]}}}}, \
         nodes: {{of: api, every: 10s, max: 9, use: {{cluster: {{instances_per_node: 2, provision: 100s, {cluster}}}}}}}}}}}\n"
    ));
    found
}

#[test]
fn an_instance_that_is_ordered_waits_for_a_node() {
    let found = on_nodes("image_pull: 20s");
    let pending = |from_s, to_s| found.level(LevelAt::service(level(&PENDING), ServiceId(0)), between(from_s, to_s));
    // Ordered at 1:00, seen by the scaler of nodes at once or at its next look, and ready 100 s later.
    assert_eq!((pending(0, 60).most, pending(60, 120).most, pending(180, 300).most), (0, 4, 0));
    // Then 20 s for the image and 10 s to start; the second on each node has the image.
    close(instances(&found, 0, 150), 4.0, 1e-9, "instances before nodes come");
    close(instances(&found, 210, 345), 8.0, 1e-9, "instances after");
    // Nodes that hold nothing go after ten minutes.
    let nodes = |second| found.level(LevelAt::service(level(&NODES), ServiceId(0)), between(second, second + 15)).now;
    assert_eq!((nodes(45), nodes(300), nodes(900), nodes(1_200)), (2, 4, 4, 2));
}

#[test]
fn a_spare_node_saves_the_wait_and_a_shortage_makes_it_longer() {
    let spare = on_nodes("spare_nodes: 2");
    close(instances(&spare, 80, 350), 8.0, 1e-9, "instances with nodes that are there");
    let short = on_nodes("shortages: [{at: 30s, for: 2m}], backoff: 60s");
    // Tried at 1:00 or 1:10 and 2:10 in vain, and after twice the wait: none comes before the fourth minute.
    close(instances(&short, 0, 300), 4.0, 1e-9, "instances while the provider has none");
    assert!(short.scaler_held[1].by[Held::Shortage as usize] >= 15, "{:?}", short.scaler_held[1]);
}

#[test]
fn what_a_scaler_may_not_say_is_refused_at_its_place() {
    let found = |policy: &str| {
        problems(&format!(
            "scenario: Wrong\nquestion: What?\nload: {{users: {{to: api.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}\n\
             services: {{api: {{workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             control: {{scalers: {{s: {{of: api, use: {policy}}}}}}}\n"
        ))
    };
    let says = |policy: &str, what: &str| {
        let all = found(policy);
        assert!(all.iter().any(|problem| problem.contains(what)), "{policy}: {all:?}");
    };
    says("{hpa: {}}", "nothing is looked at");
    says("{hpa: {metrics: {cpu(api): 70.5%}}}", "whole percents");
    says("{hpa: {metrics: {cpu(api): 70%}, down: {stabilization: 2h}}}", "at most one hour");
    says(
        "{hpa: {metrics: {cpu(api): 70%}, up: {policies: [{percent: 10%, count: 1, every: 1m}]}}}",
        "either a percentage or a count",
    );
    says("{keda: {metrics: {rps(api): 5/s}, idle: 2}}", "an idle number of 0 alone");
    says("{keda: {metrics: {rps(api): 5/s}, activation: {cpu(api): 1%}}}", "none of the metrics");
    says("{knative: {panic_threshold: 100%}}", "from 110% on");
    says("{rules: []}", "without rules");
    says("{predictive: {metric: rps(api), capacity_per_instance: 5ms}}", "rps(api) is");
    says("{predictive: {metric: rps(api), method: {holt_winters: {}}, features: [hour]}}", "no features");
    says("{cluster: {instances_per_node: 0, provision: 1m}}", "a node without places");
}

/// Four machines of two cores, on which requests hold memory while a partner takes its time, and a scaler of their sizes.
fn resized(rate: &str, load: &str, more: &str) -> (Loaded, RunResult) {
    resized_to("{type: l, cores: 4, memory: {size: 8GiB}}]", rate, load, more)
}

/// The same with these sizes above the first.
fn resized_to(larger: &str, rate: &str, load: &str, more: &str) -> (Loaded, RunResult) {
    let loaded = read(&format!(
        "scenario: Resized\nquestion: How large?\nrun: {{duration: 10m, warm_up: 0s, seed: 3}}\n\
         load: {{users: {{to: api.get, arrive: {{constant: {{rate: {rate}}}}}{load}}}}}\n\
         services:\n  api: {{instances: 4, workers: 400, machine: {{type: s, cores: 2, memory: {{size: 4GiB, per_request: 30MiB}}}}, start_up: 20s, \
         endpoints: {{get: {{steps: [{{work: 2ms}}, {{call: {{to: partner.ask}}}}]}}}}}}\n  \
         partner: {{workers: unlimited, endpoints: {{ask: {{steps: [{{wait: 500ms}}]}}}}}}\n\
         control: {{telemetry: {{all: {{every: 10s}}}}, scalers: {{api: {{of: api, every: 10s, use: {{vertical: {{\
         sizes: [{{type: s, cores: 2, memory: {{size: 4GiB}}}}, {larger}, grace: 5s, \
         up_when: memory(api) > 50%, down_when: memory(api) < 10%}}}}}}}}}}\n\
         costs:\n  small: {{meter: {{instances: {{of: api, type: s}}}}, price: $1/h}}\n  large: {{meter: {{instances: {{of: api, type: l}}}}, price: $2/h}}\n{more}"
    ));
    let loaded = loaded.unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 7, 0);
    (loaded, run)
}

#[test]
fn machines_are_replaced_by_larger_ones_one_after_another() {
    // 160 requests a second on each of four, for half a second each, hold 2,400 of 4,096 MiB: 59 %.
    let (loaded, found) = resized("640/s", "", "");
    let model = &loaded.model;
    let at = |level_of, from_s, to_s| found.level(LevelAt::service(level_of, ServiceId(0)), between(from_s, to_s)).now;
    let running = |from_s, to_s| at(level(&RUNNING_2), from_s, to_s);
    // Each finishes within half a second and starts for 20 s; the scaler looks each 10 s and acts once.
    assert_eq!((running(0, 10), running(30, 40), running(50, 60), running(70, 80), running(100, 110)), (0, 1, 2, 3, 4));
    assert_eq!(found.service(ServiceId(0), between(0, 600)).of(&OOM_KILLS), 0);
    // Three serve while one starts.
    close(instances(&found, 15, 90), 3.0 + 3.0 * 0.5 / 75.0, 1e-3, "instances while they are replaced");
    close(instances(&found, 120, 600), 4.0, 1e-9, "instances afterwards");
    assert_eq!(found.scaler_steps[0].up, 1, "{:?}", found.scaler_steps);
    assert!(found.scaler_held[0].by[Held::UnderWay as usize] >= 7, "{:?}", found.scaler_held);
    // Memory is twice as much, so that half as much of it is used; the same work on twice the cores.
    let of = RunMetrics::new(&found, model, &loaded.names);
    let share = |text: &str| {
        let value = sim_core::expression::Value::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        value.in_run(&|_| Some(&of)).unwrap_or_else(|| panic!("{text} has no data"))
    };
    close(share("memory(api) from 2m to 10m"), 0.5 * 2_400.0 / 4_096.0, 0.02, "memory in use");
    close(share("cpu(api) from 2m to 10m"), 160.0 * 0.002 / 4.0, 0.02, "cores in use");
    close(share("cpu(api) from 0s to 10s"), 160.0 * 0.002 / 2.0, 0.05, "cores in use before");
    // The bill follows each machine: it is paid for in its size from the moment on at which it is ordered.
    let paid_s = |place: usize| {
        let item = &model.costs[place];
        found.slices.iter().map(|slice| item.metered(model, slice)).sum::<f64>()
    };
    close(paid_s(0) + paid_s(1), 4.0 * 600.0, 1e-9, "instances that are paid for");
    close(paid_s(1), 4.0 * 600.0 - (10.5 + 31.0 + 51.5 + 72.0), 0.1, "large ones");
}

#[test]
fn what_starts_for_another_reason_has_the_size_that_is_wanted() {
    let (_, found) = resized("640/s", "", "");
    let fault = "faults: {f: {inject: crash, where: {service: api, count: 4}, at: 35s, for: 1s}}\n";
    let (_, crashed) = resized("640/s", "", fault);
    let running = |run: &RunResult| run.level(LevelAt::service(level(&RUNNING_2), ServiceId(0)), between(50, 60)).now;
    assert!(running(&crashed) > running(&found), "{} and {}", running(&crashed), running(&found));
}

#[test]
fn a_size_that_changes_while_machines_are_replaced_is_reached_all_the_same() {
    // From 0:15 on the scaler asks for twice the place of the size, while the first machine starts: a third size, which four then get.
    let text = "faults: {f: {inject: {runaway: {factor: 2}}, where: {control: api}, at: 15s, for: 10s}}\n";
    let three = "{type: l, cores: 4, memory: {size: 8GiB}}, {type: xl, cores: 8, memory: {size: 12GiB}}, {type: xxl, cores: 16, memory: {size: 16GiB}}]";
    let (_, found) = resized_to(three, "640/s", "", text);
    let running = |of| found.level(LevelAt::service(of, ServiceId(0)), between(300, 600)).now;
    assert_eq!((running(level(&RUNNING_2)), running(level(&RUNNING_3)), running(level(&RUNNING_4))), (0, 0, 4));
}

#[test]
fn machines_of_a_size_that_nobody_bills_are_told() {
    let (loaded, _) = resized("640/s", "", "");
    assert!(loaded.warnings.problems.is_empty(), "{:?}", loaded.warnings);
    let more = "{type: l, cores: 4, memory: {size: 8GiB}}, {type: xl, cores: 8, memory: {size: 16GiB}}]";
    let (loaded, _) = resized_to(more, "640/s", "", "");
    let said = format!("{:?}", loaded.warnings);
    assert!(said.contains("no item bills the machines of type xl that api may have"), "{said}");
}

#[test]
fn machines_become_smaller_again_when_little_is_asked() {
    let (_, found) = resized("640/s", ", shape: [{step: {at: 5m, factor: 0.1}}]", "");
    let running =
        |second| found.level(LevelAt::service(level(&RUNNING_2), ServiceId(0)), between(second, second + 5)).now;
    assert_eq!((running(290), running(500)), (4, 0));
    assert_eq!((found.scaler_steps[0].up, found.scaler_steps[0].down), (1, 1));
}

#[test]
fn sizes_that_do_not_fit_are_refused_at_their_place() {
    let found = |machine: &str, scaler: &str| {
        let all = problems(&format!(
            "scenario: Wrong\nquestion: What?\nload: {{users: {{to: api.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}\n\
             services: {{api: {{workers: 8, machine: {machine}, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             control: {{scalers: {{s: {{of: api, {scaler}}}}}}}\n"
        ));
        all.join("\n")
    };
    let two = "use: {vertical: {sizes: [{cores: 2}, {cores: 4}], up_when: cpu(api) > 50%}}";
    for (machine, scaler, expected) in [
        ("{cores: 1}", two, "the machine of api has none of the sizes"),
        (
            "{cores: 2}",
            "min: 2, use: {vertical: {sizes: [{cores: 2}, {cores: 4}], up_when: cpu(api) > 50%}}",
            "changes no number",
        ),
        ("{cores: 2}", "use: {vertical: {sizes: [{cores: 2}], up_when: cpu(api) > 50%}}", "1 sizes: there are 2 to 4"),
        (
            "{cores: 2}",
            "use: {vertical: {sizes: [{cores: 4}, {cores: 2}], up_when: cpu(api) > 50%}}",
            "smaller than the size before",
        ),
        (
            "{cores: 2}",
            "use: {vertical: {sizes: [{cores: 2}, {cores: 4, memory: {size: 1GiB}}], up_when: cpu(api) > 50%}}",
            "each size says the same",
        ),
        ("{cores: 2, cpu_limit: 1}", two, "cpu_limit"),
    ] {
        let found = found(machine, scaler);
        assert!(found.contains(expected), "{machine} {scaler}: {found}");
    }
    assert_eq!(found("{cores: 2}", two), "");
}
