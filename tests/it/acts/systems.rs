//! Data, faults, control, promises, money and steps.

use super::{Act, FAILING, act};

/// A store with replicas that lag, in which each request writes a row, and reads it or another.
const STORE: &str = "keys.row: {uniform: {count: 1M}}\n\
    stores.db: {instances: 3, workers: 100, key: row, replication: {primary: {lag: {exponential: {mean: 100ms}}}}, \
    endpoints: {read: {access: read, steps: [{wait: 1ms}]}, write: {access: write, steps: [{wait: 1ms}]}}}\n\
    load.writers: {to: db.write, arrive: {poisson: {rate: 20/s}}}\n\
    services.web.endpoints.get.steps: [{call: {to: db.read}}]";
/// The same without replicas that lag.
const STORE_ALONE: &str = "keys.row: {uniform: {count: 10}}\n\
    stores.db: {instances: 3, workers: 100, key: row, \
    endpoints: {read: {access: read, steps: [{wait: 1ms}]}, write: {access: write, steps: [{wait: 1ms}]}}}\n\
    load.writers: {to: db.write, arrive: {poisson: {rate: 20/s}}}\n\
    services.web.endpoints.get.steps: [{call: {to: db.read}}]";
/// The first with few rows and little lag.
const STORE_THAT_LAGS: &str = "keys.row: {uniform: {count: 10}}\n\
    stores.db: {instances: 3, workers: 100, key: row, replication: {primary: {lag: {exponential: {mean: 10ms}}}}, \
    endpoints: {read: {access: read, steps: [{wait: 1ms}]}, write: {access: write, steps: [{wait: 1ms}]}}}\n\
    load.writers: {to: db.write, arrive: {poisson: {rate: 20/s}}}\n\
    services.web.endpoints.get.steps: [{call: {to: db.read}}]";
/// Messages that come faster than one worker works.
const QUEUE_SCALED: &str = "services.front: {workers: unlimited, endpoints: {put: {steps: [{call: {to: jobs.send}}]}}}\n\
    services.worker: {instances: 1, workers: 1, endpoints: {job: {steps: [{work: 100ms}]}}}\n\
    queues.jobs: {consumers: {w: {to: worker.job, visibility_timeout: 1h}}}\n\
    load.senders: {to: front.put, arrive: {poisson: {rate: 40/s}}}";

/// `web` and `api` in two zones, between which a link takes 1 ms, and another 50 ms.
const TWO_LINKS: &str = "regions: {here: {zones: [a, b]}}\nservices.web.zones: [a]\nservices.api.zones: [b]\n\
    network.links: {direct: {between: [a, b], latency: 1ms}, other: {between: [a, b], latency: 50ms}}";
/// The same with a route that prefers the shorter.
const ROUTED: &str = "regions: {here: {zones: [a, b]}}\nservices.web.zones: [a]\nservices.api.zones: [b]\n\
    network: {links: {direct: {between: [a, b], latency: 1ms}, other: {between: [a, b], latency: 50ms}}, \
    routes: {r: {between: [a, b], prefer: [direct, other]}}}";
/// The same, and the shorter comes and goes.
const FLAPS: &str = "regions: {here: {zones: [a, b]}}\nservices.web.zones: [a]\nservices.api.zones: [b]\n\
    network: {links: {direct: {between: [a, b], latency: 1ms}, other: {between: [a, b], latency: 50ms}}, \
    routes: {r: {between: [a, b], prefer: [direct, other]}}}\n\
    faults: {f: {inject: withdraw, where: {link: direct}, at: 5s, for: 1s, every: 10s, times: 10}}";

