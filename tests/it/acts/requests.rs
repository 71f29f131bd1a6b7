//! What requests are made of, when they come, and all that stands between a caller and a callee.

use super::{Act, FAILING, act};

/// A callee to which twice what it can bear comes for half of the time.
const LIMITED: &str =
    "load.users.arrive: {poisson: {rate: 250/s}}\nload.users.shape: [{spike: {at: 30s, for: 60s, factor: 3}}]";

pub(super) const ACTS: &[Act] = &[
    // The median of an exponential is ln 2 of its mean, and its p99 4.6 times the mean.
    act(
        "distribution exponential",
        "",
        "services.api.endpoints.get.steps: [{work: {exponential: {mean: 20ms}}}]",
        "p50(api.get) in on < 0.9 * p50(api.get)",
    ),
    act(
        "distribution uniform",
        "",
        "services.api.endpoints.get.steps: [{work: {uniform: {from: 1ms, to: 39ms}}}]",
        "p95(api.get) in on > 1.5 * p95(api.get)",
    ),
    act(
        "distribution normal",
        "",
        "services.api.endpoints.get.steps: [{work: {normal: {mean: 20ms, deviation: 5ms}}}]",
        "p95(api.get) in on > 1.2 * p95(api.get)",
    ),
    act(
        "distribution lognormal",
        "",
        "services.api.endpoints.get.steps: [{work: {lognormal: {mean: 20ms, cv: 2}}}]",
        "p50(api.get) in on < 0.7 * p50(api.get)",
    ),
    act(
        "distribution gamma",
        "",
        "services.api.endpoints.get.steps: [{work: {gamma: {mean: 20ms, cv: 2}}}]",
        "p50(api.get) in on < 0.6 * p50(api.get)",
    ),
    act(
        "distribution weibull",
        "",
        "services.api.endpoints.get.steps: [{work: {weibull: {shape: 0.5, mean: 20ms}}}]",
        "p50(api.get) in on < 0.6 * p50(api.get)",
    ),
    act(
        "distribution pareto",
        "",
        "services.api.endpoints.get.steps: [{work: {pareto: {min: 10ms, shape: 2}}}]",
        "p50(api.get) in on < 0.9 * p50(api.get)",
    ),
    act(
        "distribution erlang",
        "",
        "services.api.endpoints.get.steps: [{work: {erlang: {stages: 4, mean: 20ms}}}]",
        "p95(api.get) in on > 1.5 * p95(api.get)",
    ),
    act(
        "distribution empirical",
        "",
        "services.api.endpoints.get.steps: [{work: {empirical: {min: 1ms, quantiles: {p50: 10ms, p99: 80ms}, max: 200ms}}}]",
        "p50(api.get) in on < 0.7 * p50(api.get)",
    ),
    act(
        "distribution mixture",
        "",
        "services.api.endpoints.get.steps: [{work: {mixture: [{probability: 90%, of: 10ms}, {of: 100ms}]}}]",
        "p95(api.get) in on > 3 * p95(api.get)",
    ),
    act("arrive poisson", "", "load.users.arrive: {poisson: {rate: 200/s}}", "rps(users) in on > 3.5 * rps(users)"),
    act(
        "arrive constant",
        "services.api.instances: 1",
        "load.users.arrive: {constant: {rate: 50/s}}",
        "mean(api.queue_wait) in on < 0.2 * mean(api.queue_wait)",
    ),
    act(
        "arrive renewal",
        "",
        "load.users.arrive: {renewal: {between: {uniform: {from: 0ms, to: 10ms}}}}",
        "rps(users) in on > 3.5 * rps(users)",
    ),
    // Two users who do not think are answered 2 / 20 ms times a second.
    act("arrive closed", "", "load.users.arrive: {closed: {users: 2}}", "rps(users) in on == 100/s within 1%"),
    act(
        "arrive burst",
        "",
        "load.users.arrive: {burst: {size: 1k, at: 10s}}",
        "p95(api.queue_wait) in on > 100 * mean(api.queue_wait)",
    ),
    act("arrive replay", "", "load.users.arrive: {replay: {file: rates.csv}}", "rps(users) in on == 20/s within 10%"),
    act(
        "shape spike",
        "",
        "load.users.shape: [{spike: {at: 30s, for: 30s, factor: 3}}]",
        "rps(users) in on == 1.5 * rps(users) within 5%",
    ),
    act(
        "shape step",
        "",
        "load.users.shape: [{step: {at: 1m, factor: 3}}]",
        "rps(users) in on == 2 * rps(users) within 5%",
    ),
    act(
        "shape ramp",
        "",
        "load.users.shape: [{ramp: {at: 0s, for: 2m, factor: 3}}]",
        "rps(users) in on == 2 * rps(users) within 5%",
    ),
    act(
        "shape points",
        "",
        "load.users.shape: [{points: [{at: 0s, factor: 1}, {at: 1m, factor: 3}, {at: 2m, factor: 1}]}]",
        "rps(users) in on == 2 * rps(users) within 5%",
    ),
    act(
        "shape diurnal",
        "",
        "load.users.shape: [{diurnal: {peak_at: 12h, low: 20%}}]",
        "rps(users) in on < 0.5 * rps(users)",
    ),
    act(
        "shape weekly",
        "",
        "load.users.shape: [{weekly: {monday: 200%}}]",
        "rps(users) in on == 2 * rps(users) within 5%",
    ),
    act(
        "discipline fifo",
        "services.api: {workers: 1, instances: 1, queue: {discipline: lifo}, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "services.api.queue.discipline: fifo",
        "p99(api.queue_wait) in on < 0.8 * p99(api.queue_wait)",
    ),
    act(
        "discipline lifo",
        "services.api: {workers: 1, instances: 1, queue: {discipline: fifo}, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "services.api.queue.discipline: lifo",
        "p50(api.queue_wait) in on < 0.5 * p50(api.queue_wait)",
    ),
    act(
        "discipline adaptive_lifo",
        "services.api: {workers: 1, instances: 1, queue: {discipline: fifo}, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "services.api.queue.discipline: {adaptive_lifo: {above: 1}}",
        "p50(api.queue_wait) in on < 0.7 * p50(api.queue_wait)",
    ),
    act(
        "discipline codel",
        "services.api: {workers: 1, instances: 1, queue: {discipline: fifo}, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "services.api.queue.discipline: {codel: {target: 20ms, interval: 100ms}}",
        "p99(api.queue_wait) in on < 0.7 * p99(api.queue_wait)",
    ),
    // Who has less time is served first.
    // A tenant that floods waits for itself.
    act(
        "discipline fair",
        "load.users.tenant: acme\nload.flood: {to: web.get, tenant: initech, arrive: {poisson: {rate: 450/s}}}\nservices.api.queue.capacity: 100k",
        "services.api.queue.discipline: {fair: {per: tenant}}",
        "p99(users) in on < 0.2 * p99(users)",
    ),
    act(
        "discipline deadline",
        "load.bulk: {to: web.get, arrive: {poisson: {rate: 45/s}}, deadline: 100s}\nload.users.deadline: 5s\nservices.api: {workers: 1, instances: 1, queue: {discipline: fifo}, endpoints: {get: {steps: [{work: {exponential: {mean: 10ms}}}]}}}",
        "services.api.queue.discipline: deadline",
        "mean(users) in on < 0.5 * mean(users)",
    ),
    act(
        "discipline priority",
        "load.bulk: {to: web.get, arrive: {poisson: {rate: 45/s}}, priority: sheddable}\nload.users.priority: critical\nservices.api: {workers: 1, instances: 1, queue: {discipline: fifo}, endpoints: {get: {steps: [{work: {exponential: {mean: 10ms}}}]}}}",
        "services.api.queue.discipline: priority",
        "mean(users) in on < 0.5 * mean(users)",
    ),
    act(
        "retry retry",
        FAILING,
        "policies.api.retry: {max_attempts: 4}",
        "error_rate(web.get) in on < 0.1 * error_rate(web.get)",
    ),
    act(
        "backoff fixed",
        "policies.api.retry: {max_attempts: 3, backoff: {fixed: {delay: 0ms}}}\nfaults: {bad: {inject: {fail: {probability: 30%}}, where: {service: api}}}",
        "policies.api.retry.backoff: {fixed: {delay: 500ms}}",
        "p90(web.get) in on > 10 * p90(web.get)",
    ),
    act(
        "backoff linear",
        "policies.api.retry: {max_attempts: 3, backoff: {fixed: {delay: 0ms}}}\nfaults: {bad: {inject: {fail: {probability: 30%}}, where: {service: api}}}",
        "policies.api.retry.backoff: {linear: {base: 500ms}}",
        "p90(web.get) in on > 10 * p90(web.get)",
    ),
    act(
        "backoff exponential",
        "policies.api.retry: {max_attempts: 3, backoff: {fixed: {delay: 0ms}}}\nfaults: {bad: {inject: {fail: {probability: 30%}}, where: {service: api}}}",
        "policies.api.retry.backoff: {exponential: {base: 500ms, jitter: none}}",
        "p90(web.get) in on > 10 * p90(web.get)",
    ),
    act(
        "budget rate_share",
        "policies.api.retry: {max_attempts: 4, backoff: {fixed: {delay: 1ms}}}\nfaults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.retry.budget: {rate_share: {percent: 10%, reserve: 0/s}}",
        "amplification(web->api.get) in on < 0.5 * amplification(web->api.get)",
    ),
    act(
        "budget concurrency_share",
        "services.api.endpoints.get.steps: [{wait: 200ms}]\nservices.api.workers: 100\npolicies.api.retry: {max_attempts: 4, backoff: {fixed: {delay: 1ms}}}\nfaults: {bad: {inject: {fail: {probability: 60%}}, where: {from: web, to: api}}}",
        "policies.api.retry.budget: {concurrency_share: {percent: 5%, min: 0}}",
        "amplification(web->api.get) in on < 0.8 * amplification(web->api.get)",
    ),
    act(
        "budget tokens",
        "policies.api.retry: {max_attempts: 4, backoff: {fixed: {delay: 1ms}}}\nfaults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.retry.budget: {tokens: {max: 10, ratio: 0.1}}",
        "amplification(web->api.get) in on < 0.5 * amplification(web->api.get)",
    ),
    act(
        "budget token_bucket",
        "policies.api.retry: {max_attempts: 4, backoff: {fixed: {delay: 1ms}}}\nfaults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.retry.budget: {token_bucket: {}}",
        "amplification(web->api.get) in on < 0.5 * amplification(web->api.get)",
    ),
    act(
        "budget breaker",
        "policies.api.retry: {max_attempts: 4, backoff: {fixed: {delay: 1ms}}}\nfaults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.retry.budget: {breaker: {failure_rate: 10%}}",
        "amplification(web->api.get) in on < 0.5 * amplification(web->api.get)",
    ),
    act(
        "breaker rate",
        "faults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.breaker: {rate: {failure_rate: 50%, window: {count: 20}, minimum_calls: 20}}",
        "rejected(web.get) in on > 80%",
    ),
    act(
        "breaker count",
        "faults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.breaker: {count: {failures: 5}}",
        "rejected(web.get) in on > 80%",
    ),
    act(
        "breaker consecutive",
        "faults: {bad: {inject: fail, where: {service: api}}}",
        "policies.api.breaker: {consecutive: {failures: 3}}",
        "rejected(web.get) in on > 80%",
    ),
    act(
        "throttle sre",
        "faults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.throttle: {sre: {ratio: 2, window: {time: 10s}}}",
        "rps(api.get) in on < 0.5 * rps(api.get)",
    ),
    act(
        "throttle admission_control",
        "faults: {bad: {inject: {fail: {probability: 90%}}, where: {service: api}}}",
        "policies.api.throttle: {admission_control: {window: {time: 10s}}}",
        "rps(api.get) in on < 0.5 * rps(api.get)",
    ),
    // A callee that cannot keep up queues without end: a limit that moves keeps the queue short, and turns away the others.
    act(
        "concurrency_limit aimd",
        LIMITED,
        "policies.api.concurrency_limit: {aimd: {min: 1, slow_after: 60ms}}",
        "p99(web.get) in on < 0.5 * p99(web.get)",
    ),
    act(
        "concurrency_limit vegas",
        LIMITED,
        "policies.api.concurrency_limit: vegas",
        "p99(web.get) in on < 0.5 * p99(web.get)",
    ),
    act(
        "concurrency_limit gradient",
        LIMITED,
        "policies.api.concurrency_limit: gradient",
        "p99(web.get) in on < 0.5 * p99(web.get)",
    ),
    act(
        "concurrency_limit gradient2",
        LIMITED,
        "policies.api.concurrency_limit: {gradient2: {min: 1}}",
        "p99(web.get) in on < 0.5 * p99(web.get)",
    ),
    act(
        "concurrency_limit bulkhead",
        "services.web.workers: 20\nservices.web.endpoints.fast.steps: [{work: 1ms}]\nload.others: {to: web.fast, arrive: {poisson: {rate: 20/s}}, timeout: 1s}\nservices.api.endpoints.get.steps: [{wait: 2s}]\nservices.api.workers: 100",
        "policies.api.concurrency_limit: {bulkhead: {limit: 8, max_wait: 10ms}}",
        "availability(web.fast) in on > 2 * availability(web.fast)",
    ),
    act(
        "admission admission",
        "services.api: {instances: 1, workers: 2, queue: {capacity: 50}, endpoints: {get: {steps: [{work: 60ms}]}}}",
        "services.api.admission: {concurrency_limit: {bulkhead: {limit: 4}}}",
        "p50(api.get) in on < 0.3 * p50(api.get)",
    ),
    act(
        "shed by_priority",
        "services.api: {instances: 1, workers: 2, queue: {capacity: 50}, endpoints: {get: {steps: [{work: 60ms}]}}}\nload.crawlers: {to: web.get, arrive: {poisson: {rate: 50/s}}, priority: sheddable}\nload.users.arrive: {poisson: {rate: 20/s}}",
        "services.api.admission: {shed: {by_priority: {queue_wait: {sheddable: 20ms}}}}",
        "availability(web.get) of users in on > 1.5 * availability(web.get) of users",
    ),
    act(
        "rate_limit token_bucket",
        "services.api.workers: 100",
        "policies.api.rate_limit: {token_bucket: {rate: 5/s, burst: 5}}",
        "rejected(web.get) in on == 80% within 3 points",
    ),
    act(
        "rate_limit leaky_bucket",
        "services.api.workers: 100",
        "policies.api.rate_limit: {leaky_bucket: {rate: 10/s, capacity: 3}}",
        "p50(web.get) in on > 8 * p50(web.get)",
    ),
    act(
        "rate_limit fixed_window",
        "services.api.workers: 100",
        "policies.api.rate_limit: {fixed_window: {limit: 5, every: 1s}}",
        "rejected(web.get) in on == 80% within 3 points",
    ),
    act(
        "rate_limit sliding_window",
        "services.api.workers: 100",
        "policies.api.rate_limit: {sliding_window: {limit: 5, every: 1s}}",
        "rejected(web.get) in on == 80% within 3 points",
    ),
    act(
        "pool pool",
        "services.api.endpoints.get.steps: [{wait: 60ms}]\nservices.api.workers: 100",
        "policies.api.pool: {connections: 1, max_wait: 100ms}",
        "rejected(web.get) in on > 20%",
    ),
    act(
        "fallback fallback",
        FAILING,
        "policies.api.fallback: {outcome: degraded}",
        "degraded(web.get) in on == 30% within 2 points",
    ),
    act(
        "fallback cached",
        FAILING,
        "policies.api.fallback: {cached: {max_age: 10s}}",
        "stale_read(web.get) in on == error_rate(web.get) within 1 points",
    ),
    // Not a kind of its own: a fallback with a call.
    act(
        "fallback call",
        "faults: {bad: {inject: {fail: {probability: 30%}}, where: {service: api}}}\nservices.spare: {workers: 9, endpoints: {get: {steps: [{work: 1ms}]}}}",
        "policies.api.fallback: {call: {to: spare.get}}",
        "availability(web.get) in on > availability(web.get) + 25%",
    ),
    act(
        "hedge backup",
        "services.api.endpoints.get.steps: [{wait: {mixture: [{probability: 90%, of: 10ms}, {of: 500ms}]}}]\nservices.api.workers: 100",
        "policies.api.hedge: {backup: {after: {time: 20ms}}}",
        "p95(web.get) in on < 0.2 * p95(web.get)",
    ),
    act(
        "hedge tied",
        "services.api.endpoints.get.steps: [{work: {exponential: {mean: 60ms}}}]\nservices.api.workers: 1\npolicies.api.balance: random",
        "policies.api.hedge: {tied: {after: {time: 0ms}}}",
        "mean(web.get) in on < 0.8 * mean(web.get)",
    ),
    act(
        "hedge speculative",
        "services.api.endpoints.get.steps: [{wait: {exponential: {mean: 60ms}}}]\nservices.api.workers: 100",
        "policies.api.hedge: {speculative: {copies: 3}}",
        "mean(web.get) in on == 20ms within 5%",
    ),
    act(
        "balance random",
        "services.api.endpoints.get.steps: [{work: 60ms}]\nservices.api.workers: 1",
        "policies.api.balance: random",
        "mean(api.queue_wait) in on > 1.5 * mean(api.queue_wait)",
    ),
    act(
        "balance round_robin",
        "services.api.endpoints.get.steps: [{work: 60ms}]\nservices.api.workers: 1\npolicies.api.balance: random",
        "policies.api.balance: round_robin",
        "mean(api.queue_wait) in on < 0.7 * mean(api.queue_wait)",
    ),
    act(
        "balance least_requests",
        "services.web.instances: 1\nservices.api.endpoints.get.steps: [{work: {exponential: {mean: 60ms}}}]\nservices.api.workers: 1",
        "policies.api.balance: {least_requests: {choices: 4}}",
        "mean(api.queue_wait) in on < 0.7 * mean(api.queue_wait)",
    ),
    act(
        "balance weighted",
        "services.web.instances: 1\nservices.api: {instances: 4, workers: 1, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "policies.api.balance: {weighted: {weights: [6, 1, 1, 1]}}",
        "mean(api.queue_wait) in on > 2 * mean(api.queue_wait)",
    ),
    act(
        "balance latency_ewma",
        "faults: {bad: {inject: {slow: {factor: 20}}, where: {service: api, instances: [0]}}}",
        "policies.api.balance: latency_ewma",
        "mean(web.get) in on < 0.6 * mean(web.get)",
    ),
    // A hot key makes a hot instance, whoever hashes it.
    act(
        "balance ring_hash",
        "keys: {customer: {hot: {count: 100, percent: 60%}}}\nservices.api: {instances: 4, workers: 1, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "policies.api.balance: {ring_hash: {key: customer}}",
        "mean(api.queue_wait) in on > 2 * mean(api.queue_wait)",
    ),
    act(
        "balance maglev",
        "keys: {customer: {hot: {count: 100, percent: 60%}}}\nservices.api: {instances: 4, workers: 1, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "policies.api.balance: {maglev: {key: customer}}",
        "mean(api.queue_wait) in on > 2 * mean(api.queue_wait)",
    ),
    // What is pinned to one instance of four leaves the others idle.
    act(
        "balance pinned",
        "services.web.instances: 1\nservices.api: {instances: 4, workers: 1, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "policies.api.balance: pinned",
        "mean(api.queue_wait) in on > 3 * mean(api.queue_wait)",
    ),
    // What a profile brings, and what it fills up.
    act(
        "profile resilience4j",
        FAILING,
        "policies.api: {profile: resilience4j, retry: {}}",
        "error_rate(web.get) in on < 0.2 * error_rate(web.get)",
    ),
    act(
        "profile polly",
        FAILING,
        "policies.api: {profile: polly, retry: {}}",
        "error_rate(web.get) in on < 0.1 * error_rate(web.get)",
    ),
    // The first failure opens it.
    act(
        "profile failsafe",
        FAILING,
        "policies.api: {profile: failsafe, breaker: consecutive}",
        "availability(web.get) in on < 0.3 * availability(web.get)",
    ),
    act(
        "profile hystrix",
        "faults: {bad: {inject: {slow: {factor: 100}}, where: {service: api}}}\nload.users.timeout: 10s",
        "policies.api: {profile: hystrix}",
        "p99(users) in on < 0.2 * p99(users)",
    ),
    act(
        "profile envoy",
        FAILING,
        "policies.api: {profile: envoy, retry: {}}",
        "error_rate(web.get) in on < 0.5 * error_rate(web.get)",
    ),
    // What cannot be reached is called again, and what fails is not.
    act(
        "profile istio",
        "faults: {bad: {inject: {fail: {probability: 30%, outcome: unreachable}}, where: {service: api}}}",
        "policies.api: {profile: istio}",
        "error_rate(web.get) in on < 0.2 * error_rate(web.get)",
    ),
    act(
        "profile grpc",
        "services.web.instances: 1\nservices.api: {instances: 4, workers: 1, endpoints: {get: {steps: [{work: {exponential: {mean: 18ms}}}]}}}",
        "policies.api: {profile: grpc}",
        "mean(api.queue_wait) in on > 3 * mean(api.queue_wait)",
    ),
    act(
        "profile finagle",
        "faults: {bad: {inject: fail, where: {service: api, instances: [0]}}}",
        "policies.api: {profile: finagle}",
        "error_rate(web.get) in on < 0.3 * error_rate(web.get)",
    ),
    act(
        "profile aws_sdk",
        FAILING,
        "policies.api: {profile: aws_sdk}",
        "error_rate(web.get) in on < 0.9 * error_rate(web.get)",
    ),
    act(
        "locality locality",
        "regions: {home: {zones: [a, b]}}\nnetwork.between_zones: {latency: 20ms}\nservices.web.zones: [a, b]\nservices.api.zones: [a, b]",
        "policies.api.locality: {prefer: zone}",
        "mean(web.get) in on < 0.6 * mean(web.get)",
    ),
    act(
        "ejection outlier_ejection",
        "faults: {bad: {inject: fail, where: {service: api, instances: [0]}}}",
        "policies.api.outlier_ejection: {consecutive_errors: 5, max_ejected: {percent: 50%}}",
        "error_rate(web.get) in on < 0.3 * error_rate(web.get)",
    ),
    act(
        "effect deduplicated",
        "services.api.endpoints.get: {effect: not_idempotent, steps: [{wait: {exponential: {mean: 60ms}}}]}\nservices.api.workers: 100\npolicies.api: {timeout: 60ms, retry: {max_attempts: 4}}",
        "services.api.endpoints.get.effect: {deduplicated: {remember: 1h}}",
        "duplicate_effect(api.get) in on < 0.1 * duplicate_effect(api.get)",
    ),
];
