//! The laws that every run keeps, whatever its scenario says. Each is exact, or says why it is not.

use sim_core::call::deadline::PASSED;
use sim_core::call::doorman::GIVEN_UP;
use sim_core::call::fallback;
use sim_core::call::hedge::HEDGES;
use sim_core::call::retry::RETRIES;
use sim_core::counters::{level, part};
use sim_core::data::level::Level as GuaranteeLevel;
use sim_core::data::replication::{Commit, SessionGuarantee};
use sim_core::data::stock::{EXPIRED, OVERSOLD, SOLD};
use sim_core::data::{
    AGE, MESSAGES_LOST, OWN_WRITES_MISSED, READS_WENT_BACK, WRITES_BEFORE_READS, WRITES_OUT_OF_ORDER, Wrongness,
};
use sim_core::economics::Group;
use sim_core::faults::FaultEffect;
use sim_core::ids::{Caller, EdgeId, EndpointId, ServiceId};
use sim_core::judge::bill;
use sim_core::message::Queue;
use sim_core::message::saga;
use sim_core::metrics::{Level, LevelAt, PartAt};
use sim_core::model::Model;
use sim_core::results::{RunResult, ServiceCounts};
use sim_core::service::admission::PLACES;
use sim_core::topology::{Edge, Node, Replication, Step};
use std::collections::BTreeSet;

/// All laws of one run.
pub fn check(model: &Model, run: &RunResult) {
    requests_are_conserved(model, run);
    places_are_conserved(model, run);
    places_at_doors_come_back(model, run);
    calls_end_once(model, run);
    who_comes_was_sent(model, run);
    nobody_works_more_than_there_is(model, run);
    little_holds(model, run);
    latencies_are_counted_once(model, run);
    waits_are_counted_once(model, run);
    the_bill_is_its_items(model, run);
    strict_stores_are_never_stale(model, run);
    sagas_end_once(model, run);
    messages_are_conserved(model, run);
    messages_are_calls(model, run);
    sessions_keep_their_orders(model, run);
    nothing_is_sold_twice(model, run);
    levels_are_raised_by_gates_alone(model, run);
}

/// Who counts its stock at one place sells what there is, and so do zones whose rights are split, whatever fails.
fn nothing_is_sold_twice(model: &Model, run: &RunResult) {
    for (place, service) in model.services.iter().enumerate() {
        let Node::Store(store) = &service.node else { continue };
        let Some(stock) = &store.stock else { continue };
        let counts = run.service(ServiceId(place as u32), run.whole());
        let (sold, over) = (counts.of(&SOLD), counts.of(&OVERSOLD));
        let expired = if model.run.warm_up.ns() == 0 { counts.of(&EXPIRED) } else { 0 };
        assert!(over <= sold && expired <= sold, "{}: {sold} sold, {over} too many, {expired} back", service.name);
        // A primary that loses what it had answered sells that again.
        let counts_once = match &store.replication {
            Replication::None | Replication::Consensus { .. } => true,
            Replication::Primary { failover, commit, .. } => failover.is_none() && *commit != Commit::Asynchronous,
            Replication::Quorum(_) | Replication::Merge { .. } => false,
        };
        assert!(over == 0 || !(counts_once || stock.escrow.is_some()), "{}: {over} are oversold", service.name);
    }
}

