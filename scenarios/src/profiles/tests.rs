//! Profiles: what they bring, fill up and leave alone.

use super::*;
use crate::explain::explain;
use crate::files::Memory;
use sim_core::call::balance::BalanceSettings;
use sim_core::model::Model;

const BASE: &str = "scenario: s
question: q?
load: {users: {to: web.get, arrive: {poisson: {rate: 1/s}}}}
services:
  web: {workers: 1, endpoints: {get: {steps: [{call: {to: db.get, CALL}}]}}}
  db: {workers: 1, endpoints: {get: {steps: [{work: 1ms}]}}}
";

fn read(settings: &str, more: &str) -> Result<Model, String> {
    let text = BASE.replace("CALL", settings) + more;
    let loaded = crate::load(&Memory::of("a.yaml", &text), "a.yaml", &[], None);
    loaded.map(|loaded| loaded.model).map_err(|report| report.render(false))
}

/// Two ways of writing a call mean the same.
fn same(one: &str, other: &str) {
    let model = |text| read(text, "").unwrap_or_else(|report| panic!("{text}: {report}"));
    assert_eq!(model(one), model(other), "{one}\n{other}");
}

#[test]
fn what_a_library_always_has_is_switched_on() {
    same(
        "profile: hystrix",
        "timeout: 1s, breaker: {rate: {failure_rate: 50%, window: {time: 10s}, minimum_calls: 20, open_for: 5s, half_open: {calls: 1, successes: 1, failures: 1}}}, \
         concurrency_limit: {bulkhead: {limit: 10}}",
    );
    same("profile: grpc", "balance: pinned");
    let tokens = |base: &str, cost: &str| {
        format!(
            "retry: {{outcomes: [error, timeout, unreachable, rejected, shed], backoff: {{exponential: {{base: {base}}}}}, \
             budget: {{token_bucket: {{max: 500, deposit: 1, cost: {cost}}}}}}}"
        )
    };
    same("profile: aws_sdk", &tokens("50ms", "14"));
    same("profile: {aws_sdk: {version: 2026}}", &tokens("50ms", "14"));
    same("profile: {aws_sdk: {version: 2025}}", &tokens("1s", "5"));
}

#[test]
fn a_version_may_follow_the_name_in_one_word() {
    for library in LIBRARIES {
        for version in library.versions {
            let name = library.name;
            let settings = |profile: &str| format!("profile: {profile}, retry: {{}}, breaker: rate");
            same(&settings(&format!("{name}-{version}")), &settings(&format!("{{{name}: {{version: {version}}}}}")));
        }
    }
    let refused = |profile: &str, what: &str| {
        let report = read(&format!("profile: {profile}, retry: {{}}"), "").expect_err(profile);
        assert!(report.contains(what) && report.matches("error: ").count() == 1, "{profile}: {report}");
    };
    refused("polly-7", "version \"7\" of polly is not known here");
    refused("aws_sdk-2024", "versions known: aws_sdk-2026, aws_sdk-2025");
    refused("resilience4j-1", "versions known: resilience4j-2");
    refused("guava-2", "guava-2");
    refused("polly-", "version \"\" of polly");
    // Inherited, in a variant, and taken away again.
    let policy =
        |profile: &str| read("policy: p", &format!("policies: {{p: {{profile: {profile}}}}}\n")).expect(profile);
    assert_eq!(policy("hystrix-1"), policy("hystrix"));
    same("profile: hystrix-1, breaker: null, concurrency_limit: null", "timeout: 1s");
}

#[test]
fn what_is_written_is_filled_up_and_stays() {
    same(
        "profile: polly, retry: {max_attempts: 2}, breaker: rate",
        "retry: {max_attempts: 2, outcomes: [error, timeout, rejected, shed, unreachable, refused], backoff: {fixed: {delay: 2s}}}, \
         breaker: {rate: {failure_rate: 10%, window: {time: 30s}, minimum_calls: 100, open_for: 5s, half_open: {calls: 1, successes: 1, failures: 1}}}",
    );
    // A kind that is written keeps the settings that are, and has the library's for the rest.
    same(
        "profile: resilience4j, retry: {backoff: {exponential: {base: 1s}}}",
        "retry: {outcomes: [error, timeout, rejected, shed, unreachable, refused], backoff: {exponential: {base: 1s, multiplier: 1.5, cap: 1h, jitter: none}}}",
    );
    // A kind that the library does not have keeps our defaults.
    same(
        "profile: resilience4j, breaker: count, concurrency_limit: bulkhead",
        "breaker: count, concurrency_limit: bulkhead",
    );
}

