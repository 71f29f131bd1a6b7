//! Memory of instances: when they are killed, what becomes of their requests, and what is seen of it.

use super::{between, close, problems, read};
use sim_core::counters::level;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::LevelAt;
use sim_core::outcome::Outcome;
use sim_core::results::{RunResult, Span};
use sim_core::service::memory::{OOM_KILLS, USED};
use sim_core::units::SimDuration;

const MIB: f64 = (1 << 20) as f64;

/// A run of one instance `web`, in windows of a second.
fn ran(head: &str, arrive: &str, web: &str, more: &str) -> RunResult {
    let text = format!(
        "scenario: Memory\nquestion: When is it full?\nrun: {{{head}}}\n\
         load: {{users: {{to: web.get, arrive: {arrive}}}}}\n\
         services:\n  web: {{{web}}}\n{more}"
    );
    let mut model = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    model.topology.run.window = SimDuration::SECOND;
    sim_core::world::simulate(&model, 3, 0)
}

fn kills(run: &RunResult, span: Span) -> u64 {
    run.service(ServiceId(0), span).of(&OOM_KILLS)
}

/// The memory that is used on average in a stretch [MiB].
fn used(run: &RunResult, from_s: i64, to_s: i64) -> f64 {
    let at = LevelAt::service(level(&USED), ServiceId(0));
    let sum: u128 = run.slices_in(between(from_s, to_s)).map(|slice| slice.level(at).integral_ns).sum();
    sum as f64 / 1e9 / (to_s - from_s) as f64 / MIB
}

fn outcomes(run: &RunResult) -> [u64; 8] {
    let all = run.edge(EdgeId(0), run.whole()).outcomes;
    std::array::from_fn(|outcome| all.get(outcome).copied().unwrap_or_default())
}

const RARE: &str = "{constant: {rate: 0.01/s}}";
const GET: &str = "endpoints: {get: {steps: [{wait: 1ms}]}}";

/// 100 MiB are left, and leak in 100 s. An instance that is killed within 10 minutes waits 0, 10, 20, 40, 80, 160 s before it starts again.
#[test]
fn a_leak_kills_an_instance_again_and_again_as_the_kubelet_starts_it() {
    let web = format!("workers: 4, machine: {{memory: {{size: 120MiB, base: 20MiB}}}}, {GET}");
    let leak = "faults: {leak: {inject: {memory: {leak: 1MiB/s}}, where: {service: web}}}\n";
    let run = ran("duration: 1000s, warm_up: 0s", RARE, &web, leak);
    let times: Vec<i64> = (0..1000).filter(|&s| kills(&run, between(s, s + 1)) > 0).collect();
    assert_eq!(times, [100, 200, 310, 430, 570, 750]);
    let up_s = run.service(ServiceId(0), run.whole()).instances_ns as f64 / 1e9;
    close(up_s, 690.0, 0.01, "running");
    // A line from 20 to 120 MiB, looked at 128 times on its way.
    close(used(&run, 0, 100), 70.0, 0.6, "MiB used");
    close(used(&run, 200, 210), 0.0, 0.01, "MiB used while it waits");
}

/// Ten requests of 8 MiB fit: the eleventh kills all of them, and one that the queue does not take holds nothing.
#[test]
fn requests_that_do_not_fit_kill_all_that_are_in_it() {
    let of = |size: u32, capacity: u32, burst: u32| {
        let web = format!(
            "workers: 5, queue: {{capacity: {capacity}}}, machine: {{memory: {{size: {size}MiB, base: 20MiB, per_request: 8MiB}}}}, \
             endpoints: {{get: {{steps: [{{wait: 2s}}]}}}}"
        );
        let arrive = format!("{{burst: {{size: {burst}, at: 10s, every: 10s, times: 1}}}}");
        let run = ran("duration: 30s, warm_up: 0s", &arrive, &web, "");
        let all = outcomes(&run);
        let [ok, rejected, lost] = [Outcome::Ok, Outcome::Rejected, Outcome::Unreachable].map(|o| all[o as usize]);
        (kills(&run, run.whole()), ok, rejected, lost)
    };
    assert_eq!(of(100, 100, 10), (0, 10, 0, 0));
    // Behind the eleventh the others come in the same instant, and are lost with them.
    assert_eq!(of(100, 100, 11), (1, 0, 0, 11));
    assert_eq!(of(100, 5, 20), (0, 10, 10, 0));
}

