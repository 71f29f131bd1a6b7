//! Caches: who makes a value when, who waits for it, what becomes of those who wait, and which answers are stale.

use super::{problems, read};
use sim_core::data::Wrongness;
use sim_core::data::cache::{COALESCED, EVICTIONS, HITS, MISSES, REGENERATIONS, SERVED_EXPIRED};
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::metrics::Counter;
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::{EdgeCounts, RunResult, Span, WrongCounts};
use sim_core::units::SimDuration;

/// A run of a scenario.
pub(super) struct Ran {
    model: Model,
    run: RunResult,
}

pub(super) fn ran(text: &str, seed: u64) -> Ran {
    ran_in_windows(text, seed, None)
}

/// The same with windows of this length [ns].
fn ran_in_windows(text: &str, seed: u64, window_ns: Option<u64>) -> Ran {
    let mut model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    if let Some(window_ns) = window_ns {
        model.topology.run.window = SimDuration::from_ns(window_ns);
    }
    let run = sim_core::world::simulate(&model, seed, 0);
    assert!(run.stopped.is_none(), "{:?}", run.stopped);
    Ran { model, run }
}

pub(super) fn between(from_s: f64, to_s: f64) -> Span {
    Span { from_ns: (from_s * 1e9) as i64, to_ns: (to_s * 1e9) as i64 }
}

impl Ran {
    fn service(&self, name: &str) -> ServiceId {
        let place = self.model.services.iter().position(|service| service.name == name).expect("the service");
        ServiceId::from(place)
    }

    pub(super) fn counted_in(&self, counter: &Counter, span: Span) -> u64 {
        self.run.service(self.service("values"), span).of(counter)
    }

    pub(super) fn counted(&self, counter: &Counter) -> u64 {
        self.counted_in(counter, self.run.whole())
    }

    pub(super) fn calls_to(&self, callee: &str) -> EdgeCounts {
        let mut all = EdgeCounts::default();
        for (place, edge) in self.model.edges.iter().enumerate() {
            if self.model.endpoints[edge.callee.index()].name == callee {
                all.add(&self.run.edge(EdgeId::from(place), self.run.whole()));
            }
        }
        all
    }

    /// Stale answers of an endpoint.
    pub(super) fn stale(&self, callee: &str) -> u64 {
        self.wrong(callee, Wrongness::StaleRead, |n| n.arose)
    }

    /// Answers of an endpoint that are wrong in this way, of which those are counted that `which` says.
    pub(super) fn wrong(&self, callee: &str, kind: Wrongness, which: impl Fn(&WrongCounts) -> u64) -> u64 {
        let is_of = |edge: EdgeId| self.model.endpoints[self.model.edges[edge.index()].callee.index()].name == callee;
        let wrong = self.run.slices.iter().flat_map(|slice| &slice.wrong);
        wrong.filter(|(e, k, _)| is_of(*e) && *k == kind as u8).map(|(.., n)| which(n)).sum()
    }
}

/// Readers of one value, or of as many as `keys` says; `cache` has the settings of the cache, `steps` what makes a value, `more` further sections.
pub(super) fn system(head: &str, keys: &str, cache: &str, steps: &str, more: &str) -> String {
    format!(
        "scenario: Cached\nquestion: Who makes what?\nrun: {{{head}}}\nkeys: {{item: {keys}}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 10/s}}}}}}}}\n\
         services:\n  web: {{instances: 4, workers: unlimited, endpoints: {{get: {{steps: [{{lookup: {{cache: values, miss: [{steps}]}}}}]}}}}}}\n\
         caches: {{values: {{{cache}}}}}\n{more}"
    )
}

pub(super) const ONE: &str = "{uniform: {count: 1}}";