#[test]
fn null_takes_away_what_a_library_brings() {
    same("profile: hystrix, breaker: null, concurrency_limit: null", "timeout: 1s");
    same("profile: hystrix, timeout: 3s, breaker: null, concurrency_limit: null", "timeout: 3s");
    // The same in a variant, where nothing is written that could be removed.
    let text = BASE.replace("CALL", "policy: p")
        + "policies: {p: {profile: grpc, timeout: 1s}}\nvariants: {even: {policies.p.balance: null}}\n";
    let loaded = crate::load(&Memory::of("a.yaml", &text), "a.yaml", &[], Some("even"));
    let balance = loaded.map(|loaded| loaded.model.guards[0].balance.clone());
    assert!(matches!(balance, Ok(BalanceSettings::LeastRequests(_))), "{balance:?}");
}

#[test]
fn a_default_for_a_setting_that_is_missing_is_none_for_one_that_is_written() {
    // Envoy lets three retries be under way, and a budget that is written is 20 %.
    let outcomes = "outcomes: [error, timeout, unreachable, rejected, shed], turned_away: false, backoff: {exponential: {base: 25ms, cap: 250ms}}";
    let always = "total_timeout: 15s, balance: round_robin, concurrency_limit: {bulkhead: {limit: 1024}}";
    same(
        "profile: envoy, retry: {}",
        &format!(
            "{always}, retry: {{max_attempts: 2, {outcomes}, budget: {{concurrency_share: {{percent: 0%, min: 3}}}}}}"
        ),
    );
    same(
        "profile: envoy, retry: {budget: concurrency_share}",
        &format!(
            "{always}, retry: {{max_attempts: 2, {outcomes}, budget: {{concurrency_share: {{percent: 20%, min: 3}}}}}}"
        ),
    );
    // The quota of gRPC is there where it is written.
    same(
        "profile: grpc, retry: {backoff: {exponential: {jitter: none}}}",
        "balance: pinned, retry: {outcomes: [unreachable, rejected, shed], backoff: {exponential: {jitter: none}}}",
    );
}

#[test]
fn a_profile_is_inherited_from_the_policy_and_from_the_defaults() {
    let policy = |settings: &str| {
        read(settings, "policies: {p: {profile: failsafe, timeout: 1s, retry: {max_attempts: 2}}}\n").expect("valid")
    };
    let breaker = policy("policy: p, breaker: consecutive");
    assert_eq!(
        breaker,
        policy("policy: p, breaker: {consecutive: {failures: 1, half_open: {successes: 1, failures: 1}}}")
    );
    let defaults =
        |settings: &str| read(settings, "defaults: {call: {profile: hystrix, timeout: 2s}}\n").expect("valid");
    let own = defaults("breaker: {rate: {open_for: 1s}}");
    assert_eq!(own.edges[1].timeout.as_ref().map(|timeout| timeout.mean() / 1e9), Some(2.0));
    let breaker = own.guards[own.edges[1].guard.index()].breaker.as_ref().expect("a breaker");
    let written = serde_json::to_value(breaker).expect("plain");
    assert_eq!(written["rate"]["minimum_calls"], "20", "{written}");
}

#[test]
fn what_does_nothing_or_is_not_known_is_refused() {
    let refused = |settings: &str, what: &str| {
        let report = read(settings, "").expect_err(settings);
        assert!(report.contains(what), "{settings}: {report}");
    };
    refused("profile: resilience4j, timeout: 1s", "resilience4j changes nothing here");
    refused("profile: guava, retry: {}", "guava");
    refused("profile: {polly: {version: 7}}, retry: {}", "7");
    // A policy's profile is not the call's.
    let policy = read("policy: p, concurrency_limit: null", "policies: {p: {profile: envoy}}\n").expect_err("null");
    assert!(policy.contains("not this call's to take away"), "{policy}");
    // What a profile brings is wrong where the profile is named.
    refused(
        "profile: hystrix, breaker: {rate: {window: {count: 10}}}",
        "minimum_calls is more than the window can hold",
    );
}

#[test]
fn tables_are_yaml_of_call_settings_and_their_pages_say_their_names() {
    let span = Span { file: FileId(0), start: 0, end: 0 };
    for library in LIBRARIES {
        let tables = [library.always, library.written, library.older.map_or("", |older| older.1)];
        for table in tables.into_iter().filter(|table| !table.is_empty()) {
            assert!(parse(table, FileId(0)).problems.is_empty(), "{}: {table}", library.name);
            assert!(!entries(table, span).is_empty());
            for entry in entries(table, span) {
                // Each of them alone is read.
                let settings = format!("profile: {}, {}: {}", library.name, entry.key, brought(&entry).value.flow());
                read(&settings, "").unwrap_or_else(|report| panic!("{settings}: {report}"));
            }
        }
        assert!(explain(library.name).is_ok(), "{}", library.name);
    }
}