/// A request has at most the level of its load, and of the calls that it came by, or that of a gate which it has passed since: whoever requires more
/// serves none of them.
fn levels_are_raised_by_gates_alone(model: &Model, run: &RunResult) {
    let mut most = vec![None; model.endpoints.len()];
    let comes_with = |most: &[Option<GuaranteeLevel>], edge: &Edge| {
        let own = edge.level.unwrap_or(GuaranteeLevel::IDENTITY);
        let Caller::Endpoint(caller) = edge.caller else { return Some(own) };
        let gates = model.edges.iter().filter(|other| other.caller == edge.caller).filter_map(|other| other.gate);
        let raised = gates.map(|gate| gate.level).max();
        Some(most[caller.index()]?.max(raised.unwrap_or(GuaranteeLevel::Eventual)).with(own))
    };
    for _ in 0..model.endpoints.len() {
        for edge in &model.edges {
            // A gate asks at its own level, whoever comes to it.
            let level = edge.gate.map(|gate| gate.level).or_else(|| comes_with(&most, edge));
            let before = &mut most[edge.callee.index()];
            *before = (*before).max(level);
        }
    }
    for (place, edge) in model.edges.iter().enumerate().filter(|(_, edge)| edge.gate.is_none()) {
        let Some(required) = model.endpoints[edge.callee.index()].requires else { continue };
        if comes_with(&most, edge).is_some_and(|level| level < required) {
            let counts = run.edge(EdgeId(place as u32), run.whole());
            let served: u64 = counts.outcomes[..2].iter().sum();
            assert_eq!(served, 0, "{}: served at less than {}", edge.name, required.name());
        }
    }
}

/// From an empty start, a saga that has begun is in one final state, or takes or undoes its steps still; what has failed is repaired once, or waits.
fn sagas_end_once(model: &Model, run: &RunResult) {
    if model.run.warm_up.ns() > 0 {
        return;
    }
    for (id, saga) in model.sagas() {
        let counts = run.service(id, run.whole());
        let now = |of: &Level| run.level(LevelAt::service(level(of), id), run.whole()).now;
        let name = &model.services[id.index()].name;
        let begun = counts.of(&saga::STARTED);
        let ended = counts.of(&saga::COMPLETED) + counts.of(&saga::COMPENSATED) + counts.of(&saga::FAILED);
        assert_eq!(begun, ended + now(&saga::RUNNING) + now(&saga::COMPENSATING), "sagas of {name}");
        let (failed, repaired) = (counts.of(&saga::FAILED), counts.of(&saga::REPAIRED));
        assert_eq!(failed, repaired + now(&saga::IN_REPAIR), "repairs of {name}");
        assert!(counts.of(&saga::HALF_FINISHED) <= begun, "half-finished sagas of {name}");
        // One that is committed in two phases does all of it or nothing, whatever fails.
        assert!(!saga.is_two_phase || counts.of(&saga::HALF_FINISHED) == 0, "{name} is half-finished");
    }
}

/// From an empty start, each message that a queue has taken in is done, lost and counted so, set aside as a dead letter, or still there; so none is
/// lost or doubled for another reason. A sender may not have heard that its message was taken in, and has then sent it and counts it as failed.
fn messages_are_conserved(model: &Model, run: &RunResult) {
    if model.run.warm_up.ns() > 0 || run.stopped.is_some() {
        return;
    }
    for (place, service) in model.services.iter().enumerate() {
        let Node::Queue(queue) = &service.node else { continue };
        if queue.saga.is_some() || queue.topic.is_some() || queue.consumers.is_empty() {
            continue;
        }
        let id = ServiceId(place as u32);
        let here = |edge: &sim_core::topology::Edge| model.endpoints[edge.callee.index()].service == id;
        let sent = model.edges.iter().enumerate().filter(|(_, edge)| here(edge));
        let (mut heard, mut attempts) = (0, 0);
        for (edge, _) in sent {
            let counts = run.edge(EdgeId(edge as u32), run.whole());
            heard += counts.outcomes[..2].iter().sum::<u64>();
            attempts += counts.attempts;
        }
        let of = PartAt::service(part(&AGE), id);
        let (aged, lost) = (run.timed(of, run.whole()), run.service(id, run.whole()).of(&MESSAGES_LOST));
        // A dead-letter queue of the generator has one source.
        let dead: BTreeSet<ServiceId> = queue
            .consumers
            .iter()
            .filter_map(|consumer| Some(model.endpoints[consumer.dead_letter?.index()].service))
            .collect();
        let set_aside: u64 = dead.iter().map(|dead| run.service(*dead, run.whole()).entered).sum();
        let over = aged.count + lost + set_aside;
        // Those that wait and those that are handed over.
        let handed: u64 = queue.consumers.iter().map(|consumer| run.in_flight[consumer.edge.index()]).sum();
        let open = run.slices.last().map_or(0, |slice| slice.services[place].in_system_now) + handed;
        let name = &service.name;
        assert!(heard <= over + open, "{name}: {heard} were taken in, {over} are over and {open} open");
        assert!(over <= attempts, "{name}: {over} are over of {attempts} that were sent");
    }
}

