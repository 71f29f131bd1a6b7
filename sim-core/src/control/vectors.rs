//! Published vectors of alert rules: the Google SRE Workbook, chapter 5, and Sloth. A pipeline without delay delivers error ratios that are known,
//! and the rule is evaluated as the world evaluates it.

use super::{AlertSettings, Pipeline, Scrape, Telemetry};
use crate::engine::rng::Stream;
use crate::judge::testing::{SECOND, System, calls};
use crate::names::Names;
use crate::problem::Problems;
use crate::results::ServiceCounts;
use crate::slo;
use serde_json::json;

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 24 * HOUR_S;
const MONTH_S: f64 = 30.0 * DAY_S as f64;

/// A service whose promise is 99.9 % in 30 days.
fn system() -> System {
    let mut system = System::new(100);
    let api = system.service("api", 2);
    let get = system.endpoint(api, "get");
    system.load("users", get);
    system.promise("works", json!({"keep": {"availability": "99.9%"}, "of": "api.get", "period": "30d"}));
    system
}

/// When a rule fires from its begin and until its end, in seconds from the begin of the errors, which is after a clean `before_s`; evaluated with
/// each scrape. Of 1,000 requests a scrape, `failing` fail at each second.
fn fires(
    when: &str,
    every_s: u64,
    (before_s, all_s): (u64, u64),
    failing: impl Fn(u64) -> u64,
) -> Vec<(u64, Option<u64>)> {
    let system = system();
    let settings: AlertSettings = serde_json::from_value(json!({"when": when})).unwrap();
    let pipeline = Pipeline {
        name: "main".into(),
        every_ns: every_s * SECOND,
        delay_ns: 0,
        sample: 1.0,
        path: super::Path::default(),
    };
    let alert = settings.compile("burn", &system.names, std::slice::from_ref(&pipeline), &mut Problems::new()).unwrap();
    let stream = Stream::new(1, 0, "main", "sampling");
    let mut telemetry = Telemetry::new(&system.model, &pipeline, &alert.when.metrics(), stream);
    let mut tracker = super::AlertTracker::default();
    for scrape in 0..all_s / every_s {
        let (from_ns, to_ns) = (scrape * every_s * SECOND, (scrape + 1) * every_s * SECOND);
        let second = scrape * every_s;
        let failed = if second < before_s { 0 } else { failing(second - before_s) };
        let (edges, services) = (vec![calls(1_000 - failed, failed)], vec![ServiceCounts::default()]);
        telemetry.take(&system.model, Scrape { from_ns, to_ns, edges, services, ..Scrape::default() });
        let holds = alert.when.truth(&mut |metric| telemetry.read(&system.model, metric));
        tracker.evaluate(to_ns, to_ns as i64 - (before_s * SECOND) as i64, holds, alert.lasts());
    }
    let end_ns = ((all_s - before_s) * SECOND) as i64;
    let in_seconds = |ns: i64| (ns / SECOND as i64) as u64;
    let spans = tracker.finish(end_ns).into_iter();
    spans.map(|span| (in_seconds(span.from_ns), (span.to_ns < end_ns).then(|| in_seconds(span.to_ns)))).collect()
}

/// A rule that fires once, at the time [s] that arithmetic says and at most one evaluation later; and ends as long after the end of the errors.
fn check(when: &str, every_s: u64, window_s: u64, failing: u64, at_s: f64) {
    // The errors end as soon as the rule has fired.
    let within = |found: u64, expect: f64| {
        assert!((-1e-6..=every_s as f64).contains(&(found as f64 - expect)), "{when}: {found} s, expected {expect} s");
    };
    let lasting = fires(when, every_s, (window_s, 3 * window_s), |_| failing);
    assert_eq!(lasting.len(), 1, "{when}: {lasting:?}");
    within(lasting[0].0, at_s);
    let fired_s = lasting[0].0;
    let ended = fires(when, every_s, (window_s, 3 * window_s), |second| if second < fired_s { failing } else { 0 });
    assert_eq!(ended[0].0, fired_s, "{when}");
    let reset_s = ended[0].1.expect("the errors have left the window") - fired_s;
    // The workbook: window - detection. What has come until the evaluation, up to one interval more, has to leave the window.
    let expect_s = window_s as f64 - at_s;
    assert!(
        (reset_s as f64 - expect_s).abs() <= 2.0 * every_s as f64,
        "{when}: reset after {reset_s} s, expected {expect_s} s"
    );
}

