//! Guarantee levels from file to run: what a request carries, where its reads go, who refuses it, and what a gate finds.

use super::{close, problems, run};
use sim_core::data::Wrongness;
use sim_core::data::gate::{CONFLICTS, GATES, UPGRADED};
use sim_core::engine::math::exp;
use sim_core::ids::{EdgeId, ServiceId};
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::RunResult;

/// A bank whose store lags by half a second, with these steps before it opens a vault that requires serializable reads.
fn bank(steps: &str, load: &str, rest: &str) -> String {
    format!(
        "scenario: Levels\nquestion: Who is served?\nrun: {{duration: 60s, warm_up: 0s}}\nkeys: {{row: {{uniform: {{count: 20}}}}}}\n\
         load:\n  users: {{to: bank.open, arrive: {{poisson: {{rate: 50/s}}}}{load}}}\n  \
         writers: {{to: db.write, arrive: {{poisson: {{rate: 10/s}}}}}}\n\
         services:\n  bank: {{workers: unlimited, endpoints: {{open: {{steps: [{steps}, {{call: {{to: vault.open}}}}]}}}}}}\n  \
         vault: {{workers: unlimited, endpoints: {{open: {{requires: serializable, steps: [{{work: 1ms}}]}}}}}}\n  \
         slow: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: db.read, level: eventual}}}}, {{wait: 1s}}]}}}}}}\n\
         stores:\n  db: {{instances: 3, workers: unlimited, key: row, replication: {{primary: {{lag: 500ms}}}}, \
         endpoints: {{read: {{access: read, steps: [{{work: 2ms}}]}}, write: {{access: write, steps: [{{work: 1ms}}]}}}}}}\n{rest}"
    )
}

fn edge(model: &Model, name: &str) -> EdgeId {
    model.edges.iter().position(|edge| edge.name == name).unwrap_or_else(|| panic!("no {name}")).into()
}

/// How many attempts of a call ended so.
fn ended(model: &Model, run: &RunResult, name: &str, outcome: Outcome) -> u64 {
    run.edge(edge(model, name), run.whole()).outcomes[outcome as usize]
}

/// The share of opened vaults, of refused ones, and of stale answers among all of the bank.
fn shares(text: &str) -> (f64, f64, f64) {
    let (model, run) = run(text);
    let of = |outcome| ended(&model, &run, "bank->vault.open", outcome) as f64;
    let all = of(Outcome::Ok) + of(Outcome::Refused);
    let wrong = run.slices.iter().flat_map(|slice| &slice.wrong);
    let at_bank = edge(&model, "users->bank.open");
    let stale = wrong.filter(|(edge, kind, _)| *edge == at_bank && *kind == Wrongness::StaleRead as u8);
    let stale: u64 = stale.map(|(.., counts)| counts.passed_on).sum();
    (of(Outcome::Ok) / all, of(Outcome::Refused) / all, stale as f64 / all)
}

const READ: &str = "{call: {to: db.read}}";
const WEAK_READ: &str = "{call: {to: db.read, level: read_committed}}";
const GATE: &str = "{gate: {level: strict_serializable, to: db.read, on_conflict: upgrade}}";

#[test]
fn a_request_carries_the_level_of_its_load_and_is_refused_where_more_is_required() {
    for (level, is_served) in
        [("strict_serializable", true), ("serializable", true), ("snapshot_isolation", false), ("eventual", false)]
    {
        let (ok, refused, _) = shares(&bank("{work: 1ms}", &format!(", level: {level}"), ""));
        assert_eq!((ok, refused), if is_served { (1.0, 0.0) } else { (0.0, 1.0) }, "{level}");
    }
    assert_eq!(shares(&bank("{work: 1ms}", "", "")).0, 1.0, "who has read nothing is as strong as can be");
}