/// From an empty start, each message is a call of its consumer that ends once: when it is done, lost or set aside, in a batch or alone.
fn messages_are_calls(model: &Model, run: &RunResult) {
    if model.run.warm_up.ns() > 0 || run.stopped.is_some() {
        return;
    }
    for (place, service) in model.services.iter().enumerate() {
        let Node::Queue(queue) = &service.node else { continue };
        if queue.saga.is_some() || queue.consumers.iter().any(|consumer| consumer.is_of_saga) {
            continue;
        }
        let id = ServiceId(place as u32);
        let outcomes = |edge: EdgeId| run.edge(edge, run.whole()).call_outcomes;
        let ended = queue.consumers.iter().map(|consumer| outcomes(consumer.edge));
        let (done, failed) = ended.fold((0, 0), |(done, failed), of| {
            (done + of[..2].iter().sum::<u64>(), failed + of[2..].iter().sum::<u64>())
        });
        let name = &service.name;
        let aged = run.timed(PartAt::service(part(&AGE), id), run.whole()).count;
        assert_eq!(done, aged, "{name}: messages that are done");
        let lost = run.service(id, run.whole()).of(&MESSAGES_LOST);
        // A dead-letter queue of the generator has one source.
        let dead = queue.consumers.iter().filter_map(|consumer| consumer.dead_letter);
        let dead: BTreeSet<ServiceId> = dead.map(|letters| model.endpoints[letters.index()].service).collect();
        let set_aside: u64 = dead.iter().map(|dead| run.service(*dead, run.whole()).entered).sum();
        assert_eq!(failed, lost + set_aside, "{name}: messages that nobody could handle");
    }
}

/// What a store promises to sessions an oracle never finds broken, whatever fails.
fn sessions_keep_their_orders(model: &Model, run: &RunResult) {
    for (place, service) in model.services.iter().enumerate() {
        let Node::Store(store) = &service.node else { continue };
        let counts = run.service(ServiceId(place as u32), run.whole());
        for (guarantee, broken) in [
            (SessionGuarantee::ReadYourWrites, &OWN_WRITES_MISSED),
            (SessionGuarantee::MonotonicReads, &READS_WENT_BACK),
            (SessionGuarantee::MonotonicWrites, &WRITES_OUT_OF_ORDER),
            (SessionGuarantee::WritesFollowReads, &WRITES_BEFORE_READS),
        ] {
            if store.session.contains(&guarantee) {
                assert_eq!(counts.of(broken), 0, "{}: {}", service.name, broken.name);
            }
        }
    }
}

