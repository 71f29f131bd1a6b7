//! What watches, calls people, holds and throws.

use super::{Act, act};

/// Everything at the callee fails from 30 s on, and an alert sees it.
const SEEN: &str = "faults: {bad: {inject: fail, where: {service: api}, at: 30s}}\n\
    services.web.endpoints.get.feature: new\n\
    control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}}";

/// As many instances as are needed, and six times as many users from 30 s on, which an alert sees.
const SCALED: &str = "load.users.shape: [{step: {at: 30s, factor: 6}}]\n\
    control: {telemetry: {all: {every: 5s}}, alerts: {many: {when: rps(web.get) over 10s > 150/s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 40%}}}}}}";

pub(super) const ACTS: &[Act] = &[
    act(
        "decide local",
        "services.brain: {workers: 1, endpoints: {decide: {steps: [{work: 1ms}]}}}\nload.users.shape: [{step: {at: 30s, factor: 6}}]\n\
         control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 40%}}}}}}",
        "control.scalers.api.decide: {local: {confidence: 80%, to: brain.decide}}",
        "rps(brain.decide) in on > 0/s and rps(brain.decide) in on < 0.1/s",
    ),
    act(
        "decide central",
        "services.brain: {workers: 1, endpoints: {decide: {steps: [{work: 1ms}]}}}\nload.users.shape: [{step: {at: 30s, factor: 6}}]\n\
         faults: {dead: {inject: crash, where: {service: brain}, at: 20s}}\n\
         control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 40%}}}}}}",
        "control.scalers.api.decide: {central: {to: brain.decide}}",
        "instances(api) from 1m to 2m > 7 and instances(api) from 1m to 2m in on < 5",
    ),
    act(
        "telemetry sink",
        "faults: {bad: {inject: fail, where: {service: api}, at: 30s}}\n\
         control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}}",
        "control.telemetry.all.sink: {rate: 70/s, capacity: 1M}",
        "time_to_detect(bad) in on > time_to_detect(bad) + 3s",
    ),
    act(
        "telemetry redact",
        "control: {telemetry: {all: {every: 5s, sensitive: 10%}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%}}}",
        "control.telemetry.all.redact: {work: 10us}",
        "leaked(all) > 100 and leaked(all) in on == 0",
    ),
    act(
        "meter records",
        "control.telemetry: {all: {every: 5s}}",
        "costs: {c: {meter: {records: {of: all}}, price: $1/1M}}",
        "cost in on > $250/month and cost in on < $275/month",
    ),
    act(
        "meter leaks",
        "control.telemetry: {all: {every: 5s, sensitive: 10%}}",
        "costs: {c: {meter: {leaks: {of: all}}, price: $1}}",
        "spent(c) in on > $1000",
    ),
    act(
        "control incidents",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, incidents: {}, runbooks: {r: {trigger: {incident: {severity: 3}}, actions: [{do: {mend: {fault: bad}}, takes: 5s}]}}}",
        "error_rate(web.get) in on < 0.5 * error_rate(web.get)",
    ),
    act(
        "control switches",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, switches: {off: {do: {fallback: {outcome: ok}}, where: {feature: new}, for: 30s}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {switch: off}}, takes: 5s}]}}}",
        "error_rate(web.get) from 50s to 70s in on < 1% and error_rate(web.get) from 70s to 2m in on > 5%",
    ),
    act(
        "switch fallback",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, switches: {off: {do: {fallback: {latency: 10ms}}, where: {feature: new}}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {switch: off}}, takes: 5s}]}}}",
        "degraded(web.get) from 1m to 2m in on > 99%",
    ),
    act(
        "switch refuse",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, switches: {off: {do: refuse, where: {service: api}}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {switch: off}}, takes: 5s}]}}}",
        "rejected(api.get) from 1m to 2m in on > 99% and rejected(api.get) from 1m to 2m < 1%",
    ),
    act(
        "switch stop",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, switches: {off: {do: {stop: {drain: 1s}}, where: {service: api}, for: 30s}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {switch: off}}, takes: 5s}]}}}",
        "instances(api) from 55s to 65s in on == 0 and instances(api) from 100s to 2m in on > 3.9",
    ),
    act(
        "switch maintenance_page",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, switches: {off: {do: maintenance_page, where: {service: all}}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {switch: off}}, takes: 5s}]}}}",
        "rejected(web.get) from 1m to 2m in on > 99% and rps(api.get) from 1m to 2m in on < 0.1 * rps(api.get) from 1m to 2m",
    ),
    act(
        "switch redirect",
        "regions: {here: {zones: [a]}, there: {zones: [b]}}\nservices.api.zones: [a, b]\nfaults: {bad: {inject: fail, where: {service: api, zone: a}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 20%, finds: bad}}}",
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 20%, finds: bad}}, switches: {off: {do: {redirect: {to: there}}, where: {region: here}}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {switch: off}}, takes: 5s}]}}}",
        "error_rate(web.get) from 1m to 2m in on < 1% and error_rate(web.get) from 1m to 2m > 30%",
    ),
    act(
        "switch hold",
        SCALED,
        "control: {telemetry: {all: {every: 5s}}, alerts: {many: {when: rps(web.get) over 10s > 150/s}}, scalers: {api: {of: api, every: 5s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 40%}}}}}, switches: {off: {do: hold, where: {control: api}}}, runbooks: {r: {trigger: {alert: many}, actions: [{do: {throw: {switch: off}}}, {do: {scale: {set: 4}}, where: {service: api}}]}}}",
        "instances(api) from 1m to 2m in on < 0.7 * instances(api) from 1m to 2m",
    ),
    act(
        "do throw",
        SEEN,
        "control: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, switches: {one: {do: {fallback: {outcome: ok}}, where: {feature: new}, fails: 100%}, two: {do: {fallback: {outcome: ok}}, where: {feature: new}}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {throw: {all: feature}}, takes: 5s}]}}}",
        "error_rate(web.get) in on < 0.5 * error_rate(web.get)",
    ),
    act(
        "do look",
        "faults: {bad: {inject: fail, where: {service: api}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}, runbooks: {r: {trigger: {alert: errors}, actions: [{do: {mend: {fault: bad}}, takes: 5s}]}}}",
        "control.runbooks.r.actions: [{do: look, takes: 40s}, {do: {mend: {fault: bad}}, takes: 5s}]",
        "error_rate(web.get) in on > 1.5 * error_rate(web.get)",
    ),
    act(
        "do rollback",
        "services.api.version: v1\nfaults: {bad: {inject: {bad_deploy: {version: v2, fail: {probability: 90%}}}, where: {service: api}, at: 30s}}\ncontrol: {telemetry: {all: {every: 5s}}, alerts: {errors: {when: error_rate(web.get) over 10s > 50%, finds: bad}}}",
        "control.runbooks: {r: {trigger: {alert: errors}, actions: [{do: rollback, where: {service: api, version: v2}, takes: 5s}]}}",
        "error_rate(web.get) in on < 0.5 * error_rate(web.get)",
    ),
    act(
        "inject runaway",
        "control: {telemetry: {all: {every: 5s}}, scalers: {api: {of: api, every: 10s, min: 4, max: 40, use: {target: {metrics: {utilisation(api): 40%}}}}}}",
        "faults: {bad: {inject: {runaway: {factor: 2}}, where: {control: api}, at: 30s}}",
        "instances(api) in on > 1.5 * instances(api)",
    ),
];
