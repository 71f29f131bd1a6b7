//! Messages and workflows: what topics, heartbeats, batches, prefetch, outboxes and sagas do, counted exactly.

use super::{problems, read};
use crate::loaded::Loaded;
use sim_core::expression::Value;
use sim_core::judge::RunMetrics;
use sim_core::results::RunResult;

/// A run of a system, and what its metrics say.
pub(super) struct Ran {
    pub(super) loaded: Loaded,
    pub(super) run: RunResult,
}

impl Ran {
    /// 100 s from an empty start, with these sections.
    pub(super) fn of(sections: &str) -> Self {
        let text = format!("scenario: s\nquestion: q?\nrun: {{duration: 100s, warm_up: 0s, seed: 7}}\n{sections}");
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        let run = sim_core::world::simulate(&loaded.model, 7, 0);
        Self { loaded, run }
    }

    pub(super) fn value(&self, text: &str) -> f64 {
        let metrics = RunMetrics::new(&self.run, &self.loaded.model, &self.loaded.names);
        let value = Value::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        value.in_run(&|_| Some(&metrics)).unwrap_or_else(|| panic!("{text} has no value"))
    }

    pub(super) fn close(&self, text: &str, expected: f64, tolerance: f64) {
        let value = self.value(text);
        assert!((value - expected).abs() <= tolerance, "{text} is {value}, expected {expected}");
    }
}

const WORKERS: &str = "services: {a: {instances: 2, workers: 8, endpoints: {do: {steps: [{work: 100ms}]}}}, \
    b: {workers: 8, endpoints: {do: {steps: [{work: 1ms}]}}}}\n";
const EVENTS: &str = "load: {users: {to: events.send, arrive: {constant: {rate: 20/s}}}}\n";

#[test]
fn each_group_of_a_topic_gets_every_message() {
    let ran = Ran::of(&format!(
        "{EVENTS}{WORKERS}topics: {{events: {{partitions: 8, consumers: {{x: {{to: a.do}}, y: {{to: b.do}}}}}}}}\n"
    ));
    ran.close("rps(a.do)", 20.0, 0.2);
    ran.close("rps(b.do)", 20.0, 0.2);
}

#[test]
fn a_partition_hands_over_one_message_at_a_time() {
    let run = |partitions: u32| {
        Ran::of(&format!(
            "{EVENTS}{WORKERS}topics: {{events: {{partitions: {partitions}, consumers: {{x: {{to: a.do}}}}}}}}\n"
        ))
    };
    // One after the other, each takes 100 ms: 10/s of 20/s, whatever the number of workers is.
    run(1).close("throughput(a)", 10.0, 0.2);
    run(8).close("throughput(a)", 20.0, 0.2);
    run(1).close("most(events->a.lag)", 1000.0, 20.0);
}

#[test]
fn messages_of_one_key_are_in_one_partition() {
    let run = |keys: u32| {
        Ran::of(&format!(
            "keys: {{k: {{uniform: {{count: {keys}}}}}}}\n{EVENTS}{WORKERS}\
             topics: {{events: {{key: k, partitions: 8, consumers: {{x: {{to: a.do}}}}}}}}\n"
        ))
    };
    run(1).close("throughput(a)", 10.0, 0.2);
    assert!(run(10_000).value("throughput(a)") > 15.0);
}

#[test]
fn a_group_stands_still_until_a_silent_member_is_noticed_and_the_partitions_are_shared_out() {
    let ran = Ran::of(&format!(
        "{EVENTS}{WORKERS}topics: {{events: {{partitions: 8, rebalance: {{takes: 3s, session_timeout: 10s}}, consumers: {{x: {{to: a.do}}}}}}}}\n\
         faults: {{dies: {{inject: crash, where: {{service: a, instances: [0]}}, at: 20s, for: 40s}}}}\n"
    ));
    // Once when it is gone, once when it is back.
    ran.close("rebalances(events)", 2.0, 0.0);
    // Half of the partitions for 10 s, and all of them for 3 s.
    ran.close("most(events->a.lag)", 20.0 * 10.0 / 2.0 + 20.0 * 3.0, 25.0);
}

#[test]
fn a_heartbeat_keeps_a_message_invisible() {
    let run = |renews: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
             services: {{a: {{workers: 50, endpoints: {{do: {{steps: [{{work: 10s}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: a.do, visibility_timeout: 3s{renews}}}}}}}}}\n"
        ))
    };
    let (with, without) = (run(", renew_every: 1s"), run(""));
    with.close("rps(jobs->a.do) - rps(users->jobs.send)", 0.0, 0.02);
    assert!(without.value("rps(jobs->a.do)") > 2.0);
    assert!(without.value("messages_lost(jobs)") > 50.0);
    with.close("messages_lost(jobs)", 0.0, 0.0);
}

