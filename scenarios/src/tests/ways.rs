//! What workflows send over the network by themselves, decisions and the batches of relays, and which wrong answers they list.

use super::workflows::Ran;
use sim_core::data::{Cause, Wrongness};

/// Two regions, a coordinator in one, and in the other a fast participant and a slow one.
fn committed(latency: &str, faults: &str) -> Ran {
    Ran::of(&format!(
        "regions: {{r: {{zones: [p]}}, s: {{zones: [q]}}}}\nnetwork: {{links: {{l: {{between: [r, s], latency: {latency}}}}}}}\n\
         services:\n  by: {{zones: [p], workers: 64, endpoints: {{idle: {{steps: [{{wait: 1ms}}]}}}}}}\n  \
         a: {{zones: [q], workers: unlimited, endpoints: {{do: {{steps: [{{wait: 10ms}}]}}}}}}\n  \
         b: {{zones: [q], workers: unlimited, endpoints: {{do: {{steps: [{{wait: 1s}}]}}}}}}\n\
         load: {{users: {{to: order.start, arrive: {{constant: {{rate: 10/s}}}}}}}}\n\
         sagas: {{order: {{coordination: {{two_phase_commit: {{by: by, takes_over: 20s}}}}, steps: [{{name: a, action: a.do}}, {{name: b, action: b.do}}]}}}}\n{faults}"
    ))
}

#[test]
fn a_decision_takes_the_time_of_its_way() {
    // Both vote after the same way, and hear the decision after a way back and a way there: the slow one waits for two, the fast one 990 ms more.
    for (latency, ways_s) in [("0ms", 0.0), ("200ms", 0.4)] {
        let ran = committed(latency, "");
        ran.close("average(b.prepared)", 10.0 * ways_s, 0.15);
        ran.close("average(a.prepared)", 10.0 * (ways_s + 0.99), 0.3);
        ran.close("half_finished_sagas(order)", 0.0, 0.0);
        ran.close("decisions_lost(by)", 0.0, 0.0);
    }
}

#[test]
fn who_is_cut_off_stays_in_doubt_until_the_decision_comes() {
    // Cut off are decisions of some 14 sagas, and nothing else keeps a worker that long.
    let cut = "faults: {cut: {inject: partition, where: {from: by, to: a}, at: 50s, for: 10s}}\n";
    let ran = committed("200ms", cut);
    let held = ran.value("average(a.prepared) from 55s to 59s");
    assert!((8.0..16.0).contains(&held), "{held} in doubt");
    let lost = ran.value("decisions_lost(by)");
    assert!((80.0..200.0).contains(&lost), "each of them is sent again every second: {lost}");
    ran.close("average(a.prepared) from 65s to 99s", 13.9, 0.4);
    ran.close("half_finished_sagas(order)", 0.0, 0.0);
    // A coordinator that is down tells nobody what it has decided until it is back.
    let down = "faults: {dies: {inject: crash, where: {service: by}, at: 50s, for: 10s}}\n";
    let ran = committed("200ms", down);
    assert!(ran.value("average(a.prepared) from 52s to 59s") > 9.0);
    ran.close("half_finished_sagas(order)", 0.0, 0.0);
}

/// Writes at 50/s whose messages a relay sends, that stands in one region with its store or its queue.
fn relayed(takes: &str, latency: &str, store: &str, queue: &str) -> Ran {
    Ran::of(&format!(
        "regions: {{r: {{zones: [p]}}, s: {{zones: [q]}}}}\nnetwork: {{links: {{l: {{between: [r, s], latency: {latency}}}}}}}\n\
         load: {{users: {{to: web.put, arrive: {{constant: {{rate: 50/s}}}}, from: r}}}}\n\
         services:\n  web: {{zones: [p], workers: unlimited, endpoints: {{put: {{steps: [{{call: {{to: db.put, \
         outbox: {{to: jobs.send, every: 200ms, batch: {{count: 10{takes}}}}}}}}}]}}}}}}\n  \
         mail: {{zones: [{queue}], workers: unlimited, endpoints: {{send: {{steps: [{{wait: 1ms}}]}}}}}}\n\
         stores: {{db: {{zones: [{store}], workers: unlimited, endpoints: {{put: {{access: write, steps: [{{wait: 1ms}}]}}}}}}}}\n\
         queues: {{jobs: {{zone: {queue}, consumers: {{x: {{to: mail.send}}}}}}}}\n"
    ))
}