/// Vattani and others: with 10 lookups a second and 3 s to make a value, `xfetch` with beta 1 begins 3 (ln 30 + 0.5772) = 11.94 s before the end on
/// average.
#[test]
fn xfetch_begins_as_early_as_its_paper_says() {
    let text = system(
        "duration: 130s, warm_up: 0s",
        ONE,
        "contents: {keyed: {key: item, ttl: 2m}}, early: xfetch, steps: [{wait: 1us}]",
        "{wait: 3s}",
        "",
    );
    let (mut sum_s, mut n) = (0.0, 0.0);
    for seed in 0..400 {
        let ran = ran_in_windows(&text, seed, Some(100_000_000));
        let at = |window: i64| {
            let span = Span { from_ns: window * 100_000_000, to_ns: (window + 1) * 100_000_000 };
            ran.counted_in(&REGENERATIONS, span) > 0
        };
        // What is made in the first seconds is the stampede on an empty cache: the last of it is kept 3 s later.
        let last = (0..100).rev().find(|&window| at(window)).expect("a cold start");
        let first = (200..1_300).find(|&window| at(window)).expect("a value that is made anew");
        sum_s += (last - first) as f64 / 10.0 + 3.0 + 120.0;
        n += 1.0;
    }
    let mean_s: f64 = sum_s / n;
    // The standard deviation is 3 pi / sqrt(6) = 3.85 s.
    assert!((mean_s - 11.94).abs() < 3.0 * 3.85 / 20.0, "{mean_s} s before the end");
}

#[test]
fn one_makes_the_value_for_all_on_its_instance_or_everywhere() {
    let made = |coalesce: &str| {
        let cache = format!("contents: {{keyed: {{key: item, ttl: 1h}}}}, {coalesce}");
        let ran = ran(&system("duration: 30s, warm_up: 0s", ONE, &cache, "{wait: 3s}", ""), 5);
        assert_eq!(ran.counted(&HITS) + ran.counted(&MISSES), ran.calls_to("web.get").attempts);
        assert_eq!(ran.counted(&REGENERATIONS) + ran.counted(&COALESCED), ran.counted(&MISSES));
        // Each answer took no longer than it takes to make a value.
        assert_eq!(ran.calls_to("web.get").outcomes[0], ran.calls_to("web.get").ended());
        ran.counted(&REGENERATIONS)
    };
    // Of four instances each has an empty memory: about 1 + 2.5 * 3 on each without coalescing.
    assert!((20..50).contains(&made("")), "{}", made(""));
    assert_eq!(made("coalesce: per_instance"), 4);
    assert_eq!(made("coalesce: everywhere"), 1);
}

#[test]
fn those_who_wait_share_the_failure_and_the_next_tries_again() {
    let cache = "contents: {keyed: {key: item, ttl: 1h}}, coalesce: everywhere";
    let ran = ran(&system("duration: 100s, warm_up: 0s", ONE, cache, "{wait: 3s}, {fail: {outcome: shed}}", ""), 3);
    let counts = ran.calls_to("web.get");
    let made = ran.counted(&REGENERATIONS);
    assert!((28..=34).contains(&made), "one after the other, and not one for each: {made}");
    assert_eq!(counts.outcomes[Outcome::Shed as usize], counts.ended(), "all hear what happened");
    assert!(counts.ended() > 900 && ran.counted(&HITS) == 0);
}

#[test]
fn a_degraded_answer_is_given_to_all_who_wait_and_not_kept() {
    let more = "stores: {db: {workers: 100, endpoints: {get: {access: read, steps: [{wait: 3s}, {fail: {outcome: error}}]}}}}\n";
    let miss = "{call: {to: db.get, fallback: {outcome: degraded}}}";
    let cache = "contents: {keyed: {key: item, ttl: 1h}}, coalesce: everywhere";
    let ran = ran(&system("duration: 100s, warm_up: 0s", ONE, cache, miss, more), 3);
    let counts = ran.calls_to("web.get");
    assert_eq!(counts.outcomes[Outcome::Degraded as usize], counts.ended());
    assert_eq!(ran.counted(&HITS), 0);
}

