//! Deploys: when each step is done, what the versions do, and that nothing is left of a version that was taken back.

use super::{between, close, read, run};
use sim_core::ids::{EdgeId, ServiceId, VersionId};
use sim_core::metrics::VersionCounts;
use sim_core::outcome::Outcome;
use sim_core::results::{Course, DeployRun, EdgeCounts, JournalKind, RunResult, Span};

/// A service of ten instances that start in 20 s, and a deploy at 60 s.
fn deploy(kind: &str, settings: &str, load: &str, rest: &str) -> String {
    format!(
        "\
scenario: A deploy
question: What does it do?
run: {{duration: 30m, warm_up: 0s}}
load: {{users: {{to: shop.buy, arrive: {{constant: {{rate: {load}}}}}}}}}
services: {{shop: {{instances: 10, workers: 8, version: v1, start_up: 20s, endpoints: {{buy: {{steps: [{{work: 10ms}}]}}}}}}}}
faults: {{release: {{inject: {{{kind}: {{version: v2, {settings}}}}}, where: {{service: shop}}, at: 60s{rest}}}}}
"
    )
}

fn calls(run: &RunResult, span: Span) -> EdgeCounts {
    run.edge(EdgeId(0), span)
}

/// What callers saw of one version, v1 or v2.
fn of_version(run: &RunResult, version: u32, span: Span) -> VersionCounts {
    let mut sum = VersionCounts::default();
    let all = run.slices_in(span).filter_map(|slice| slice.versions.get(&(EdgeId(0), VersionId(version))));
    all.for_each(|counts| sum.add(counts));
    sum
}

fn failed(counts: &VersionCounts) -> f64 {
    let all: u64 = counts.outcomes.iter().sum();
    (all - counts.outcomes[0]) as f64 / all as f64
}

/// When what was done [s].
fn done(of: &DeployRun, kind: JournalKind) -> Vec<f64> {
    of.journal.iter().filter(|entry| entry.kind == kind).map(|entry| entry.at_s).collect()
}

#[test]
fn each_step_takes_a_start_for_each_instance_and_waits_for_its_time() {
    let (_, run) = run(&deploy("deploy", "rollout: {steps: [5%, 50%, 100%], every: 100s}", "1/min", ""));
    // One instance by 80 s; from 180 s four more, 20 s each; from 360 s the other five.
    assert_eq!(done(&run.deploys[0], JournalKind::Action), [80.0, 260.0, 460.0]);
    assert_eq!((run.deploys[0].course, done(&run.deploys[0], JournalKind::End)), (Course::Completed, vec![560.0]));
    let instances = |from, to| {
        let span = between(from, to);
        run.service(ServiceId(0), span).instances_ns as f64 / (span.to_ns - span.from_ns) as f64
    };
    // Counts are cut at windows of 18 s: from a whole number of them on.
    close(instances(1080, 1800), 10.0, 0.0, "all run again");
    let (_, run) = self::run(&deploy("deploy", "rollout: {max_unavailable: 4, every: 100s}", "1/min", ""));
    // Four at a time: one takes the place of each that is done.
    assert_eq!(done(&run.deploys[0], JournalKind::Action), [120.0]);
}

#[test]
fn a_version_does_what_it_does_at_its_instances_alone() {
    let settings = "fail: {probability: 20%}, slow: {factor: 3}, rollout: {steps: [30%], every: 1m}";
    let (_, run) = run(&deploy("bad_deploy", settings, "100/s", ""));
    let span = between(200, 1800);
    let (old, new) = (of_version(&run, 0, span), of_version(&run, 1, span));
    assert_eq!(failed(&old), 0.0);
    close(failed(&new), 0.2, 0.01, "failures");
    let mean_ms = |counts: &VersionCounts| counts.latency_sum_ns as f64 / counts.outcomes[0] as f64 / 1e6;
    close(mean_ms(&old), 10.0, 0.1, "work of the old version");
    close(mean_ms(&new), 30.0, 0.5, "work of the new version");
    let whole = (of_version(&run, 0, run.whole()), of_version(&run, 1, run.whole()), calls(&run, run.whole()));
    for outcome in 0..8 {
        let sum = whole.0.outcomes[outcome] + whole.1.outcomes[outcome];
        assert_eq!(sum, whole.2.outcomes[outcome], "each attempt is of one version");
    }
    assert_eq!(whole.0.latency_sum_ns + whole.1.latency_sum_ns, whole.2.latency_sum_ns);
}

