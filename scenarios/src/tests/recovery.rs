//! Recovery: machines that have lost their data, ways to bring it back, validation before traffic returns, and a second failure meanwhile.

use super::{problems, read, shown};
use sim_core::data::Wrongness;
use sim_core::ids::EdgeId;
use sim_core::results::RunResult;
use sim_core::world::simulate;

/// Three copies of 12 GB, of which the second gives wrong records from 60 s on; an alert finds that, and `actions` follow.
fn text(actions: &str, rest: &str) -> String {
    format!(
        "\
scenario: A replica with wrong records
question: How does it come back?
run: {{duration: 20m, warm_up: 0s, replications: 2, seed: 7}}
keys: {{doc: {{uniform: {{count: 1M}}}}}}
load: {{readers: {{to: app.show, arrive: {{poisson: {{rate: 100/s}}}}}}, writers: {{to: app.save, arrive: {{poisson: {{rate: 50/s}}}}}}}}
services:
  app: {{workers: unlimited, endpoints: {{show: {{steps: [{{call: {{to: docs.get}}}}]}}, save: {{steps: [{{call: {{to: docs.put, timeout: 2s}}}}]}}}}}}
stores:
  docs:
    instances: 3
    workers: unlimited
    key: doc
    replication: {{primary: {{lag: 20ms, commit: one_replica, failover: {{detect: 5s, takes: 5s}}}}}}
    state: {{size: 12GB, log: 4GB, growth: 2MB/s, snapshot_every: 1h}}
    endpoints: {{get: {{access: read, steps: [{{work: 1ms}}]}}, put: {{access: write, steps: [{{work: 1ms}}]}}}}
faults:
  rot: {{inject: {{wrong: {{kind: corrupt_record, probability: 10%}}}}, where: {{service: docs, instances: [1]}}, at: 60s}}
{rest}control:
  telemetry: {{main: {{every: 10s}}}}
  alerts: {{audit: {{when: corrupt_record(docs.get) over 30s > 1%, finds: rot}}}}
  runbooks: {{book: {{trigger: {{alert: audit}}, actions: [{actions}]}}}}
"
    )
}

fn run(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, 0)
}

/// What the journal of the runbook says, each with the time since its alert fired [s].
fn journal(run: &RunResult) -> Vec<(f64, String)> {
    let fired = run.alerts[0][0].from_ns as f64 / 1e9;
    run.runbooks[0].journal.iter().map(|entry| (entry.at_s - fired, entry.text.to_string())).collect()
}

fn at(run: &RunResult, says: &str) -> f64 {
    let journal = journal(run);
    let found = journal.iter().find(|(_, text)| text.contains(says));
    found.unwrap_or_else(|| panic!("{says}: {journal:?}")).0
}

const WHERE: &str = "where: {found_by: audit}";

fn brings_back(restore: &str) -> String {
    format!(
        "{{do: isolate, {WHERE}}}, {{do: replace, {WHERE}, takes: 10s}}, {{do: {{restore: {restore}}}, {WHERE}, takes: 5s}}, \
         {{do: {{validate: {{audit: {{sample: 10%, rate: 100MB/s}}}}}}, {WHERE}}}, {{do: return, {WHERE}}}"
    )
}

/// The four ways take as long as their closed forms say, from the moment on at which they begin; then an audit takes 12 s.
#[test]
fn each_way_back_takes_as_long_as_there_is_to_read() {
    for (restore, exact) in [
        ("{log_replay: {rate: 100MB/s}}", (4000.0, 2.0, 98.0)),
        ("{converge: {rate: 80MB/s}}", (12_000.0, 0.0, 80.0)),
        ("{recompute: {rate: 50MB/s}}", (12_000.0, 0.0, 48.0)),
    ] {
        let run = run(&text(&brings_back(restore), ""));
        let began = run.alerts[0][0].from_ns as f64 / 1e9 + 15.0;
        let (megabytes, growth, rate) = exact;
        let took = (megabytes + growth * began) / rate;
        assert!((at(&run, "restored by") - (15.0 + took)).abs() < 1e-6, "{restore}: {:?}", journal(&run));
        assert!((at(&run, "validated") - (15.0 + took + 12.0)).abs() < 1e-6, "{restore}");
        // The fault is over when the data is back, and not when the machine is new.
        assert!((run.faults[0][0].to_ns as f64 / 1e9 - (began + took)).abs() < 1e-6);
    }
    let run = run(&text(&brings_back("{snapshot: {rate: 200MB/s, then: {log_replay: {rate: 100MB/s}}}}"), ""));
    let began = run.alerts[0][0].from_ns as f64 / 1e9 + 15.0;
    let took = 60.0 + 2.0 * (began + 60.0) / 98.0;
    assert!((at(&run, "restored by") - (15.0 + took)).abs() < 1e-6, "{:?}", journal(&run));
}

