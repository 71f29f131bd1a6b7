//! Experiments in runs: checked before, watched while they run, aborted and rolled back, judged after; and their problems in files.

use super::{problems, read};
use crate::loaded::Loaded;
use crate::study::{self, Plan};
use sim_core::results::{Course, ExperimentRun, JournalKind, RunResult, StudyResult, Verdict};
use sim_core::world::simulate;
use std::ops::ControlFlow;

/// Ten instances, of which a fault or an experiment may kill some at 40 s for 60 s.
const SYSTEM: &str = "\
scenario: Killing instances
question: What happens?
run: {duration: 180s, warm_up: 30s, replications: 40, seed: 7}
load:
  users: {to: api.get, arrive: {poisson: {rate: 200/s}}, timeout: 1s, balance: round_robin, retry: {max_attempts: 3}}
  rare: {to: other.get, arrive: {poisson: {rate: 1/h}}}
services:
  api:
    instances: 10
    workers: 4
    start_up: 10s
    health: {every: 5s, unhealthy_after: 2, healthy_after: 1}
    endpoints: {get: {steps: [{work: {exponential: {mean: 5ms}}}]}}
  other: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}
promises: {works: {keep: {availability: 99%}, of: api.get}}
";

/// An experiment called kill, from 40 s on, with these keys.
fn experiment(keys: &str) -> String {
    let actions = if keys.contains("actions") { "" } else { ACTIONS };
    let at = if keys.starts_with("at: ") { "" } else { "at: 40s, for: 60s, " };
    format!("{SYSTEM}experiments: {{kill: {{{at}{actions}{keys}}}}}\n")
}

const ACTIONS: &str = "actions: [{inject: crash, where: {service: api, percent: 30%}}], ";
const HOLDS: &str = "hypothesis: [availability(users) > 90%]";

fn loaded(text: &str) -> Loaded {
    read(text).unwrap_or_else(|report| panic!("{}", report.render(false)))
}

/// One run with such an experiment.
fn run(keys: &str) -> (RunResult, ExperimentRun) {
    let loaded = loaded(&experiment(keys));
    let run = simulate(&loaded.model, 7, 0);
    let tried = run.experiments[0].clone();
    (run, tried)
}

fn study(text: &str, threads: usize) -> StudyResult {
    let loaded = loaded(text);
    let plan = Plan::of(&loaded, threads);
    study::run(&loaded, &[], &plan, &|_, _| ControlFlow::Continue(())).unwrap_or_else(|_| unreachable!("not stopped"))
}

/// What was counted at all call sites and services, slice by slice, but for slices that a mark cut out of no time.
fn numbers(run: &RunResult) -> String {
    let slices: Vec<_> = run.slices.iter().map(|s| (s.from_ns, s.to_ns, &s.edges, &s.services, &s.wrong)).collect();
    let periods: Vec<_> = run.periods.iter().map(|p| (p.from_ns, p.to_ns, &p.latency, &p.wait)).collect();
    format!("{slices:?} {periods:?}")
}

fn seconds(run: &ExperimentRun, kind: JournalKind) -> Vec<f64> {
    run.journal.iter().filter(|entry| entry.kind == kind).map(|entry| entry.at_s).collect()
}

#[test]
fn an_experiment_does_what_the_same_fault_does() {
    let fault = "faults: {f: {inject: crash, where: {service: api, instances: [1, 4, 7]}, at: 40s, for: 60s}}\n";
    let fault = simulate(&loaded(&format!("{SYSTEM}{fault}")).model, 7, 0);
    let actions = "actions: [{inject: crash, where: {service: api, instances: [1, 4, 7]}}]";
    for more in ["", ", steady_state: [p99(api.get) over 30s < 5s], abort_when: [p99(users) over 10s > 5s]"] {
        let (run, tried) = run(&format!("{HOLDS}, {actions}{more}"));
        assert_eq!(tried.course, Course::Completed);
        assert_eq!(numbers(&run), numbers(&fault), "{more}");
        assert_eq!(run.faults, fault.faults);
        assert_eq!(tried.spans, fault.faults[0]);
    }
}