#[test]
fn nothing_is_left_of_what_was_taken_back() {
    for settings in [
        "rollout: {max_unavailable: 5, every: 1m}, fail: {probability: 50%}, slow: {factor: 4}, wrong: {kind: wrong_amount}",
        "rollout: {strategy: blue_green, every: 1m}, fail: {probability: 50%}, slow: {factor: 4}, wrong: {kind: wrong_amount}",
    ] {
        for length in ["5s", "30s", "70s", "8m"] {
            let (_, run) = run(&deploy("bad_deploy", settings, "50/s", &format!(", for: {length}")));
            let (before, after) = (calls(&run, between(0, 60)), calls(&run, between(1260, 1800)));
            assert_eq!((after.outcomes[0], after.wrong), (after.attempts, 0), "{settings} for {length}");
            assert_eq!(before.latency_sum_ns / before.outcomes[0], after.latency_sum_ns / after.outcomes[0]);
            assert_eq!(of_version(&run, 1, between(1260, 1800)), VersionCounts::default(), "{settings} for {length}");
            let left = run.service(ServiceId(0), between(1260, 1800));
            assert_eq!(
                (left.instances_ns, left.paid_ns),
                (5_400_000_000_000, 5_400_000_000_000),
                "{settings} {length}"
            );
        }
    }
}

#[test]
fn what_telemetry_sees_halts_a_rollout_and_takes_it_back() {
    let settings = "fail: {probability: 50%}, rollout: {steps: [10%, 100%], every: 5m, halt_when: error_rate(shop.buy) of v2 over 1m > 10%}";
    let (_, run) = run(&deploy("bad_deploy", settings, "100/s", ""));
    let of = &run.deploys[0];
    // One instance is up at 80 s. The default pipeline looks every 15 s, at 90 s for the first time after that.
    assert_eq!((of.course, of.halted_after_s, of.back_after_s), (Course::Aborted, Some(30.0), Some(20.0)));
    assert_eq!((done(of, JournalKind::Halt), done(of, JournalKind::Rollback)), (vec![90.0], vec![110.0]));
    assert_eq!(run.faults[0], [between(60, 110)], "the fault ends with the rollback");
    // The same condition on all versions needs more of them.
    let blind = settings.replace(" of v2", "").replace("steps: [10%, 100%]", "steps: [100%]");
    let (_, run) = self::run(&deploy("bad_deploy", &blind, "100/s", ""));
    assert!(run.deploys[0].halted_after_s.unwrap() > 60.0, "{:?}", run.deploys[0]);
    let never = settings.replace("> 10%", "> 60%");
    let (_, run) = self::run(&deploy("bad_deploy", &never, "100/s", ""));
    assert_eq!(run.deploys[0].course, Course::Completed);
}

#[test]
fn a_second_set_takes_over_at_once_and_the_first_waits() {
    let settings = "rollout: {strategy: blue_green, every: 2m}";
    let (_, run) = run(&deploy("deploy", settings, "50/s", ""));
    assert_eq!(done(&run.deploys[0], JournalKind::Action), [80.0]);
    let count = |span| calls(&run, span).outcomes;
    assert_eq!(count(run.whole())[2..], [0; 6], "nobody notices");
    let (old, new) = (of_version(&run, 0, run.whole()), of_version(&run, 1, run.whole()));
    // Callers go over at 80 s: 4,000 requests at 50 a second before.
    close(old.outcomes[0] as f64, 80.0 * 50.0, 2.0, "old");
    close(new.outcomes[0] as f64, (1800.0 - 80.0) * 50.0, 2.0, "new");
    // From 60 s to 200 s both sets are paid for.
    let paid = run.service(ServiceId(0), run.whole()).paid_ns as f64 / 1e9;
    close(paid, 10.0 * 1800.0 + 10.0 * 140.0, 0.1, "paid");
}