/// Answered reads, and those of them that were wrong, between two times [s].
fn reads(run: &RunResult, from_s: u64, to_s: u64) -> (u64, u64) {
    let within = |from: u64, to: u64| from >= from_s * 1_000_000_000 && to <= to_s * 1_000_000_000;
    let slices = run.slices.iter().filter(|slice| within(slice.from_ns, slice.to_ns));
    let of_store = EdgeId(0);
    slices.fold((0, 0), |(answered, wrong), slice| {
        let kinds =
            slice.wrong.iter().filter(|(edge, kind, _)| *edge == of_store && *kind == Wrongness::CorruptRecord as u8);
        (answered + slice.edges[0].outcomes[0], wrong + kinds.map(|(.., n)| n.arose).sum::<u64>())
    })
}

#[test]
fn a_new_machine_serves_when_it_has_its_data_and_gives_nothing_wrong() {
    // It is not isolated: it is empty, and nobody is sent to it.
    let actions =
        format!("{{do: replace, {WHERE}, takes: 10s}}, {{do: {{restore: {{converge: {{rate: 40MB/s}}}}}}, {WHERE}}}");
    let run = run(&text(&actions, ""));
    let (answered, wrong) = reads(&run, 0, 1200);
    assert!(answered > 115_000, "{answered}");
    let fired = run.alerts[0][0].from_ns as f64 / 1e9;
    // One of two replicas gave a tenth wrong from 60 s until it was replaced.
    let expected = (fired + 10.0 - 60.0) * 100.0 / 2.0 * 0.1;
    assert!((wrong as f64 - expected).abs() < 5.0 * expected.sqrt(), "{wrong}, not {expected}");
    assert_eq!(reads(&run, fired as u64 + 60, 1200).1, 0);
    let never = run_without_restore();
    // The other replica has all reads then, and what struck the first is there until the end.
    assert_eq!(never.faults[0][0].to_ns, 1_200_000_000_000);
    assert_eq!(reads(&never, 180, 1200).1, 0);
}

fn run_without_restore() -> RunResult {
    run(&text(&format!("{{do: replace, {WHERE}, takes: 10s}}"), ""))
}

#[test]
fn an_audit_keeps_out_what_was_not_mended() {
    let actions = format!(
        "{{do: isolate, {WHERE}}}, {{do: restart, {WHERE}, takes: 10s}}, {{do: {{validate: {{audit: {{}}}}}}, {WHERE}}}, {{do: return, {WHERE}}}"
    );
    let run = run(&text(&actions, ""));
    let entries = journal(&run);
    // 5 % of 12 GB at 100 MB/s are 6 s.
    assert_eq!(entries.last().unwrap(), &(16.0, "the audit finds wrong records: docs/1".to_owned()));
    assert_eq!(reads(&run, 180, 1200).1, 0, "it stays isolated");
}

#[test]
fn checks_are_waited_for_and_given_up() {
    let validate = |check: &str, within: &str| {
        let actions = format!(
            "{{do: isolate, {WHERE}}}, {{do: {{validate: {{checks: [{check}]{within}}}}}, {WHERE}, takes: 5s}}, {{do: return, {WHERE}}}"
        );
        run(&text(&actions, ""))
    };
    // The window of 30 s behind the isolation has none: at the fourth scrape.
    let run = validate("corrupt_record(docs.get) over 30s == 0%", "");
    assert!((20.0..=45.0).contains(&at(&run, "validated")), "{:?}", journal(&run));
    assert!(at(&run, "validation waits for corrupt_record(docs.get) over 30s == 0%") < 10.0);
    let run = validate("rps(docs.get) over 30s > 1000/s", ", within: 1m");
    assert!((60.0..=76.0).contains(&at(&run, "validation fails: rps(docs.get) over 30s > 1000/s is not true")));
}

/// The machine crashes while its data is on the way: the restore begins again.
#[test]
fn a_restore_that_is_cut_short_begins_again() {
    let fault = "  falls: {inject: crash, where: {service: docs, instances: [1]}, at: 200s, for: 80s}\n";
    let run = run(&text(&brings_back("{converge: {rate: 80MB/s}}"), fault));
    assert!((at(&run, "begins again, because it was cut short: docs/1") - 165.0).abs() < 1e-6, "{:?}", journal(&run));
    assert!((at(&run, "restored by convergence: docs/1") - 315.0).abs() < 1e-6, "{:?}", journal(&run));
}