#[test]
fn what_was_read_weakly_makes_the_request_weak() {
    assert_eq!(shares(&bank(READ, "", "")).1, 1.0, "a replica was read");
    assert_eq!(shares(&bank(READ, ", level: strict_serializable", "")).0, 1.0, "the primary was read");
    assert_eq!(shares(&bank(WEAK_READ, ", level: strict_serializable", "")).1, 1.0, "the call asks for less");
    // Levels cross calls in both directions.
    assert_eq!(shares(&bank("{call: {to: slow.get}}", ", level: strict_serializable", "")).1, 1.0);
    let in_branch = format!("{{parallel: {{branches: [{WEAK_READ}, {{work: 1ms}}]}}}}");
    assert_eq!(shares(&bank(&in_branch, ", level: strict_serializable", "")).1, 1.0, "a branch brings its level back");
    let beside = format!("{{background: [{WEAK_READ}]}}, {{work: 5ms}}");
    assert_eq!(shares(&bank(&beside, ", level: strict_serializable", "")).0, 1.0, "nobody uses what was read beside");
}

#[test]
fn an_answer_that_nobody_heard_makes_nothing_weaker() {
    let steps = "{call: {to: slow.get, timeout: 100ms, optional: true}}";
    let (ok, refused, _) = shares(&bank(steps, ", level: strict_serializable", ""));
    assert_eq!((ok, refused), (1.0, 0.0));
}

#[test]
fn a_gate_makes_a_request_strong_again_and_its_answer_right() {
    let strict = ", level: strict_serializable";
    let (ok, _, stale) = shares(&bank(&format!("{WEAK_READ}, {GATE}"), strict, ""));
    assert_eq!((ok, stale), (1.0, 0.0));
    let (_, refused, stale) = shares(&bank(WEAK_READ, strict, ""));
    assert_eq!(refused, 1.0);
    assert!(stale < 1e-9, "a refused request has no answer that could be wrong");
    // Of 20 rows that are written ten times a second, half a second behind: 1 - exp(-0.5 * 0.5) of reads are stale.
    let (model, run) = run(&bank(&format!("{WEAK_READ}, {GATE}"), strict, ""));
    let counts = run.service(ServiceId(0), run.whole());
    let (gates, conflicts) = (counts.of(&GATES), counts.of(&CONFLICTS));
    close(conflicts as f64 / gates as f64, 1.0 - exp(-0.25), 0.03, "conflicts");
    assert_eq!(counts.of(&UPGRADED), gates, "each came with read committed");
    let reads = ended(&model, &run, "bank->db.read", Outcome::Ok);
    assert!(reads.abs_diff(gates) <= 2, "the gate is one more read: {reads} by {gates}");
}

const STRICT: &str = ", level: strict_serializable";

/// Of the first 40 s, in which all requests have ended: the stale answers that a call is counted with.
fn counted_stale(model: &Model, run: &RunResult, name: &str) -> u64 {
    let of = edge(model, name);
    let slices: Vec<_> = run.slices.iter().filter(|slice| slice.to_ns <= 40_000_000_000).collect();
    assert!(slices.len() > 3, "what is read in one slice is compared in another");
    let stale = slices.iter().flat_map(|slice| &slice.wrong).filter(|(site, ..)| *site == of);
    stale.map(|(.., counts)| counts.replies()).sum()
}

#[test]
fn what_a_gate_has_found_is_neither_counted_nor_listed() {
    let slow = "{call: {to: slow.get}}";
    for (steps, is_found) in [
        (READ.to_owned(), false),
        (slow.to_owned(), false),
        (format!("{READ}, {GATE}"), true),
        (format!("{slow}, {GATE}"), true),
        (format!("{READ}, {{wait: 2s}}, {GATE}"), true),
        (format!("{READ}, {{wait: 2s}}, {}", GATE.replace("upgrade", "fail")), true),
        (format!("{READ}, {{wait: 2s}}, {}", GATE.replace("upgrade", "retry")), true),
        (format!("{{parallel: {{branches: [{READ}, {{work: 1ms}}]}}}}, {GATE}"), true),
    ] {
        let (model, run) = run(&bank(&steps, ", level: snapshot_isolation", ""));
        let sites: Vec<&str> = model.edges.iter().map(|edge| edge.name.as_str()).collect();
        let counted: u64 = sites.iter().map(|site| counted_stale(&model, &run, site)).sum();
        let listed = run.wrong.first.iter().filter(|wrong| wrong.at_ns < 40_000_000_000).count();
        assert_eq!((counted == 0, listed == 0), (is_found, is_found), "{steps}: {counted} counted, {listed} listed");
        // The list and the slices say the same of the whole run, and of what is in flight at the end nobody has acted on what he has read.
        let arose: u64 = run.slices.iter().flat_map(|slice| &slice.wrong).map(|(.., counts)| counts.arose).sum();
        assert_eq!(arose, run.wrong.causes.values().sum::<u64>(), "{steps}");
        assert_eq!(arose == 0, is_found, "{steps}: {arose} in all");
    }
}