/// Little's law: what is used is the base, and for each request in it its part.
#[test]
fn memory_follows_the_requests_in_an_instance() {
    let web = "workers: unlimited, machine: {memory: {size: 1GiB, base: 100MiB, per_request: 4MiB}}, endpoints: {get: {steps: [{wait: 2s}]}}";
    let run = ran("duration: 400s, warm_up: 10s", "{poisson: {rate: 20/s}}", web, "");
    let counts = run.service(ServiceId(0), between(0, 400));
    let inside = counts.in_system_ns as f64 / 400e9;
    close(used(&run, 0, 400), 100.0 + 4.0 * inside, 1e-6, "MiB used");
    close(inside, 40.0, 1.0, "requests in it");
}

#[test]
fn what_has_leaked_is_free_when_the_instance_starts_again_and_what_is_taken_when_the_fault_ends() {
    let web = format!("workers: 4, machine: {{memory: {{size: 1GiB, base: 100MiB}}}}, {GET}");
    let faults = "faults:\n  \
        leak: {inject: {memory: {leak: 1MiB/s, used: 50MiB}}, where: {service: web}, at: 100s, for: 100s}\n  \
        again: {inject: restart, where: {service: web}, at: 300s}\n";
    let run = ran("duration: 400s, warm_up: 0s", RARE, &web, faults);
    close(used(&run, 0, 100), 100.0, 1e-6, "before");
    close(used(&run, 101, 103), 152.0, 8.0, "50 MiB are taken at once");
    close(used(&run, 201, 300), 200.0, 1e-6, "what has leaked stays");
    close(used(&run, 301, 400), 100.0, 1e-6, "after the restart");
    assert_eq!(kills(&run, run.whole()), 0);
}

#[test]
fn a_leak_by_request_takes_its_part_of_each() {
    let web = format!("workers: 4, machine: {{memory: {{size: 1GiB}}}}, {GET}");
    let leak = "faults: {leak: {inject: {memory: {per_request: 1MiB}}, where: {service: web}, at: 0s, for: 1000s}}\n";
    let run = ran("duration: 2000s, warm_up: 0s", "{constant: {rate: 1/s}}", &web, leak);
    let served = run.edge(EdgeId(0), between(0, 1000)).outcomes[0] as f64;
    close(used(&run, 1100, 2000), served, 1e-6, "MiB used");
    // One worker for ten requests a second that wait for a second at most: who gives up leaves nothing behind.
    let web = "workers: 1, queue: {capacity: 1000, max_wait: 1s}, machine: {memory: {size: 100GiB}}, endpoints: {get: {steps: [{wait: 1s}]}}";
    let run = ran("duration: 300s, warm_up: 0s", "{constant: {rate: 10/s}}", web, leak);
    close(used(&run, 298, 299), 299.0, 1.0, "MiB used");
}

/// An instance that is on its way out and is killed does not come back; one that was killed waits no longer where a new machine takes its place.
#[test]
fn an_instance_that_is_killed_on_its_way_out_is_gone() {
    let web = "instances: 2, workers: 4, machine: {memory: {size: 120MiB, base: 20MiB}}, endpoints: {get: {steps: [{wait: 100s}]}}";
    let more = "faults: {leak: {inject: {memory: {leak: 1MiB/s}}, where: {service: web, instances: [1]}, at: 0s}}\n\
        control: {scalers: {s: {of: web, every: 5s, min: 1, max: 2, use: {scheduled: [{at: 0s, for: 60s, instances: 2}, {at: 60s, instances: 1}, {at: 300s, instances: 2}]}}}}\n";
    let run = ran("duration: 360s, warm_up: 0s", "{constant: {rate: 0.1/s}}", web, more);
    let instances = |from_s, to_s| run.service(ServiceId(0), between(from_s, to_s)).instances_ns as f64 / 1e9;
    assert_eq!(kills(&run, run.whole()), 1, "while it drains");
    close(instances(0, 99), 198.0, 0.1, "both run");
    close(instances(101, 299), 198.0, 0.1, "one is gone");
    close(instances(310, 360), 100.0, 0.1, "a new one runs");
}

