//! Runbooks in runs: begun by an alert, done by automation or by people who react late, with what each deed does; and their problems in files.

use super::{problems, read};
use crate::study::{self, Plan};
use sim_core::ids::FaultId;
use sim_core::judge::RunMetrics;
use sim_core::results::{JournalKind, RunResult};
use sim_core::world::simulate;
use std::ops::ControlFlow;

/// Four instances with disks, of which one gets a hundred times slower at 60 s; the alert is evaluated every 10 s.
fn system(control: &str) -> String {
    format!(
        "\
scenario: A slow disk
question: What is done?
run: {{duration: 300s, warm_up: 30s, replications: 4, seed: 7}}
load: {{writers: {{to: log.append, arrive: {{poisson: {{rate: 200/s}}}}, timeout: 1s}}}}
services:
  log:
    instances: 4
    workers: 16
    start_up: 5s
    queue: {{capacity: 200}}
    machine: {{disk: {{fsync: 5ms}}}}
    endpoints: {{append: {{steps: [{{work: 0.5ms}}, {{disk: {{fsync: true}}}}]}}}}
faults:
  slow: {{inject: {{disk: {{fsync: 500ms}}}}, where: {{service: log, instances: [2]}}, at: 60s}}
control:
  telemetry: {{main: {{every: 10s}}}}
  alerts:
    fsyncs: {{when: p99(log.fsync) over 30s > 100ms, finds: slow}}
{control}"
    )
}

fn runbook(keys: &str) -> String {
    system(&format!("  runbooks: {{book: {{trigger: {{alert: fsyncs}}, {keys}}}}}\n"))
}

fn run(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, 0)
}

/// When and what, of the first runbook.
fn journal(run: &RunResult) -> Vec<(f64, JournalKind, String)> {
    run.runbooks[0].journal.iter().map(|entry| (entry.at_s, entry.kind, entry.text.to_string())).collect()
}

/// Requests of writers that were not answered between two times [s].
fn lost(run: &RunResult, from_s: u64, to_s: u64) -> u64 {
    let within = |from: u64, to: u64| from >= from_s * 1_000_000_000 && to <= to_s * 1_000_000_000;
    let slices = run.slices.iter().filter(|slice| within(slice.from_ns, slice.to_ns));
    slices.map(|slice| slice.edges[0].outcomes[2..].iter().sum::<u64>()).sum()
}

#[test]
fn an_alert_begins_it_and_its_actions_follow_each_other() {
    let actions = "actions: [{do: isolate, where: {found_by: fsyncs}, takes: 5s}, \
                   {do: replace, where: {found_by: fsyncs}, takes: 40s}, {do: return, where: {found_by: fsyncs}}]";
    let run = run(&runbook(actions));
    // The disk is seen at the first scrape behind its beginning, of which the window holds more than one flush in a hundred.
    let fired = run.alerts[0][0].from_ns as f64 / 1e9;
    let entries = journal(&run);
    let said: Vec<(f64, &str)> = entries.iter().map(|(at, _, text)| (at - fired, text.as_str())).collect();
    assert_eq!(
        said,
        [
            (0.0, "fsyncs fires: log/2"),
            (5.0, "what fsyncs found isolated: log/2"),
            (45.0, "what fsyncs found replaced: log/2"),
            (45.0, "what fsyncs found back in use: log/2"),
            (45.0, "all is done"),
        ]
    );
    assert!((60.0..=90.0).contains(&fired), "{fired}");
    // The new machine has no slow disk, and so the fault is over.
    assert_eq!(run.faults[0].len(), 1);
    assert_eq!(run.faults[0][0].to_ns as f64 / 1e9, fired + 45.0);
    // Nobody is sent to the isolated instance, whose requests have all ended a second later.
    let isolated = (fired + 6.0).ceil() as u64;
    assert_eq!(lost(&run, isolated + 10, 300), 0, "after {isolated} s");
}

#[test]
fn a_restart_does_not_mend_a_disk_and_a_new_machine_does() {
    let with =
        |deed: &str| run(&runbook(&format!("actions: [{{do: {deed}, where: {{found_by: fsyncs}}, takes: 1s}}]")));
    let (nothing, restart, replace) = (run(&system("")), with("restart"), with("replace"));
    let late = |run: &RunResult| lost(run, 150, 300);
    assert!(late(&nothing) > 1000, "{}", late(&nothing));
    assert!(late(&restart) > late(&nothing) * 9 / 10, "{} {}", late(&restart), late(&nothing));
    assert_eq!(late(&replace), 0);
}