#[test]
fn what_was_read_elsewhere_stands_when_a_gate_finds_something() {
    let other = "  other: {instances: 3, workers: unlimited, key: row, replication: {primary: {lag: 500ms}}, \
                 endpoints: {read: {access: read, steps: [{work: 2ms}]}, write: {access: write, steps: [{work: 1ms}]}}}\n";
    let steps = format!("{{call: {{to: other.read}}}}, {{call: {{to: other.write}}}}, {READ}, {GATE}");
    let (model, run) = run(&bank(&steps, ", level: snapshot_isolation", other));
    assert!(counted_stale(&model, &run, "bank->other.read") > 1_000);
    let at_db: u64 = run.wrong.first.iter().filter(|wrong| wrong.call == edge(&model, "bank->db.read")).count() as u64;
    assert_eq!(at_db, 0);
}

#[test]
fn what_somebody_has_kept_is_as_weak_as_can_be_until_a_gate_has_compared_it() {
    let cache = "caches: {c: {contents: {keyed: {key: row, ttl: 10s}}}}\n";
    let look = "{lookup: {cache: c, miss: [{call: {to: db.read}}]}}";
    let (ok, refused, stale) = shares(&bank(look, STRICT, cache));
    assert!(ok > 0.01 && refused > 0.9, "who reads the primary is served, and a hit is not: {ok} {refused}");
    assert!(stale < 1e-9, "{stale}");
    let (ok, _, stale) = shares(&bank(&format!("{look}, {GATE}"), STRICT, cache));
    assert_eq!((ok, stale), (1.0, 0.0), "what is stale the gate finds");
}

/// From half of the run on nobody answers, and each instance gives again what it has kept: it was true at some time, and is as weak as can be.
#[test]
fn what_a_fallback_gives_again_is_as_weak_as_can_be() {
    let down = "faults: {down: {inject: crash, where: {service: plain}, at: 30s}}\n";
    let plain = "  plain: {workers: unlimited, endpoints: {get: {steps: [{work: 1ms}]}}}\nstores:\n";
    let of = |fallback: &str| {
        let call = format!("{{call: {{to: plain.get{fallback}}}}}");
        shares(&bank(&call, ", level: strict_serializable", down).replace("stores:\n", plain))
    };
    let (ok, refused, _) = of(", fallback: {cached: {max_age: 1h}}");
    assert!((ok - 0.5).abs() < 0.03 && (refused - 0.5).abs() < 0.03, "{ok} {refused}");
    // An answer that is no old one says nothing of anything that was read.
    let (ok, refused, _) = of(", fallback: {outcome: degraded}");
    assert!(ok > 0.999 && refused == 0.0, "{ok} {refused}");
}

#[test]
fn an_answer_that_is_remembered_is_as_weak_as_one_that_is_made() {
    let of = |timeout: &str| {
        let steps = format!(
            "{{call: {{to: weak.do, timeout: {timeout}, retry: {{max_attempts: 5, backoff: {{fixed: {{delay: 10ms}}}}}}}}}}"
        );
        let weak = "services:\n  weak: {workers: unlimited, provides: eventual, \
                    endpoints: {do: {effect: {deduplicated: {remember: 1h}}, steps: [{wait: 20ms}]}}}\n";
        shares(&bank(&steps, STRICT, "").replace("services:\n", weak))
    };
    assert_eq!(of("1s").1, 1.0);
    assert_eq!(of("15ms").1, 1.0, "the second attempt brings a key that is known");
}