#[test]
fn a_message_of_a_dead_consumer_with_a_heartbeat_is_visible_after_its_timeout() {
    let ran = Ran::of(
        "load: {users: {to: jobs.send, arrive: {burst: {size: 1, at: 1s}}}}\n\
         services: {a: {instances: 2, workers: 1, endpoints: {do: {steps: [{work: 10s}]}}}}\n\
         queues: {jobs: {consumers: {x: {to: a.do, visibility_timeout: 6s, renew_every: 2s}}}}\n\
         faults: {dies: {inject: {crash: {callers_see: silence}}, where: {service: a}, at: 4.5s, for: 1s}}\n",
    );
    // It is handed over at 1 s and renewed at 3 s; its consumer dies at 4.5 s, so that it is visible at 9 s and done at 19 s.
    ran.close("longest(jobs.age)", 18.0, 0.2);
}

#[test]
fn a_batch_is_one_delivery() {
    let ran = Ran::of(&format!(
        "load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 20/s}}}}}}}}\n{WORKERS}\
         queues: {{jobs: {{consumers: {{x: {{to: b.do, batch: {{count: 10, max_wait: 5s}}}}}}}}}}\n"
    ));
    ran.close("rps(b.do)", 2.0, 0.05);
    // The first of ten waits for the nine behind it.
    ran.close("p50(jobs.age)", 0.2, 0.07);
    let alone = Ran::of(&format!(
        "load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 1/s}}}}}}}}\n{WORKERS}\
         queues: {{jobs: {{consumers: {{x: {{to: b.do, batch: {{count: 10, max_wait: 2s}}}}}}}}}}\n"
    ));
    ran.close("messages_lost(jobs)", 0.0, 0.0);
    // Nobody waits longer than he has to.
    assert!(alone.value("longest(jobs.age)") < 2.1);
    assert!(alone.value("rps(b.do)") < 0.5);
}

#[test]
fn what_is_prefetched_waits_at_its_instance_with_its_clock_running() {
    let run = |prefetch: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: jobs.send, arrive: {{burst: {{size: 100, at: 1s}}}}}}}}\n\
             services: {{a: {{instances: 2, workers: 1, endpoints: {{do: {{effect: not_idempotent, steps: [{{work: 500ms}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: a.do, visibility_timeout: 10s, max_deliveries: 9{prefetch}}}}}}}}}\n"
        ))
    };
    run("").close("duplicates(a)", 0.0, 0.0);
    // 50 messages at each of two instances take 25 s, and are visible again after 10 s.
    assert!(run(", prefetch: 50").value("duplicates(a)") > 20.0);
    run(", prefetch: 2").close("duplicates(a)", 0.0, 0.0);
}

#[test]
fn poison_fails_on_every_consumer_until_the_bug_is_fixed() {
    let ran = Ran::of(
        "load: {users: {to: jobs.send, arrive: {constant: {rate: 10/s}}}}\n\
         services: {a: {workers: 8, endpoints: {do: {steps: [{work: 10ms}]}}}}\n\
         queues: {jobs: {consumers: {x: {to: a.do, max_deliveries: 4, dead_letter: dead}}}, dead: {redrive: {at: 60s, rate: 100/s}}}\n\
         faults: {bug: {inject: {poison: {probability: 20%}}, where: {service: jobs}, at: 0s, for: 50s}}\n",
    );
    let redriven = ran.value("redriven(dead)");
    assert!((70.0..130.0).contains(&redriven), "{redriven}");
    // Each has failed four times, and no other.
    ran.close("error(jobs->a.do)", redriven / (1000.0 + redriven), 0.001);
    ran.close("rps(jobs->a.do) * 100s", 1000.0 + 4.0 * redriven, 15.0);
    ran.close("queue_length(dead) from 62s to 100s", 0.0, 0.0);
}

const ORDER: &str = "services:\n  by: {instances: 2, workers: 64, endpoints: {idle: {steps: [{wait: 1ms}]}}}\n  \
    a: {workers: 64, endpoints: {do: {effect: idempotent, steps: [{wait: 10ms}]}, undo: {effect: idempotent, steps: [{wait: 10ms}]}}}\n  \
    b: {workers: 64, endpoints: {do: {effect: idempotent, steps: [{wait: 10ms}, {fail: {probability: 20%}}]}}}\n\
    load: {users: {to: order.start, arrive: {constant: {rate: 20/s}}}}\ntopics: {events: {partitions: 8}}\n";