#[test]
fn without_steady_state_nothing_happens() {
    let (run, tried) = run(&format!("{HOLDS}, steady_state: [rps(api) over 30s > 150/s, p99(users) over 30s < 1ms]"));
    assert_eq!(tried.course, Course::NotRun);
    assert_eq!(tried.because, ["p99(users) over 30s < 1ms".into()]);
    let kinds: Vec<(JournalKind, Option<bool>)> = tried.journal.iter().map(|entry| (entry.kind, entry.holds)).collect();
    let steady = JournalKind::SteadyState;
    assert_eq!(kinds, [(steady, Some(true)), (steady, Some(false)), (JournalKind::NotRun, None)]);
    assert!(tried.spans.is_empty() && run.faults[0].is_empty());
    assert_eq!(numbers(&run), numbers(&simulate(&loaded(SYSTEM).model, 7, 0)));
}

#[test]
fn what_has_no_data_does_not_hold() {
    let (_, tried) = run(&format!("{HOLDS}, safety_checks: [error_rate(other) over 30s < 1%]"));
    assert_eq!((tried.course, tried.because.len()), (Course::NotRun, 1));
    let entry = &tried.journal[0];
    assert_eq!((entry.kind, entry.holds, entry.values[0].value), (JournalKind::Safety, None, None));
}

#[test]
fn the_window_before_is_seen_whole() {
    // Two seconds of 20 times the load end 10 s before the experiment: of 30 s they are seen, of 5 s they are not.
    let spike = "arrive: {poisson: {rate: 200/s}}, shape: [{spike: {factor: 10, at: 28s, for: 2s}}]";
    let text = |window: &str| {
        experiment(&format!("{HOLDS}, steady_state: [rps(api) over {window} < 250/s]"))
            .replace("arrive: {poisson: {rate: 200/s}}", spike)
    };
    let course = |window: &str| simulate(&loaded(&text(window)).model, 7, 0).experiments[0].course;
    assert_eq!((course("5s"), course("30s")), (Course::Completed, Course::NotRun));
}

#[test]
fn abort_ends_the_faults_and_rolls_back() {
    let keys = "actions: [{inject: crash, where: {service: api}}, {inject: {slow: {factor: 3}}, where: {service: api}, at: 30s}],
      abort_when: [error_rate(users) over 10s > 60%], rollback: [
        {do: restart, where: {service: api, instances: [0]}, takes: 20s}, {do: {scale: {set: 12}}, where: {service: api}, takes: 5s}]";
    let (run, tried) = run(&format!("{HOLDS}, {keys}"));
    assert_eq!(tried.course, Course::Aborted);
    assert_eq!(tried.because, ["error_rate(users) over 10s > 60%".into()]);
    // At 45 s half of the last 10 s failed; at 50 s all did, and it ends there.
    assert_eq!(seconds(&tried, JournalKind::Abort), [50.0]);
    assert_eq!(tried.spans[0].to_ns, 50_000_000_000);
    assert_eq!(run.faults[0], tried.spans, "the crash ends with it");
    assert!(run.faults[1].is_empty(), "what was still to come does not come");
    // Twenty seconds for the first step, then five for the second.
    assert_eq!(seconds(&tried, JournalKind::Rollback), [70.0, 75.0]);
    let service = run.slices.last().map(|slice| slice.services[0].instances_now);
    assert_eq!(service, Some(12));
    // Started at 60 s after their 10 s; the restart at 70 s takes one of them away.
    let running = |at_s: u64| {
        let slice = run.slices.iter().find(|slice| slice.to_ns >= at_s * 1_000_000_000).expect("is measured");
        slice.services[0].instances_now
    };
    assert_eq!((running(59), running(61), running(72)), (0, 10, 9));
}

#[test]
fn users_in_the_blast_radius_abort_it() {
    let (_, tried) = run(&format!("{HOLDS}, blast_radius: {{users: {{percent: 1%}}}}"));
    assert_eq!((tried.course, tried.because), (Course::Aborted, vec!["blast_radius.users: 1%".into()]));
    let (_, tried) = self::run(&format!("{HOLDS}, blast_radius: {{users: {{percent: 20%}}}}"));
    assert_eq!(tried.course, Course::Completed);
}

#[test]
fn deeds_take_their_time() {
    let keys = "actions: [{do: {scale: {set: 4}}, where: {service: api}, at: 10s, takes: 5s},
      {do: drain, where: {service: api, instances: [0]}, at: 30s}, {inject: freeze, where: {service: other}},
      {do: {mend: {fault: kill.2}}, at: 20s}]";
    let (run, tried) = run(&format!("{HOLDS}, {keys}"));
    assert_eq!(seconds(&tried, JournalKind::Action), [40.0, 55.0, 60.0, 70.0]);
    assert_eq!(run.faults[0][0].to_ns, 60_000_000_000);
    assert_eq!(run.slices.last().map(|slice| slice.services[0].instances_now), Some(3));
}

