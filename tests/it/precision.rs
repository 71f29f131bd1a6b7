//! Studies that go on until they are precise: on M/M/1, whose numbers are known (Kleinrock, "Queueing Systems" I, 1975).

use super::{root, run};
use sim_core::results::StudyResult;

/// M/M/1 with 50 requests a second and a mean service of 10 ms: the mean time in the system is 1 / (100 - 50) s = 20 ms.
fn mm1(within: &str, cap: u32, threads: usize) -> StudyResult {
    let precision = format!("run.precision={{within: {within}, of: [mean(centre.call)], cap: {cap}}}");
    run(
        &root().join("scenarios/truth/queueing/mm1-fast.yaml"),
        &["run.replications=8", "run.duration=20s", "run.warm_up=10s", &precision],
        threads,
    )
}

#[test]
fn precision_is_met_on_mm1_and_looser_takes_fewer() {
    let (tight, loose) = (mm1("2%", 4000, 2), mm1("6%", 4000, 2));
    for (study, within) in [(&tight, 0.02), (&loose, 0.06)] {
        let precision = study.summary.precision.as_ref().unwrap();
        let observed = precision.of[0].observed.unwrap();
        assert!(precision.reached && precision.would_take.is_none(), "{precision:?}");
        assert!(observed.half_width() <= within * observed.mean, "{observed:?}");
        assert!(study.summary.replications.is_multiple_of(8));
        // Half again as wide as the interval: a test of one study, not of how often intervals hold the truth.
        let off = (observed.mean - 0.02).abs();
        assert!(off <= 1.5 * observed.half_width(), "{observed:?}");
    }
    let (many, few) = (tight.summary.replications, loose.summary.replications);
    assert!(many > 3 * few, "{many} and {few}");
}

#[test]
fn threads_decide_nothing_about_the_end() {
    let bytes = |threads| reports::studies::run::json(&mm1("3%", 4000, threads)).unwrap();
    let one = bytes(1);
    assert_eq!(one, bytes(2));
    assert_eq!(one, bytes(5));
    assert!(!one.contains("\"replications\": 8,"), "one batch decides nothing");
}

#[test]
fn the_cap_ends_it_and_says_what_would_do() {
    let study = mm1("0.1%", 20, 2);
    let precision = study.summary.precision.unwrap();
    // Two batches of 8, and 4.
    assert_eq!((study.summary.replications, precision.reached, precision.cap), (20, false, 20));
    assert!(precision.would_take.is_some_and(|n| n > 20));
}