fn order(coordination: &str, each: &str, more: &str) -> Ran {
    Ran::of(&format!(
        "{ORDER}sagas: {{order: {{coordination: {coordination}, each: {{{each}}}, steps: [{{name: a, action: a.do, compensation: a.undo}}, \
         {{name: b, action: b.do}}]}}}}\n{more}"
    ))
}

#[test]
fn sagas_end_the_same_however_they_are_coordinated() {
    for coordination in ["{orchestrated: {by: by}}", "{choreographed: {over: events}}"] {
        let ran = order(coordination, "retry: {max_attempts: 1}", "");
        ran.close("compensated(order) / started(order)", 0.2, 0.03);
        ran.close("completed(order) / started(order)", 0.8, 0.03);
        ran.close("rps(a.undo) / rps(order.start)", 0.2, 0.03);
        ran.close("half_finished_sagas(order)", 0.0, 0.0);
    }
    let ran = order("{two_phase_commit: {by: by}}", "", "");
    ran.close("compensated(order) / started(order)", 0.2, 0.03);
    ran.close("rps(a.undo)", 0.0, 0.0);
    ran.close("half_finished_sagas(order)", 0.0, 0.0);
}

#[test]
fn steps_are_tried_again_after_two_four_and_eight_seconds() {
    let down = "faults: {down: {inject: crash, where: {service: b}, at: 0s}}\n";
    let ran = order("{orchestrated: {by: by}}", "", down);
    ran.close("p50(order.age)", 14.02, 0.15);
    ran.close("completed(order)", 0.0, 0.0);
    // An attempt that fails by itself is handed over again by a topic as by a coordinator.
    let failing = "faults: {bad: {inject: {fail: {probability: 100%}}, where: {service: b}, at: 0s}}\n";
    for coordination in ["{orchestrated: {by: by}}", "{choreographed: {over: events}}"] {
        order(coordination, "", failing).close("p50(order.age)", 14.02, 0.2);
    }
}

#[test]
fn another_instance_goes_on_where_one_has_crashed() {
    let ran = Ran::of(
        "services:\n  by: {instances: 2, workers: 64, endpoints: {idle: {steps: [{wait: 1ms}]}}}\n  \
         a: {workers: unlimited, endpoints: {do: {effect: {deduplicated: {}}, steps: [{wait: 1s}]}, slow: {effect: {deduplicated: {}}, steps: [{wait: 5s}]}}}\n\
         load: {users: {to: order.start, arrive: {constant: {rate: 10/s}}}}\n\
         sagas: {order: {coordination: {orchestrated: {by: by}}, steps: [{name: a, action: a.do}, {name: b, action: a.slow}]}}\n\
         faults: {dies: {inject: crash, where: {service: by, instances: [0]}, at: 30s, for: 20s}}\n",
    );
    // Steps that were done are not taken again: half of some 60 that are under way lose the step that they are at.
    let calls = ran.value("(rps(a.do) + rps(a.slow)) * 100s");
    let sagas = ran.value("started(order)");
    assert!(calls > 2.0 * sagas - 70.0 + 15.0 && calls < 2.0 * sagas + 45.0, "{calls} calls of {sagas} sagas");
    ran.close("compensated(order)", 0.0, 0.0);
    ran.close("duplicates(a)", 0.0, 0.0);
    assert!(ran.value("longest(order.age)") > 8.0);
}

#[test]
fn a_late_charge_leaves_a_saga_half_finished_that_believes_to_be_compensated() {
    let ran = Ran::of(
        "services:\n  by: {workers: 64, endpoints: {idle: {steps: [{wait: 1ms}]}}}\n  \
         a: {workers: unlimited, endpoints: {charge: {effect: idempotent, steps: [{wait: 5s}]}, refund: {effect: idempotent, steps: [{wait: 10ms}]}}}\n\
         load: {users: {to: order.start, arrive: {constant: {rate: 10/s}}}}\n\
         sagas: {order: {coordination: {orchestrated: {by: by}}, each: {timeout: 2s, retry: {max_attempts: 1}}, \
         steps: [{name: pay, action: a.charge, compensation: a.refund}]}}\n",
    );
    // Each is refunded at 2 s, and charged at 5 s.
    ran.close("compensated(order) - half_finished_sagas(order)", 30.0, 2.0);
    ran.close("half_finished(order)", 0.95, 0.02);
}