#[test]
fn hypotheses_are_judged_over_the_replications() {
    let both = "hypothesis: [recovery(api.get) < 60s, availability(users) > 99.99%], abort_when: [p99(users) > 5s]";
    let study = study(&(experiment(both) + "expect: [ran(kill), not aborted(kill) with probability 90%]\n"), 2);
    let kill = &study.summary.experiments[0];
    assert_eq!((kill.ran, kill.not_run, kill.aborted), (40, 0, 0));
    assert_eq!((kill.judgement.verdict, kill.judgement.kept, kill.judgement.judged), (Verdict::Broken, 0, 40));
    assert_eq!(kill.clauses[0].verdict, Verdict::Held);
    assert_eq!(kill.clauses[1].verdict, Verdict::Broken);
    assert_eq!(kill.clauses[1].unit, sim_core::results::Unit::Share);
    // Nobody speaks of the hypothesis, so it is judged as a promise is.
    assert!(study.summary.judged().any(|judged| judged.path == "experiments.kill"));
    assert!(study.summary.expectations.iter().all(|clause| clause.verdict == Verdict::Held));
    let journals: Vec<u32> = kill.journals.iter().map(|journal| journal.replication).collect();
    assert_eq!((journals, study.journals.len()), (vec![0], 40));
    let claims = kill.journals[0].entries.iter().filter(|entry| entry.kind == JournalKind::Hypothesis);
    assert_eq!(claims.map(|entry| entry.holds).collect::<Vec<_>>(), [Some(true), Some(false)]);
}

#[test]
fn what_was_not_run_is_never_held() {
    let keys = format!("{HOLDS}, steady_state: [p99(users) over 30s < 1ms]");
    let of = |expect: &str| study(&(experiment(&keys) + expect), 2).summary;
    let summary = of("expect: [hypothesis(kill) with probability 90%, not aborted(kill)]\n");
    let kill = &summary.experiments[0];
    assert_eq!((kill.judgement.verdict, kill.judgement.judged, kill.not_run), (Verdict::Inconclusive, 0, 40));
    assert_eq!((kill.not_run_because[0].runs, kill.aborted_share), (40, None));
    assert!(summary.expectations.iter().all(|clause| clause.verdict == Verdict::Inconclusive));
    let summary = of("expect: [not ran(kill)]\n");
    assert_eq!(summary.expectations[0].verdict, Verdict::Held);
    assert_eq!(summary.experiments[0].judgement.denied_by.as_deref(), Some("expect.0"));
}

#[test]
fn an_aborted_hypothesis_does_not_hold() {
    let keys = format!("{HOLDS}, blast_radius: {{users: {{percent: 0.5%}}}}");
    let summary = study(&(experiment(&keys) + "expect: [aborted(kill) and not hypothesis(kill)]\n"), 2).summary;
    let kill = &summary.experiments[0];
    assert_eq!((kill.aborted, kill.judgement.kept, kill.judgement.judged), (40, 0, 40));
    // The clause by itself was kept until then.
    assert_eq!(kill.clauses[0].kept, 40);
    assert_eq!(kill.aborted_after_s.map(|after| after.mean), Some(5.0));
    assert_eq!(summary.expectations[0].verdict, Verdict::Held);
}

#[test]
fn threads_change_nothing() {
    let text = experiment(&format!(
        "{HOLDS}, rollback: [{{do: restart, where: {{service: api, count: 2}}, takes: {{uniform: {{from: 1s, to: 9s}}}}}}]"
    ));
    let answer = |threads| serde_json::to_string(&study(&text, threads).summary).expect("is data");
    assert_eq!(answer(1), answer(3));
}

#[test]
fn names_of_experiments_are_stretches_of_time() {
    let text = experiment(HOLDS)
        + "expect: [availability(api.get) during kill < 99%, availability(api.get) during kill.0 < 99%,
             availability(users) before kill > 99.9%, recovery(api.get) after kill < 60s]\n";
    let summary = study(&text, 2).summary;
    assert!(summary.expectations.iter().all(|clause| clause.verdict == Verdict::Held), "{:?}", summary.expectations);
}

