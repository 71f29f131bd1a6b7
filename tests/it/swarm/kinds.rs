//! Settings of each kind of the language, at random and valid.

use super::dice::Dice;

/// A distribution with about this mean [µs].
pub fn distribution(dice: &mut Dice, mean_us: u64) -> String {
    let mean = mean_us.max(10);
    match dice.below(12) {
        0 | 1 => format!("{mean}us"),
        2..=4 => format!("{{exponential: {{mean: {mean}us}}}}"),
        5 => format!("{{lognormal: {{mean: {mean}us, cv: {}}}}}", *dice.pick(&["0.3", "1", "2.5"])),
        6 => format!("{{gamma: {{mean: {mean}us, cv: {}}}}}", *dice.pick(&["0.5", "1.7"])),
        7 => format!("{{erlang: {{stages: {}, mean: {mean}us}}}}", dice.number(2, 9)),
        8 => format!("{{uniform: {{from: {}us, to: {}us}}}}", mean / 2, mean * 3 / 2),
        9 => format!("{{weibull: {{shape: {}, mean: {mean}us}}}}", *dice.pick(&["0.6", "1.8"])),
        10 => format!("{{pareto: {{min: {}us, shape: 2.2, max: {}us}}}}", mean / 2, mean * 100),
        _ => format!(
            "{{mixture: [{{probability: 90%, of: {{normal: {{mean: {mean}us, deviation: {}us}}}}}}, {{of: {}us}}]}}",
            mean / 3,
            mean * 4
        ),
    }
}

/// When requests come: about `rate` a second.
pub fn arrivals(dice: &mut Dice, rate: u64) -> String {
    match dice.below(8) {
        7 => format!("{{burst: {{size: {}, every: {}s}}}}", dice.number(1, 200), dice.number(1, 4)),
        0..=2 => format!("{{poisson: {{rate: {rate}/s}}}}"),
        3 => format!("{{constant: {{rate: {rate}/s}}}}"),
        4 => format!("{{renewal: {{between: {}}}}}", distribution(dice, 1_000_000 / rate)),
        _ => format!("{{closed: {{users: {}, think: {}}}}}", dice.number(1, 30), distribution(dice, 100_000)),
    }
}

/// How the rate changes over time, in a run of so many seconds.
pub fn shape(dice: &mut Dice, seconds: u64) -> String {
    let at = dice.number(0, seconds / 2);
    match dice.below(4) {
        0 => format!("{{spike: {{at: {at}s, for: {}s, factor: {}}}}}", dice.number(1, 5), *dice.pick(&["0.2", "3"])),
        1 => format!("{{step: {{at: {at}s, factor: {}}}}}", *dice.pick(&["0.5", "1.6"])),
        2 => format!("{{ramp: {{at: {at}s, for: {}s, factor: 2}}}}", dice.number(1, 9)),
        _ => format!("{{diurnal: {{peak_at: {}h, low: 40%}}}}", dice.number(0, 23)),
    }
}

/// Settings that a call may have: keys and values, joined by commas.
pub fn call(dice: &mut Dice) -> String {
    let mut keys = Vec::new();
    if dice.chance(70) {
        let timeout = *dice.pick(&["5ms", "30ms", "200ms", "1s", "{uniform: {from: 20ms, to: 60ms}}"]);
        keys.push(format!("timeout: {timeout}"));
    }
    if dice.chance(15) {
        keys.push(format!("total_timeout: {}ms", dice.number(40, 800)));
    }
    if dice.chance(40) {
        keys.push(format!("retry: {}", retry(dice)));
    }
    if dice.chance(25) {
        keys.push(format!("breaker: {}", breaker(dice)));
    }
    if dice.chance(15) {
        let sre = format!("{{sre: {{ratio: {}, window: {{time: 3s}}}}}}", *dice.pick(&["1", "1.5", "2"]));
        let envoy = "{admission_control: {window: {time: 3s}, success_rate: 80%}}".to_owned();
        keys.push(format!("throttle: {}", dice.pick(&[sre, envoy])));
    }
    if dice.chance(15) {
        let (limit, wait) = (dice.number(1, 12), *dice.pick(&["0s", "20ms", "1s"]));
        let bulkhead = format!("{{bulkhead: {{limit: {limit}, max_wait: {wait}}}}}");
        keys.push(format!("concurrency_limit: {}", adaptive(dice).unwrap_or(bulkhead)));
    }
    if dice.chance(15) {
        keys.push(format!("rate_limit: {}", rate_limit(dice)));
    }
    if dice.chance(15) {
        keys.push(format!("pool: {}", pool(dice)));
    }
    if dice.chance(20) {
        keys.push("fallback: {latency: 1ms, outcome: degraded}".into());
    }
    if dice.chance(20) {
        keys.push(format!("cancel: {}", dice.chance(70)));
    }
    if dice.chance(15) {
        keys.push("optional: true".into());
    }
    if dice.chance(40) {
        keys.push(format!("balance: {}", *dice.pick(BALANCERS)));
    }
    if dice.chance(20) {
        keys.push(format!("size: {{request: {}B, response: {}KiB}}", dice.number(0, 2000), dice.number(1, 64)));
    }
    if dice.chance(15) {
        keys.push(format!("hedge: {}", hedge(dice)));
    }
    if dice.chance(15) {
        keys.push(format!("outlier_ejection: {}", ejection(dice)));
    }
    if dice.chance(15) {
        let panic_below = *dice.pick(&["0%", "30%", "50%", "80%"]);
        keys.push(format!("locality: {{panic_below: {panic_below}}}"));
    }
    if dice.chance(20) {
        keys.push(format!("deadline: {}", *dice.pick(&["3ms", "40ms", "800ms"])));
    }
    keys.join(", ")
}