pub(super) const ACTS: &[Act] = &[
    act(
        "keys uniform",
        STORE,
        "keys.row: {uniform: {count: 1}}",
        "stale_read(db.read) in on > 5 * stale_read(db.read)",
    ),
    act(
        "keys zipf",
        STORE,
        "keys.row: {zipf: {count: 1M, exponent: 3}}",
        "stale_read(db.read) in on > 5 * stale_read(db.read)",
    ),
    act(
        "keys hot",
        STORE,
        "keys.row: {hot: {count: 1M, percent: 90%}}",
        "stale_read(db.read) in on > 5 * stale_read(db.read)",
    ),
    act(
        "inject crash",
        "",
        "faults: {f: {inject: crash, where: {service: api, instances: [0]}, at: 30s, for: 1m}}",
        "unreachable(api.get) in on > 2%",
    ),
    act(
        "inject freeze",
        "policies.api.timeout: 1s",
        "faults: {f: {inject: freeze, where: {service: api, instances: [0]}, at: 30s, for: 1m}}",
        "timeout(api.get) in on > 8%",
    ),
    act(
        "inject restart",
        "services.api.start_up: 30s",
        "faults: {f: {inject: restart, where: {service: api, instances: [0]}, at: 30s}}",
        "instances(api) in on < 3.8",
    ),
    act(
        "inject slow",
        "",
        "faults: {f: {inject: {slow: {factor: 5}}, where: {service: api}}}",
        "p50(api.get) in on > 4 * p50(api.get)",
    ),
    act(
        "inject fail",
        "",
        "faults: {f: {inject: {fail: {probability: 20%}}, where: {service: api}}}",
        "error_rate(api.get) in on == 20% within 2 points",
    ),
    act(
        "inject delay",
        "",
        "faults: {f: {inject: {delay: {add: 300ms}}, where: {from: web, to: api}}}",
        "p50(api.get) in on == 320ms within 2%",
    ),
    act(
        "inject wrong",
        "",
        "faults: {f: {inject: {wrong: {kind: wrong_amount, probability: 20%}}, where: {service: api}}}",
        "wrong_amount(api.get) in on == 20% within 2 points",
    ),
    act(
        "inject loss",
        "policies.api.timeout: 1s",
        "faults: {f: {inject: {loss: {probability: 20%}}, where: {from: web, to: api}}}",
        "timeout(api.get) in on > 15%",
    ),
    act(
        "inject partition",
        "policies.api.timeout: 1s",
        "faults: {f: {inject: partition, where: {between: [web, api]}, at: 30s, for: 1m}}",
        "timeout(api.get) in on == 50% within 5 points",
    ),
    act(
        "inject lag",
        STORE_THAT_LAGS,
        "faults: {f: {inject: {lag: {factor: 100}}, where: {service: db, role: replica}}}",
        "stale_read(db.read) in on > 3 * stale_read(db.read)",
    ),
    act(
        "inject cpu_steal",
        "",
        "faults: {f: {inject: {cpu_steal: {percent: 75%}}, where: {service: api}}}",
        "p50(api.get) in on > 3 * p50(api.get)",
    ),
    act(
        "inject clock_skew",
        "policies.api: {deadline: 1s, deadline_as: timestamp}",
        "faults: {f: {inject: {clock_skew: {offset: 2s}}, where: {service: api, count: 1}}}",
        "timeout(api.get) in on > 20%",
    ),
    // 100 ms of 50 requests a second are 1.25 requests in each instance, and sometimes more than three.
    act(
        "machine memory",
        "services.api: {workers: unlimited, endpoints: {get: {steps: [{wait: 100ms}]}}}",
        "services.api.machine: {memory: {size: 1GiB, per_request: 300MiB}}",
        "oom_kills(api) in on > 10",
    ),
    act(
        "inject memory",
        "services.api: {start_up: 20s, machine: {memory: {size: 1GiB}}}",
        "faults: {f: {inject: {memory: {leak: 20MiB/s}}, where: {service: api}}}",
        "instances(api) in on < 3.8",
    ),
    act(
        "network routes",
        TWO_LINKS,
        "network.routes: {r: {between: [a, b], prefer: [other, direct]}}",
        "p50(web.get) in on == p50(web.get) + 98ms within 1ms",
    ),
    act(
        "inject withdraw",
        ROUTED,
        "faults: {f: {inject: withdraw, where: {link: direct}}}",
        "p50(web.get) in on == p50(web.get) + 98ms within 1ms",
    ),
    act(
        "routes dampening",
        FLAPS,
        "network.routes.r.dampening: {half_life: 1m, suppress: 1500, cap: 10m}",
        "p50(web.get) in on == p50(web.get) + 98ms within 1ms",
    ),
    act(
        "machine nic",
        "",
        "services.api.machine: {nic: {ring: 4, packet_time: 10ms}}",
        "p50(api.get) in on > p50(api.get) + 9ms",
    ),
    act(
        "inject nic",
        "services.api.machine: {nic: {ring: 256}}\npolicies.api.timeout: 100ms",
        "faults: {f: {inject: {nic: {loss: 30%}}, where: {service: api}}}",
        "timeout(api.get) in on == 30% within 3 points",
    ),
    act(
        "do spread_interrupts",
        "services.api.machine: {cores: 10, nic: {packet_time: 10ms}}",
        "experiments: {e: {at: 5s, for: 110s, hypothesis: [availability(web.get) > 1%], actions: [{do: {spread_interrupts: {queues: 10}}, where: {service: api}}]}}",
        "p50(api.get) in on < p50(api.get) - 8ms",
    ),
    // 5 ms each are 200 a second, and a flush that is shared carries any number.
    act(
        "step disk",
        "services.api.machine: {disk: {fsync: 50ms, throughput: 1MB/s}}",
        "services.api.endpoints.get.steps: [{work: 20ms}, {disk: {fsync: true, write: 4kB}}]",
        "p50(api.get) in on > p50(api.get) + 50ms",
    ),
    act(
        "machine disk",
        "services.api: {workers: unlimited, machine: {disk: {fsync: 100ms}}, endpoints: {get: {steps: [{disk: {fsync: true}}]}}}",
        "services.api.machine.disk.group_commit: {}",
        "p99(api.get) in on < 300ms",
    ),
    act(
        "inject disk",
        "services.api: {workers: unlimited, machine: {disk: {fsync: 5ms}}, endpoints: {get: {steps: [{disk: {fsync: true}}]}}}",
        "faults: {f: {inject: {disk: {fsync: 50ms}}, where: {service: api}}}",
        "p50(api.get) in on > 8 * p50(api.get)",
    ),
    act(
        "inject dns",
        "",
        "faults: {f: {inject: {dns: {probability: 20%, takes: 100ms, ttl: 0s}}, where: {service: api}}}",
        "unreachable(api.get) in on == 20% within 2 points",
    ),
    act(
        "inject bandwidth",
        "policies.api.size: {request: 10kB}",
        "faults: {f: {inject: {bandwidth: {limit: 1MB/s}}, where: {from: web, to: api}}}",
        "p50(api.get) in on > 1.4 * p50(api.get)",
    ),
    act(
        "transport tcp",
        "network.links: {wire: {between: [web, api], loss: 2%}}",
        "network.links.wire.transport: {tcp: {}}",
        "availability(web.get) in on > availability(web.get)",
    ),
    act(
        "inject deploy",
        "services.api: {start_up: 20s, instances: 2}",
        "faults: {f: {inject: {deploy: {version: v2, slow: {factor: 0.5}}}, where: {service: api}}}",
        "p50(api.get) in on < 0.6 * p50(api.get)",
    ),
    act(
        "inject bad_deploy",
        "",
        "faults: {f: {inject: {bad_deploy: {version: v2, rollout: {steps: [50%]}, fail: {probability: 20%}}}, where: {service: api}}}",
        "error_rate(api.get) in on == 10% within 1 points",
    ),
    act(
        "schedule random",
        "",
        "faults: {f: {inject: crash, where: {service: api}, random: {mtbf: 30s, mttr: 10s}}}",
        "instances(api) in on < 3.5",
    ),
    act(
        "section experiments",
        "",
        "experiments: {kill: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 99%], actions: [{inject: {fail: {probability: 50%}}, where: {service: api}, at: 0s, for: 1m}]}}",
        "error_rate(web.get) in on > 20%",
    ),
    act(
        "do restart",
        "services.api.start_up: 30s",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: restart, where: {service: api, instances: [0]}, at: 0s}]}}",
        "instances(api) in on < 3.8",
    ),
    act(
        "do scale",
        "",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: {scale: {set: 2}}, where: {service: api}, at: 0s}]}}",
        "instances(api) in on < 3.5",
    ),
    act(
        "do mend",
        "faults: {bad: {inject: fail, where: {service: api}, at: 10s}}",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: {mend: {fault: bad}}, at: 10s}]}}",
        "error_rate(web.get) in on < 0.5 * error_rate(web.get)",
    ),
    act(
        "do drain",
        "",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: drain, where: {service: api, count: 2}, at: 0s}]}}",
        "utilisation(api) in on > 1.2 * utilisation(api)",
    ),
    act(
        "do replace",
        "faults: {bad: {inject: freeze, where: {service: api, instances: [0]}, at: 10s}}\npolicies.api.timeout: 1s",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: replace, where: {service: api, instances: [0]}, at: 0s}]}}",
        "timeout(api.get) in on < 0.5 * timeout(api.get)",
    ),
    act(
        "do isolate",
        "",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: isolate, where: {service: api}, at: 0s}]}}",
        "unreachable(api.get) in on > 50%",
    ),
    act(
        "do return",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: isolate, where: {service: api}, at: 0s}]}}",
        "experiments.e.actions: [{do: isolate, where: {service: api}}, {do: return, where: {service: api}, at: 10s}]",
        "unreachable(api.get) in on < 0.5 * unreachable(api.get)",
    ),
    // A machine that has lost its data serves again when that is back.
    act(
        "store state",
        "stores.db: {instances: 1, workers: 100, endpoints: {read: {access: read, steps: [{wait: 1ms}]}}}\n\
         services.web.endpoints.get.steps: [{call: {to: db.read}}]\n\
         experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) >= 0%], actions: [{do: replace, where: {service: db}}]}}",
        "stores.db.state: {size: 100GB}",
        "unreachable(db.read) in on > 50%",
    ),
    act(
        "do restore",
        "stores.db: {instances: 1, workers: 100, state: {size: 1GB}, endpoints: {read: {access: read, steps: [{wait: 1ms}]}}}\n\
         services.web.endpoints.get.steps: [{call: {to: db.read}}]\n\
         control: {telemetry: {all: {every: 5s}}, alerts: {busy: {when: rps(web.get) over 10s > 1/s}}, runbooks: {moves: {trigger: {alert: busy}, actions: [{do: replace, where: {service: db}}]}}}",
        "control.runbooks.moves.actions: [{do: replace, where: {service: db}}, {do: {restore: {converge: {rate: 100MB/s}}}, where: {service: db}}]",
        "unreachable(db.read) in on < 30% * unreachable(db.read)",
    ),
    act(
        "do validate",
        "stores.db: {instances: 1, workers: 100, state: {size: 100GB}, endpoints: {read: {access: read, steps: [{wait: 1ms}]}}}\n\
         services.web.endpoints.get.steps: [{call: {to: db.read}}]\n\
         control: {telemetry: {all: {every: 5s}}, alerts: {busy: {when: rps(web.get) over 10s > 1/s}}, runbooks: {looks: {trigger: {alert: busy}, actions: [{do: isolate, where: {service: db}}, {do: return, where: {service: db}, takes: 5s}]}}}",
        "control.runbooks.looks.actions: [{do: isolate, where: {service: db}}, {do: {validate: {audit: {sample: 3%, rate: 100MB/s}}}, where: {service: db}}, {do: return, where: {service: db}, takes: 5s}]",
        "unreachable(db.read) in on > 3 * unreachable(db.read)",
    ),
    // A crash lasts 30 s, and a failover by order 1 s.
    act(
        "do failover",
        "stores.db: {instances: 3, workers: 100, replication: {primary: {failover: {detect: 5m, takes: 1s}}}, endpoints: {write: {access: write, steps: [{wait: 1ms}]}}}\n\
         services.web.endpoints.get.steps: [{call: {to: db.write}}]\n\
         faults: {dies: {inject: crash, where: {service: db, role: primary}, at: 30s, for: 30s}}",
        "experiments: {e: {at: 31s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: failover, where: {service: db}}]}}",
        "unreachable(db.write) in on < 30% * unreachable(db.write)",
    ),
    act(
        "do set",
        "",
        "experiments: {e: {at: 30s, for: 1m, hypothesis: [availability(web.get) > 1%], actions: [{do: {set: {services.api.instances: 2}}}]}}",
        "utilisation(api) in on > 1.2 * utilisation(api)",
    ),
    // A scaler sees the load only through telemetry: where that comes a minute late, it acts a minute late.
    act(
        "control telemetry",
        "load.users.shape: [{step: {at: 30s, factor: 6}}]\ncontrol: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, reads: all, every: 5s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 60%}}}}}}",
        "control.telemetry.all.delay: 1m",
        "instances(api) from 40s to 1m in on < 0.9 * instances(api) from 40s to 1m",
    ),
    act(
        "control alerts",
        "faults: {bad: {inject: fail, where: {service: api}, at: 30s}}",
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}}",
        "time_to_detect(bad) in on < 20s",
    ),
    act(
        "control probes",
        "regions: {here: {zones: [a, b]}}\nfaults: {bad: {inject: partition, where: {from: b, to: a}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}, probes: {sites: {between: [a, b], every: 1h}}, alerts: {one-way: {when: one_way_failures(sites) > 0, finds: bad}}}",
        "control.probes: {sites: {between: [a, b], every: 5s, timeout: 1s}}",
        "fired(one-way) == 0 and time_to_detect(bad) in on < 11s",
    ),
    act(
        "control runbooks",
        "faults: {bad: {inject: fail, where: {service: api}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}}",
        "control.runbooks: {mends: {trigger: {alert: errors}, actions: [{do: {mend: {fault: bad}}, takes: 5s}]}}",
        "error_rate(web.get) in on < 0.5 * error_rate(web.get)",
    ),
    act(
        "control people",
        "faults: {bad: {inject: fail, where: {service: api}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, runbooks: {mends: {trigger: {alert: errors}, actions: [{do: {mend: {fault: bad}}, takes: 5s}]}}}",
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, people: {ann: {reacts_after: 1m}}, runbooks: {mends: {trigger: {alert: errors}, by: ann, actions: [{do: {mend: {fault: bad}}, takes: 5s}]}}}",
        "error_rate(web.get) in on > 2 * error_rate(web.get)",
    ),
    act(
        "control modes",
        "services.api.admission: {rate_limit: {token_bucket: {rate: 1k/s, burst: 5}}}\nfaults: {bad: {inject: fail, where: {service: api}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}}",
        "control.modes: {initial: calm, states: {calm: {}, low: {enter: {when: error(api.get) over 10s > 50%}, leave: {when: error(api.get) over 10s < 1%}, actions: [{do: {set: {services.api.admission.rate_limit.token_bucket.rate: 1/s}}}]}}}",
        "rejected(api.get) in on > 30% and rejected(api.get) == 0%",
    ),
    act(
        "use queue_depth",
        QUEUE_SCALED,
        "control.scalers: {w: {of: worker, every: 5s, min: 1, max: 20, use: {queue_depth: {queue: jobs, per_instance: 10}}}}",
        "queue_length(jobs) in on < 0.3 * queue_length(jobs)",
    ),
    act(
        "use target",
        "load.users.arrive: {poisson: {rate: 500/s}}",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 60%}}}}}}",
        "instances(api) in on > 7",
    ),
    act(
        "use step",
        "load.users.arrive: {poisson: {rate: 500/s}}",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {step: {metric: utilisation(api), steps: [{above: 70%, change: {percent: 50%}}]}}}}}",
        "instances(api) in on > 8",
    ),
    act(
        "use hpa",
        "load.users.arrive: {poisson: {rate: 500/s}}",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {hpa: {metrics: {utilisation(api): 60%}}}}}}",
        "instances(api) in on > 7",
    ),
    act(
        "use rules",
        "load.users.arrive: {poisson: {rate: 500/s}}",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {rules: [{when: utilisation(api) > 70%, change: {factor: 1.5}}]}}}}",
        "instances(api) in on > 8",
    ),
    act(
        "use keda",
        QUEUE_SCALED,
        "control.scalers: {w: {of: worker, every: 5s, min: 1, max: 20, use: {keda: {metrics: {queue_length(jobs): 10}}}}}",
        "queue_length(jobs) in on < 0.3 * queue_length(jobs)",
    ),
    act(
        "use knative",
        "load.users.arrive: {poisson: {rate: 500/s}}",
        "control: {telemetry: {all: {every: 2s}}, scalers: {api: {of: api, every: 2s, min: 4, max: 40, use: {knative: {concurrency: 2}}}}}",
        "instances(api) in on > 7",
    ),
    act(
        "use predictive",
        "load.users.arrive: {poisson: {rate: 500/s}}",
        "control: {telemetry: {all: {every: 1s}}, scalers: {api: {of: api, every: 1s, min: 4, max: 40, use: {predictive: {metric: rps(api), minimum_observations: 10, capacity_per_instance: 50/s}}}}}",
        "instances(api) in on > 8",
    ),
    act(
        "use cluster",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 1, max: 40, use: {scheduled: [{at: 10s, instances: 12}]}}}}",
        "control.scalers.nodes: {of: api, every: 5s, max: 12, use: {cluster: {instances_per_node: 2, provision: 30s}}}",
        "most(api.pending_instances) in on > 3 and instances(api) in on < 0.95 * instances(api)",
    ),
    act(
        "use vertical",
        "services.api.machine: {cores: 1, memory: {size: 1GiB, per_request: 200MiB}}\nload.users.arrive: {poisson: {rate: 150/s}}",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, use: {vertical: {sizes: [{cores: 1, memory: {size: 1GiB}}, {cores: 2, memory: {size: 2GiB}}], up_when: memory(api) > 1%}}}}}",
        "average(api.running_at_size_2) in on > 1 and memory(api) in on < 0.8 * memory(api)",
    ),
    act(
        "use scheduled",
        "",
        "control: {scalers: {api: {of: api, every: 5s, min: 1, max: 40, use: {scheduled: [{at: 0s, instances: 12}]}}}}",
        "instances(api) in on > 10",
    ),
    act("keep availability", FAILING, "promises: {p: {keep: {availability: 99%}, of: web.get}}", "not held(p) in on"),
    act("keep latency", "", "promises: {p: {keep: {latency: {p50: 1ms}}, of: web.get}}", "not held(p) in on"),
    act(
        "keep recovery",
        "faults: {bad: {inject: fail, where: {service: api}, at: 30s, for: 10s}}",
        "promises: {a: {keep: {availability: 1%}, of: web.get}, p: {keep: {recovery: {after: bad, within: 1s}}, of: web.get}}",
        "held(p) in on",
    ),
    act("keep goodput", "", "promises: {p: {keep: {goodput: 100/s}, of: web.get}}", "not held(p) in on"),
    act("keep age", QUEUE_SCALED, "promises: {p: {keep: {age: {p99: 1ms}}, of: jobs}}", "not held(p) in on"),
    act(
        "keep cost",
        "costs: {nodes: {meter: {instances: {of: api}}, price: $1/h}}",
        "promises: {p: {keep: {cost: $1/month}}}",
        "not held(p) in on",
    ),
    act(
        "keep wrongness",
        "faults: {f: {inject: {wrong: {kind: wrong_amount, probability: 20%}}, where: {service: api}}}",
        "promises: {p: {keep: {wrongness: {kind: wrong_amount, at_most: 1%}}, of: api.get}}",
        "not held(p) in on",
    ),
    act(
        "meter instances",
        "",
        "costs: {c: {meter: {instances: {of: api}}, price: $1/h}}",
        "cost in on == $4/h within 0.1%",
    ),
    act(
        "meter storage",
        "services.api.machine: {disk: {size: 100GB}}",
        "costs: {c: {meter: {storage: {of: api}}, price: $0.1/GB/month}}",
        "cost in on == $40/month within 0.1%",
    ),
    act(
        "meter transfer",
        "regions: {here: {zones: [a]}, there: {zones: [b]}}\nservices.web.zones: [a]\nservices.api.zones: [b]\npolicies.api.size: {request: 1MB, response: 1MB}",
        "costs: {c: {meter: {transfer: {of: api, across: regions}}, price: $1/GB}}",
        "cost in on > $0.05/s",
    ),
    act(
        "meter requests",
        "",
        "costs: {c: {meter: {requests: {of: api.get}}, price: $1/1M}}",
        "cost in on > $100/month",
    ),
    act(
        "meter credits",
        "",
        "costs: {c: {meter: {credits: {of: api, rate: 16/h, active: 365h/month}}, price: $2}}",
        "cost in on == $64/h within 0.1%",
    ),
    act("meter flat", "", "costs: {c: {meter: flat, price: $400/month}}", "cost in on == $400/month within 0.1%"),
    act(
        "meter capital",
        "",
        "costs: {c: {meter: {capital: {over: 36month}}, price: $90k}}",
        "cost in on == $2500/month within 0.1%",
    ),
    act(
        "meter breach",
        "faults: {bad: {inject: {fail: {probability: 30%}}, where: {service: api}}}\npromises: {p: {keep: {availability: 99.9%}, of: web.get, period: 1month}}",
        "costs: {c: {meter: {breach: {promise: p}}, price: $10k}}",
        "cost(penalties) in on == $10k/month within 0.1%",
    ),
    act(
        "meter failures",
        FAILING,
        "costs: {c: {meter: {failures: {of: web.get}}, price: $1}}",
        "spent(c) in on > $1000",
    ),
    act(
        "meter wrongness",
        "faults: {f: {inject: {wrong: {kind: wrong_amount, probability: 20%}}, where: {service: api}}}",
        "costs: {c: {meter: {wrongness: {kind: wrong_amount}}, price: $1}}",
        "spent(c) in on > $1000",
    ),
    act(
        "meter slower",
        "",
        "costs: {c: {meter: {slower: {of: web.get, than: 1ms, percent: 10%}}, price: $1}}",
        "spent(c) in on > $500",
    ),
    act(
        "step call",
        "",
        "services.web.endpoints.get.steps: [{call: {to: api.get, policy: api}}, {call: {to: api.get, policy: api}}]",
        "rps(api.get) in on == 2 * rps(api.get) within 2%",
    ),
    act(
        "step parallel",
        "",
        "services.web.endpoints.get.steps: [{parallel: {repeat: {count: 3}, branches: [{call: {to: api.get, policy: api}}]}}]",
        "rps(api.get) in on == 3 * rps(api.get) within 2%",
    ),
    act(
        "step choose",
        "",
        "services.web.endpoints.get.steps: [{choose: [{probability: 25%, steps: [{call: {to: api.get, policy: api}}]}, {steps: [{wait: 1ms}]}]}]",
        "rps(api.get) in on == 0.25 * rps(api.get) within 5%",
    ),
    act(
        "step forward",
        "services.web.workers: 3\nservices.api.endpoints.get.steps: [{wait: 200ms}]\nservices.api.workers: 100",
        "services.web.endpoints.get.steps: [{forward: {to: api.get}}]",
        "utilisation(web) in on < 0.1 * utilisation(web)",
    ),
    act(
        "step reply",
        "",
        "services.web.endpoints.get.steps: [{reply: {outcome: ok}}, {call: {to: api.get, policy: api}}]",
        "p50(web.get) in on < 0.1 * p50(web.get)",
    ),
    act(
        "step fail",
        "",
        "services.web.endpoints.get.steps: [{fail: {probability: 10%}}]",
        "error_rate(web.get) in on == 10% within 1 points",
    ),
    act(
        "replication primary",
        STORE_ALONE,
        "stores.db.replication: {primary: {lag: {exponential: {mean: 500ms}}}}",
        "stale_read(db.read) in on > 1%",
    ),
    act(
        "replication quorum",
        STORE_ALONE,
        "stores.db.replication: {quorum: {copies: 3, read: 1, write: 1, legs: {write: {exponential: {mean: 500ms}}}}}",
        "stale_read(db.read) in on > 1%",
    ),
    act(
        "replication consensus",
        "regions: {here: {zones: [a]}, there: {zones: [b]}, yonder: {zones: [c]}}\nstores.db: {instances: 3, zones: [a, b, c], workers: 100, endpoints: {write: {access: write, steps: [{wait: 1ms}]}}}\nservices.web.endpoints.get.steps: [{call: {to: db.write}}]\nnetwork.between_regions.latency: 10ms",
        "stores.db.replication: {consensus: {regions: 3, round_trips: 2, message: 2KiB}}",
        "p50(db.write) in on == p50(db.write) + 40ms within 1%",
    ),
    act(
        "replication merge",
        STORE_ALONE,
        "stores.db.replication: {merge: {every: 2s}}",
        "stale_read(db.read) in on > 1%",
    ),
    act(
        "step gate",
        STORE_THAT_LAGS,
        "services.web.endpoints.get.steps: [{call: {to: db.read}}, {gate: {level: strict_serializable, to: db.read, on_conflict: upgrade}}]",
        "stale_read(web.get) in on < 0.3 * stale_read(web.get)",
    ),
];