#[test]
fn a_request_that_has_written_what_it_has_read_passes_a_gate() {
    let gate = "{gate: {level: strict_serializable, to: db.read, on_conflict: fail}}";
    let steps = format!("{READ}, {{call: {{to: db.write}}}}, {gate}");
    let (model, run) = run(&bank(&steps, STRICT, ""));
    let of = |outcome| ended(&model, &run, "users->bank.open", outcome) as f64;
    let ok = of(Outcome::Ok) / (of(Outcome::Ok) + of(Outcome::Error));
    assert!(ok > 0.9 && ok < 1.0, "{ok}: only writes of others stand between");
}

#[test]
fn a_gate_comes_to_an_endpoint_that_requires_its_level() {
    let gate = "{gate: {level: strict_serializable, to: db.sure, on_conflict: upgrade}}";
    let sure = "endpoints: {sure: {access: read, requires: strict_serializable, steps: [{work: 1ms}]}, read:";
    let text = bank(&format!("{READ}, {gate}"), ", level: snapshot_isolation", "").replace("endpoints: {read:", sure);
    let (model, run) = run(&text);
    assert_eq!(ended(&model, &run, "bank->db.sure", Outcome::Refused), 0);
    assert!(ended(&model, &run, "bank->vault.open", Outcome::Ok) > 2000);
}

#[test]
fn what_was_read_weakly_changes_no_route_of_what_is_asked_for() {
    let again = "endpoints: {again: {access: read, steps: [{work: 1ms}]}, read:";
    let dies = "faults: {dies: {inject: crash, where: {service: db, role: primary}, at: 0s}}\n";
    let steps = format!("{WEAK_READ}, {{call: {{to: db.again, optional: true}}}}");
    let (model, run) = run(&bank(&steps, STRICT, dies).replace("endpoints: {read:", again));
    let of = |name: &str| ended(&model, &run, name, Outcome::Ok);
    assert!(of("bank->db.read") > 2000, "a replica is there");
    assert_eq!(of("bank->db.again"), 0, "the load asks for a strict read, and the primary is down");
}

#[test]
fn a_wrong_answer_is_listed_with_the_read_that_made_it_wrong() {
    for replication in
        ["merge: {every: 1s}", "quorum: {read: 1, write: 1, legs: {write: {exponential: {mean: 300ms}}}}"]
    {
        let text = bank(READ, ", level: snapshot_isolation", "")
            .replace("primary: {lag: 500ms}", replication)
            .replace("{requires: serializable, ", "{");
        let (_, run) = run(&text);
        assert!(run.wrong.first.len() > 10, "{replication}");
        for wrong in &run.wrong.first {
            let read = wrong.shown.as_ref().and_then(|shown| shown.evidence).expect("the read");
            assert_eq!(read.linearised_ns, None, "{replication}: nobody asked an authority");
        }
    }
}

#[test]
fn a_conflict_fails_or_lets_the_request_read_again() {
    let with = |on_conflict: &str| {
        let gate = format!("{{gate: {{level: strict_serializable, to: db.read, on_conflict: {on_conflict}}}}}");
        let (model, run) = run(&bank(&format!("{WEAK_READ}, {gate}"), ", level: strict_serializable", ""));
        let of = |outcome| ended(&model, &run, "users->bank.open", outcome) as f64;
        let all = of(Outcome::Ok) + of(Outcome::Error) + of(Outcome::Refused);
        let counts = run.service(ServiceId(0), run.whole());
        (of(Outcome::Ok) / all, counts.of(&GATES) as f64 / all)
    };
    let (ok, gates) = with("fail");
    close(ok, exp(-0.25), 0.03, "those without a conflict");
    close(gates, 1.0, 0.01, "gates a request");
    let (ok, gates) = with("retry");
    assert!(ok > 0.999, "the second read is as new as the gate: {ok}");
    close(gates, 2.0 - exp(-0.25), 0.05, "one gate more for each conflict");
}