/// A look begins at a multiple of 200 ms when the one before it is over, and sends ten messages.
#[test]
fn a_look_of_a_relay_takes_its_time() {
    relayed("", "0ms", "p", "p").close("rps(mail.send)", 50.0, 0.5);
    relayed(", takes: 1s", "0ms", "p", "p").close("rps(mail.send)", 10.0 / 1.2, 0.2);
    // To the store and back.
    relayed("", "250ms", "q", "p").close("rps(mail.send)", 10.0 / 0.6, 0.3);
    // To the queue, and both.
    relayed("", "250ms", "p", "q").close("rps(mail.send)", 10.0 / 0.4, 0.5);
    relayed(", takes: 100ms", "250ms", "q", "q").close("rps(mail.send)", 10.0 / 1.0, 0.3);
}

/// How many half-finished sagas there are of each cause, of those that the list has.
fn listed(ran: &Ran) -> Vec<(Cause, u64)> {
    let causes = ran.run.wrong.causes.iter().filter(|((kind, _), _)| *kind == Wrongness::HalfFinished);
    let causes: Vec<(Cause, u64)> = causes.map(|((_, cause), number)| (*cause, *number)).collect();
    let first = ran.run.wrong.first.iter().filter(|wrong| wrong.kind == Wrongness::HalfFinished);
    for wrong in first {
        let name = &ran.loaded.model.edges[wrong.call.index()].name;
        assert!(name.ends_with("order.start"), "it is the answer of {name}");
        assert!(causes.iter().any(|(cause, _)| *cause == wrong.cause));
    }
    let number: u64 = causes.iter().map(|(_, number)| number).sum();
    assert_eq!(number as f64, ran.value("half_finished_sagas(order)"));
    assert!(number == 0 || !ran.run.wrong.first.is_empty());
    causes
}

/// A saga of a step that is done, one that is done and cannot be undone, or one that never comes to an answer.
fn half(each: &str, steps: &str) -> Ran {
    Ran::of(&format!(
        "keys: {{k: {{uniform: {{count: 5}}}}}}\nservices:\n  by: {{workers: 64, endpoints: {{idle: {{steps: [{{wait: 1ms}}]}}}}}}\n  \
         a: {{workers: unlimited, endpoints: {{do: {{effect: idempotent, steps: [{{wait: 1ms}}]}}, \
         undo: {{effect: idempotent, steps: [{{wait: 1ms}}]}}, not: {{steps: [{{fail: {{probability: 100%}}}}]}}, \
         late: {{effect: idempotent, steps: [{{wait: 5s}}]}}}}}}\n\
         load: {{users: {{to: order.start, arrive: {{constant: {{rate: 1/s}}}}}}}}\n\
         sagas: {{order: {{coordination: {{orchestrated: {{by: by}}}}, each: {{retry: {{max_attempts: 1}}{each}}}, steps: [{steps}], \
         compensation_failed: {{repair: {{takes: 4s, people: 9}}}}}}}}\n"
    ))
}

#[test]
fn a_half_finished_saga_is_listed_with_its_cause() {
    let end = "{name: z, action: a.not, compensation: a.undo}";
    let undone = half("", &format!("{{name: a, action: a.do, compensation: a.undo}}, {end}"));
    assert_eq!(listed(&undone), []);
    let kept = half("", &format!("{{name: a, action: a.do}}, {end}"));
    assert!(matches!(listed(&kept)[..], [(Cause::NotUndone, 98..=101)]), "{:?}", listed(&kept));
    let left = half("", &format!("{{name: a, action: a.do, compensation: a.not}}, {end}"));
    assert!(matches!(listed(&left)[..], [(Cause::LeftToPeople, 98..=101)]), "{:?}", listed(&left));
    let late = half(", timeout: 2s", "{name: a, action: a.late, compensation: a.undo}");
    assert!(matches!(listed(&late)[..], [(Cause::AfterTheEnd, 93..=96)]), "{:?}", listed(&late));
}

/// People find a saga as it is when it is left to them: of one of which nothing stands then nobody was told anything wrong.
#[test]
fn a_saga_that_is_left_to_people_counts_by_what_stands_then() {
    let steps = "{name: a, action: a.do, compensation: a.undo}, {name: z, action: a.not, compensation: a.undo}";
    let nothing_done = half("", &steps.replace("action: a.do", "action: a.not").replace("a.undo", "a.not"));
    assert_eq!(listed(&nothing_done), []);
    // The first step is undone, and the one before it that has nothing to undo cannot be: nothing of it stands either.
    let undone = half("", "{name: n, action: a.none, compensation: a.not}, {name: a, action: a.do, compensation: a.undo}, {name: z, action: a.not, compensation: a.undo}"
        .replace("a.none", "by.idle").as_str());
    let failed = undone.value("failed(order)");
    assert!(failed > 90.0, "{failed}");
    assert_eq!(listed(&undone).len(), 1, "what the first step has done stands");
}