#[test]
fn people_repair_one_after_the_other() {
    let ran = Ran::of(
        "services:\n  by: {workers: 64, endpoints: {idle: {steps: [{wait: 1ms}]}}}\n  \
         a: {workers: 64, endpoints: {do: {steps: [{wait: 1ms}]}, undo: {steps: [{wait: 1ms}, {fail: {probability: 100%}}]}, not: {steps: [{fail: {probability: 100%}}]}}}\n\
         load: {users: {to: order.start, arrive: {constant: {rate: 1/s}}}}\n\
         sagas: {order: {coordination: {orchestrated: {by: by}}, each: {retry: {max_attempts: 1}}, steps: [{name: a, action: a.do, compensation: a.undo}, \
         {name: b, action: a.not}], compensation_failed: {repair: {takes: 4s, people: 2}}}}\n",
    );
    // Two people repair one in two seconds, and one comes in one second.
    ran.close("repaired(order)", 49.0, 1.5);
    ran.close("most(order.in_repair)", 51.0, 2.0);
    ran.close("failed(order) - repaired(order)", ran.value("most(order.in_repair)"), 1.0);
    ran.close("half_finished(order)", 1.0, 0.02);
}

#[test]
fn participants_keep_their_workers_until_the_decision() {
    let system = |faults: &str| {
        Ran::of(&format!(
            "services:\n  by: {{workers: 64, endpoints: {{idle: {{steps: [{{wait: 1ms}}]}}}}}}\n  \
             a: {{workers: unlimited, endpoints: {{do: {{steps: [{{wait: 10ms}}]}}}}}}\n  b: {{workers: unlimited, endpoints: {{do: {{steps: [{{wait: 1s}}]}}}}}}\n\
             load: {{users: {{to: order.start, arrive: {{constant: {{rate: 10/s}}}}}}}}\n\
             sagas: {{order: {{coordination: {{two_phase_commit: {{by: by, takes_over: 20s}}}}, steps: [{{name: a, action: a.do}}, {{name: b, action: b.do}}]}}}}\n{faults}"
        ))
    };
    let ran = system("");
    // Each of 10/s waits 990 ms for the slower one.
    ran.close("average(a.prepared)", 9.9, 0.2);
    ran.close("completed(order)", 989.0, 3.0);
    // Those under way when the coordinator dies are in doubt until it is back, and are aborted then.
    let ran = system("faults: {dies: {inject: crash, where: {service: by}, at: 50s, for: 10s}}\n");
    assert!(ran.value("average(a.prepared) from 52s to 59s") > 9.0);
    ran.close("compensated(order)", 10.0, 2.0);
    ran.close("half_finished_sagas(order)", 0.0, 0.0);
}

#[test]
fn an_outbox_has_a_message_for_each_write_that_was_done() {
    let system = |steps: &str, effect: &str, crash: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: web.put, arrive: {{constant: {{rate: 50/s}}}}}}}}\n\
             services:\n  web: {{instances: 2, workers: 64, endpoints: {{put: {{steps: [{steps}]}}}}}}\n  \
             mail: {{workers: 64, endpoints: {{send: {{effect: {effect}, steps: [{{wait: 1ms}}]}}}}}}\n\
             stores: {{db: {{workers: 64, endpoints: {{put: {{access: write, steps: [{{wait: 100ms}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: mail.send}}}}}}}}\n{crash}"
        ))
    };
    // The relay goes on where it is when the other instance returns: so each of them dies in turn.
    let crash = "faults:\n  dies: {inject: crash, where: {service: web, instances: [0]}, at: 10s, for: 2s, every: 20s}\n  \
        other-dies: {inject: crash, where: {service: web, instances: [1]}, at: 20s, for: 2s, every: 20s}\n";
    let outbox = "{call: {to: db.put, outbox: {to: jobs.send, every: 200ms}}}";
    let calm = system(outbox, "not_idempotent", "");
    calm.close("(rps(mail.send) - throughput(db)) * 100s", 0.0, 15.0);
    calm.close("relayed_again(db)", 0.0, 0.0);
    let ran = system(outbox, "not_idempotent", crash);
    let again = ran.value("relayed_again(db)");
    assert!(again > 10.0, "{again}");
    ran.close("(rps(mail.send) - throughput(db)) * 100s", again, 15.0);
    ran.close("duplicates(mail)", again, 10.0);
    // At least once, and a key that is remembered: exactly one effect.
    system(outbox, "{deduplicated: {remember: 1h}}", crash).close("duplicates(mail)", 0.0, 0.0);
    // A key that is forgotten before the message comes again protects from nothing.
    let forgets = system(outbox, "{deduplicated: {remember: 1ms}}", crash).value("duplicates(mail)");
    assert!(forgets > 10.0, "{forgets}");
    // Two writes lose what crashes in between.
    let lost = system("{call: {to: db.put}}, {wait: 50ms}, {call: {to: jobs.send}}", "not_idempotent", crash);
    assert!(lost.value("(throughput(db) - rps(mail.send)) * 100s") > 10.0);
}