#[test]
fn a_pipeline_that_is_read_is_late() {
    let control = "control: {telemetry: {slow: {every: 10s, delay: 30s}}}\n";
    let keys = |reads: &str| {
        experiment(&format!(
            "hypothesis: [p99(users) < 9s], {reads}actions: [{{inject: crash, where: {{service: api}}}}], abort_when: [error_rate(users) > 50%]"
        )) + control
    };
    let aborted =
        |reads: &str| seconds(&simulate(&loaded(&keys(reads)).model, 7, 0).experiments[0], JournalKind::Abort);
    assert_eq!(aborted(""), [45.0]);
    // What happens from 40 to 50 s is delivered at 80 s.
    assert_eq!(aborted("reads: slow, "), [80.0]);
}

#[test]
fn a_run_that_is_stopped_cuts_it_short() {
    let freeze = "actions: [{inject: freeze, where: {service: api}}]";
    let text = |claim: &str| {
        experiment(&format!("hypothesis: [{claim}], {freeze}"))
            .replace("seed: 7}", "seed: 7, bounds: {backlog: 500}}")
            .replace("timeout: 1s, ", "")
            .replace("retry: {max_attempts: 3}", "optional: true")
    };
    let of = |claim: &str| study(&text(claim), 2).summary;
    let summary = of("availability(users) > 50%");
    let kill = &summary.experiments[0];
    assert_eq!((summary.stopped.len(), kill.ran, kill.journals[0].course), (40, 40, Course::CutShort));
    assert_eq!(kill.judgement.verdict, Verdict::Inconclusive, "nothing was broken, and nobody knows");
    assert_eq!(of("queue_length(api) < 1").experiments[0].judgement.verdict, Verdict::Broken);
}

#[test]
fn alerts_find_experiments() {
    let text = experiment(&format!("{HOLDS}, every: 1s"))
        + "control: {telemetry: {main: {every: 5s}}, alerts: {errors: {when: error_rate(api.get) > 5%, every: 5s, finds: kill}}}\n\
           expect: [time_to_detect(kill) == 5s, missed(errors) == 0, false_alarms(errors) == 0]\n";
    let summary = study(&text, 2).summary;
    assert!(summary.expectations.iter().all(|clause| clause.verdict == Verdict::Held), "{:?}", summary.expectations);
}

