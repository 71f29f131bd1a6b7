//! Work that is done for nobody, and attempts that there are because of retries: in closed form.

use super::{close, read};
use sim_core::expression::Value;
use sim_core::judge::RunMetrics;

/// The values of metrics in one run of a scenario.
fn values(text: &str, metrics: &[&str]) -> Vec<f64> {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 7, 0);
    let of = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let value = |text: &&str| {
        let value = Value::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        value.in_run(&|_| Some(&of)).unwrap_or(0.0)
    };
    metrics.iter().map(value).collect()
}

/// One request a second to `web.get`, which gives up `api.get` after 100 ms.
fn system(call: &str, api: &str, more: &str) -> String {
    format!(
        "scenario: Nobody\nquestion: For whom?\nrun: {{duration: 1000s, warm_up: 10s}}\n\
         load: {{users: {{to: web.get, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         services:\n  web: {{workers: 99, endpoints: {{get: {{steps: [{{call: {{to: api.get, {call}}}}}]}}}}}}\n\
         \x20 api: {{{api}}}\n{more}"
    )
}

const API: &str = "workers: 99, endpoints: {get: {steps: [{work: 300ms}]}}";
const DB: &str = "  db: {workers: 99, endpoints: {get: {steps: [{work: 300ms}]}}}\n";

/// Of 300 ms of work 200 are done after the caller has gone.
#[test]
fn what_is_left_after_a_timeout_is_for_nobody() {
    let of = ["cpu_for_nobody(api)", "cpu_time_for_nobody(api)"];
    let alone = values(&system("timeout: 100ms", API, ""), &of);
    close(alone[0], 2.0 / 3.0, 1e-3, "a core each");
    close(alone[1], 1000.0 * 0.2, 0.5, "seconds");
    for machine in ["machine: {cores: 4}, ", "machine: {cores: 4, cpu_limit: 2}, "] {
        let shared = values(&system("timeout: 100ms", &format!("{machine}{API}"), ""), &of);
        close(shared[0], 2.0 / 3.0, 1e-3, machine);
    }
    assert_eq!(values(&system("timeout: 100ms, cancel: true", API, ""), &of), [0.0, 0.0]);
    assert_eq!(values(&system("timeout: 400ms", API, ""), &of), [0.0, 0.0]);
}

/// On one core two requests that come at once have half of it each. The second is cancelled or left after 100 ms, in which it had 50 ms of work.
#[test]
fn shared_cores_say_who_had_them() {
    let text = |second: &str| {
        "scenario: Nobody\nquestion: For whom?\nrun: {duration: 1000s, warm_up: 0s}\n\
         load:\n  patient: {to: api.get, arrive: {constant: {rate: 1/s}}}\n  hasty: {to: api.get, SECOND, arrive: {constant: {rate: 1/s}}}\n\
         services:\n  api: {workers: 99, machine: {cores: 1}, endpoints: {get: {steps: [{work: 150ms}]}}}\n"
            .replace("SECOND", second)
    };
    let of = ["cpu_for_nobody(api)", "cpu(api)"];
    let left = values(&text("timeout: 100ms"), &of);
    close(left[0], 100.0 / 300.0, 2e-3, "100 of 300 ms");
    close(left[1], 0.3, 2e-3, "all work is done");
    let cancelled = values(&text("timeout: 100ms, cancel: true"), &of);
    assert_eq!(cancelled[0], 0.0);
    close(cancelled[1], 0.2, 2e-3, "50 ms of work are done and no more");
}