#[test]
fn when_the_instance_crashes_that_makes_a_value_another_makes_it() {
    // The first request comes at about 0.1 s; whichever instance makes the value crashes before it is made, with all the others but one.
    let cache = "contents: {keyed: {key: item, ttl: 1h}}, coalesce: everywhere";
    let crash = |number: u32| {
        format!(
            "faults: {{f: {{inject: crash, where: {{service: web, instances: [{number}]}}, at: 1500ms, for: 1s}}}}\n"
        )
    };
    let mut again = 0;
    for number in 0..4 {
        let text = system("duration: 20s, warm_up: 0s", ONE, cache, "{wait: 3s}", &crash(number));
        let ran = ran(&text, 11);
        let made = ran.counted(&REGENERATIONS);
        // An instance that crashes loses its memory: what it keeps is made again once, or is the value of the other.
        assert!((1..=3).contains(&made), "{made}");
        let counts = ran.calls_to("web.get");
        let lost = counts.outcomes[Outcome::Unreachable as usize];
        assert_eq!(counts.outcomes[0] + lost, counts.ended(), "those who wait elsewhere get a value");
        again += u64::from(lost > 0);
        assert!(lost < 12, "{lost} were on the instance");
    }
    assert_eq!(again, 4);
}

#[test]
fn a_value_is_made_to_its_end_when_its_request_has_given_up() {
    let text = system(
        "duration: 20s, warm_up: 0s",
        ONE,
        "contents: {keyed: {key: item, ttl: 1h}}, coalesce: per_instance",
        "{wait: 3s}",
        "",
    )
    .replace("rate: 10/s}}", "rate: 10/s}}, timeout: 1s, cancel: true");
    let ran = ran(&text, 4);
    let counts = ran.calls_to("web.get");
    assert_eq!(ran.counted(&REGENERATIONS), 4, "one on each instance, though nobody waited so long");
    assert!(counts.outcomes[Outcome::Timeout as usize] > 10 && ran.counted(&HITS) > 100);
}

#[test]
fn an_expired_value_is_given_while_one_makes_it_anew() {
    let cache = "contents: {keyed: {key: item, ttl: 10s}}, stale_while_revalidate: 5s, steps: [{wait: 1us}]";
    let ran = ran(&system("duration: 300s, warm_up: 20s", ONE, cache, "{wait: 3s}", ""), 4);
    // A round is 10 s, the wait for the next lookup, and 3 s in which the old value is given.
    let (made, old) = (ran.counted(&REGENERATIONS), ran.counted(&SERVED_EXPIRED));
    assert!((21..=24).contains(&made), "{made}");
    assert_eq!(ran.counted(&MISSES), 0);
    assert!((old as f64 / made as f64 - 31.0).abs() < 5.0, "{old} of {made} rounds");
    assert_eq!(ran.stale("web.get"), old, "each of them is stale");
}

/// A store of ten rows, one of which is written each second; readers at `web.get`, writers at `web.put`.
fn written(cache: &str, after: &str, instances: u32) -> String {
    format!(
        "scenario: Written\nquestion: Which answers are stale?\nrun: {{duration: 2000s, warm_up: 100s}}\nkeys: {{item: {{uniform: {{count: 10}}}}}}\n\
         load: {{readers: {{to: web.get, arrive: {{poisson: {{rate: 50/s}}}}}}, writers: {{to: web.put, arrive: {{poisson: {{rate: 1/s}}}}}}}}\n\
         services: {{web: {{instances: {instances}, workers: unlimited, endpoints: {{get: {{steps: [{{lookup: {{cache: values, miss: [{{call: {{to: db.read}}}}]}}}}]}}, \
         put: {{steps: [{{call: {{to: db.write}}}}{after}]}}}}}}}}\n\
         stores: {{db: {{workers: 100, key: item, endpoints: {{read: {{access: read, steps: [{{wait: 1us}}]}}, write: {{access: write, steps: [{{wait: 1us}}]}}}}}}}}\n\
         caches: {{values: {{{cache}}}}}\n"
    )
}