const BALANCERS: &[&str] = &[
    "random",
    "round_robin",
    "{least_requests: {choices: 2}}",
    "latency_ewma",
    "{weighted: {weights: [3, 1]}}",
    "ring_hash",
    "{maglev: {size: 1009}}",
];

fn rate_limit(dice: &mut Dice) -> String {
    let (rate, size, wait) = (dice.number(5, 80), dice.number(1, 9), *dice.pick(&["0s", "30ms", "1s"]));
    match dice.below(4) {
        0 => format!("{{token_bucket: {{rate: {rate}/s, burst: {size}, max_wait: {wait}}}}}"),
        1 => format!("{{leaky_bucket: {{rate: {rate}/s, capacity: {size}}}}}"),
        2 => format!("{{fixed_window: {{limit: {size}, every: 100ms, max_wait: {wait}}}}}"),
        _ => format!("{{sliding_window: {{limit: {size}, every: 100ms, max_wait: {wait}}}}}"),
    }
}

fn pool(dice: &mut Dice) -> String {
    let (connections, wait) = (dice.number(1, 12), *dice.pick(&["0s", "20ms", "1s"]));
    let connect = if wait == "0s" { "0s" } else { *dice.pick(&["0s", "3ms", "{exponential: {mean: 5ms}}"]) };
    let rest = *dice.pick(&["", ", idle_for: 10ms", ", max_age: 300ms"]);
    format!("{{connections: {connections}, max_wait: {wait}, connect: {connect}{rest}}}")
}

/// What a service asks at its door.
pub fn admission(dice: &mut Dice) -> String {
    let mut keys = Vec::new();
    if dice.chance(50) {
        let (rate, burst) = (dice.number(10, 120), dice.number(1, 20));
        keys.push(format!("rate_limit: {{token_bucket: {{rate: {rate}/s, burst: {burst}}}}}"));
    }
    if dice.chance(50) {
        let bulkhead = format!("{{bulkhead: {{limit: {}}}}}", dice.number(1, 12));
        keys.push(format!("concurrency_limit: {}", adaptive(dice).unwrap_or(bulkhead)));
    }
    if keys.is_empty() || dice.chance(40) {
        let waits =
            *dice.pick(&["sheddable: 1ms, sheddable_plus: 5ms", "sheddable: 0s, sheddable_plus: 2ms, critical: 10ms"]);
        keys.push(format!("shed: {{by_priority: {{queue_wait: {{{waits}}}}}}}"));
    }
    format!("{{{}}}", keys.join(", "))
}

fn hedge(dice: &mut Dice) -> String {
    match dice.below(5) {
        0 => "{backup: {after: {percentile: p90}, extra_load: 20%}}".into(),
        1 => format!("{{backup: {{after: {{time: {}ms}}, max_attempts: 3}}}}", dice.number(1, 30)),
        2 => format!("{{tied: {{after: {{time: {}ms}}}}}}", dice.number(0, 5)),
        3 => "tied".into(),
        _ => format!("{{speculative: {{copies: {}}}}}", dice.number(2, 4)),
    }
}

fn ejection(dice: &mut Dice) -> String {
    let rate = *dice.pick(&["", ", success_rate: {minimum_instances: 2, minimum_requests: 5, deviations: 1}"]);
    let most = *dice.pick(&["{percent: 10%}", "{percent: 100%}", "{count: 2}"]);
    format!(
        "{{consecutive_errors: {}{rate}, every: {}s, eject_for: {}s, max_ejected: {most}}}",
        dice.number(1, 5),
        dice.number(1, 3),
        dice.number(1, 6)
    )
}

