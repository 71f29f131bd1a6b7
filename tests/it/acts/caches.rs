//! Caches: their contents, who makes values when, and the steps that ask them.

use super::{Act, act};

/// Each request takes its value from a cache of keys, which lies in the memory of the two instances of `web`.
const CACHED: &str = "keys: {item: {zipf: {count: 1k, exponent: 1}}}\n\
    caches: {items: {contents: {keyed: {key: item, ttl: 20s}}}}\n\
    services.web.endpoints.get.steps: [{lookup: {cache: items, miss: [{call: {to: api.get, policy: api}}]}}]";
/// One value, which takes a second to make and expires after ten.
const SLOW_TO_MAKE: &str = "keys: {item: {uniform: {count: 1}}}\n\
    caches: {items: {contents: {keyed: {key: item, ttl: 10s}}}}\n\
    services.api: {workers: unlimited, endpoints: {get: {steps: [{wait: 1s}]}}}\n\
    services.web.endpoints.get.steps: [{lookup: {cache: items, miss: [{call: {to: api.get, policy: api}}]}}]";
/// The same, made by one request on each instance.
const MADE_ON_EACH: &str = "keys: {item: {uniform: {count: 1}}}\n\
    caches: {items: {coalesce: per_instance, contents: {keyed: {key: item, ttl: 10s}}}}\n\
    services.web: {instances: 8, workers: unlimited, endpoints: {get: {steps: [{lookup: {cache: items, miss: [{call: {to: api.get, policy: api}}]}}]}}}\n\
    services.api: {workers: unlimited, endpoints: {get: {steps: [{wait: 1s}]}}}";
/// A store whose rows are written, and a cache before it.
const WRITTEN: &str = "keys: {item: {uniform: {count: 10}}}\n\
    caches: {items: {contents: {keyed: {key: item, ttl: 1m}}}}\n\
    stores.db: {workers: 100, key: item, endpoints: {read: {access: read, steps: [{wait: 1ms}]}, write: {access: write, steps: [{wait: 1ms}]}}}\n\
    services.web: {instances: 1, workers: unlimited, endpoints: {get: {steps: [{lookup: {cache: items, miss: [{call: {to: db.read}}]}}]}, put: {steps: [{call: {to: db.write}}]}}}\n\
    load.writers: {to: web.put, arrive: {poisson: {rate: 1/s}}}";

pub(super) const ACTS: &[Act] = &[
    act(
        "contents fixed",
        CACHED,
        "caches.items.contents: {fixed: {hit_ratio: 90%}}",
        "rps(api.get) in on == 0.1 * rps(web.get) within 5%",
    ),
    act(
        "contents keyed",
        "keys: {item: {uniform: {count: 10}}}\ncaches: {items: {contents: {fixed: {hit_ratio: 0%}}}}\nservices.web.endpoints.get.steps: [{lookup: {cache: items, miss: [{call: {to: api.get, policy: api}}]}}]",
        "caches.items.contents: {keyed: {key: item}}",
        "hit_ratio(items) in on > 99%",
    ),
    // About a hundred values fit into an instance.
    act(
        "contents entry_size",
        "keys: {item: {uniform: {count: 1k}}}\ncaches: {items: {contents: {keyed: {key: item}}}}\nservices.web.machine: {memory: {size: 10MiB}}\nservices.web.endpoints.get.steps: [{lookup: {cache: items, miss: [{call: {to: api.get, policy: api}}]}}]",
        "caches.items.contents.keyed.entry_size: 100KiB",
        "oom_kills(web) in on > 2",
    ),
    act(
        "coalesce per_instance",
        SLOW_TO_MAKE,
        "caches.items.coalesce: per_instance",
        "regenerations(items) in on < 0.1 * regenerations(items)",
    ),
    act(
        "coalesce everywhere",
        MADE_ON_EACH,
        "caches.items.coalesce: everywhere",
        "regenerations(items) in on == 0.125 * regenerations(items) within 10%",
    ),
    act("early xfetch", SLOW_TO_MAKE, "caches.items.early: xfetch", "misses(items) in on < 0.05 * misses(items)"),
    act(
        "inject flush",
        CACHED,
        "faults: {f: {inject: flush, where: {service: items}, every: 1s}}",
        "hit_ratio(items) in on < 0.6 * hit_ratio(items)",
    ),
    act(
        "step lookup",
        "keys: {item: {zipf: {count: 1k, exponent: 1}}}\ncaches: {items: {contents: {keyed: {key: item, ttl: 20s}}}}",
        "services.web.endpoints.get.steps: [{lookup: {cache: items, miss: [{call: {to: api.get, policy: api}}]}}]",
        "rps(api.get) in on < 0.5 * rps(api.get)",
    ),
    act(
        "step invalidate",
        WRITTEN,
        "services.web.endpoints.put.steps: [{call: {to: db.write}}, {invalidate: items}]",
        "stale_read(web.get) in on < 0.01 * stale_read(web.get)",
    ),
];