/// A value lives for 10 s, and its row is written every 10 s on average: at the age of t it is stale with the probability 1 - exp(-t/10), on average
/// over its life 1 - (1 - exp(-1)) = 36.79 %. The first lookup of each life is a miss: of 1 + 5 * 10.
#[test]
fn a_value_is_stale_from_the_write_on_until_it_expires() {
    let one_life = 0.367_879 * 50.0 / 51.0;
    for cache in
        ["contents: {keyed: {key: item, ttl: 10s}}, steps: [{wait: 1us}]", "contents: {keyed: {key: item, ttl: 10s}}"]
    {
        let ran = ran(&written(cache, "", 1), 8);
        let found = ran.stale("web.get") as f64 / ran.calls_to("web.get").attempts as f64;
        assert!((found - one_life).abs() < 0.01, "{cache}: {found} of {one_life}");
        assert_eq!(ran.stale("db.read"), 0, "the store itself is never stale");
    }
    // The age of a hit by chance is uniform in its life.
    let ran = ran(&written("contents: {fixed: {hit_ratio: 98%, ttl: 10s}}", "", 1), 8);
    let found = ran.stale("web.get") as f64 / ran.counted(&HITS) as f64;
    assert!((found - 0.367_879).abs() < 0.01, "{found}");
}

#[test]
fn an_invalidation_reaches_the_cache_with_instances_and_of_memories_its_own() {
    let stale = |cache: &str, instances| ran(&written(cache, ", {invalidate: values}", instances), 8).stale("web.get");
    let (shared, local) = (
        "contents: {keyed: {key: item, ttl: 10s}}, instances: 3, steps: [{wait: 1us}]",
        "contents: {keyed: {key: item, ttl: 10s}}",
    );
    let all = ran(&written(local, "", 4), 8).stale("web.get");
    // Only those that come in the microsecond between the write and the invalidation.
    assert!(stale(shared, 4) < 30 && stale(local, 1) < 30, "{} {}", stale(shared, 4), stale(local, 1));
    let rest = stale(local, 4) as f64 / all as f64;
    assert!(rest > 0.6 && rest < 0.9, "one of four memories is told: {rest}");
}

#[test]
fn a_flush_or_a_crash_empties_a_cache_and_the_ring_leads_to_what_is_left() {
    let text = |fault: &str| {
        system(
            "duration: 60s, warm_up: 60s",
            "{uniform: {count: 40}}",
            "contents: {keyed: {key: item}}, instances: 4, steps: [{wait: 1us}]",
            "{wait: 1us}",
            fault,
        )
    };
    let misses = |fault: &str| ran(&text(fault), 2).counted(&MISSES);
    assert_eq!(misses(""), 0, "all forty are there");
    assert_eq!(misses("faults: {f: {inject: flush, where: {service: values}, at: 1s}}\n"), 40);
    let one: u64 = (0..4)
        .map(|n| {
            misses(&format!("faults: {{f: {{inject: flush, where: {{service: values, instances: [{n}]}}, at: 1s}}}}\n"))
        })
        .sum();
    assert_eq!(one, 40, "each key lies on one instance");
    assert!(misses("faults: {f: {inject: restart, where: {service: values, instances: [0]}, at: 1s}}\n") > 3);
    let local = system(
        "duration: 60s, warm_up: 600s",
        "{uniform: {count: 10}}",
        "contents: {keyed: {key: item}}",
        "{wait: 1us}",
        "faults: {f: {inject: flush, where: {service: values}, at: 1s}}\n",
    );
    assert!(ran(&local, 2).counted(&MISSES) >= 39, "ten in the memory of each of four");
}