#[test]
fn an_instance_finishes_what_it_has_for_as_long_as_its_grace() {
    let text = |grace: &str| {
        let settings = format!("rollout: {{grace: {grace}, max_unavailable: 10}}");
        deploy("deploy", &settings, "1/s", "").replace("work: 10ms", "work: 40s")
    };
    for (grace, lost, done_s) in [("60s", false, 120.0), ("30s", true, 110.0)] {
        let (_, run) = run(&text(grace));
        let unreachable = calls(&run, run.whole()).outcomes[Outcome::Unreachable as usize];
        // While all ten are away there is nobody to ask; before, what does not finish is cut off.
        assert_eq!(of_version(&run, 0, run.whole()).outcomes[Outcome::Unreachable as usize] > 0, lost, "{unreachable}");
        close(done(&run.deploys[0], JournalKind::Action)[0], done_s, 1.0, grace);
    }
}

#[test]
fn a_later_version_ends_the_rollout_of_an_earlier_one_and_goes_back_to_it() {
    let text = deploy("deploy", "rollout: {max_unavailable: 5, every: 1h}, slow: {factor: 2}", "50/s", "");
    let text = text.trim_end().strip_suffix('}').unwrap().to_owned()
        + ", next: {inject: {bad_deploy: {version: v3, rollout: {max_unavailable: 5}, slow: {factor: 5}}}, where: {service: shop}, at: 5m, for: 10m}}\n";
    let (_, run) = run(&text);
    let mean_ms = |from, to| {
        let counts = calls(&run, between(from, to));
        counts.latency_sum_ns as f64 / counts.outcomes[0] as f64 / 1e6
    };
    close(mean_ms(144, 288), 20.0, 0.01, "v2");
    close(mean_ms(360, 882), 50.0, 0.01, "v3");
    close(mean_ms(990, 1800), 20.0, 0.01, "v2 again");
    assert_eq!((run.deploys[0].course, run.deploys.len()), (Course::CutShort, 2));
}

/// A service of ten instances, a deploy of v2 at 60 s, and one of v3.
fn two(kind: &str, first: &str, load: &str, end: &str, (second, at): (&str, &str)) -> String {
    let text = deploy(kind, first, load, end);
    text.trim_end().strip_suffix('}').unwrap().to_owned()
        + &format!(", next: {{inject: {{deploy: {{version: v3, {second}}}}}, where: {{service: shop}}, at: {at}}}}}\n")
}

#[test]
fn a_second_set_waits_for_the_places_of_one_that_still_finishes_its_work() {
    // Work takes 2 m, so that the first set is there until 200 s; v3 begins at 90 s, when all places are taken.
    let settings = "rollout: {strategy: blue_green, every: 5m}";
    let text = two("deploy", settings, "1/s", "", (settings, "90s"));
    let text = text.replace("workers: 8", "workers: 100").replace("work: 10ms", "wait: 2m");
    let (_, run) = run(&text);
    assert_eq!(calls(&run, run.whole()).outcomes[2..], [0; 6], "nobody notices");
    let over = done(&run.deploys[1], JournalKind::Action);
    assert!(over.len() == 1 && (200.0..=221.0).contains(&over[0]), "{over:?}");
    let left = run.service(ServiceId(0), between(1260, 1800));
    assert_eq!((left.instances_ns, left.paid_ns), (5_400_000_000_000, 5_400_000_000_000));
    assert_eq!(of_version(&run, 1, between(1260, 1800)), VersionCounts::default(), "all run v3");
    // The last request to v2 departs as callers go over.
    let [span] = run.faults[0][..] else { panic!("{:?}", run.faults[0]) };
    close(span.to_ns as f64 / 1e9, over[0] + 300.0, 1.0, "v2 ends with its set");
}