// truth/closed_forms.json, burn_rate_single_window; SRE Workbook, chapter 5: detection = (1 - SLO) / error ratio x window x burn.
#[test]
fn one_window_fires_and_resets_when_the_workbook_says() {
    check("burn_rate(works) over 1h > 14.4", 4, HOUR_S, 1_000, 51.84);
    check("burn_rate(works) over 1h > 14.4", 4, HOUR_S, 150, 345.6);
    check("burn_rate(works) over 1h > 36", 4, HOUR_S, 1_000, 129.6);
    check("burn_rate(works) over 36h > 1", 10, 36 * HOUR_S, 1_000, 129.6);
    // Ten minutes at the objective's own threshold: 0.6 s, at the first evaluation.
    let fired = fires("burn_rate(works) over 10m > 1", 2, (600, 1_200), |_| 1_000);
    assert_eq!(fired[0].0, 2);
}

#[test]
fn a_burn_just_below_the_threshold_never_fires_and_spends_it_all() {
    assert!(fires("burn_rate(works) over 1h > 36", 60, (HOUR_S, 30 * HOUR_S), |_| 35).is_empty());
    // 35 times the pace: all of it in 20.5 h.
    assert!((MONTH_S / 35.0 / HOUR_S as f64 - 20.57).abs() < 0.01);
}

// SRE Workbook, chapter 5, Tables 5-4 and 5-8.
#[test]
fn budgets_of_the_workbook() {
    for (burn, error_ratio, gone_s) in
        [(1.0, 0.001, MONTH_S), (2.0, 0.002, MONTH_S / 2.0), (10.0, 0.01, MONTH_S / 10.0), (1_000.0, 1.0, 43.2 * 60.0)]
    {
        assert!((slo::burn_rate(error_ratio, 0.999).unwrap() - burn).abs() < 1e-9 * burn);
        assert!((slo::budget_spent(burn, gone_s, MONTH_S) - 1.0).abs() < 1e-12);
    }
    for (burn, window_s, spent) in
        [(14.4, HOUR_S, 0.02), (6.0, 6 * HOUR_S, 0.05), (3.0, 24 * HOUR_S, 0.10), (1.0, 3 * DAY_S, 0.10)]
    {
        assert!((slo::budget_spent(burn, window_s as f64, MONTH_S) - spent).abs() < 1e-12);
        // Sloth: burn = part of the budget x period / long window.
        assert!((spent * MONTH_S / window_s as f64 - burn).abs() < 1e-9);
    }
    // 10 minutes at 0.1 % of errors spend 0.02 % of the budget; an alert on ten minutes may fire 144 times a day.
    assert!((slo::budget_spent(1.0, 600.0, MONTH_S) - 0.0002).abs() < 5e-5);
    assert_eq!(DAY_S / 600, 144);
    // 10 requests an hour, one of which fails: 100 times the pace (the chapter prints 1,000), 13.9 % of the budget; 7 failures are allowed.
    assert!((slo::burn_rate(0.1, 0.999).unwrap() - 100.0).abs() < 1e-9);
    assert!((slo::budget_spent(100.0, HOUR_S as f64, MONTH_S) - 0.139).abs() < 5e-4);
    assert_eq!((10.0 * 24.0 * 30.0 * 0.001_f64).floor() as u64, 7);
}