/// A link that takes longer than the time between two renewals, and less than the visibility timeout.
const FAR: &str =
    "regions: {r: {zones: [p]}, s: {zones: [q]}}\nnetwork: {links: {l: {between: [r, s], latency: 1500ms}}}\n";

#[test]
fn what_is_on_its_way_stays_invisible_for_the_whole_timeout() {
    let run = |renews: &str| {
        Ran::of(&format!(
            "{FAR}load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 1/s}}}}, from: r}}}}\n\
             services: {{a: {{zones: [q], workers: 50, endpoints: {{do: {{steps: [{{work: 100ms}}]}}}}}}}}\n\
             queues: {{jobs: {{zone: p, consumers: {{x: {{to: a.do, visibility_timeout: 30s{renews}}}}}}}}}\n"
        ))
    };
    for renews in ["", ", renew_every: 1s"] {
        let ran = run(renews);
        ran.close("rps(jobs->a.do)", 1.0, 0.02);
        ran.close("messages_lost(jobs)", 0.0, 0.0);
        // There and back.
        ran.close("longest(jobs.age)", 3.1, 0.05);
    }
    // Who has renewed what came late, and dies silently, holds it for a whole timeout from its last renewal on, however long the way was.
    for (latency, from_s, to_s) in [("500ms", 50, 60), ("5500ms", 52, 62)] {
        let ran = Ran::of(&format!(
            "regions: {{r: {{zones: [p]}}, s: {{zones: [q]}}}}\nnetwork: {{links: {{l: {{between: [r, s], latency: {latency}}}}}}}\n\
             load: {{users: {{to: jobs.send, arrive: {{burst: {{size: 1, at: 1s}}}}, from: r}}}}\n\
             services: {{a: {{zones: [q], instances: 2, workers: 5, endpoints: {{do: {{steps: [{{wait: 200s}}]}}}}}}}}\n\
             queues: {{jobs: {{zone: p, consumers: {{x: {{to: a.do, visibility_timeout: 30s, renew_every: 5s}}}}}}}}\n\
             faults: {{dies: {{inject: {{crash: {{callers_see: silence}}}}, where: {{service: a, instances: [0]}}, at: 30s, for: 60s}}}}\n"
        ));
        ran.close(&format!("rps(jobs->a.do) from 2s to {from_s}s"), 0.0, 0.0);
        ran.close(&format!("rps(jobs->a.do) from {from_s}s to {to_s}s * 10s"), 1.0, 0.0);
    }
    // A coordinator is a consumer that renews.
    let ran = Ran::of(&format!(
        "{FAR}load: {{users: {{to: order.start, arrive: {{constant: {{rate: 1/s}}}}, from: r}}}}\n\
         services:\n  by: {{zones: [q], workers: 50, endpoints: {{idle: {{steps: [{{wait: 1ms}}]}}}}}}\n  \
         a: {{zones: [q], workers: 50, endpoints: {{do: {{steps: [{{wait: 10ms}}]}}}}}}\n\
         sagas: {{order: {{coordination: {{orchestrated: {{by: by, takes_over: 3s}}}}, steps: [{{name: a, action: a.do}}]}}}}\n"
    ));
    ran.close("completed(order)", 97.0, 2.0);
    ran.close("rps(a.do) - rps(order.start)", 0.0, 0.03);
}