#[test]
fn a_cache_that_does_not_answer_is_a_miss_and_keeps_nothing() {
    let fault = "faults: {f: {inject: crash, where: {service: values}, at: 10s, for: 20s}}\n";
    let cache = |coalesce: &str| {
        format!("contents: {{keyed: {{key: item, ttl: 1h}}}}, {coalesce}, steps: [{{wait: 1us}}]").replace(", ,", ",")
    };
    let of =
        |coalesce: &str| ran(&system("duration: 40s, warm_up: 20s", ONE, &cache(coalesce), "{wait: 1s}", fault), 6);
    let none = of("");
    let counts = none.calls_to("web.get");
    assert_eq!(counts.outcomes[0], counts.ended(), "nobody fails for it, or has a degraded answer");
    let away = none.counted_in(&REGENERATIONS, between(10.0, 30.0));
    assert!((170..=230).contains(&away), "everybody makes his own: {away}");
    let lock = of("coalesce: everywhere").counted_in(&REGENERATIONS, between(10.0, 30.0));
    assert!((170..=230).contains(&lock), "the lock is away too: {lock}");
    let own = of("coalesce: per_instance").counted_in(&REGENERATIONS, between(10.0, 30.0));
    assert!((40..=85).contains(&own), "an instance knows what it makes: {own}");
}

#[test]
fn hits_by_chance_are_those_of_the_request_in_every_variant() {
    let of = |ratio: &str, steps: &str| {
        let cache = format!("contents: {{fixed: {{hit_ratio: {ratio}}}}}");
        ran(&system("duration: 500s, warm_up: 10s", ONE, &cache, steps, ""), 6).counted(&HITS)
    };
    let hits = of("70%", "{wait: 1us}");
    assert!((hits as f64 / 5_000.0 - 0.7).abs() < 0.03);
    assert_eq!(hits, of("70%", "{wait: 10ms}, {wait: 5ms}"), "what a miss does changes no hit");
    assert_eq!(of("0%", "{wait: 1us}"), 0);
}

#[test]
fn hits_come_back_within_a_life_after_fixed_contents_are_flushed() {
    let fault = "faults: {f: {inject: flush, where: {service: values}, at: 0s}}\n";
    let cache = "contents: {fixed: {hit_ratio: 80%, ttl: 100s}}";
    let ran = ran(&system("duration: 400s, warm_up: 10s", ONE, cache, "{wait: 1us}", fault), 6);
    let share = |from: f64, to: f64| {
        let (hits, misses) = (ran.counted_in(&HITS, between(from, to)), ran.counted_in(&MISSES, between(from, to)));
        hits as f64 / (hits + misses) as f64
    };
    // Of hits at the time t after it, t/100 s are young enough.
    assert!((share(0.0, 100.0) - 0.4).abs() < 0.05, "{}", share(0.0, 100.0));
    assert!((share(200.0, 400.0) - 0.8).abs() < 0.03, "{}", share(200.0, 400.0));
}

#[test]
fn what_does_not_fit_leaves() {
    let cache = "contents: {keyed: {key: item, capacity: 10}}, steps: [{wait: 1us}]";
    let ran = ran(&system("duration: 1000s, warm_up: 100s", "{uniform: {count: 40}}", cache, "{wait: 1us}", ""), 6);
    assert_eq!(ran.counted(&EVICTIONS), ran.counted(&REGENERATIONS));
    let ratio = ran.counted(&HITS) as f64 / (ran.counted(&HITS) + ran.counted(&MISSES)) as f64;
    assert!((ratio - 0.25).abs() < 0.02, "a quarter of uniform keys fits: {ratio}");
}