#[test]
fn what_is_drained_is_cut_off_when_its_time_is_over() {
    // A disk of 500 ms has 16 requests at work: they take 8 s, and writers wait for a second.
    let with = |drain: &str| {
        let text = runbook(&format!("actions: [{{do: {drain}, where: {{service: log, instances: [2]}}}}]"));
        run(&text.replace("timeout: 1s", "timeout: 60s"))
    };
    let resets = |run: &RunResult| {
        let of = sim_core::outcome::Outcome::Unreachable as usize;
        run.slices.iter().map(|slice| slice.edges[0].outcomes[of]).sum::<u64>()
    };
    let (patient, cut) = (with("drain"), with("{drain: {within: 2s}}"));
    assert_eq!(resets(&patient), 0);
    assert!(resets(&cut) > 10, "{}", resets(&cut));
    let last = |run: &RunResult| run.slices.last().expect("has slices").services[0].instances_now;
    assert_eq!((last(&patient), last(&cut)), (3, 3));
}

#[test]
fn a_new_machine_also_takes_the_place_of_one_that_was_drained() {
    let actions = "actions: [{do: {drain: {within: 1s}}, where: {found_by: fsyncs}}, \
                   {do: replace, where: {found_by: fsyncs}, takes: 20s}]";
    let run = run(&runbook(actions));
    let instances: Vec<u64> = run.slices.iter().map(|slice| slice.services[0].instances_now).collect();
    assert!(instances.contains(&3), "{instances:?}");
    assert_eq!(instances.last(), Some(&4));
}

#[test]
fn nobody_is_sent_to_what_is_isolated_even_when_it_starts_again() {
    let actions = "actions: [{do: isolate, where: {service: log}}, {do: restart, where: {service: log}, takes: 1s}]";
    let run = run(&runbook(actions));
    let answered = |from_s: u64| {
        let slices = run.slices.iter().filter(|slice| slice.from_ns >= from_s * 1_000_000_000);
        slices.map(|slice| slice.edges[0].outcomes[0]).sum::<u64>()
    };
    assert_eq!(answered(120), 0);
    assert!(lost(&run, 120, 300) > 30_000);
}

#[test]
fn a_person_reacts_late_and_does_one_thing_at_a_time() {
    let by = |person: &str| {
        format!(
            "  people: {{ann: {{reacts_after: 30s}}, bob: {{reacts_after: 10s}}}}
  runbooks:
    first: {{trigger: {{alert: fsyncs}}, by: ann, actions: [{{do: restart, where: {{found_by: fsyncs}}, takes: 60s}}]}}
    second: {{trigger: {{alert: fsyncs}}, by: {person}, actions: [{{do: restart, where: {{found_by: fsyncs}}, takes: 1s}}]}}
"
        )
    };
    let acts = |text: &str| {
        let run = run(&system(text));
        let after = |ns: Option<i64>, from: i64| ns.map(|ns| (ns - from) as f64 / 1e9);
        run.runbooks
            .iter()
            .map(|book| after(book.responses[0].acted_ns, book.responses[0].begun_ns))
            .collect::<Vec<_>>()
    };
    assert_eq!(acts(&by("ann")), [Some(30.0), Some(90.0)], "the second waits for the first");
    assert_eq!(acts(&by("bob")), [Some(30.0), Some(10.0)]);
}

