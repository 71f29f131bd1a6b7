//! Who waits for the value of another in a cache and for how long, what those who wait share, and what a cache in memory is not asked.

use super::caches::{ONE, Ran, between, ran, system};
use super::{problems, read};
use sim_core::data::Wrongness;
use sim_core::data::cache::{COALESCED, HITS, MISSES, REGENERATIONS};
use sim_core::outcome::Outcome;
use sim_core::results::WrongCounts;

/// Two services that look values up, `miss` of each, and endpoints that the values are made of.
fn looked_up_twice(coalesce: &str, web: &str, api: &str) -> String {
    format!(
        "scenario: Twice\nquestion: Who waits for whom?\nrun: {{duration: 10s}}\nkeys: {{item: {ONE}}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 10/s}}}}}}, others: {{to: api.get, arrive: {{poisson: {{rate: 10/s}}}}}}}}\n\
         caches:\n  values: {{contents: {{keyed: {{key: item}}}}, coalesce: {coalesce}}}\n  prices: {{contents: {{keyed: {{key: item}}}}, coalesce: {coalesce}}}\n\
         services:\n  web: {{workers: unlimited, endpoints: {{get: {{steps: [{{lookup: {{cache: values, miss: [{web}]}}}}]}}, value: {{steps: [{{lookup: {{cache: values, miss: [{{wait: 1ms}}]}}}}]}}}}}}\n\
         \x20 api: {{workers: unlimited, endpoints: {{get: {{steps: [{{lookup: {{cache: prices, miss: [{api}]}}}}]}}, value: {{steps: [{{lookup: {{cache: values, miss: [{{wait: 1ms}}]}}}}]}}}}}}\n"
    )
}

#[test]
fn what_makes_a_value_may_not_wait_for_it() {
    let alone = "a lookup that makes a value would wait for itself forever";
    let circle = "lookups that make values would wait for each other forever";
    let harmless = "{wait: 1ms}";
    let nested = "{lookup: {cache: values, miss: [{wait: 1ms}]}}";
    for (coalesce, web, api, expected) in [
        ("everywhere", nested, harmless, Some(alone)),
        ("per_instance", nested, harmless, Some(alone)),
        ("everywhere", "{parallel: {branches: [{wait: 1ms}, {call: {to: web.value}}]}}", harmless, Some(alone)),
        (
            "per_instance",
            "{choose: [{probability: 1%, steps: [{call: {to: web.value}}]}, {steps: []}]}",
            harmless,
            Some(alone),
        ),
        ("everywhere", "{call: {to: api.value}}", harmless, Some(alone)),
        // Another process has a single flight of its own.
        ("per_instance", "{call: {to: api.value}}", harmless, None),
        ("everywhere", "{call: {to: api.get}}", "{call: {to: web.value}}", Some(circle)),
        ("everywhere", "{call: {to: api.get}}", harmless, None),
        // Nobody waits for what is done in the background.
        ("everywhere", "{background: [{call: {to: web.value}}]}, {wait: 1ms}", harmless, None),
    ] {
        let written = looked_up_twice(coalesce, web, api);
        let found = if let Err(report) = read(&written) { report.render(false) } else { String::new() };
        let said = [alone, circle].into_iter().find(|what| found.contains(what));
        assert_eq!(said, expected, "{coalesce} {web} {api}: {found}");
        assert_eq!(found.is_empty(), expected.is_none(), "{coalesce} {web} {api}: {found}");
    }
}

/// One request every 100 ms, and a value that takes 2.95 s to make: those who come 0.1 to 1.9 s after the first wait for a second and then make it
/// for themselves, and those who come later have the value of the first before their second is over.
#[test]
fn a_wait_for_the_value_of_another_has_an_end() {
    let made = |coalesce: &str| {
        let cache = format!("contents: {{keyed: {{key: item, ttl: 1h}}}}, {coalesce}");
        let text = system("duration: 20s, warm_up: 0s", ONE, &cache, "{wait: 2950ms}", "");
        let text = text.replace("poisson", "constant").replace("instances: 4", "instances: 1");
        let ran = ran(&text, 5);
        let counts = ran.calls_to("web.get");
        assert_eq!(counts.outcomes[0], counts.ended(), "each has a value in the end");
        (ran.counted(&REGENERATIONS), ran.counted(&COALESCED))
    };
    for kind in ["per_instance", "everywhere"] {
        assert_eq!(made(&format!("coalesce: {kind}")), (1, 29), "{kind}");
        assert_eq!(made(&format!("coalesce: {{{kind}: {{max_wait: 1s}}}}")), (20, 29), "{kind}");
    }
    let cache = "contents: {keyed: {key: item}}, coalesce: {everywhere: {max_wait: 0s}}";
    let found = problems(&system("duration: 10s", ONE, cache, "{wait: 1s}", ""));
    assert!(found.iter().any(|problem| problem.contains("nobody waits for the value of another")), "{found:?}");
}