// Table 5-8: a pair fires when both windows do, and stops soon after the errors.
#[test]
fn a_pair_of_windows_resets_by_the_short_one() {
    let page = "burn_rate(works) over 1h > 14.4 and burn_rate(works) over 5m > 14.4";
    let fired = fires(page, 10, (2 * HOUR_S, 5 * HOUR_S), |second| if second < 600 { 100 } else { 0 });
    // 10 % of errors: 14.4 x 0.1 % of an hour are 518.4 s of them. The 5 minutes are below 1.44 % again 5 min less 43.2 s after the errors end.
    assert_eq!(fired.len(), 1);
    assert!((519..=530).contains(&fired[0].0), "{fired:?}");
    let reset_s = fired[0].1.unwrap() - 600;
    assert!((250..=270).contains(&reset_s), "{fired:?}");
    // The long window alone fires on for most of an hour.
    let alone =
        fires(
            "burn_rate(works) over 1h > 14.4",
            10,
            (2 * HOUR_S, 5 * HOUR_S),
            |second| if second < 600 { 100 } else { 0 },
        );
    assert!(alone[0].1.unwrap() > 3_600, "{alone:?}");
    // Slower burns are found by the longer pairs: 1 % of errors is a burn of 10.
    assert!(fires(page, 60, (2 * HOUR_S, 12 * HOUR_S), |_| 10).is_empty());
    let slow =
        fires("burn_rate(works) over 6h > 6 and burn_rate(works) over 30m > 6", 60, (7 * HOUR_S, 20 * HOUR_S), |_| 10);
    // 6 x 0.1 % of 6 h at 1 %: 3.6 h.
    assert!((12_960..=13_020).contains(&slow[0].0), "{slow:?}");
    let ticket =
        fires("burn_rate(works) over 3d > 1 and burn_rate(works) over 6h > 1", 600, (4 * DAY_S, 10 * DAY_S), |_| 2);
    // 1 x 0.1 % of 3 days at 0.2 %: 1.5 days.
    assert!((129_600..=130_800).contains(&ticket[0].0), "{ticket:?}");
}

#[test]
fn what_is_unusual_is_found_by_its_baseline() {
    // 10 readings are needed: until then all counts as unusual.
    let when = "zscore(error_rate(api.get)) over 10m > 3";
    let usual = |second: u64| if (second / 10).is_multiple_of(2) { 10 } else { 20 };
    let fired = fires(when, 10, (0, 1_000), |second| if (500..510).contains(&second) { 60 } else { usual(second) });
    assert_eq!(fired, [(10, Some(110)), (510, Some(520))]);
    // Too few as well as too many.
    let fewer = fires(when, 10, (0, 1_000), |second| if (500..510).contains(&second) { 0 } else { 10 + usual(second) });
    assert_eq!(fewer, [(10, Some(110)), (510, Some(520))]);
    // What has always been the same is unusual as soon as it differs, and its equal is not.
    let same = fires(when, 10, (0, 300), |second| if second == 200 { 11 } else { 10 });
    assert_eq!(same, [(10, Some(110)), (210, Some(220))]);
}

#[test]
fn a_ratio_to_a_week_ago_compares_the_same_hour() {
    let when = "error_rate(api.get) over 1h > 2 * error_rate(api.get) over 1h offset 7d";
    // As many errors as the hour of the day; in the second week three times as many from noon to one on the third day.
    let hour = |second: u64| second / HOUR_S;
    let failing = |second: u64| (1 + hour(second) % 24) * if hour(second) == 9 * 24 + 12 { 3 } else { 1 };
    let fired = fires(when, 600, (0, 14 * DAY_S), failing);
    // Twice as many in the hour that ends are reached when half of it is gone, and no longer when half of it is left.
    let noon_s = 9 * DAY_S + 12 * HOUR_S;
    assert_eq!(fired.len(), 1, "{fired:?}");
    assert!((noon_s + 1_800..noon_s + 3_600).contains(&fired[0].0), "{fired:?}");
    // Without a week behind it nothing is said.
    assert!(fires(when, 600, (0, 6 * DAY_S), |second| second % 7).is_empty());
}

#[test]
fn names_of_pipelines_are_asked_by_their_age() {
    let mut names = Names::default();
    names.pipelines.insert("main".into(), 0);
    names.pipelines.insert("watchdog".into(), 1);
    let compile = |reads: &str, when: &str| {
        let settings: AlertSettings = serde_json::from_value(json!({"when": when, "reads": reads})).unwrap();
        let mut problems = Problems::new();
        let alert = settings.compile("silence", &names, &[], &mut problems);
        (alert.is_some(), problems.into_vec().into_iter().map(|problem| problem.message).collect::<Vec<_>>())
    };
    assert_eq!(compile("watchdog", "age(main) > 2m"), (true, vec![]));
    let (_, problems) = compile("main", "age(main) > 2m");
    assert_eq!(problems, ["main cannot tell how old its own readings are: when it is silent, so is this"]);
    let (_, problems) = compile("watchdog", "age(mian) > 2m");
    assert_eq!(problems, ["no telemetry pipeline is called \"mian\""]);
}