#[test]
fn the_end_of_a_deploy_that_another_took_the_place_of_takes_nothing_back() {
    let fails = "fail: {probability: 50%}, ";
    for strategy in ["rolling, max_unavailable: 5", "blue_green"] {
        let settings = format!("{fails}rollout: {{strategy: {strategy}, every: 1m}}");
        let next = format!("rollout: {{strategy: {strategy}, every: 1m}}");
        let text = two("bad_deploy", &settings, "50/s", ", for: 10m", (&next, "5m"));
        let (_, run) = run(&text);
        assert_eq!((run.deploys[0].course, run.deploys[1].course), (Course::Completed, Course::Completed));
        let late = calls(&run, between(540, 1800));
        assert_eq!(late.outcomes[0], late.attempts, "{strategy}");
        for version in [0, 1] {
            assert_eq!(of_version(&run, version, between(540, 1800)), VersionCounts::default(), "{strategy}");
        }
        let [span] = run.faults[0][..] else { panic!("{:?}", run.faults[0]) };
        // Two times five starts of 20 s; of blue-green one start, and the minute after it.
        let exact = if strategy == "blue_green" { 380.0 } else { 340.0 };
        close(span.to_ns as f64 / 1e9, exact, 0.2, strategy);
    }
}

#[test]
fn a_fault_is_there_as_long_as_an_instance_runs_its_version() {
    // v3 comes to half of them at 5 m and to the rest at 15 m and more: v2 fails until then, though its time was 10 m.
    let settings = "fail: {probability: 50%}, rollout: {max_unavailable: 5, every: 30m}";
    let next = "rollout: {steps: [50%, 100%], max_unavailable: 5, every: 10m}";
    let text = two("bad_deploy", settings, "50/s", ", for: 10m", (next, "5m"));
    let (_, run) = run(&text);
    assert_eq!(run.faults[0], [between(60, 940)]);
    close(failed(&of_version(&run, 1, between(684, 900))), 0.5, 0.03, "v2");
    assert_eq!(calls(&run, between(954, 1800)).outcomes[0], calls(&run, between(954, 1800)).attempts);
    // Where v3 is taken back, v2 is there again, and fails as before.
    let (_, run) =
        self::run(&two("bad_deploy", settings, "50/s", "", ("rollout: {max_unavailable: 5}", "5m, for: 10m")));
    assert_eq!(run.faults[0], [between(60, 340), between(920, 1800)]);
    close(failed(&of_version(&run, 1, between(954, 1800))), 0.5, 0.03, "v2 again");
    // A deploy that is replaced before any instance runs it has nothing to wait for.
    let (_, run) = self::run(&two(
        "bad_deploy",
        &settings.replace("max_unavailable: 5", "strategy: blue_green"),
        "50/s",
        "",
        (next, "70s"),
    ));
    assert_eq!(run.faults[0], [between(60, 70)]);
}

#[test]
fn machines_of_a_scaler_run_what_the_last_deploy_brought() {
    let next = "rollout: {max_unavailable: 5, every: 1m}";
    let text = two("deploy", next, "50/s", ", for: 10m", (next, "5m"))
        + "control: {scalers: {s: {of: shop, min: 10, max: 20, use: {scheduled: [{at: 20m, for: 10m, instances: 20}]}}}}\n";
    let (_, run) = run(&text);
    let late = between(1260, 1800);
    assert_eq!(run.service(ServiceId(0), late).instances_ns, 10_800_000_000_000);
    assert_eq!(of_version(&run, 2, late).outcomes[0], calls(&run, late).outcomes[0], "all of it by v3");
}

#[test]
fn a_rollout_goes_on_past_instances_that_are_down() {
    let crash = ", down: {inject: crash, where: {service: shop, instances: [1, 4]}, at: 70s, for: 5m}";
    let text = deploy("bad_deploy", "rollout: {every: 1m}, slow: {factor: 2}", "50/s", "");
    let text = text.trim_end().strip_suffix('}').unwrap().to_owned() + crash + "}\n";
    let (_, run) = run(&text);
    // Eight are replaced one by one; two are down, and come up with what is there then.
    close(done(&run.deploys[0], JournalKind::Action)[0], 220.0, 0.2, "eight starts");
    assert_eq!(of_version(&run, 0, between(432, 1800)), VersionCounts::default(), "all run the new version");
}