#[test]
fn a_partition_waits_behind_a_message_that_a_silent_consumer_holds() {
    let run = |renews: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: events.send, arrive: {{constant: {{rate: 5/s}}}}}}}}\n\
             services: {{a: {{instances: 2, workers: 50, endpoints: {{do: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             topics: {{events: {{partitions: 1, rebalance: {{takes: 0s, session_timeout: 1s}}, \
             consumers: {{x: {{to: a.do, visibility_timeout: 40s{renews}}}}}}}}}\n\
             faults: {{dies: {{inject: {{crash: {{callers_see: silence}}}}, where: {{service: a, instances: [0]}}, at: 20.005s, for: 70s}}}}\n"
        ))
    };
    for renews in ["", ", renew_every: 1s"] {
        let ran = run(renews);
        ran.close("rps(a.do) from 25s to 55s", 0.0, 0.0);
        ran.close("longest(events.age)", 40.0, 1.1);
    }
}

#[test]
fn each_message_of_a_batch_has_its_own_effect() {
    let run = |effect: &str, batch: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 20/s}}}}}}}}\n\
             services: {{a: {{workers: 50, endpoints: {{do: {{effect: {effect}, steps: [{{work: 1ms}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: a.do, visibility_timeout: 5s, max_deliveries: 20{batch}}}}}}}}}\n\
             faults: {{lost: {{inject: {{loss: {{probability: 30%}}}}, where: {{from: a, to: jobs}}}}}}\n"
        ))
    };
    const BATCH: &str = ", batch: {count: 10, max_wait: 5s}";
    // Three of ten answers are lost, and so are three of ten of those of the second deliveries: 3 / 7 for each message.
    run("not_idempotent", "").close("duplicates(a)", 2000.0 * 3.0 / 7.0, 90.0);
    run("not_idempotent", BATCH).close("duplicates(a)", 2000.0 * 3.0 / 7.0, 250.0);
    // With keys that are remembered each is done once.
    run("{deduplicated: {}}", BATCH).close("duplicates(a)", 0.0, 0.0);
    // Given up after 5 s, and done after 8 s: the late effect is that of all ten, whatever has become of their messages.
    let late = Ran::of(
        "load: {users: {to: jobs.send, arrive: {burst: {size: 100, at: 1s}}}}\n\
         services: {a: {workers: 50, endpoints: {do: {effect: not_idempotent, steps: [{wait: 8s}]}}}}\n\
         queues: {jobs: {consumers: {x: {to: a.do, visibility_timeout: 5s, max_deliveries: 2, batch: {count: 10}}}}}\n",
    );
    late.close("duplicates(a)", 100.0, 0.0);
}

#[test]
fn a_saga_knows_that_a_dead_coordinator_may_have_left_a_call_behind() {
    let run = |fails: &str, work: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: order.start, arrive: {{burst: {{size: 10, at: 10s}}}}}}}}\n\
             services:\n  by: {{instances: 2, workers: 50, endpoints: {{idle: {{steps: [{{wait: 1ms}}]}}}}}}\n  \
             a: {{workers: 50, endpoints: {{do: {{effect: idempotent, steps: [{{wait: {work}}}]}}, undo: {{effect: idempotent, steps: [{{wait: 1ms}}]}}}}}}\n\
             sagas: {{order: {{coordination: {{orchestrated: {{by: by, takes_over: 3s}}}}, each: {{timeout: 60s, retry: {{max_attempts: 1}}}}, \
             steps: [{{name: a, action: a.do, compensation: a.undo}}]}}}}\n\
             faults:\n  dies: {{inject: {{crash: {{callers_see: silence}}}}, where: {{service: by}}, at: 11s, for: 10s}}\n  \
             cannot: {{inject: {{fail: {{probability: 100%, outcome: rejected}}}}, where: {{from: by, to: a.do}}, at: 20.5s, for: {fails}}}\n"
        ))
    };
    // The first call is done at 15 s, its coordinator is dead, and the next one is turned away at 22 s: it is undone.
    let early = run("10s", "5s");
    early.close("rps(a.undo) * 100s", 10.0, 0.0);
    early.close("compensated(order)", 10.0, 0.0);
    early.close("half_finished_sagas(order)", 0.0, 0.0);
    // It is done at 24 s, after it was undone; and what nobody has given up is noticed.
    let late = run("10s", "14s");
    late.close("compensated(order)", 10.0, 0.0);
    late.close("half_finished_sagas(order)", 10.0, 0.0);
    run("1ms", "5s").close("completed(order)", 10.0, 0.0);
}

#[test]
fn messages_go_back_at_one_rate_however_often_that_begins() {
    let run = |every: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: jobs.send, arrive: {{burst: {{size: 1000, at: 1s}}}}}}}}\n\
             services: {{a: {{workers: 50, endpoints: {{do: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: a.do, max_deliveries: 1, dead_letter: dead}}}}}}, dead: {{redrive: {{at: 20s, rate: 2/s{every}}}}}}}\n\
             faults: {{bug: {{inject: {{poison: {{probability: 100%}}}}, where: {{service: jobs}}, at: 0s, for: 15s}}}}\n"
        ))
    };
    for every in ["", ", every: 5s", ", every: 700ms"] {
        run(every).close("redriven(dead)", 160.0, 1.0);
    }
}