/// What begins ends, or is in flight: attempts and calls.
fn requests_are_conserved(model: &Model, run: &RunResult) {
    for (place, edge) in model.edges.iter().enumerate() {
        let (counts, name) = (run.edge(EdgeId(place as u32), run.whole()), &edge.name);
        let begun = counts.attempts + run.in_flight_at_zero[place];
        assert_eq!(begun, counts.ended() + run.in_flight[place], "attempts of {name}");
        if model.run.warm_up.ns() == 0 {
            let calls: u64 = counts.call_outcomes.iter().sum();
            assert!(calls <= counts.calls, "{name}: {calls} calls ended of {}", counts.calls);
            let tries = counts.calls + counts.of(&RETRIES) + counts.of(&HEDGES);
            // An attempt to deliver a batch is one of all its messages.
            let attempts = counts.attempts.saturating_mul(batch_of(model, EdgeId(place as u32)));
            let not_sent = counts.rejected + counts.of(&PASSED) + counts.of(&GIVEN_UP);
            assert!(counts.attempts <= tries, "{name}: {} attempts of {tries} tries", counts.attempts);
            assert!(tries <= attempts + not_sent + run.in_flight[place] + (counts.calls - calls), "{name}: tries");
        }
        let failed = counts.settled() - counts.outcomes[0] - counts.outcomes[1];
        assert!(counts.failed_below <= failed, "{name}: more fail by calls of the callee than fail");
        let calls = |step: &sim_core::topology::Edge| matches!(step.caller, Caller::Endpoint(id) if id == edge.callee);
        assert!(counts.failed_below == 0 || model.edges.iter().any(calls), "{name}: the callee calls nobody");
        assert!(counts.abandoned <= counts.ended() && counts.wrong <= counts.ended(), "{name}: {counts:?}");
    }
}

/// How many messages a delivery at a call site brings at most.
fn batch_of(model: &Model, site: EdgeId) -> u64 {
    let Caller::Queue(queue) = model.edges[site.index()].caller else { return 1 };
    let Node::Queue(queue) = &model.services[queue.index()].node else { return 1 };
    let consumer = queue.consumers.iter().find(|consumer| consumer.edge == site);
    consumer.and_then(|consumer| consumer.batch).map_or(1, |batch| u64::from(batch.count))
}

/// Who enters a service leaves it, or is in it: slice by slice.
fn places_are_conserved(model: &Model, run: &RunResult) {
    for (place, service) in model.services.iter().enumerate() {
        let mut before = (model.run.warm_up.ns() == 0).then_some(0);
        for slice in &run.slices {
            let counts = &slice.services[place];
            if let Some(inside) = before {
                let now = inside + counts.entered;
                assert_eq!(now, counts.left + counts.in_system_now, "{} at {} ns", service.name, slice.to_ns);
            }
            assert!(counts.queue_now <= counts.in_system_now, "{}: more wait than there are", service.name);
            before = Some(counts.in_system_now);
        }
    }
}

/// From an empty start, whoever has a place at the door of a service is inside.
fn places_at_doors_come_back(model: &Model, run: &RunResult) {
    let has_doors_within = |id: ServiceId| {
        let mut endpoints = model.endpoints.iter().filter(|endpoint| endpoint.service == id);
        endpoints.any(|endpoint| endpoint.admission.is_some())
    };
    for (place, service) in model.services.iter().enumerate() {
        let id = ServiceId(place as u32);
        if model.run.warm_up.ns() > 0 || service.admission.is_none() || has_doors_within(id) {
            continue;
        }
        for slice in &run.slices {
            let places = slice.level(LevelAt::service(level(&PLACES), id)).now;
            let inside = slice.services[place].in_system_now;
            assert!(places <= inside, "{} at {} ns: {places} places of {inside} inside", service.name, slice.to_ns);
        }
    }
}

/// From an empty start, no call of a service ends more than once, also where another call takes its place; and another call is made for each call
/// that falls back on it.
fn calls_end_once(model: &Model, run: &RunResult) {
    if model.run.warm_up.ns() > 0 {
        return;
    }
    let counts = |place: usize| run.edge(EdgeId(place as u32), run.whole());
    for (place, edge) in model.edges.iter().enumerate().filter(|(_, edge)| matches!(edge.caller, Caller::Endpoint(_))) {
        let (at, used) = (counts(place), counts(place).of(&fallback::USED));
        let ended = at.call_outcomes.iter().sum::<u64>() + at.call_unanswered;
        assert!(ended <= at.calls, "{}: {ended} of {} calls have ended", edge.name, at.calls);
        assert!(used <= at.calls, "{}: {used} of {} calls fell back", edge.name, at.calls);
        if let Some(other) = edge.other_call() {
            let other = counts(other.index());
            // A fallback that takes time may not have come to its call when the run ends, or when its caller crashes.
            assert!(other.calls <= used, "{}: {} other calls for {used}", edge.name, other.calls);
        }
    }
}