#[test]
fn a_lookup_whose_value_was_lost_with_an_instance_is_counted_once() {
    // The instance is there again at once, so that all requests came to an instance, and each looked something up.
    let cache = "contents: {keyed: {key: item, ttl: 1h}}, coalesce: everywhere";
    let mut again = 0;
    for number in 0..4 {
        let fault =
            format!("faults: {{f: {{inject: restart, where: {{service: web, instances: [{number}]}}, at: 1500ms}}}}\n");
        let ran = ran(&system("duration: 20s, warm_up: 0s", ONE, cache, "{wait: 3s}", &fault), 11);
        let (made, coalesced) = (ran.counted(&REGENERATIONS), ran.counted(&COALESCED));
        let (hits, misses) = (ran.counted(&HITS), ran.counted(&MISSES));
        assert_eq!(hits + misses, ran.calls_to("web.get").attempts, "instance {number}");
        assert!(coalesced <= misses && made + coalesced >= misses, "{made} + {coalesced} of {misses}");
        again += made + coalesced - misses;
    }
    assert_eq!(again, 1, "one of those who waited made the value in the place of the one that was lost");
}

/// A cache that the four instances of `web` share, and that gives expired values.
#[test]
fn an_expired_value_is_made_anew_by_one_at_a_time_where_it_lies() {
    let made = |coalesce: &str| {
        let cache = format!(
            "contents: {{keyed: {{key: item, ttl: 10s}}}}, {coalesce}stale_while_revalidate: 5s, steps: [{{wait: 1us}}]"
        );
        ran(&system("duration: 300s, warm_up: 20s", ONE, &cache, "{wait: 3s}", ""), 4).counted(&REGENERATIONS)
    };
    let alone = made("");
    assert!((21..=24).contains(&alone), "{alone}");
    assert_eq!(made("coalesce: per_instance, "), alone, "whichever instance asks");
    assert_eq!(made("coalesce: everywhere, "), alone);
}

/// A value that is made of a row of `db`, which takes two seconds more from the first request on, at about 0.1 s; the row is written at 1 s.
fn made_of_a_row(more: &str) -> Ran {
    let cache = "contents: {keyed: {key: item, ttl: 1h}}, coalesce: everywhere";
    let db = "stores: {db: {workers: 100, key: item, endpoints: {read: {access: read, steps: [{wait: 1us}]}, \
              write: {access: write, steps: [{wait: 1us}]}}}}\n";
    let text =
        system("duration: 60s, warm_up: 0s", ONE, cache, "{call: {to: db.read}}, {wait: 2s}", &format!("{db}{more}"));
    let users = "users: {to: web.get, arrive: {poisson: {rate: 10/s}}}";
    let writer = "writer: {to: db.write, arrive: {burst: {size: 1, at: 1s, every: 1h, times: 1}}}";
    let ran = ran(&text.replace(users, &format!("{users}, {writer}")), 3);
    assert_eq!(ran.counted(&REGENERATIONS), 1);
    assert!(ran.counted(&COALESCED) > 10, "{}", ran.counted(&COALESCED));
    assert_eq!(ran.calls_to("web.get").outcomes[0], ran.calls_to("web.get").ended(), "it looks like an answer");
    ran
}

#[test]
fn those_who_wait_share_what_is_wrong_with_the_value() {
    let corrupt = |ran: &Ran| ran.wrong("web.get", Wrongness::CorruptRecord, WrongCounts::replies);
    let fault = "faults: {f: {inject: {wrong: {kind: corrupt_record, probability: 100%}}, where: {to: db.read}}}\n";
    let bad = made_of_a_row(fault);
    assert_eq!(corrupt(&bad), bad.calls_to("web.get").ended(), "who made it, who waited, and who found it later");
    assert_eq!(corrupt(&made_of_a_row("")), 0);
}

#[test]
fn those_who_wait_get_a_stale_value_when_the_row_is_written_meanwhile() {
    let ran = made_of_a_row("");
    // The one who made it read the row before it was written, and answers with what it has read.
    assert_eq!(ran.stale("web.get"), ran.calls_to("web.get").ended() - 1);
}