#[test]
fn a_relay_sends_only_where_its_store_and_its_queue_are_reached() {
    let run = |fault: &str| {
        Ran::of(&format!(
            "regions: {{r: {{zones: [p]}}, s: {{zones: [q]}}}}\nnetwork: {{links: {{l: {{between: [r, s], latency: 5ms}}}}}}\n\
             load: {{users: {{to: web.put, arrive: {{constant: {{rate: 10/s}}}}, from: r}}}}\n\
             services:\n  web: {{zones: [p], instances: 2, workers: 50, endpoints: {{put: {{steps: [{{call: {{to: db.put, timeout: 1s, \
             outbox: {{to: jobs.send, every: 500ms, batch: {{count: 6}}}}}}}}]}}}}}}\n  \
             mail: {{zones: [q], workers: 50, endpoints: {{send: {{effect: not_idempotent, steps: [{{wait: 10ms}}]}}}}}}\n\
             stores: {{db: {{zones: [p], workers: 64, endpoints: {{put: {{access: write, steps: [{{work: 1ms}}]}}}}}}}}\n\
             queues: {{jobs: {{zone: q, consumers: {{x: {{to: mail.send}}}}}}}}\nfaults: {{f: {{{fault}}}}}\n"
        ))
    };
    // 200 are sent before, and 12 in a second from 60.5 s: none is lost. A store that is down takes no writes either, so that all come through.
    for (fault, sent) in [
        ("inject: partition, where: {link: l}, at: 20.2s, for: 40s", 674.0),
        ("inject: crash, where: {service: jobs}, at: 20.2s, for: 40s", 674.0),
        ("inject: crash, where: {service: db}, at: 20.2s, for: 40s", 600.0),
    ] {
        let ran = run(fault);
        ran.close("rps(mail.send) from 21s to 60s", 0.0, 0.0);
        ran.close("duplicates(mail)", 0.0, 0.0);
        ran.close("rps(mail.send) * 100s", sent, 13.0);
    }
    // Of looks whose message is lost nothing comes, and of all others everything: four of five looks send six each, 9.6 a second of the ten.
    let ran = run("inject: {loss: {probability: 20%}}, where: {link: l}, at: 20s, for: 60s");
    ran.close("rps(mail.send) from 25s to 80s", 9.6, 0.8);
    // It leaves an instance that dies, and does not go back to it.
    let ran = run("inject: crash, where: {service: web, instances: [0]}, at: 20.2s, for: 40s");
    let again = ran.value("relayed_again(db) from 20s to 30s");
    assert!(again > 0.0, "{again}");
    ran.close("relayed_again(db)", again, 0.0);
    ran.close("duplicates(mail)", again, 0.0);
}

#[test]
fn what_is_prefetched_in_batches_is_counted_in_messages() {
    let run = |batch: &str| {
        Ran::of(&format!(
            "load: {{users: {{to: jobs.send, arrive: {{burst: {{size: 1000, at: 1s}}}}}}}}\n\
             services: {{a: {{workers: 1, endpoints: {{do: {{steps: [{{work: 10s}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: a.do, visibility_timeout: 100s, prefetch: 15{batch}}}}}}}}}\n"
        ))
    };
    // The instance holds fifteen, and takes as many again as it is done with.
    run("").close("queue_length(jobs) from 2s to 10s", 985.0, 0.0);
    let batches = run(", batch: {count: 10, max_wait: 100ms}");
    batches.close("queue_length(jobs) from 2s to 10s", 985.0, 0.0);
    batches.close("queue_length(jobs) from 12s to 20s", 975.0, 0.0);
}

#[test]
fn a_second_silence_is_noticed_from_its_own_beginning() {
    let run = |first: &str| {
        Ran::of(&format!(
            "{EVENTS}services: {{a: {{instances: 2, workers: 50, endpoints: {{do: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
             topics: {{events: {{partitions: 4, rebalance: {{takes: 1s, session_timeout: 20s}}, consumers: {{x: {{to: a.do}}}}}}}}\n\
             faults:\n  dies: {{inject: crash, where: {{service: a, instances: [0]}}, at: {first}, for: 1s}}\n  \
             again: {{inject: crash, where: {{service: a, instances: [0]}}, at: 38s, for: 10s}}\n"
        ))
    };
    // Neither is as long as the session.
    run("20s").close("rebalances(events)", 0.0, 0.0);
    run("90s").close("rebalances(events)", 0.0, 0.0);
}