#[test]
fn memory_that_cannot_run_out_or_could_never_run_is_refused() {
    let with = |memory: &str, fault: &str| {
        problems(&format!(
            "{}    machine: {{{memory}}}\nfaults: {{f: {{inject: {{memory: {fault}}}, where: {{service: web}}}}}}\n",
            super::SMALL
        ))
    };
    let ok = "memory: {size: 1GiB, base: 100MiB}";
    assert!(with(ok, "{leak: 1MiB/s}").is_empty());
    for (memory, fault, said) in [
        ("memory: {size: 1GiB, base: 2GiB}", "{leak: 1MiB/s}", "an instance would be killed as soon as it runs"),
        (
            "memory: {size: 1GiB, per_request: 2GiB}",
            "{leak: 1MiB/s}",
            "an instance would be killed by the first request",
        ),
        ("cores: 4", "{leak: 1MiB/s}", "no selected service has `machine.memory`"),
        (ok, "{}", "nothing says what is taken of the memory"),
        (ok, "{leak: 0MiB/s}", "nothing is taken"),
        (ok, "{used: 1GiB}", "web would not even start with that much taken"),
    ] {
        let found = with(memory, fault);
        assert!(found.iter().any(|problem| problem.ends_with(said)), "{memory} {fault}: {found:?}");
    }
    let asked = |expect: &str| problems(&format!("{}expect: [{expect}]\n", super::SMALL));
    let found = asked("memory(web) > 10%");
    assert!(found.iter().any(|p| p.ends_with("web does not say how much memory its machines have")), "{found:?}");
    let of_bytes = format!("{}    machine: {{{ok}}}\nexpect: [most(web.memory_used) > 5]\n", super::SMALL);
    let found = problems(&of_bytes);
    assert!(found.len() == 1 && found[0].contains("bytes"), "{found:?}");
}

/// A hundred requests a second, for one of a thousand keys in turn, whose values are 10 KiB each, in instances of 100 MiB of which 20 are used.
fn cached(memory: &str, contents: &str, more: &str) -> RunResult {
    let web = format!(
        "workers: 99, machine: {{memory: {{{memory}}}}}, endpoints: {{get: {{steps: [{{lookup: {{cache: items, miss: [{{wait: 1ms}}]}}}}]}}, \
         drop: {{steps: [{{invalidate: {{cache: items}}}}]}}}}"
    );
    let more = format!(
        "keys: {{item: {{uniform: {{count: 1k}}}}}}\ncaches: {{items: {{contents: {{keyed: {{key: item, {contents}}}}}}}}}\n{more}"
    );
    ran("duration: 300s, warm_up: 0s", "{poisson: {rate: 100/s}}", &web, &more)
}

/// After t seconds, 1 - e^(-t / 10 s) of a thousand keys were asked for.
#[test]
fn what_lies_in_a_cache_takes_memory_until_it_is_flushed() {
    let flush = "faults: {empty: {inject: flush, where: {service: items}, at: 200s}}\n";
    let run = cached("size: 100MiB, base: 20MiB", "entry_size: 10KiB", flush);
    let all = 1000.0 * 10.0 / 1024.0;
    close(used(&run, 150, 200), 20.0 + all, 0.01, "MiB used by all values");
    // On average of the first 10 s: 1 - (1 - 1/e).
    let filling = std::f64::consts::E.recip();
    close(used(&run, 0, 10), 20.0 + all * filling, 0.3, "MiB used while it fills");
    close(used(&run, 200, 210), 20.0 + all * filling, 0.3, "MiB used after the flush");
    let few = cached("size: 100MiB, base: 20MiB", "entry_size: 10KiB, capacity: 100", flush);
    close(used(&few, 150, 200), 20.0 + all / 10.0, 0.01, "MiB used by as many as fit");
    let none = cached("size: 100MiB, base: 20MiB", "capacity: 100", flush);
    close(used(&none, 150, 200), 20.0, 1e-9, "MiB used by values without a size");
}