/// While one of three copies is restored, the primary dies: with `one_replica` the last one alone takes no writes until a copy is back.
#[test]
fn a_second_failure_meets_what_is_left() {
    let fault = "  dies: {inject: crash, where: {service: docs, role: primary}, at: 300s, for: 10m}\n";
    let unanswered = |restore: &str| {
        let run = run(&text(&brings_back(restore), fault));
        let of: u64 = run.slices.iter().map(|slice| slice.edges[1].outcomes[2..].iter().sum::<u64>()).sum();
        assert_eq!(run.stopped, None);
        of as f64 / 50.0
    };
    // Restored within a minute: 10 s of failover.
    let soon = unanswered("{log_replay: {rate: 100MB/s}}");
    assert!((9.0..=14.0).contains(&soon), "{soon} s");
    // Restored in 1200 s: until the old primary is back after 600 s.
    let late = unanswered("{converge: {rate: 10MB/s}}");
    assert!((580.0..=615.0).contains(&late), "{late} s");
}

/// Of two replicas one gets a tenth of its calls for two minutes, and half of them for two more.
#[test]
fn calls_come_back_by_steps() {
    let actions = format!(
        "{{do: isolate, {WHERE}}}, {{do: {{restore: {{converge: {{rate: 400MB/s}}}}}}, {WHERE}}}, {{do: {{return: {{steps: [10%, 50%], every: 120s}}}}, {WHERE}}}"
    );
    let marked = text(&actions, "")
        .replace("{call: {to: docs.get}}", "{call: {to: docs.get, balance: random}}")
        .replace("rot: {inject", "slow: {inject: {wrong: {kind: stale_read, probability: 100%}}, where: {service: docs, instances: [1]}}\n  rot: {inject");
    let run = run(&marked);
    let back = run.alerts[0][0].from_ns as u64 / 1_000_000_000 + 30;
    let share = |from_s: u64, to_s: u64| {
        let within = |from: u64, to: u64| from >= from_s * 1_000_000_000 && to <= to_s * 1_000_000_000;
        let slices: Vec<_> = run.slices.iter().filter(|slice| within(slice.from_ns, slice.to_ns)).collect();
        let stale = slices.iter().flat_map(|slice| &slice.wrong).filter(|(edge, kind, _)| edge.0 == 0 && *kind == 0);
        let stale: u64 = stale.map(|(.., n)| n.arose).sum();
        stale as f64 / slices.iter().map(|slice| slice.edges[0].outcomes[0]).sum::<u64>() as f64
    };
    // Where it is left out, the other has the call: of calls with both, half.
    for (from, to, exact) in [(back + 5, back + 115, 0.05), (back + 125, back + 235, 0.25), (back + 260, 1200, 0.5)] {
        let found = share(from, to);
        assert!((found - exact).abs() < 0.025, "{from} to {to}: {found}, not {exact}");
    }
}

#[test]
fn what_cannot_be_restored_or_validated_is_refused() {
    let refused = |actions: &str, says: &str| {
        let found = problems(&text(actions, ""));
        assert!(found.iter().any(|problem| problem.contains(says)), "{actions}: {found:?}");
    };
    let restore = |way: &str| format!("{{do: {{restore: {way}}}, {WHERE}}}");
    refused(&restore("{log_replay: {rate: 2MB/s}}"), "the log of docs grows faster than it is replayed");
    refused(&restore("{converge: {rate: 0MB/s}}"), "data that is read at no rate never comes back");
    let without_log = text(&restore("{log_replay: {}}"), "").replace(", log: 4GB, growth: 2MB/s", "");
    assert!(problems(&without_log).iter().any(|problem| problem.contains("has no log that could be replayed")));
    refused(&format!("{{do: {{validate: {{}}}}, {WHERE}}}"), "nothing is looked at");
    refused("{do: {restore: {converge: {}}}, where: {service: app}}", "no selected store says what it keeps");
    let without = text(&restore("{snapshot: {}}"), "").replace(", snapshot_every: 1h", "");
    assert!(problems(&without).iter().any(|problem| problem.contains("no snapshots of docs are taken")));
    let experiment = "experiments: {e: {at: 1m, for: 2m, hypothesis: [availability(app.show) > 1%], actions: [{do: {restore: {converge: {}}}, where: {service: docs}}]}}\n";
    assert!(
        problems(&text(&restore("{converge: {}}"), experiment))
            .iter()
            .any(|p| p.contains("this is done by runbooks alone"))
    );
    let bare = text(&restore("{snapshot: {rate: 200MB/s, then: log_replay}}"), "");
    assert_eq!(shown(&read(&bare).unwrap().warnings), Vec::<String>::new());
}