/// From an empty start, nobody is in a service who was not sent there.
fn who_comes_was_sent(model: &Model, run: &RunResult) {
    if model.run.warm_up.ns() > 0 {
        return;
    }
    for (place, service) in model.services.iter().enumerate() {
        let here = |edge: &&sim_core::topology::Edge| model.endpoints[edge.callee.index()].service.index() == place;
        let edges = model.edges.iter().enumerate().filter(|(_, edge)| here(edge));
        let sent: u64 = edges.map(|(edge, _)| run.edge(EdgeId(edge as u32), run.whole()).attempts).sum();
        let groups = |queue: &Queue| queue.topic.as_ref().map_or(1, |_| queue.consumers.len() as u64);
        let groups = if let Node::Queue(queue) = &service.node { groups(queue) } else { 1 };
        // An event of a saga is sent to its participant by the one before it.
        if matches!(&service.node, Node::Queue(queue) if queue.consumers.iter().any(|consumer| consumer.is_of_saga)) {
            continue;
        }
        let sent = sent * groups + came_back(model, run, place);
        let entered = run.service(ServiceId(place as u32), run.whole()).entered;
        assert!(entered <= sent, "{}: {entered} entered, {sent} were sent", service.name);
    }
}

/// Messages of deliveries that failed, after which each comes back to its queue or to that for dead letters.
fn came_back(model: &Model, run: &RunResult, queue: usize) -> u64 {
    let failed = |edge: EdgeId| run.edge(edge, run.whole()).outcomes[2..].iter().sum::<u64>();
    let here = |endpoint: EndpointId| model.endpoints[endpoint.index()].service.index() == queue;
    let all = model.services.iter().enumerate().filter_map(|(place, service)| match &service.node {
        Node::Queue(settings) => Some((place, settings)),
        _ => None,
    });
    all.flat_map(|(place, settings)| settings.consumers.iter().map(move |consumer| (place, consumer)))
        .filter(|(place, consumer)| *place == queue || consumer.dead_letter.is_some_and(here))
        .map(|(_, consumer)| failed(consumer.edge) * batch_of(model, consumer.edge))
        .sum()
}

/// Utilisation is at most 1: of workers, of cores, and of those inside.
fn nobody_works_more_than_there_is(model: &Model, run: &RunResult) {
    for (place, service) in model.services.iter().enumerate() {
        let (counts, name) = (run.service(ServiceId(place as u32), run.whole()), &service.name);
        // Instances that drain still work, and are no longer counted.
        let scaled = service.max_instances > service.instances;
        if service.workers.is_some() && !scaled {
            assert!(counts.busy_ns <= counts.workers_ns, "{name}: busy {} of {}", counts.busy_ns, counts.workers_ns);
        }
        if let Some(cores) = service.usable_cores().filter(|_| !scaled) {
            for slice in &run.slices {
                let counts = &slice.services[place];
                let there = cores.times(counts.instances_ns);
                assert!(counts.cpu_ns <= there, "{name}: CPU {} of {there} at {} ns", counts.cpu_ns, slice.to_ns);
            }
        }
        let endpoints = || model.endpoints.iter().filter(|endpoint| endpoint.service.index() == place);
        if endpoints().all(|endpoint| !endpoint.is_async && !works_beside(&endpoint.steps)) {
            for slice in &run.slices {
                let ServiceCounts { cpu_ns, busy_ns, .. } = slice.services[place];
                assert!(cpu_ns <= busy_ns, "{name}: CPU {cpu_ns}, busy {busy_ns} at {} ns", slice.to_ns);
            }
        }
        assert!(
            counts.instances_ns <= counts.paid_ns,
            "{name}: {} run, {} are paid",
            counts.instances_ns,
            counts.paid_ns
        );
        assert!(
            counts.queue_ns <= counts.in_system_ns,
            "{name}: waiting {} of {}",
            counts.queue_ns,
            counts.in_system_ns
        );
    }
}