/// What is in a cache, and who makes its values; `coalesces` if others may wait for one who makes one.
pub fn cache(dice: &mut Dice, coalesces: bool) -> String {
    let mut keys = Vec::new();
    let mut size = "";
    if dice.chance(50) {
        let (instances, workers) = (dice.number(1, 3), *dice.pick(&["unlimited", "2", "20"]));
        keys.push(format!(
            "instances: {instances}, workers: {workers}, steps: [{{work: {}}}]",
            distribution(dice, 300)
        ));
        if dice.chance(30) {
            keys.push("machine: {memory: {size: 1MiB}}".into());
            size = ", entry_size: 20KiB";
        }
    }
    if dice.chance(20) {
        keys.push(format!("contents: {{fixed: {{hit_ratio: {}%, ttl: 3s}}}}", dice.number(0, 100)));
        return format!("{{{}}}", keys.join(", "));
    }
    let (capacity, eviction) = (*dice.pick(&["1", "20", "1k"]), *dice.pick(&["lru", "lfu", "fifo"]));
    let ttl = *dice.pick(&["10ms", "1s", "4s"]);
    keys.push(format!(
        "contents: {{keyed: {{key: item, capacity: {capacity}, eviction: {eviction}, ttl: {ttl}{size}}}}}"
    ));
    if coalesces {
        let kind = *dice.pick(&["per_instance", "everywhere"]);
        let max_wait = *dice.pick(&["", "{max_wait: 1ms}", "{max_wait: 500ms}"]);
        let coalesce = if max_wait.is_empty() { kind.to_owned() } else { format!("{{{kind}: {max_wait}}}") };
        keys.push(format!("coalesce: {coalesce}"));
    }
    if dice.chance(30) {
        keys.push(format!("early: {{xfetch: {{beta: {}}}}}", *dice.pick(&["1", "20"])));
    }
    if dice.chance(30) {
        keys.push("stale_while_revalidate: 2s".into());
    }
    format!("{{{}}}", keys.join(", "))
}

/// Which key a request asks for.
pub fn keys(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => "{uniform: {count: 1}}".into(),
        1 => format!("{{uniform: {{count: {}}}}}", dice.number(2, 1000)),
        2 => format!("{{zipf: {{count: {}, exponent: {}}}}}", dice.number(2, 5000), *dice.pick(&["0.8", "1", "1.3"])),
        _ => "{hot: {count: 100, percent: 30%}}".into(),
    }
}

fn retry(dice: &mut Dice) -> String {
    let backoff = match dice.below(4) {
        3 => format!("{{fixed: {{delay: {}}}}}", distribution(dice, 8000)),
        0 => format!("{{fixed: {{delay: {}ms}}}}", dice.number(0, 30)),
        1 => "{linear: {base: 5ms, cap: 50ms}}".into(),
        _ => format!(
            "{{exponential: {{base: 5ms, cap: 200ms, jitter: {}}}}}",
            *dice.pick(&["none", "full", "equal", "decorrelated"])
        ),
    };
    let budget = *dice.pick(&[
        "",
        "",
        ", budget: {rate_share: {percent: 10%}}",
        ", budget: {concurrency_share: {percent: 20%}}",
        ", budget: {tokens: {max: 10, ratio: 0.1}}",
        ", budget: {token_bucket: {max: 10, deposit: 0.2}}",
        ", budget: {breaker: {failure_rate: 15%}}",
    ]);
    let outcomes =
        *dice.pick(&["", ", outcomes: [timeout, error]", ", outcomes: [rejected, timeout, error, unreachable]"]);
    // Now and then more attempts than a frame can count.
    let most = if dice.chance(5) && !backoff.contains("delay: 0ms") { 1000 } else { dice.number(2, 4) };
    format!("{{max_attempts: {most}{outcomes}, backoff: {backoff}{budget}}}")
}

fn breaker(dice: &mut Dice) -> String {
    let open = dice.number(1, 5);
    match dice.below(4) {
        0 => format!("{{rate: {{failure_rate: 50%, window: {{time: 5s}}, minimum_calls: 20, open_for: {open}s}}}}"),
        1 => format!("{{rate: {{failure_rate: 30%, window: {{count: 40}}, open_for: {open}s}}}}"),
        2 => format!("{{count: {{failures: 5, minimum_calls: 10, open_for: {open}s}}}}"),
        _ => format!("{{consecutive: {{failures: 3, open_for: {open}s}}}}"),
    }
}