#[test]
fn a_first_step_goes_to_an_instance_that_serves() {
    // The first of ten is down while one of ten is to show what the version does.
    let crash = ", down: {inject: crash, where: {service: shop, instances: [0]}, at: 30s, for: 20m}";
    let text = deploy("bad_deploy", "rollout: {steps: [10%, 100%], every: 5m}, fail: {probability: 50%}", "50/s", "");
    let (_, run) = run(&(text.trim_end().strip_suffix('}').unwrap().to_owned() + crash + "}\n"));
    let seen = of_version(&run, 1, between(90, 360));
    assert!(seen.outcomes.iter().sum::<u64>() > 1000, "{seen:?}");
    close(failed(&seen), 0.5, 0.05, "of what callers saw of the new version");
}

#[test]
fn a_condition_that_never_has_data_is_told() {
    let blind = |of: &str| {
        let halt = format!("rollout: {{every: 1m, halt_when: error_rate(shop.{of}) of v2 > 90%}}, slow: {{factor: 2}}");
        let idle = "endpoints: {idle: {steps: [{work: 1ms}]}, buy:";
        let text = deploy("bad_deploy", &halt, "50/s", "").replace("endpoints: {buy:", idle);
        run(&text).1.deploys[0].is_blind
    };
    assert_eq!((blind("buy"), blind("idle")), (false, true));
}

#[test]
fn deploys_that_mean_nothing_are_errors() {
    let check = |text: &str, path: &str, says: &str| {
        let report = read(text).expect_err(text);
        let found: Vec<String> =
            report.problems.iter().map(|p| format!("{}: {}", p.problem.path, p.problem.message)).collect();
        assert!(found.iter().any(|f| f.starts_with(path) && f.contains(says)), "{text}: {found:?}");
    };
    let of = |kind: &str, settings: &str| deploy(kind, settings, "1/s", "");
    let inject = "faults.release.inject";
    check(&of("bad_deploy", "rollout: {}"), inject, "nothing is bad");
    check(&of("bad_deploy", "slow: {factor: 0.5}"), inject, "nothing is bad");
    check(&of("deploy", "rollout: {steps: [50%, 20%]}"), inject, "rise");
    check(&of("deploy", "rollout: {steps: []}"), inject, "rise");
    check(&of("deploy", "rollout: {every: 0s}"), inject, "without time");
    check(&of("deploy", "rollout: {max_unavailable: 0}"), inject, "never gets on");
    check(&of("deploy", "rollout: {reads: main}"), inject, "nothing halts");
    check(&of("deploy", "rollout: {strategy: blue_green, steps: [5%, 100%]}"), inject, "one step");
    check(&of("deploy", "rollout: {strategy: blue_green, grace: 5s}"), inject, "finishes all");
    check(&of("deploy", "rollout: {halt_when: error_rate(shop.buy) of v3 > 1%}"), inject, "v3");
    let target = |of: &str| deploy("deploy", "rollout: {}", "1/s", "").replace("where: {service: shop}", of);
    check(&target("where: {service: shop, percent: 10%}"), "faults.release.where", "whole service");
    check(&target("where: {to: shop.buy}"), "faults.release.where", "instances");
    check(&deploy("deploy", "rollout: {}", "1/s", ", for: 1m, every: 5m"), "faults.release.every", "once");
    let scaled = deploy("deploy", "rollout: {strategy: blue_green}", "1/s", "")
        + "control: {scalers: {s: {of: shop, max: 20, use: {scheduled: [{at: 1m, for: 1m, instances: 12}]}}}}\n";
    check(&scaled, "faults.release.where", "is scaled");
    let asked = deploy("deploy", "rollout: {}", "1/s", "") + "expect: [error_rate(shop.buy) of v9 < 1%]\n";
    check(&asked, "expect.0", "no load class or version is called \"v9\"");
    let both = deploy("deploy", "rollout: {}", "1/s", "").replace("users", "v2");
    check(&both, "load.v2", "used twice");
}