#[test]
fn the_time_to_respond_is_from_the_alert_to_the_first_action() {
    let text = system(
        "  people: {ann: {reacts_after: 25s}}
  runbooks: {book: {trigger: {alert: fsyncs}, by: ann, actions: [{do: {mend: {fault: slow}}, takes: 10s}]}}
",
    );
    let text =
        format!("{text}expect: [time_to_respond(slow) == 25s, time_to_detect(slow) < 31s, time_to_mend(slow) < 66s]\n");
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = simulate(&loaded.model, 7, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    for clause in &loaded.written.expect {
        assert_eq!(clause.kept(&|_| Some(&metrics)), Some(true), "{clause}");
    }
    assert!(!run.struck(FaultId::from(0)).is_empty());
    // Without a runbook nobody responds, and there is no such time.
    let nobody = text.replace(
        "  runbooks: {book: {trigger: {alert: fsyncs}, by: ann, actions: [{do: {mend: {fault: slow}}, takes: 10s}]}}\n",
        "",
    );
    let loaded = read(&nobody).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = simulate(&loaded.model, 7, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    assert_eq!(loaded.written.expect[0].kept(&|_| Some(&metrics)), None);
}

#[test]
fn what_a_runbook_sets_stays_and_begins_at_what_was_found() {
    let actions = "actions: [{do: {set: {queue.capacity: 7}}, where: {found_by: fsyncs}, takes: 5s}]";
    let run = run(&runbook(actions));
    assert_eq!(journal(&run)[1].2, "services.log.queue.capacity set to 7");
    let queue = |slice: &sim_core::results::Slice| slice.services[0].queue_now;
    // Those who wait are not sent away; of those who come none waits where seven do.
    let waiting: Vec<u64> = run.slices.iter().map(queue).collect();
    assert!(waiting.iter().max() > Some(&50) && waiting.last() == Some(&7), "{waiting:?}");
}

#[test]
fn where_no_instance_has_a_reading_of_its_own_all_are_accused() {
    let text = runbook("actions: [{do: restart, where: {found_by: fsyncs}}]")
        .replace("p99(log.fsync) over 30s > 100ms", "error_rate(log.append) over 30s > 1%");
    assert_eq!(journal(&run(&text))[0].2, "fsyncs fires: log/0, log/1, log/2, log/3");
}

#[test]
fn a_card_that_drops_is_told_from_those_that_do_not() {
    let text = runbook("actions: [{do: restart, where: {found_by: fsyncs}}]")
        .replace("machine: {disk: {fsync: 5ms}}", "machine: {nic: {ring: 64}, disk: {fsync: 5ms}}")
        .replace("inject: {disk: {fsync: 500ms}}", "inject: {nic: {loss: 20%}}")
        .replace("p99(log.fsync) over 30s > 100ms", "nic_drops(log) over 30s > 100");
    assert_eq!(journal(&run(&text))[0].2, "fsyncs fires: log/2");
}

/// What the entries of the first runbook say, with these keys.
fn said(keys: &str) -> Vec<String> {
    journal(&run(&runbook(keys))).into_iter().map(|(_, _, text)| text).collect()
}

#[test]
fn equal_selections_of_a_runbook_are_the_same_instances() {
    let one = "where: {service: log, count: 1}";
    let keys = format!("actions: [{{do: isolate, {one}}}, {{do: replace, {one}}}, {{do: return, {one}}}]");
    let said = said(&keys);
    let of = |text: &String| text.rsplit(": ").next().map(str::to_owned);
    assert!(said[1].ends_with(of(&said[2]).expect("names an instance").as_str()), "{said:?}");
    assert_eq!((of(&said[1]), of(&said[2])), (of(&said[2]), of(&said[3])), "{said:?}");
}

#[test]
fn places_without_a_machine_are_not_accused_and_what_is_done_to_nobody_says_so() {
    // An experiment may scale to 12, so that there are 12 places.
    let text = runbook("actions: [{do: replace, where: {found_by: fsyncs}}, {do: restart, where: {found_by: never}}]")
        .replace("p99(log.fsync) over 30s > 100ms, finds: slow", "in_system(log) < 1000")
        .replace("  alerts:\n", "  alerts:\n    never: {when: in_system(log) > 1M}\n");
    let text = format!(
        "{text}experiments: {{later: {{at: 290s, for: 5s, hypothesis: [availability(writers) > 1%], \
         actions: [{{do: {{scale: {{set: 12}}}}, where: {{service: log}}}}]}}}}\n"
    );
    let run = run(&text);
    let said: Vec<String> = journal(&run).into_iter().map(|(_, _, text)| text).collect();
    assert_eq!(said[1], "what fsyncs found replaced: log/0, log/1, log/2, log/3");
    assert_eq!(said[2], "what never found restarted: no instance");
}

#[test]
fn an_alert_accuses_by_what_was_counted_from_the_start_on() {
    let text = runbook("actions: [{do: isolate, where: {found_by: fsyncs}}]")
        .replace("warm_up: 30s", "warm_up: 0s")
        .replace("at: 60s", "at: 0s")
        .replace("main: {every: 10s}", "main: {every: 60s}");
    let run = run(&text);
    assert_eq!(journal(&run)[0], (60.0, JournalKind::Alert, "fsyncs fires: log/2".to_owned()));
}

#[test]
fn a_runbook_that_sets_is_there_beside_an_alert_that_finds_an_experiment() {
    let text = runbook("actions: [{do: {set: {queue.capacity: 7}}, where: {found_by: fsyncs}}]")
        .replace("finds: slow", "finds: e.0")
        .replace(
            "faults:\n  slow: {inject: {disk: {fsync: 500ms}}, where: {service: log, instances: [2]}, at: 60s}\n",
            "",
        );
    let text = format!(
        "{text}experiments: {{e: {{at: 60s, for: 200s, hypothesis: [availability(writers) > 1%], \
         actions: [{{inject: {{disk: {{fsync: 500ms}}}}, where: {{service: log, instances: [2]}}}}]}}}}\n"
    );
    assert_eq!(journal(&run(&text))[1].2, "services.log.queue.capacity set to 7");
}

#[test]
fn a_machine_that_is_scaled_in_leaves_its_isolation_behind() {
    let keys = "actions: [{do: isolate, where: {service: log}}, {do: {scale: {set: 1}}, where: {service: log}, takes: 5s}, \
                {do: {scale: {set: 4}}, where: {service: log}, takes: 20s}]";
    let run = run(&runbook(keys));
    let answered = |from_s: u64| {
        let slices = run.slices.iter().filter(|slice| slice.from_ns >= from_s * 1_000_000_000);
        slices.map(|slice| slice.edges[0].outcomes[0]).sum::<u64>()
    };
    assert!(answered(150) > 20_000, "{}", answered(150));
}

#[test]
fn what_drains_is_made_up_for_when_there_is_room_and_comes_back_by_nothing_else() {
    let last = |keys: &str, more: &str| {
        let text = format!("{}{more}", runbook(keys).replace("timeout: 1s", "timeout: 60s"));
        run(&text).slices.last().expect("has slices").services[0].instances_now
    };
    let drain = "{do: drain, where: {service: log, instances: [2]}}";
    assert_eq!(last(&format!("actions: [{drain}]"), ""), 3);
    assert_eq!(
        last(&format!("actions: [{drain}, {{do: {{scale: {{set: 4}}}}, where: {{service: log}}, takes: 1s}}]"), ""),
        4
    );
    // It drains for some seconds, and crashes in them.
    let crash = "  crashes: {inject: crash, where: {service: log, instances: [2]}, at: 92s, for: 2s}\n";
    let text = runbook(&format!("actions: [{drain}]"))
        .replace("timeout: 1s", "timeout: 60s")
        .replace("control:\n", &format!("{crash}control:\n"));
    let run = run(&text);
    let fired_s = run.alerts[0][0].from_ns / 1_000_000_000;
    assert_eq!(fired_s, 90, "it drains as the crash comes");
    assert_eq!(run.slices.last().expect("has slices").services[0].instances_now, 3);
}

#[test]
fn what_cannot_be_done_is_refused_at_its_place() {
    let refused = |text: &str, word: &str| {
        let found = problems(text);
        assert!(found.iter().any(|problem| problem.contains(word)), "{word}: {found:?}");
    };
    refused(&runbook("actions: []"), "a runbook without actions does nothing");
    refused(&runbook("by: ann, actions: [{do: restart, where: {service: log}}]"), "ann");
    let at_alert = runbook("actions: [{do: restart, where: {found_by: nobody}}]");
    refused(&at_alert, "nobody");
    refused(&runbook("actions: [{do: restart, where: {found_by: fsyncs, count: 1}}]"), "nothing else can");
    let fault = system("").replace("where: {service: log, instances: [2]}", "where: {found_by: fsyncs}");
    refused(&fault, "a fault strikes whatever alerts say");
    let unknown =
        system("  runbooks: {book: {trigger: {alert: unknown}, actions: [{do: restart, where: {service: log}}]}}\n");
    refused(&unknown, "unknown");
    refused(&system("  people: {ann: {}}\n"), "nothing calls this person");
    let set = runbook("actions: [{do: {set: {workers: 3}}, where: {found_by: fsyncs}}]");
    refused(&set, "this cannot change while a run goes on");
}

#[test]
fn a_detector_is_judged_at_other_thresholds() {
    let text = system("").replace("replications: 4", "replications: 6");
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let plan = Plan::of(&loaded, 1);
    let study = study::run(&loaded, &[], &plan, &|_, _| ControlFlow::Continue(()));
    let Ok(study) = study else { unreachable!("not stopped") };
    let alert = &study.summary.alerts["fsyncs"];
    let curve = alert.curve.as_ref().expect("compares a metric with a number");
    assert_eq!((curve.points.len(), curve.above, curve.finds.as_str()), (13, true, "slow"));
    // At the number of the file it does what the alert does: the run has one strike, and the alert fires once.
    let set = &curve.points[6];
    assert!((set.threshold - 0.1).abs() < 1e-12 && (curve.set - 0.1).abs() < 1e-12, "{set:?}");
    assert_eq!(set.found.map(|found| found.mean), Some(1.0));
    let detected = alert.time_to_detect_s.expect("it fired").mean;
    assert!((set.found_after_s.expect("found") - detected).abs() < 10.0, "{set:?} {detected}");
    // What is false is told by the same runs without the fault, six of 300 s.
    let detection = alert.detection.as_ref().expect("is there to find a fault");
    assert_eq!((detection.strikes, detection.found.map(|found| found.mean)), (6, Some(1.0)));
    assert_eq!((detection.found_after_s, curve.days), (set.found_after_s, detection.days));
    assert!((detection.days - 6.0 * 300.0 / 86_400.0).abs() < 1e-12, "{} days", detection.days);
    assert_eq!(detection.false_a_day.map(|falsely| falsely.mean), Some(0.0));
    // Higher numbers are never sooner, and a disk of 5 ms is quiet at each of them.
    let after: Vec<f64> = curve.points.iter().map(|point| point.found_after_s.unwrap_or(f64::INFINITY)).collect();
    assert!(after.is_sorted(), "{after:?}");
    let quiet = &curve.points[4..];
    assert!(quiet.iter().all(|point| point.false_a_day.is_some_and(|falsely| falsely.mean == 0.0)), "{quiet:?}");
    // Nothing is tried where it compares with 0, with another metric, or more than once.
    let [zero, two, other] = [
        "p99(log.fsync) over 30s > 0s",
        "p99(log.fsync) > 100ms or queue_length(log) > 5",
        "p99(log.fsync) > 2 * p50(log.fsync)",
    ];
    for when in [zero, two, other] {
        let text = system("").replace("p99(log.fsync) over 30s > 100ms", when);
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        assert_eq!(loaded.model.alerts[0].thresholds, None, "{when}");
    }
    let shares = system("").replace("p99(log.fsync) over 30s > 100ms", "error_rate(log.append) over 30s > 30%");
    let loaded = read(&shares).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let tried = &loaded.model.alerts[0].thresholds.as_ref().expect("is a share").tried;
    assert!(tried.len() == 10 && tried.iter().all(|tried| *tried < 1.0), "{tried:?}");
    // What is promised to nearly all is stepped by what it leaves, and 100 % itself stays; a number may stand on the left.
    for (when, count, least, most) in [
        ("availability(log.append) < 99%", 13, 0.92, 0.99876),
        ("availability(log.append) < 100%", 7, 0.125, 1.0),
        ("1s < p99(log.fsync)", 13, 0.125, 8.0),
    ] {
        let text = system("").replace("p99(log.fsync) over 30s > 100ms", when);
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        let thresholds = loaded.model.alerts[0].thresholds.as_ref().expect("compares a metric with a number");
        let tried = &thresholds.tried;
        assert!(tried.len() == count && tried.is_sorted() && tried.contains(&thresholds.set), "{when}: {tried:?}");
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-3;
        assert!(near(tried[0], least) && near(tried[count - 1], most), "{when}: {tried:?}");
    }
}

#[test]
fn a_false_alarm_is_one_of_a_run_without_any_fault() {
    // Disks are behind for a while after their fault, so that the alert fires anew when it is over: that is late, and not false. One that fires
    // whatever happens has begun before the fault, which it so misses, and is false in each run.
    let text = system("    always: {when: rps(log.append) over 30s > 1/s, finds: slow}\n")
        .replace("at: 60s}", "at: 60s, for: 20s, every: 120s, times: 2}")
        .replace("over 30s > 100ms", "> 100ms");
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let Ok(study) = study::run(&loaded, &[], &Plan::of(&loaded, 2), &|_, _| ControlFlow::Continue(())) else {
        unreachable!("not stopped")
    };
    let of = |name: &str| study.summary.alerts[name].detection.clone().expect("is there to find a fault");
    let (fsyncs, always) = (of("fsyncs"), of("always"));
    // Strikes two minutes apart are one.
    assert_eq!((fsyncs.strikes, fsyncs.found.map(|found| found.mean)), (4, Some(1.0)));
    assert_eq!(fsyncs.false_a_day.map(|falsely| falsely.mean), Some(0.0));
    assert_eq!((always.found.map(|found| found.mean), always.found_after_s), (Some(0.0), None));
    let a_day = always.false_a_day.expect("healthy runs were simulated").mean;
    assert!((a_day - 86_400.0 / 300.0).abs() < 1e-9, "{a_day}");
}