/// A fault that strikes one of these services, in a run of so many seconds.
pub fn fault(dice: &mut Dice, services: &[String], callee: &str, seconds: u64) -> String {
    let service = dice.pick(services).clone();
    let on = format!("{{service: {service}}}");
    let (inject, target) = match dice.below(8) {
        0 => (format!("{{crash: {{callers_see: {}}}}}", *dice.pick(&["reset", "silence"])), on.clone()),
        1 => ("freeze".into(), format!("{{service: {service}, count: 1}}")),
        2 => (format!("{{slow: {{factor: {}}}}}", *dice.pick(&["3", "10", "0.5"])), on.clone()),
        3 => (format!("{{fail: {{probability: {}%}}}}", dice.number(1, 100)), on.clone()),
        4 => ("{delay: {add: 20ms, probability: 50%}}".into(), format!("{{to: {callee}}}")),
        5 => ("{loss: {probability: 5%}}".into(), format!("{{to: {callee}}}")),
        6 => ("{wrong: {kind: corrupt_record, probability: 3%}}".into(), format!("{{to: {callee}}}")),
        _ => {
            let (among, how) = *dice.pick(&[
                ("", ""),
                ("", ", crews: 1"),
                ("", ", crews: 2"),
                ("", ", together: true"),
                (", count: 1, redraw: true", ", together: true"),
            ]);
            let times = format!("{{mtbf: {}s, mttr: {{exponential: {{mean: 1s}}}}{how}}}", dice.number(2, 9));
            return format!("{{inject: crash, where: {{service: {service}{among}}}, random: {times}}}");
        }
    };
    if dice.chance(20) && target == on {
        let drawn = format!("{{service: {service}, percent: 50%, redraw: {}}}", dice.chance(70));
        return format!("{{inject: {inject}, where: {drawn}, at: {}s, for: 1s, every: 3s}}", dice.number(0, 4));
    }
    let (at, length) = (dice.number(0, seconds - 2), dice.number(1, seconds / 2));
    format!("{{inject: {inject}, where: {target}, at: {at}s, for: {length}s}}")
}

/// How a service is scaled.
pub fn scaler(dice: &mut Dice, service: &str, queue: Option<&str>) -> String {
    let mut min = 1;
    let how = match (dice.below(9), queue) {
        (0, Some(queue)) => format!("{{queue_depth: {{queue: {queue}, per_instance: 20}}}}"),
        (0 | 1, _) => format!("{{target: {{metrics: {{cpu({service}): 50%}}}}}}"),
        (2, _) => format!(
            "{{step: {{metric: cpu({service}), steps: [{{above: 70%, change: {{count: 2}}}}, {{below: 20%, change: {{count: 1}}}}]}}}}"
        ),
        (3, _) => format!(
            "{{hpa: {{metrics: {{cpu({service}): 50%, in_system({service}): 4}}, down: {{stabilization: 4s}}}}}}"
        ),
        (4, _) => format!(
            "{{rules: [{{when: cpu({service}) > 60%, change: {{factor: 1.5}}}}, {{when: cpu({service}) < 20%, change: {{count: -1}}}}]}}"
        ),
        (5, _) => {
            min = dice.number(0, 1);
            format!("{{keda: {{metrics: {{rps({service}): 20/s}}, cooldown: 3s}}}}")
        }
        (6, _) => {
            min = dice.number(0, 1);
            "{knative: {concurrency: 3, stable_window: 6s, scale_to_zero_grace: 1s}}".into()
        }
        (7, _) => format!("{{predictive: {{metric: rps({service}), minimum_observations: 3, ahead: 5s}}}}"),
        _ => "{scheduled: [{at: 0s, instances: 2}, {at: 6s, for: 8s, instances: 5}]}".into(),
    };
    let every = dice.number(1, 5);
    format!("{{of: {service}, use: {how}, every: {every}s, min: {min}, max: 8, cooldown: {{up: 2s, down: 4s}}}}")
}

/// A limit of concurrency that moves, in half of the cases.
fn adaptive(dice: &mut Dice) -> Option<String> {
    let min = dice.number(1, 4);
    let limits = [
        format!("{{aimd: {{initial: {}, min: {min}, max: 30, slow_after: 50ms}}}}", min + dice.number(0, 9)),
        "{vegas: {initial: 5, window: 50ms}}".to_owned(),
        format!("{{gradient: {{min: {min}, measure_every: 1s, minimum_samples: 5}}}}"),
        format!("{{gradient2: {{initial: {min}, min: {min}, window: 50ms}}}}"),
    ];
    dice.chance(50).then(|| dice.pick(&limits).clone())
}