#[test]
fn what_makes_no_sense_is_refused_with_a_word() {
    let with = |cache: &str| problems(&system("duration: 10s", ONE, cache, "{wait: 1s}", ""));
    let keyed = "contents: {keyed: {key: item}}";
    for (cache, expected) in [
        ("instances: 2", "the cache does not say what is in it"),
        ("contents: {keyed: {key: item, capacity: 0}}", "a cache into which nothing fits finds nothing"),
        ("contents: {keyed: {key: item, ttl: 0s}}", "a value that expires at once is never found"),
        ("contents: {keyed: {key: itm}}", "no key space is called \"itm\""),
        (&format!("{keyed}, early: xfetch"), "early needs keyed contents with a ttl"),
        (&format!("{keyed}, stale_while_revalidate: 5s"), "stale_while_revalidate needs keyed contents with a ttl"),
        ("contents: {fixed: {hit_ratio: 50%}}, coalesce: everywhere", "coalesce needs keys"),
        (&format!("{keyed}, workers: 3"), "a cache without steps lies in the memory of its callers"),
    ] {
        let found = with(cache);
        assert!(found.iter().any(|problem| problem.contains(expected)), "{cache}: {found:?}");
    }
    let asked = system("duration: 10s", ONE, keyed, "{wait: 1s}", "") + "expect: [hit_ratio(web) > 50%]\n";
    let found = problems(&asked);
    assert!(found.iter().any(|problem| problem.contains("no cache is called \"web\"")), "{found:?}");
    let cache = format!("{keyed}, coalesce: everywhere");
    for (steps, expected) in [
        ("{reply: {outcome: ok}}", "what makes a value for a cache answers nobody"),
        ("{lookup: {cache: vlues, miss: [{wait: 1s}]}}", "no cache is called \"vlues\""),
        ("{lookup: {cache: values, policy: p, miss: [{wait: 1s}]}}", "values lies in the memory of its callers"),
    ] {
        let found = problems(&system("duration: 10s", ONE, &cache, steps, "policies: {p: {timeout: 1s}}\n"));
        assert!(found.iter().any(|problem| problem.contains(expected)), "{steps}: {found:?}");
    }
    let flush = "faults: {f: {inject: flush, where: {service: web}, at: 1s}}\n";
    let found = problems(&system("duration: 10s", ONE, keyed, "{wait: 1s}", flush));
    assert!(found.iter().any(|problem| problem.contains("flush empties a cache")), "{found:?}");
}

#[test]
fn a_cache_that_answers_too_late_is_a_miss() {
    // A way of 60 ms each way, and a caller that waits for 100 ms: no answer of the cache comes in time, whatever lies in it.
    let text = "scenario: Late\nquestion: Is it a hit?\nrun: {duration: 60s}\nkeys: {item: {uniform: {count: 1}}}\n\
        load: {users: {to: web.get, arrive: {poisson: {rate: 20/s}}}}\npolicies: {near: {timeout: 100ms}}\n\
        network: {within_zone: {latency: 60ms}}\n\
        services: {web: {workers: unlimited, endpoints: {get: {steps: [{lookup: {cache: values, policy: near, miss: [{wait: 1ms}]}}]}}}}\n\
        caches: {values: {contents: {keyed: {key: item}}, steps: [{work: 1ms}]}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let cache = model.services.iter().position(|service| service.name == "values").expect("the cache");
    let counts = run.service(sim_core::ids::ServiceId::from(cache), run.whole());
    assert!(counts.of(&MISSES) > 1000, "{}", counts.of(&MISSES));
    assert_eq!(counts.of(&HITS), 0);
}

#[test]
fn what_is_made_for_others_does_not_end_with_the_deadline_of_who_began_it() {
    // Half of the requests have half a second, and the value takes two: the others wait for what one of those may have begun.
    let text = "scenario: Hasty\nquestion: Who waits in vain?\nrun: {duration: 300s}\nkeys: {item: {uniform: {count: 1}}}\n\
        load:\n  hasty: {to: web.get, deadline: 500ms, arrive: {poisson: {rate: 5/s}}}\n  patient: {to: web.get, timeout: 20s, arrive: {poisson: {rate: 5/s}}}\n\
        services:\n  web: {workers: unlimited, endpoints: {get: {steps: [{lookup: {cache: values, miss: [{call: {to: api.get}}]}}]}}}\n\
        \x20 api: {workers: unlimited, endpoints: {get: {steps: [{wait: 2s}]}}}\n\
        caches: {values: {contents: {keyed: {key: item, ttl: 10s}}, coalesce: everywhere}}\n";
    let model = read(text).unwrap_or_else(|report| panic!("{}", report.render(false))).model;
    let run = sim_core::world::simulate(&model, 7, 0);
    let patient = model.edges.iter().position(|edge| edge.name == "patient->web.get").expect("the load");
    let counts = run.edge(sim_core::ids::EdgeId::from(patient), run.whole());
    assert_eq!(counts.call_outcomes[0], counts.call_outcomes.iter().sum::<u64>(), "all are answered");
}
