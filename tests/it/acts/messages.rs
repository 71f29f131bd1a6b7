//! Messages and workflows.

use super::{Act, act};

/// A saga of two steps, of which the second often fails; in the place of `COORDINATION` stands who coordinates it.
macro_rules! saga {
    ($coordination:literal, $more:literal) => {
        concat!(
            "services.api.endpoints.undo: {steps: [{work: 1ms}, {fail: {probability: 30%}}]}\n",
            "services.api.endpoints.last: {steps: [{work: 1ms}, {fail: {probability: 30%}}]}\n",
            "load.orders: {to: order.start, arrive: {poisson: {rate: 5/s}}}\n",
            "topics.events: {partitions: 4}\n",
            "sagas.order: {coordination: ",
            $coordination,
            ", each: {timeout: 2s, retry: {max_attempts: 1}}, steps: [{name: a, action: api.get, compensation: api.undo}, ",
            "{name: b, action: api.last}]",
            $more,
            "}"
        )
    };
}

pub(super) const ACTS: &[Act] = &[
    act(
        "coordination orchestrated",
        saga!("{choreographed: {over: events}}", ""),
        "sagas.order.coordination: {orchestrated: {by: web}}",
        "rps(web->api.get) in on > 1.05 * rps(web->api.get)",
    ),
    act(
        "coordination choreographed",
        saga!("{orchestrated: {by: web}}", ""),
        "sagas.order.coordination: {choreographed: {over: events}}",
        "rps(web->api.get) in on < 0.95 * rps(web->api.get)",
    ),
    act(
        "coordination two_phase_commit",
        saga!("{orchestrated: {by: web}}", ""),
        "sagas.order.coordination: {two_phase_commit: {by: web}}",
        "half_finished(order) in on < half_finished(order)",
    ),
    act(
        "compensation_failed repair",
        saga!("{orchestrated: {by: web}}", ""),
        "sagas.order.compensation_failed: {repair: {takes: 1s, people: 9}}",
        "average(order.in_repair) in on < 0.5 * average(order.in_repair)",
    ),
    act(
        "topic rebalance",
        "load.tellers: {to: events.send, arrive: {poisson: {rate: 20/s}}}\n\
         topics.events: {partitions: 8, consumers: {api: {to: api.get}}}\n\
         faults.dies: {inject: crash, where: {service: api, count: 1}, at: 30s, for: 30s}",
        "topics.events.rebalance: {takes: 20s}",
        "p99(events.age) in on > 1.3 * p99(events.age)",
    ),
    act(
        "call outbox",
        "stores.db: {workers: 9, endpoints: {put: {access: write, steps: [{work: 1ms}]}}}\nqueues.jobs: {consumers: {api: {to: api.get}}}",
        "services.web.endpoints.get.steps: [{call: {to: db.put, outbox: {to: jobs.send}}}]",
        "rps(jobs) in on > 20/s + rps(jobs)",
    ),
    act(
        "inject poison",
        "load.senders: {to: jobs.send, arrive: {poisson: {rate: 10/s}}}\nqueues.jobs: {consumers: {api: {to: api.get}}}",
        "faults.bad: {inject: {poison: {probability: 20%}}, where: {service: jobs}}",
        "lost_message(jobs) in on > lost_message(jobs)",
    ),
];