#[test]
fn what_is_new_has_nothing_of_fixed_contents() {
    let scaled =
        "control: {scalers: {s: {of: web, use: {scheduled: [{instances: 1}, {at: 100s, instances: 2}]}, every: 1s}}}\n";
    let ratio = |cache: &str, from: f64, to: f64| {
        let text = system("duration: 400s, warm_up: 0s", ONE, cache, "{wait: 1us}", scaled)
            .replace("instances: 4", "instances: 1")
            .replace("rate: 10/s", "rate: 50/s");
        let ran = ran(&text, 6);
        let (hits, misses) = (ran.counted_in(&HITS, between(from, to)), ran.counted_in(&MISSES, between(from, to)));
        hits as f64 / (hits + misses) as f64
    };
    // Of two instances the old one has 80 %, and the new one t/100 s of that at the time t after its start.
    let aged = "contents: {fixed: {hit_ratio: 80%, ttl: 100s}}";
    assert!((ratio(aged, 0.0, 100.0) - 0.8).abs() < 0.02, "what is there at the start is warm");
    assert!((ratio(aged, 101.0, 201.0) - 0.6).abs() < 0.02, "{}", ratio(aged, 101.0, 201.0));
    assert!((ratio(aged, 210.0, 400.0) - 0.8).abs() < 0.02);
    // Where nothing is said of ages, nothing is said of being cold.
    assert!((ratio("contents: {fixed: {hit_ratio: 80%}}", 101.0, 201.0) - 0.8).abs() < 0.02);
}

#[test]
fn a_cache_in_memory_is_not_asked_what_instances_are_asked() {
    let lies = "values lies in the memory of its callers, and has no instances";
    let keyed = "contents: {keyed: {key: item}}";
    let refused = |cache: &str, more: &str| {
        problems(&system("duration: 10s", ONE, cache, "{wait: 1s}", more)).iter().any(|problem| problem.contains(lies))
    };
    let fault = |inject: &str, at: &str| format!("faults: {{f: {{inject: {inject}, where: {at}, at: 1s, for: 2s}}}}\n");
    let deed = |what: &str| {
        format!(
            "experiments: {{e: {{at: 1s, for: 2s, hypothesis: [availability(users) > 1%], actions: [{{do: {what}, where: {{service: values}}}}]}}}}\n"
        )
    };
    for more in [
        fault("crash", "{service: values}"),
        fault("{slow: {factor: 3}}", "{service: values, count: 1}"),
        fault("{fail: {probability: 10%}}", "{service: values}"),
        fault("{cpu_steal: {percent: 10%}}", "{service: values}"),
        fault("{dns: {probability: 100%}}", "{service: values}"),
        fault("{delay: {add: 1s}}", "{to: values}"),
        fault("partition", "{between: [web, values]}"),
        "network: {links: {l: {between: [web, values], latency: 1ms}}}\n".into(),
        "control: {scalers: {s: {of: values, use: {scheduled: [{instances: 2}]}}}}\n".into(),
        "costs: {c: {meter: {instances: {of: values}}, price: $1/h}}\n".into(),
        "costs: {c: {meter: {transfer: {of: values, across: zones}}, price: $1/GB}}\n".into(),
        "expect: [instances(values) > 0]\n".into(),
        "expect: [utilisation(values) > 0%]\n".into(),
        "expect: [mean(values.queue_wait) >= 0s]\n".into(),
        deed("restart"),
        deed("{scale: {set: 3}}"),
    ] {
        assert!(refused(keyed, &more), "{more}");
        let with_instances = format!("{keyed}, steps: [{{work: 1ms}}]");
        assert!(!refused(&with_instances, &more), "a cache with instances is asked: {more}");
    }
    for more in [
        fault("flush", "{service: values}"),
        "expect: [hit_ratio(values) > 0%]\n".into(),
        "expect: [misses(values) > 0]\n".into(),
    ] {
        assert!(read(&system("duration: 10s", ONE, keyed, "{wait: 1s}", &more)).is_ok(), "{more}");
    }
    // A target that means all means those that have instances.
    let all =
        system("duration: 10s, warm_up: 0s", ONE, keyed, "{wait: 1s}", &fault("crash", "{service: all, count: 4}"));
    let counts = ran(&all, 1).calls_to("web.get");
    let refused = counts.outcomes[Outcome::Unreachable as usize];
    assert!(refused > 10, "all four instances of web are down: {refused}");
    for seed in 0..4 {
        let counts = ran(&all.replace("count: 4", "count: 1"), seed).calls_to("web.get");
        assert!(counts.outcomes[Outcome::Unreachable as usize] > 0, "the one is an instance of web");
    }
}
