//! Stores of idempotency keys that fail: what is refused, what is worked on unchecked, and where exactly-once effects break.

use super::problems;
use super::workflows::Ran;

/// Charges at 20/s that are each tried twice, because the first attempt of 80 ms is given up after 50 ms and tried again 500 ms later; where the keys
/// are, and what happens to that.
fn charges(store: &str, fault: &str) -> Ran {
    Ran::of(&format!(
        "load: {{users: {{to: web.buy, arrive: {{constant: {{rate: 20/s}}}}}}}}\n\
         services:\n  web: {{workers: unlimited, endpoints: {{buy: {{steps: [{{call: {{to: bank.charge, timeout: 50ms, \
         retry: {{max_attempts: 2, backoff: {{fixed: {{delay: 500ms}}}}}}}}}}]}}}}}}\n  \
         bank: {{workers: unlimited, endpoints: {{charge: {{effect: {{deduplicated: {{remember: 1h{store}}}}}, steps: [{{wait: 80ms}}]}}}}}}\n\
         stores: {{keys: {{workers: unlimited, endpoints: {{look: {{access: read, steps: [{{wait: 1ms}}]}}}}}}}}\n{fault}"
    ))
}

const DOWN: &str = "faults: {down: {inject: crash, where: {service: keys}, at: 40s, for: 20s}}\n";

#[test]
fn keys_that_are_kept_elsewhere_are_asked_for_and_cost_what_that_costs() {
    let beside = charges("", "");
    let elsewhere = charges(", store: {to: keys.look}", "");
    beside.close("rps(keys.look)", 0.0, 0.0);
    elsewhere.close("rps(keys.look)", 40.0, 0.5);
    // A key that is known is all that the second attempt has to do.
    beside.close("mean(web.buy)", 0.55, 0.002);
    elsewhere.close("mean(web.buy)", 0.551, 0.002);
    for ran in [&beside, &elsewhere] {
        ran.close("duplicates(bank)", 0.0, 0.0);
    }
}

#[test]
fn a_store_of_keys_that_is_down_lets_requests_fail_or_lets_them_be_done_twice() {
    // While it is down nobody is charged: 20 s of charges fail, and what was begun before is not finished.
    let refuses = charges(", store: {to: keys.look}", DOWN);
    refuses.close("duplicates(bank)", 0.0, 0.0);
    refuses.close("unchecked(bank)", 0.0, 0.0);
    refuses.close("availability(web.buy)", 0.8, 0.0125);
    // Or all are: each attempt in these 20 s is worked on, the second one too, and the second one of those that have left no key.
    let works = charges(", store: {to: keys.look, when_down: process}", DOWN);
    works.close("unchecked(bank)", 800.0, 20.0);
    works.close("duplicates(bank)", 20.0 * 20.55, 15.0);
    works.close("duplicate_effect(bank.charge) from 0s to 39s", 0.0, 0.0);
    // The second attempt takes as long as the first, and is given up too.
    works.close("availability(web.buy) from 42s to 58s", 0.0, 0.0);
}

#[test]
fn a_store_that_is_too_slow_is_down() {
    let slow = "faults: {slow: {inject: {delay: {add: 200ms}}, where: {to: keys}, at: 40s, for: 20s}}\n";
    let works = charges(", store: {to: keys.look, timeout: 20ms, when_down: process}", slow);
    works.close("unchecked(bank)", 800.0, 20.0);
    assert!(works.value("duplicates(bank)") > 350.0);
}

#[test]
fn keys_in_memory_are_lost_in_a_crash() {
    let crash = "faults: {dies: {inject: crash, where: {service: keys}, at: 50s, for: 100ms}}\n";
    charges(", store: {to: keys.look}", crash).close("duplicates(bank)", 0.0, 0.0);
    // Of those that were charged before it, the second attempts come behind it that began in the last 450 ms: all but the last 80 ms of them.
    let lost = charges(", store: {to: keys.look, survives_crash: false}", crash);
    lost.close("duplicates(bank)", 20.0 * 0.37, 2.0);
    // On two instances half of the keys are on the one that dies.
    let half = charges(
        ", store: {to: keys.look, survives_crash: false}",
        &crash.replace("service: keys}", "service: keys, instances: [0]}"),
    );
    half.close("duplicates(bank)", 20.0 * 0.37, 2.0);
}

#[test]
fn a_store_of_keys_has_to_be_there() {
    let of = |store: &str| {
        problems(&format!(
            "scenario: s\nquestion: q?\nload: {{users: {{to: bank.charge, arrive: {{constant: {{rate: 20/s}}}}}}}}\n\
             services: {{bank: {{workers: 1, endpoints: {{charge: {{effect: {{deduplicated: {{store: {store}}}}}, steps: [{{wait: 80ms}}]}}}}}}}}\n"
        ))
    };
    assert!(of("{to: keys.look}").iter().any(|p| p.contains("keys")), "{:?}", of("{to: keys.look}"));
    assert!(of("{to: bank.charge, timeout: 0s}").iter().any(|p| p.contains("nobody answers in no time")));
}

#[test]
fn what_was_done_unchecked_says_nothing_of_other_endpoints() {
    let ran = Ran::of(
        "load: {buyers: {to: bank.charge, arrive: {poisson: {rate: 100/s}}}, notes: {to: shop.go, arrive: {poisson: {rate: 200/s}}}}\n\
         services:\n  shop: {workers: unlimited, endpoints: {go: {steps: [{call: {to: book.note, timeout: 30ms, \
         retry: {max_attempts: 4, backoff: {fixed: {delay: 1ms}}}}}]}}}\n  \
         book: {workers: unlimited, endpoints: {note: {effect: idempotent, steps: [{wait: {exponential: {mean: 30ms}}}]}}}\n  \
         bank: {workers: unlimited, endpoints: {charge: {effect: {deduplicated: {remember: 1h, store: {to: keys.look, timeout: 50ms, \
         when_down: process}}}, steps: [{wait: 20ms}]}}}\n\
         stores: {keys: {workers: 64, endpoints: {look: {access: read, steps: [{wait: 1ms}]}}}}\n\
         faults: {down: {inject: crash, where: {service: keys}, at: 40s, for: 20s}}\n\
         invariants: {noted: \"effects(shop->book.note) > 0\"}\n",
    );
    ran.close("unchecked(bank)", 2_000.0, 200.0);
    ran.close("duplicates(book)", 0.0, 0.0);
}