/// Whether steps work beside each other, so that one worker may keep more than one core busy.
fn works_beside(steps: &[Step]) -> bool {
    steps.iter().any(|step| match step {
        Step::Parallel { .. } | Step::Background(_) | Step::Lookup { .. } => true,
        Step::Choose(arms) => arms.iter().any(|(_, steps)| works_beside(steps)),
        Step::Steps(steps) => works_beside(steps),
        _ => false,
    })
}

/// L = lambda W in its exact form: the integral of those who wait is the sum of their waits, and of what those have waited who still
/// do or never got a worker. So from an empty start it is never less, and the same where nobody is left and nobody left.
fn little_holds(model: &Model, run: &RunResult) {
    if model.run.warm_up.ns() > 0 {
        return;
    }
    for (place, service) in model.services.iter().enumerate() {
        let counts = run.service(ServiceId(place as u32), run.whole());
        if service.workers.is_none() && !matches!(service.node, Node::Queue(_)) {
            continue;
        }
        let ServiceCounts { queue_ns, wait_sum_ns, queue_now, .. } = counts;
        assert!(queue_ns >= wait_sum_ns, "{}: queue {queue_ns} ns, waits {wait_sum_ns} ns", service.name);
        let all_got_one = queue_now == 0 && counts.started == counts.entered;
        assert!(!all_got_one || queue_ns == wait_sum_ns, "{}: {queue_ns} ns, {wait_sum_ns} ns", service.name);
    }
}

/// Sums and histograms of waits and ages speak of the same times.
fn waits_are_counted_once(model: &Model, run: &RunResult) {
    for (place, service) in model.services.iter().enumerate() {
        let counts = run.service(ServiceId(place as u32), run.whole());
        let waits = run.histogram(run.whole(), |period| &period.wait[place]);
        let (age, id) = (part(&AGE), ServiceId(place as u32));
        let of = PartAt::service(age, id);
        let (aged, ages) = (run.timed(of, run.whole()), run.histogram(run.whole(), |p| p.timed(of)));
        // Where workers are not limited, nobody waits and no waits are kept.
        let is_queue = matches!(service.node, Node::Queue(_));
        let started = if service.workers.is_some() || is_queue { counts.started } else { 0 };
        for (what, times, count, open, sum_ns) in [
            ("waits", waits, started, counts.unserved, counts.wait_sum_ns),
            ("ages", ages, aged.count, aged.never, aged.sum_ns),
        ] {
            assert_eq!(times.total(), count + open, "{what} of {}", service.name);
            if let (Some(least), Some(most), true) = (times.quantile(0.0), times.quantile(1.0), count > 0) {
                let mean = sum_ns as f64 / count as f64;
                let fits = least <= mean * 1.02 + 8.0 && mean <= most * 1.02 + 8.0;
                assert!(fits, "{what} of {}: {least} {mean} {most}", service.name);
            }
        }
    }
}

/// Each answer has one latency, and each unanswered request one above all; the sum of the answers' is between what the histogram says.
fn latencies_are_counted_once(model: &Model, run: &RunResult) {
    for (place, edge) in model.edges.iter().enumerate() {
        let counts = run.edge(EdgeId(place as u32), run.whole());
        let answered: u64 = counts.outcomes[..2].iter().sum();
        let histogram = run.histogram(run.whole(), |period| &period.latency[place]);
        assert_eq!(histogram.total(), answered + counts.unanswered, "answers of {}", edge.name);
        assert!(counts.unanswered <= run.in_flight[place], "{}: what is unanswered is in flight", edge.name);
        if counts.unanswered > 0 {
            assert_eq!(histogram.quantile(1.0), Some(f64::INFINITY), "{}", edge.name);
            continue;
        }
        if let (Some(least), Some(most)) = (histogram.quantile(0.0), histogram.quantile(1.0)) {
            let mean = counts.latency_sum_ns as f64 / answered as f64;
            // Buckets are at most 1/128 wide.
            assert!(least <= mean * 1.02 + 2.0 && mean <= most * 1.02 + 2.0, "{}: {least} {mean} {most}", edge.name);
        }
    }
}