#[test]
fn what_a_saga_reaches_is_no_idle_topic_and_what_is_handed_over_has_a_place() {
    let says = |sections: &str| problems(&format!("scenario: s\nquestion: q?\nrun: {{duration: 100s}}\n{sections}"));
    let saga = |over: &str| {
        format!(
            "{ORDER}sagas: {{order: {{coordination: {over}, steps: [{{name: a, action: a.do, compensation: a.undo}}]}}}}\n"
        )
    };
    let idle = |said: &[String]| said.iter().any(|said| said.contains("no load reaches events"));
    assert!(!idle(&says(&saga("{choreographed: {over: events}}"))));
    assert!(idle(&says(&saga("{orchestrated: {by: by}}"))));
    let prefetches = |most: u32| {
        let said = says(&format!(
            "load: {{users: {{to: jobs.send, arrive: {{constant: {{rate: 5/s}}}}}}}}\n\
             services: {{a: {{workers: 1, queue: {{capacity: 5}}, endpoints: {{do: {{steps: [{{work: 1s}}]}}}}}}}}\n\
             queues: {{jobs: {{consumers: {{x: {{to: a.do, prefetch: {most}}}}}}}}}\n"
        ));
        said.iter().any(|said| said.contains("turns messages away that are handed to it"))
    };
    assert!(prefetches(7) && !prefetches(6));
}

#[test]
fn what_makes_no_sense_is_refused_at_its_place() {
    const WITHOUT: &str = "a step that does without its participant is not done";
    let base = "scenario: s\nquestion: q?\nrun: {duration: 10s}\nload: {users: {to: web.get, arrive: {poisson: {rate: 1/s}}}}\n\
        services: {web: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}}\n";
    for (more, says) in [
        (
            "sagas: {order: {coordination: {orchestrated: {by: nobody}}, steps: []}}\n",
            "no service is called \"nobody\"",
        ),
        (
            "sagas: {order: {coordination: {choreographed: {over: nothing}}, steps: []}}\n",
            "no topic is called \"nothing\"",
        ),
        ("sagas: {order: {coordination: {orchestrated: {by: web}}, steps: []}}\n", "a saga without steps does nothing"),
        (
            "queues: {jobs: {consumers: {x: {to: web.get, visibility_timeout: 3s, renew_every: 3s}}}}\n",
            "handed out again before",
        ),
        ("queues: {jobs: {consumers: {x: {to: web.get, batch: {count: 1}}}}}\n", "a batch of one message is no batch"),
        (
            "queues: {jobs: {consumers: {x: {to: web.get, prefetch: 9, batch: {count: 10}}}}}\n",
            "larger than what an instance may hold",
        ),
        (
            "policies: {p: {fallback: {latency: 5ms}}}\nsagas: {order: {coordination: {orchestrated: {by: web}}, each: {policy: p}, \
             steps: [{name: a, action: web.get}]}}\n",
            WITHOUT,
        ),
        (
            "policies: {p: {optional: true}}\nsagas: {order: {coordination: {two_phase_commit: {by: web}}, each: {policy: p}, \
             steps: [{name: a, action: web.get}]}}\n",
            WITHOUT,
        ),
        (
            "defaults: {call: {fallback: {latency: 5ms}}}\nsagas: {order: {coordination: {orchestrated: {by: web}}, \
             steps: [{name: a, action: web.get}]}}\n",
            WITHOUT,
        ),
        (
            "defaults: {call: {fallback: {latency: 5ms}}}\npolicies: {p: {optional: false}}\nsagas: {order: {coordination: \
             {orchestrated: {by: web}}, each: {policy: p}, steps: [{name: a, action: web.get}]}}\n",
            WITHOUT,
        ),
        (
            "queues: {jobs: {consumers: {x: {to: web.get}}, redrive: {rate: 1/s}}}\n",
            "consumers take here do not go back",
        ),
        ("topics: {events: {partitions: 0}}\n", "from 1 to 10000 partitions"),
        (
            "faults: {f: {inject: {poison: {probability: 1%}}, where: {service: web}}}\n",
            "of the messages of a queue or topic",
        ),
    ] {
        let found = problems(&format!("{base}{more}"));
        assert!(found.iter().any(|problem| problem.contains(says)), "{more}: {found:?}");
    }
}