/// Who is left by its caller works for nobody, and so does all that works for it: a call, a branch, a copy, and what is begun afterwards.
#[test]
fn all_that_works_for_who_was_left_is_for_nobody() {
    let of = ["cpu_for_nobody(db)", "cpu_for_nobody(api)"];
    let api = |steps: &str| format!("workers: 99, endpoints: {{get: {{steps: [{steps}]}}}}");
    let below = |steps: &str| values(&system("timeout: 100ms", &api(steps), DB), &of);
    close(below("{call: {to: db.get}}")[0], 2.0 / 3.0, 1e-3, "a call");
    close(
        below("{parallel: {branches: [{call: {to: db.get}}, {call: {to: db.get}}]}}")[0],
        2.0 / 3.0,
        1e-3,
        "branches",
    );
    close(
        below("{call: {to: db.get, hedge: {backup: {after: {time: 50ms}}}}}")[0],
        (200.0 + 250.0) / 600.0,
        5e-3,
        "copies",
    );
    close(below("{wait: 150ms}, {call: {to: db.get}}")[0], 1.0, 1e-9, "what is begun afterwards");
    let background = below("{work: 50ms}, {reply: {}}, {call: {to: db.get}}");
    assert_eq!(background[..], [0.0, 0.0], "nobody ever waits for background steps");
    let begun = below("{work: 150ms}, {background: [{call: {to: db.get}}]}");
    assert_eq!(begun[0], 0.0, "nor for those that are begun by who was left");
    close(begun[1], 50.0 / 150.0, 1e-3, "its own work");
}

/// The loser of a race is not waited for. A cancelled chain ends at a join, whose branches go on.
#[test]
fn losers_and_branches_of_who_is_stopped_are_for_nobody() {
    let of = ["cpu_for_nobody(api)", "cpu_for_nobody(db)"];
    let race = values(&system("hedge: {backup: {after: {time: 100ms}}}", API, ""), &of);
    close(race[0], 100.0 / 600.0, 5e-3, "the copy works 100 ms longer than the first");
    let fork = "workers: 99, endpoints: {get: {steps: [{parallel: {branches: [{call: {to: db.get}}]}}]}}";
    let stopped = values(&system("timeout: 100ms, cancel: true", fork, DB), &of);
    close(stopped[1], 2.0 / 3.0, 1e-3, "a branch finds out at its end");
    let fails = "workers: 99, endpoints: {get: {steps: [{parallel: {branches: [{call: {to: bad.get}}, {call: {to: db.get}}]}}]}}";
    let bad = format!(
        "{DB}  bad: {{workers: 99, endpoints: {{get: {{steps: [{{wait: 100ms}}, {{fail: {{outcome: error}}}}]}}}}}}\n"
    );
    let failed = values(&system("optional: true", fails, &bad), &of);
    close(failed[1], 2.0 / 3.0, 1e-3, "a branch of a join that has failed");
    let enough = "workers: 99, endpoints: {get: {steps: [{parallel: {need: {count: 1}, branches: [{wait: 100ms}, {call: {to: db.get}}]}}]}}";
    assert_eq!(values(&system("timeout: 1s", enough, DB), &of)[1], 0.0, "a join that has enough");
}

#[test]
fn a_caller_that_crashes_leaves_its_calls() {
    let crash = "faults: {crash: {inject: crash, where: {service: web}, at: 100.1s, for: 1ms}}\n";
    // A request comes each second, at which its call has 300 ms of work: what is left of the one under way is for nobody.
    let found = values(&system("timeout: 1s", API, crash), &["cpu_time_for_nobody(api)"]);
    assert!((0.001..=0.3).contains(&found[0]), "{}", found[0]);
}

/// A frozen instance spends nothing for anybody; a slow one spends more.
#[test]
fn a_frozen_instance_spends_nothing_for_nobody() {
    let of = ["cpu_time_for_nobody(api)", "cpu_for_nobody(api)"];
    let with = |inject: &str| {
        let fault = format!("faults: {{f: {{inject: {inject}, where: {{service: api}}, at: 100s, for: 100s}}}}\n");
        values(&system("timeout: 100ms", API, &fault), &of)
    };
    let (plain, frozen, slow) =
        (values(&system("timeout: 100ms", API, ""), &of), with("freeze"), with("{slow: {factor: 3}}"));
    assert!(frozen[0] <= plain[0] + 0.3 * 99.0 && frozen[1] < 1.0, "{frozen:?}");
    close(slow[0] - plain[0], 100.0 * (0.8 - 0.2), 2.0, "900 ms a request, of which 800 are for nobody");
}