/// The bill is the sum of its items; machines cost their hours, contracts their time, failures their number.
fn the_bill_is_its_items(model: &Model, run: &RunResult) {
    let all = bill(run, model);
    let sum: f64 = all.items.iter().map(|item| item.spent).sum();
    let groups: f64 = [Group::Infrastructure, Group::Sales, Group::Wrongness].iter().map(|g| all.spent(*g)).sum();
    assert!((sum - groups).abs() <= 1e-9 * sum.abs(), "the bill is {sum}, its groups {groups}");
    for (item, cost) in all.items.iter().zip(&model.costs) {
        let hour = 3600e9;
        let expected = if let Some(name) = cost.name.strip_suffix("-nodes") {
            let place = model.services.iter().position(|s| s.name == name).expect("it is metered");
            let counts = run.service(ServiceId(place as u32), run.whole());
            // The generator's prices: $0.1 an hour for the first name, $0.2 for the second.
            let rank =
                super::scenario::NAMES.iter().position(|n| *n == name).map_or(1.0, |rank| (rank + 1) as f64 / 10.0);
            counts.paid_ns as f64 / hour * rank
        } else if cost.name == "licence" {
            run.measured_ns as f64 / hour * 400.0 / 730.0
        } else {
            let of = model.endpoints.iter().position(|e| e.name == "web.get").expect("is there");
            let edges = model.edges.iter().enumerate().filter(|(_, edge)| edge.callee.index() == of);
            let failed = edges.map(|(place, _)| {
                let counts = run.edge(EdgeId(place as u32), run.whole());
                counts.call_outcomes[2..].iter().sum::<u64>() + counts.call_unanswered
            });
            failed.sum::<u64>() as f64 * 3.0
        };
        assert!((item.spent - expected).abs() <= 1e-6 * expected.abs(), "{}: {} for {expected}", cost.name, item.spent);
    }
}

/// A store of one copy, of regions that agree, or with a quorum whose reads and writes overlap never answers with an old row, whatever fails.
fn strict_stores_are_never_stale(model: &Model, run: &RunResult) {
    let is_strict = |service: &sim_core::topology::Service| match &service.node {
        Node::Store(store) => match &store.replication {
            Replication::None | Replication::Consensus { .. } => true,
            Replication::Quorum(quorum) => quorum.read + quorum.write > quorum.copies,
            Replication::Primary { .. } | Replication::Merge { .. } => false,
        },
        _ => false,
    };
    // A fault may say that replies are stale.
    let falsifies =
        |fault: &sim_core::faults::Fault| matches!(fault.effect, FaultEffect::Wrong { .. } | FaultEffect::Deploy(_));
    if model.faults.iter().any(falsifies) {
        return;
    }
    for (edge, kind, counts) in run.slices.iter().flat_map(|slice| &slice.wrong) {
        let endpoint = &model.endpoints[model.edges[edge.index()].callee.index()];
        // What a cache gives may be old as well.
        let reads_alone = !endpoint.steps.iter().any(looks_up);
        if *kind == Wrongness::StaleRead as u8 && reads_alone && is_strict(&model.services[endpoint.service.index()]) {
            assert_eq!(counts.arose, 0, "{}: stale", endpoint.name);
        }
    }
}

fn looks_up(step: &Step) -> bool {
    let keeps = |step: &Step| matches!(step, Step::Lookup { .. } | Step::Call(_) | Step::Fallback { .. });
    keeps(step) || step.inner().flatten().any(looks_up)
}