/// 400 values fit. They were asked for after 10 s x ln(1000 / 600) = 5.1 s: then the instance is killed, and its values are lost with it.
#[test]
fn a_cache_that_grows_beyond_the_memory_kills_its_instance() {
    let run = cached("size: 24MiB, base: 20MiB", "entry_size: 10485B", "");
    let times: Vec<i64> = (0..300).filter(|&s| kills(&run, between(s, s + 1)) > 0).collect();
    close(times[0] as f64, 5.1, 1.0, "s to the first kill");
    close((times[1] - times[0]) as f64, 5.1, 1.0, "s to the second");
    // The kubelet lets it wait 10 s after the second.
    close((times[2] - times[1]) as f64, 15.1, 1.5, "s to the third");
    let fits = cached("size: 24MiB, base: 20MiB", "entry_size: 10485B, capacity: 399", "");
    assert_eq!(kills(&fits, fits.whole()), 0);
}

/// Values that lie in instances of the cache take the memory of those, and what is invalidated gives it back.
#[test]
fn values_take_the_memory_of_the_instance_in_which_they_lie() {
    let text = |machine: &str, web: &str| {
        format!(
            "scenario: Memory\nquestion: Whose?\nrun: {{duration: 300s, warm_up: 0s}}\nkeys: {{item: {{uniform: {{count: 1k}}}}}}\n\
             load:\n  users: {{to: web.get, arrive: {{poisson: {{rate: 100/s}}}}}}\n  writers: {{to: web.drop, arrive: {{poisson: {{rate: 100/s}}}}}}\n\
             services:\n  web: {{workers: 99, {web}endpoints: {{get: {{steps: [{{lookup: {{cache: items, miss: [{{wait: 1ms}}]}}}}]}}, \
             drop: {{steps: [{{invalidate: {{cache: items}}}}]}}}}}}\n\
             caches: {{items: {{{machine}contents: {{keyed: {{key: item, entry_size: 10KiB}}}}}}}}\n"
        )
    };
    let own = "instances: 1, steps: [{work: 0.1ms}], machine: {memory: {size: 100MiB}}, ";
    let memory = "machine: {memory: {size: 100MiB}}, ";
    for (machine, web, place) in [(own, "", "items"), ("", memory, "web"), (own, memory, "items")] {
        let mut model = read(&text(machine, web)).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
        model.topology.run.window = SimDuration::SECOND;
        let run = sim_core::world::simulate(&model, 3, 0);
        for (index, service) in model.services.iter().enumerate() {
            let at = LevelAt::service(level(&USED), ServiceId::from(index));
            let sum: u128 = run.slices_in(between(100, 300)).map(|slice| slice.level(at).integral_ns).sum();
            // As often as each key is asked for it is let go, so that half of the values are there.
            let expected = if service.name == place { 500.0 * 10.0 / 1024.0 } else { 0.0 };
            close(sum as f64 / 200e9 / MIB, expected, 0.1, &format!("MiB used by {} in {place}", service.name));
        }
    }
    let told = |machine: &str, web: &str| problems(&text(machine, web));
    let missing = told("", "");
    assert!(missing.len() == 1 && missing[0].contains("no instance in which items lies has a memory"), "{missing:?}");
    let of_callers = told("instances: 1, steps: [{work: 0.1ms}], ", memory);
    assert!(of_callers.len() == 1 && of_callers[0].contains("no instance in which items lies"), "{of_callers:?}");
    let nothing = problems(&text(own, "").replace("entry_size: 10KiB", "entry_size: 0B"));
    assert!(nothing.len() == 1 && nothing[0].contains("no size takes no memory"), "{nothing:?}");
    let full = problems(&text(own, "").replace("entry_size: 10KiB", "entry_size: 10KiB, capacity: 20k"));
    assert!(full.len() == 1 && full[0].contains("is killed before items is full"), "{full:?}");
}