/// Three attempts at each of two levels, of which the lower fails with probability p: each call has 1 + p + p^2 attempts, and fails with p^3.
#[test]
fn amplification_of_a_tree_is_the_product_of_its_levels() {
    let retry = "retry: {max_attempts: 3, backoff: {fixed: {delay: 1ms}}}";
    let api = format!("workers: 99, endpoints: {{get: {{steps: [{{call: {{to: db.get, {retry}}}}}]}}}}");
    let p = 0.5_f64;
    let more = "  db: {workers: 99, endpoints: {get: {steps: [{fail: {outcome: error, probability: 50%}}]}}}\n";
    let text = system(retry, &api, more).replace("rate: 1/s", "rate: 50/s");
    let of =
        ["tree_amplification(db)", "tree_amplification(api)", "amplification(api->db.get)", "tree_amplification(web)"];
    let found = values(&text, &of);
    let of_calls = |p: f64| 1.0 + p + p * p;
    let (lower, upper) = (of_calls(p), of_calls(p.powi(3)));
    close(found[0], lower * upper, 0.02, "both levels");
    close(found[1], upper, 0.01, "the upper level");
    close(found[2], lower, 0.02, "a call of its own");
    assert_eq!(found[3], 1.0, "nobody tries `web` again");
}

/// A message of a further attempt is one that there would not be, and so is a further delivery.
#[test]
fn messages_know_that_they_come_of_a_retry() {
    let text = "scenario: Again\nquestion: How many?\nrun: {duration: 1000s, warm_up: 0s}\n\
        load: {users: {to: web.get, arrive: {constant: {rate: 1/s}}}}\n\
        services:\n  web: {workers: 99, endpoints: {get: {steps: [{call: {to: api.get, retry: {max_attempts: 2, backoff: {fixed: {delay: 1ms}}}}}]}}}\n\
        \x20 api: {workers: 99, endpoints: {get: {steps: [{call: {to: jobs.send}}, {fail: {outcome: error}}]}}}\n\
        \x20 worker: {workers: 99, endpoints: {job: {steps: [{work: 1ms}]}}}\n\
        queues: {jobs: {consumers: {worker: {to: worker.job, visibility_timeout: 10s}}}}\n";
    close(values(text, &["tree_amplification(worker)"])[0], 2.0, 1e-9, "each message is sent twice");
}

/// The rent of the cores that worked for nobody: 0.2 s of a core a second, of four cores at $4/h.
#[test]
fn cores_that_work_for_nobody_have_a_price() {
    let costs = "costs: {api: {meter: {instances: {of: api}}, price: $4/h}}\n";
    let api = format!("machine: {{cores: 4}}, {API}");
    let found = values(&system("timeout: 100ms", &api, costs), &["cost_for_nobody(api)", "cost_for_nobody"]);
    close(found[0] * 3600.0, 0.2, 1e-3, "money an hour");
    assert_eq!(found[0], found[1]);
    assert_eq!(values(&system("timeout: 1s", &api, costs), &["cost_for_nobody(api)"]), [0.0]);
}

/// A value is made for all who will ask for it: whatever the frame of the request that waits for it has done before.
#[test]
fn what_a_cache_keeps_is_made_for_somebody() {
    const LOOKUP: &str = "{lookup: {cache: memo, miss: [{work: 300ms}]}}";
    const FORK: &str = "{parallel: {branches: [{wait: 1ms}, {wait: 2ms}]}}";
    let api = |steps: &str| format!("workers: 99, endpoints: {{get: {{steps: [{steps}]}}}}");
    let more = "caches: {memo: {contents: {keyed: {key: item, capacity: 1, eviction: lru, ttl: 4s}}}}\n\
                keys: {item: {uniform: {count: 1000000}}}\n";
    let of = ["cpu_for_nobody(api)", "cpu(api)"];
    for steps in [LOOKUP.to_owned(), format!("{FORK}, {LOOKUP}"), format!("{FORK}, {FORK}, {LOOKUP}")] {
        let found = values(&system("timeout: 100ms", &api(&steps), more), &of);
        assert_eq!(found[0], 0.0, "{steps}");
        assert!(found[1] > 0.0, "{steps}: the value is made");
    }
    // What it does beside that is for nobody.
    let beside = format!("{{parallel: {{branches: [{LOOKUP}, {{work: 300ms}}]}}}}");
    let found = values(&system("timeout: 100ms", &api(&beside), more), &of);
    close(found[0], 1.0 / 3.0, 2e-2, "200 of 600 ms");
}