#[test]
fn paths_and_variants_reach_experiments() {
    let text = experiment(HOLDS)
        + "variants: {half: {experiments.kill.actions.0.where.percent: 50%}}\n\
           expect: [availability(users) during kill in half < availability(users) during kill]\n";
    let files = crate::files::Memory::of("small.yaml", &text);
    let (loaded, variants) =
        study::load(&files, "small.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
    let plan = Plan::of(&loaded, 2);
    let result = study::run(&loaded, &variants, &plan, &|_, _| ControlFlow::Continue(()));
    let summary = result.unwrap_or_else(|_| unreachable!("not stopped")).summary;
    assert!(summary.expectations.iter().all(|clause| clause.verdict == Verdict::Held), "{:?}", summary.expectations);
}

/// All problems of an experiment with these keys.
fn check(keys: &str, expected: &[&str]) {
    let found: Vec<String> =
        problems(&experiment(keys)).iter().map(|p| p.split_once(' ').map_or("", |p| p.1).to_owned()).collect();
    assert_eq!(found, expected, "{keys}");
}

#[test]
fn times_that_do_not_fit_are_problems() {
    check(&format!("at: 180s, for: 1s, {HOLDS}"), &["180s: the experiment begins after the end of the run"]);
    check(&format!("at: 170s, for: 20s, {HOLDS}"), &["20s: the experiment ends after the end of the run"]);
    check(&format!("at: 40s, for: 0s, {HOLDS}"), &["0s: an experiment that lasts no time does nothing"]);
    let late = "actions: [{inject: crash, where: {service: api}, at: 60s}]";
    check(&format!("{late}, {HOLDS}"), &["60s: the action begins after the experiment has ended"]);
    let long = "actions: [{inject: crash, where: {service: api}, at: 30s, for: 40s}]";
    check(&format!("{long}, {HOLDS}"), &["40s: the fault ends with the experiment, and so before its time"]);
    let blind = "every: 60s, abort_when: [p99(users) > 5s]";
    check(&format!("{blind}, {HOLDS}"), &["60s: the conditions to abort would never be looked at"]);
}

#[test]
fn hypotheses_that_say_nothing_are_problems() {
    check("hypothesis: []", &["hypothesis: an experiment without a hypothesis shows nothing"]);
    check(
        "hypothesis: [p99(users) < 1s with probability 90%]",
        &["p99(users) < 1s with probability 90%: a hypothesis holds in a run, or it does not"],
    );
    check(
        "hypothesis: [not aborted(kill)]",
        &["not aborted(kill): a hypothesis says what the system does, not what becomes of an experiment"],
    );
    check(
        "hypothesis: [recovery(other.get) < 60s]",
        &["recovery(other.get) < 60s: nothing says what the endpoint has to keep to be back"],
    );
    check(
        "at: 120s, for: 60s, hypothesis: [recovery(api.get) < 60s]",
        &["recovery(api.get) < 60s: the run ends with the experiment, so that no recovery is seen"],
    );
    check(
        "hypothesis: [p99(usres) < 1s]",
        &[
            "usres: no endpoint or service or load class or call or timed part or probe matrix or named link or route is called \"usres\"",
        ],
    );
}

#[test]
fn checks_see_what_telemetry_delivers() {
    check(
        &format!("{HOLDS}, steady_state: [recovery(api.get) < 60s], abort_when: [p99(users) during kill > 1s]"),
        &[
            "recovery(api.get) < 60s: telemetry does not deliver recovery",
            "p99(users) during kill > 1s: `during` needs to know the truth, and here only telemetry is seen",
        ],
    );
}

#[test]
fn more_than_the_blast_radius_is_a_problem() {
    let radius = |radius: &str, actions: &str, expected: &[&str]| {
        check(&format!("{HOLDS}, blast_radius: {{{radius}}}, actions: [{actions}]"), expected);
    };
    let kill = |target: &str| format!("{{inject: crash, where: {{{target}}}}}");
    let a_third = kill("service: api, percent: 30%");
    radius("services: [api], instances: {percent: 30%}", &a_third, &[]);
    radius("services: [other]", &a_third, &["where: this hits api, which is outside of the blast radius"]);
    radius(
        "services: [api], instances: {percent: 20%}",
        &a_third,
        &["where: this can hit 3 instances of 10, and 2 are allowed"],
    );
    // The second action may hit others than the first.
    let twice = format!("{a_third}, {a_third}");
    radius("instances: {count: 5}", &twice, &["where: this can hit 6 instances of 10, and 5 are allowed"]);
    let same = format!("{}, {}", kill("service: api, instances: [1, 2]"), kill("service: api, instances: [2, 1]"));
    radius("instances: {count: 2}", &same, &[]);
    radius(
        "services: [other]",
        "{do: {scale: {set: 3}}, where: {service: api}}",
        &["where: this hits api, which is outside of the blast radius"],
    );
    radius(
        "services: [other]",
        "{inject: {delay: {add: 1s}}, where: {from: users, to: api.get}}",
        &["where: this hits api, which is outside of the blast radius"],
    );
    radius("services: [all]", &a_third, &["all: no service is called \"all\""]);
}

#[test]
fn actions_are_a_fault_or_a_deed() {
    let one = |action: &str, expected: &[&str]| check(&format!("{HOLDS}, actions: [{action}]"), expected);
    one("{where: {service: api}}", &["where: nothing says what this action does"]);
    one(
        "{inject: crash, do: restart, where: {service: api}}",
        &["restart: an action is a fault or something that is done, not both"],
    );
    one("{do: restart}", &["do: nothing says where it is done"]);
    one("{inject: crash}", &["inject: nothing says where the fault strikes"]);
    one("{do: restart, where: {service: api}, for: 5s}", &["5s: `for` goes with a fault, and this is done once"]);
    one("{inject: crash, where: {service: api}, takes: 5s}", &["5s: a fault is there at once"]);
    one("{do: {mend: {fault: kill}}}", &["kill: kill is an experiment, not a fault"]);
    one("{do: {mend: {fault: kill.7}}}", &["kill.7: no fault is called \"kill.7\""]);
    one("{do: failover, where: {service: api}}", &["api: api has no primary that could hand over"]);
    one("{inject: crash, where: {service: api}, random: {}}", &["random: unknown key \"random\""]);
    check("hypothesis: [p99(users) < 1s], actions: []", &["actions: an experiment without actions does nothing"]);
}

#[test]
fn a_name_is_a_fault_or_an_experiment() {
    let text = experiment(HOLDS) + "faults: {kill: {inject: crash, where: {service: api}}}\n";
    assert!(
        problems(&text).iter().any(|p| p.ends_with("kill: the name \"kill\" is used twice")),
        "{:?}",
        problems(&text)
    );
}