#[test]
fn reads_go_where_their_level_says() {
    let rest = "faults: {dies: {inject: crash, where: {service: db, role: primary}, at: 0s}}\n";
    let reads = |load: &str| {
        let (model, run) = run(&bank("{call: {to: db.read, optional: true}}", load, rest));
        let (ok, away) = (
            ended(&model, &run, "bank->db.read", Outcome::Ok),
            ended(&model, &run, "bank->db.read", Outcome::Unreachable),
        );
        ok as f64 / (ok + away) as f64
    };
    assert_eq!(reads(", level: strict_serializable"), 0.0, "the primary is down");
    assert_eq!(reads(", level: snapshot_isolation"), 1.0, "replicas are there");
    assert_eq!(reads(""), 1.0, "as the store says");
}

#[test]
fn the_first_copy_of_a_quorum_answers_sooner_and_may_be_old() {
    let quorum =
        "{quorum: {read: 2, write: 2, legs: {write: {exponential: {mean: 300ms}}, read: {exponential: {mean: 10ms}}}}}";
    let text = |level: &str| {
        bank("{call: {to: db.read}}", &format!(", level: {level}"), "").replace(
            "replication: {primary: {lag: 500ms}}",
            &format!("routing: {{eventual: nearest, snapshot_isolation: quorum}}, replication: {quorum}"),
        )
    };
    let of = |level: &str| {
        let (model, run) = run(&text(level));
        let read = edge(&model, "bank->db.read");
        let counts = run.edge(read, run.whole());
        (counts.latency_sum_ns as f64 / counts.outcomes[0] as f64, counts.wrong)
    };
    let ((strong, never), (weak, stale)) = (of("snapshot_isolation"), of("eventual"));
    // The least of three exponential times against the second least: 10/3 ms and 10/3 + 10/2 ms, and the legs that are constant.
    close((strong - weak) / 1e6, 5.0, 0.4, "the wait for a second copy");
    assert!(never == 0 && stale > 0, "{never} and {stale} stale reads");
}

#[test]
fn what_cannot_act_or_cannot_be_is_refused() {
    let said = |from: &str, to: &str| problems(&bank(READ, "", "").replace(from, to)).join("\n");
    for (from, to, what) in [
        ("requires: serializable", "requires: eventual", "no weaker level that could be refused"),
        (READ, "{gate: {level: serializable, to: db.write}}", "db.write is not what reads a store"),
        (
            READ,
            "{gate: {level: serializable, to: db.read, on_conflict: retry}}",
            "reads the store that could be read again",
        ),
        (
            "key: row,",
            "key: row, routing: {serializable: replica},",
            "a copy that may be behind gives no serializable read",
        ),
        ("key: row,", "key: row, routing: {eventual: quorum},", "has no such copies"),
        (
            "{primary: {lag: 500ms}}",
            "{quorum: {read: 1, write: 1}}, provides: snapshot_isolation",
            "gives no snapshot_isolation read",
        ),
        ("{primary: {lag: 500ms}}", "{merge: {}}, provides: read_committed", "gives no read_committed read"),
    ] {
        let found = said(from, to);
        assert!(found.contains(what), "{to}: {found}");
    }
    for weak in ["{quorum: {read: 1, write: 1}}", "{primary: {lag: 500ms}}, provides: snapshot_isolation"] {
        let found =
            problems(&bank(&format!("{READ}, {GATE}"), "", "").replace("{primary: {lag: 500ms}}", weak)).join("\n");
        assert!(found.contains("db.read gives no strict_serializable read"), "{weak}: {found}");
    }
    // Who would go back to a write would write again.
    let writes = "{call: {to: db.write}}, {gate: {level: serializable, to: db.read, on_conflict: retry}}";
    assert!(said(READ, writes).contains("reads the store that could be read again"));
    let merged = bank(&format!("{READ}, {GATE}"), "", "").replace("{primary: {lag: 500ms}}", "{merge: {}}");
    assert!(problems(&merged).join("\n").contains("no authority that could be asked"));
}
