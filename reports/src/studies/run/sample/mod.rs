//! Invented results for tests. Here that of a run: the checkout brown-out of 15 minutes in windows of 5 s, the fault from 5:00 to 7:00.

#[cfg(test)]
use super::RunAnswer;
use super::page::page;
use crate::Source;
#[cfg(test)]
use crate::answer::Answer;
use crate::page::Page;
#[cfg(test)]
use crate::terminal::Style;
use sim_core::call::breaker::State;
use sim_core::expression::Group;
use sim_core::results::gate::FilePlace;
use sim_core::results::{
    About, ArithmeticRow, BreakerSeries, CallSeries, CallSummary, CostItemSummary, CostSummary, EndpointSeries,
    EndpointSummary, Estimate, FaultPrice, FaultSpan, Known, KnownFinding, LatencySummary, LoadEvent, Made, Need,
    NodeKind, Part, PromiseSummary, ServiceSummary, StudyResult, Summary, System, SystemCall, SystemNode, Tail,
    TailCurve, Unit, Verdict, WaitSummary, Window, Words, WrongnessSummary,
};
use std::collections::BTreeMap;

mod services;

const WINDOWS: usize = 180;

pub(crate) fn near(mean: f64, half: f64) -> Estimate {
    Estimate { mean, low: mean - half, high: mean + half }
}

/// A little unrest that is the same every time.
pub(crate) fn wobble(i: usize) -> f64 {
    ((i * 7919) % 101) as f64 / 101.0 - 0.5
}

fn series(f: impl Fn(usize) -> f64, relative: f64) -> Vec<Estimate> {
    (0..WINDOWS).map(|i| f(i) * (1.0 + 0.01 * wobble(i))).map(|m| near(m, m * relative)).collect()
}

fn offered(i: usize) -> f64 {
    if (60..72).contains(&i) { 1200.0 } else { 800.0 }
}

fn lost_share(i: usize) -> f64 {
    match i {
        60 => 0.67,
        61 => 0.3,
        _ => 0.0006,
    }
}

fn full_share(i: usize) -> f64 {
    match i {
        60 => 0.2,
        61 => 0.05,
        62..84 => 0.0,
        84..96 => 0.35,
        _ => 1.0,
    }
}

fn endpoint() -> EndpointSeries {
    let share = |i: usize, x: f64| Some(near(x * (1.0 + 1e-5 * wobble(i)), (1.0 - x).max(0.0) * 0.1));
    let outcome = |k: usize| {
        series(
            |i| {
                let (lost, full) = (lost_share(i), full_share(i));
                let shares = [full * (1.0 - lost), (1.0 - full) * (1.0 - lost), lost * 0.05, lost * 0.15, lost * 0.8];
                offered(i) * shares.get(k).copied().unwrap_or(0.0)
            },
            0.01,
        )
    };
    let latency = |calm: f64, onset: f64, open: f64| {
        let at = move |i: usize| match i {
            60 | 61 => onset,
            62..84 => open,
            _ => calm,
        };
        series(at, 0.02).into_iter().map(Some).collect::<Vec<_>>()
    };
    EndpointSeries {
        name: "gateway.checkout".into(),
        availability: (0..WINDOWS).map(|i| share(i, 1.0 - lost_share(i))).collect(),
        in_full: (0..WINDOWS).map(|i| share(i, full_share(i) * (1.0 - lost_share(i)))).collect(),
        wrong: (0..WINDOWS).map(|i| Some(near(if (62..84).contains(&i) { 0.009 } else { 0.0 }, 0.0))).collect(),
        outcomes_per_s: std::array::from_fn(outcome),
        offered_per_s: series(offered, 0.005),
        p50_s: latency(0.0727, 0.75, 0.0127),
        p99_s: latency(0.181, 1.3, 0.028),
        p99_9_s: latency(0.252, 1.41, 0.037),
    }
}

fn promise(name: &str, about: About, says: &str, verdict: Verdict, kept: u32, unit: Unit) -> PromiseSummary {
    let share = f64::from(kept) / 64.0;
    PromiseSummary {
        name: name.into(),
        says: says.into(),
        about,
        made: Made::Promise,
        verdict,
        probability: Some(Estimate { mean: share, low: (share - 0.06).max(0.0), high: (share + 0.04).min(1.0) }),
        kept,
        judged: 64,
        measured: Words::default(),
        expected: Words::default(),
        comparisons: Vec::new(),
        of_promise: None,
        band: None,
        observed: None,
        never: 0,
        where_it_happened: None,
        promised: None,
        tolerance: None,
        at_most: true,
        unit,
        note: Words::default(),
        would_settle: (verdict == Verdict::Inconclusive).then_some(124),
        path: format!("promises.{name}"),
        denied_by: None,
        period_s: (unit == Unit::Share).then_some(30.0 * 86_400.0),
        broken_in: None,
    }
}

/// An invariant that two of the runs break.
#[cfg(test)]
pub(crate) fn broken_invariant() -> PromiseSummary {
    let equal = "effects(bank.debit) == effects(bank.credit)";
    PromiseSummary {
        made: Made::ClauseByRuns,
        path: "invariants.money".into(),
        would_settle: None,
        broken_in: Some(sim_core::results::BrokenIn { runs: 2, of: 64, replications: vec![3, 5], seed: 9 }),
        ..promise("money", About::Condition, equal, Verdict::Broken, 62, Unit::Count)
    }
}

/// What the promise `works` is about.
pub(crate) fn works() -> About {
    About::Availability { of: "gateway.checkout".into() }
}

/// What the promise `quick` is about.
pub(crate) fn quick() -> About {
    About::Latency { of: "gateway.checkout".into(), percentile: sim_core::units::Percentile::P99 }
}

fn promises() -> Vec<PromiseSummary> {
    vec![
        PromiseSummary {
            observed: Some(near(0.98312, 0.00022)),
            promised: Some(0.995),
            at_most: false,
            ..promise(
                "works",
                works(),
                "gateway.checkout answers at least 99.5 % of requests",
                Verdict::Broken,
                0,
                Unit::Share,
            )
        },
        PromiseSummary {
            observed: Some(near(0.322, 0.020)),
            promised: Some(0.8),
            ..promise("quick", quick(), "p99 of gateway.checkout is at most 800ms", Verdict::Held, 64, Unit::Seconds)
        },
        PromiseSummary {
            observed: Some(near(54.14, 0.83)),
            promised: Some(60.0),
            ..promise(
                "back-soon",
                About::Recovery { of: "gateway.checkout".into(), after: "brownout".into() },
                "gateway.checkout is back within 60s of brownout",
                Verdict::Inconclusive,
                61,
                Unit::Seconds,
            )
        },
    ]
}

fn item(name: &str, group: Group, priced: &str, month: f64, incident: Option<f64>) -> CostItemSummary {
    let estimate = if incident.is_some() { near(0.0, 0.0) } else { near(month, 4.0) };
    CostItemSummary {
        name: name.into(),
        group,
        priced_as: priced.into(),
        metered_per_month: near(2920.0, 4.0),
        metered_unit: if incident.is_some() { "things" } else { "h" }.into(),
        per_month: estimate,
        per_year: incident.map_or(estimate.scale(12.0), |x| near(x * 4.0, x * 0.02)),
        per_incident: incident.map(|x| near(x, x * 0.005)),
        spent_for_nobody: None,
    }
}

fn cost() -> CostSummary {
    CostSummary {
        per_month: near(3410.0, 8.0),
        per_year: near(40_920.0, 96.0),
        per_million_requests: Some(near(1.62, 0.01)),
        per_terabyte: None,
        per_user: Some(near(0.17, 0.001)),
        items: vec![
            item("gateway-nodes", Group::Infrastructure, "4 x $0.17/h", 1705.0, None),
            item("payment-nodes", Group::Infrastructure, "6 x $0.17/h", 1241.0, None),
            item("traffic", Group::Infrastructure, "$0.09/GB", 464.0, None),
            item("unpaid-order", Group::Wrongness, "$38", 0.0, Some(67_900.0)),
            item("charged-twice", Group::Wrongness, "$28", 0.0, Some(21_600.0)),
        ],
    }
}

fn latency() -> LatencySummary {
    LatencySummary {
        mean: near(0.064, 0.001),
        p50: near(0.0608, 0.0001),
        p90: near(0.12, 0.001),
        p95: near(0.15, 0.001),
        p99: near(0.322, 0.02),
        p99_9: near(0.9, 0.01),
    }
}

fn calls() -> BTreeMap<String, CallSummary> {
    let call = |callee: &str, calls: f64, retries: f64, rejected: f64, opened: f64| CallSummary {
        callee: callee.into(),
        bounded: true,
        calls: near(calls, calls * 0.001),
        attempts: near(calls - rejected + retries, calls * 0.001),
        retries: near(retries, retries * 0.02),
        rejected: near(rejected, rejected * 0.004),
        breaker_opened: near(opened, 0.0),
        timeouts: near(retries * 5.0, retries * 0.02),
        budget_exhausted: near(0.0, 0.0),
        abandoned: near(0.0, 0.0),
        hedges: None,
        hedge_wins: None,
        amplification: Some(near(1.0 + retries / calls, 0.0001)),
        counters: BTreeMap::new(),
        times_s: BTreeMap::new(),
        levels: BTreeMap::new(),
    };
    BTreeMap::from([
        ("shoppers->gateway.checkout".to_owned(), call("gateway.checkout", 744_000.0, 0.0, 0.0, 0.0)),
        ("gateway->payment.charge".to_owned(), call("payment.charge", 709_690.0, 1365.0, 196_036.0, 16.0)),
    ])
}

/// Shoppers, a gateway, the payment that the fault strikes, and two more that it calls.
pub fn system() -> System {
    let node = |kind, name: &str, instances, utilisation: Option<f64>, faults: &[&str]| SystemNode {
        kind,
        name: name.into(),
        instances,
        endpoints: 1,
        utilisation,
        waiting: Some(0.4),
        faults: faults.iter().map(ToString::to_string).collect(),
    };
    let call = |from, to, endpoint: &str, per_s| SystemCall {
        from,
        to,
        endpoint: endpoint.into(),
        per_s: Some(per_s),
        faults: Vec::new(),
    };
    System {
        nodes: vec![
            node(NodeKind::Load, "shoppers", 0, None, &[]),
            node(NodeKind::Service, "gateway", 4, Some(0.31), &[]),
            node(NodeKind::Service, "payment", 6, Some(0.58), &["brownout"]),
            node(NodeKind::Store, "orders", 1, Some(0.9), &[]),
            node(NodeKind::Queue, "mails", 1, None, &[]),
        ],
        calls: vec![
            call(0, 1, "checkout", 826.7),
            call(1, 2, "charge", 572.2),
            call(1, 3, "save", 560.1),
            call(1, 3, "read", 560.4),
            call(2, 4, "send", 10.0),
        ],
        simulated: true,
    }
}

fn summary() -> Summary {
    let outcomes = [("ok", 500_000.0), ("degraded", 230_000.0), ("rejected", 9000.0)];
    Summary {
        scenario: "Checkout when the card processor browns out".into(),
        question: "Does the breaker keep checkout within its promise, and what does it cost?".into(),
        seed: 42,
        replications: 64,
        went_on: None,
        stopped_early: None,
        precision: None,
        version: "0.1.0".into(),
        digest: "7c1e09b45d2af386".into(),
        simulated_s: 900.0,
        warm_up_s: 120.0,
        one_of: None,
        stopped: Vec::new(),
        limits: Vec::new(),
        endpoints: BTreeMap::from([(
            "gateway.checkout".to_owned(),
            EndpointSummary {
                requests: near(744_000.0, 210.0),
                outcomes: outcomes.into_iter().map(|(n, x)| (n, near(x, x * 0.001))).collect(),
                unanswered: near(0.0, 0.0),
                availability: Some(near(0.98312, 0.00022)),
                by_itself: Some(near(0.9991, 0.0001)),
                goodput_per_s: near(812.0, 1.0),
                wrong: near(771.0, 9.0),
                latency_s: Some(latency()),
                in_flight: near(61.0, 2.0),
                entry: true,
            },
        )]),
        services: BTreeMap::from([(
            "gateway".to_owned(),
            ServiceSummary {
                is_queue: false,
                in_memory: false,
                holds_for: Vec::new(),
                utilisation: Some(near(0.31, 0.001)),
                cpu: Some(near(0.22, 0.001)),
                queue_wait_s: Some(WaitSummary { mean: near(0.004, 0.0002), p99: near(0.3, 0.02) }),
                queue_length: near(9.8, 0.3),
                unserved: near(0.0, 0.0),
                in_system: near(88.0, 0.6),
                instances: near(5.6, 0.02),
                tree_amplification: None,
                cpu_for_nobody: None,
                hit_ratio: None,
                counters: BTreeMap::new(),
                levels: BTreeMap::new(),
            },
        )]),
        calls: calls(),
        promises: promises(),
        expectations: Vec::new(),
        experiments: Vec::new(),
        runbooks: Vec::new(),
        incidents: None,
        loops: Vec::new(),
        modes: None,
        deploys: Vec::new(),
        cost: cost(),
        wrongness: WrongnessSummary {
            incidents: BTreeMap::from([("duplicate_effect", near(771.0, 9.0)), ("wrong_mode", near(1786.0, 11.0))]),
            causes: BTreeMap::new(),
            first: Vec::new(),
            cost_per_year: near(358_000.0, 2000.0),
            cost_per_incident: Some(near(89_500.0, 500.0)),
            by_fault: vec![FaultPrice { fault: "brownout".into(), adds: near(89_500.0, 500.0), per_year: Some(4.0) }],
            year: Some(crate::figures::losses::sample()),
            runs_without_incidents: 64,
        },
        links: BTreeMap::new(),
        probes: BTreeMap::new(),
        telemetry: BTreeMap::new(),
        alerts: BTreeMap::new(),
        scalers: BTreeMap::new(),
        arithmetic: vec![ArithmeticRow {
            of: "availability of gateway.checkout".into(),
            arithmetic: 0.9984,
            simulated: near(0.98312, 0.00022),
            unit: Unit::Share,
            why: "Shared fate: one slow callee holds the workers of all.".into(),
        }],
    }
}

fn tails() -> Vec<Tail> {
    let latencies: Vec<f64> = [1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0]
        .iter()
        .flat_map(|s| [1e-3, 1e-2, 1e-1, 1.0].map(|d| s * d))
        .collect();
    let mut sorted = latencies;
    sorted.sort_by(f64::total_cmp);
    let curve = |part, span: (f64, f64), scale: f64, end: f64| TailCurve {
        part,
        span_s: span,
        answers: 10_000_000,
        points: sorted
            .iter()
            .map(|l| (*l, if *l >= end { 0.0 } else { 1.0 / (1.0 + (l / scale) * (l / scale) * (l / scale)) }))
            .collect(),
        p99_s: Some(near(scale * 4.6, scale * 0.01)),
    };
    vec![Tail {
        name: "gateway.checkout".into(),
        curves: vec![
            curve(Part::Before, (0.0, 300.0), 0.04, 0.6),
            curve(Part::During, (300.0, 420.0), 0.2, 1.5),
            curve(Part::After, (420.0, 900.0), 0.042, 0.6),
        ],
    }]
}

/// The report of the sample.
pub fn pages() -> Vec<(&'static str, Page)> {
    vec![("run", page(&study(), &source()))]
}

/// A deploy that was halted in most of 40 runs.
#[cfg(test)]
pub fn deploy() -> sim_core::results::DeploySummary {
    use sim_core::results::{Course, DeploySummary, Journal, JournalEntry, JournalKind};
    let entry = |at_s: f64, kind: JournalKind, text: &str, holds: Option<bool>| JournalEntry {
        at_s,
        kind,
        text: text.into(),
        holds,
        values: Vec::new(),
        bounds: Vec::new(),
    };
    DeploySummary {
        name: "release".into(),
        says: "shop to version v2".into(),
        halt_when: "error_rate(shop.buy) of v2 > 1%".into(),
        version: "v2".into(),
        ran: 40,
        blind: 0,
        completed: 2,
        halted: 38,
        halted_share: Some(Estimate::exact(0.95)),
        halted_after_s: Some(Estimate::exact(67.0)),
        back_after_s: Some(Estimate::exact(21.0)),
        journals: vec![Journal {
            replication: 0,
            course: Course::Aborted,
            held: None,
            entries: vec![
                entry(600.0, JournalKind::Begin, "shop to version v2", None),
                entry(620.0, JournalKind::Action, "10% on v2: shop/0", None),
                entry(660.0, JournalKind::Observation, "error_rate(shop.buy) of v2 > 1%", Some(true)),
                entry(660.0, JournalKind::Halt, "error_rate(shop.buy) of v2 > 1%", None),
                entry(681.0, JournalKind::Rollback, "nothing runs v2 any more", None),
            ],
        }],
    }
}

/// Forms of the sample for a terminal.
#[cfg(test)]
pub fn forms(style: &Style) -> Vec<(&'static str, String)> {
    let source = source();
    let mut with_experiments = study();
    let experiment = super::experiment::tests::experiment(40, 39, 0, Verdict::Broken);
    with_experiments.summary.experiments = vec![experiment];
    let mut with_deploys = study();
    with_deploys.summary.deploys = vec![deploy()];
    let mut odd = study();
    // Numbers of many digits, and names that are longer than a line.
    odd.endpoint_series[0].p99_s.fill(Some(Estimate::exact(1_234_567.0)));
    odd.tails.clear();
    odd.summary.promises[0].name = "a-name-that-is-longer-than-any-line-of-a-terminal-has-room-for-at-all".into();
    let mut stopped = study();
    stopped.summary.stopped_early = Some(sim_core::results::StoppedEarly { first: 64, most: 512 });
    let terminal = |study: &StudyResult| RunAnswer { study, source: &source }.terminal(style);
    vec![
        ("run", terminal(&study())),
        ("run with odd numbers", terminal(&odd)),
        ("run with experiments", terminal(&with_experiments)),
        ("run with deploys", terminal(&with_deploys)),
        ("run that was stopped", terminal(&stopped)),
        ("run in a sentence", RunAnswer { study: &stopped, source: &source }.sentence(style)),
    ]
}

/// Closed but for the time of the fault, when it is open and half-open now and then.
fn breaker_states() -> BreakerSeries {
    let share = |state, i: usize| match ((62..96).contains(&i), state) {
        (false, State::Closed) => 1.0,
        (true, State::HalfOpen) => 0.04 + 0.02 * wobble(i),
        (true, State::Open) => 0.96 - 0.02 * wobble(i),
        _ => 0.0,
    };
    let mean = |state| (0..WINDOWS).map(|i| share(state, i)).sum::<f64>() / WINDOWS as f64;
    BreakerSeries {
        windows: State::ALL.map(|state| (0..WINDOWS).map(|i| Some(near(share(state, i), 0.01))).collect()),
        whole: State::ALL.map(|state| Some(near(mean(state), 0.01))),
    }
}

/// The study.
pub fn study() -> StudyResult {
    let recovery = |i: usize| Some(54.0 + 12.0 * wobble(i * 13 + 5) + if i == 11 { 4.5 } else { 0.0 });
    StudyResult {
        system: system(),
        windows: (0..WINDOWS).map(|i| Window { from_s: i as f64 * 5.0, to_s: i as f64 * 5.0 + 5.0 }).collect(),
        endpoint_series: vec![endpoint()],
        service_series: services::services(),
        call_series: vec![CallSeries {
            name: "gateway->payment.charge".into(),
            attempts_per_s: series(|i| if i == 60 { 1440.0 } else { 800.0 }, 0.01),
            retries_per_s: series(|i| if i == 60 { 400.0 } else { 0.1 }, 0.01),
            rejected_per_s: series(|i| if (62..96).contains(&i) { 780.0 } else { 0.0 }, 0.01),
            breaker_states: Some(breaker_states()),
        }],
        cost_series: vec![
            series(|i| if (69..140).contains(&i) { 0.0018 } else { 0.0009 }, 0.001),
            series(|_| 0.0014, 0.0),
            series(|i| offered(i) * 1e-6, 0.01),
            series(|i| if (60..96).contains(&i) { 1886.0 } else { 0.0 }, 0.01),
            series(|i| if i < 62 && i > 59 { 10_800.0 } else { 0.0 }, 0.01),
        ],
        tails: tails(),
        faults: vec![FaultSpan {
            name: "brownout".into(),
            says: "payment 10 times slower".into(),
            from_s: 300.0,
            to_s: 420.0,
            per_year: Some(4.0),
            scheduled: true,
        }],
        load_events: vec![LoadEvent {
            load: "shoppers".into(),
            says: "load times 1.5".into(),
            stays: false,
            from_s: 300.0,
            to_s: Some(360.0),
        }],
        promise_values: vec![
            (0..64).map(|i| Some(0.98312 + 0.001 * wobble(i))).collect(),
            (0..64).map(|i| Some(0.322 + 0.05 * wobble(i))).collect(),
            (0..64).map(recovery).collect(),
        ],
        convergence: (2..=64)
            .map(|n| (n, near(0.98312 + 0.0004 * wobble(n as usize) / f64::from(n), 0.0018 / f64::from(n).sqrt())))
            .collect(),
        time_to_open: vec![("gateway->payment.charge".into(), "brownout".into(), near(6.9, 0.05))],
        requests_judged: 47_616_000,
        in_flight: 61.0,
        journals: Vec::new(),
        summary: summary(),
    }
}

/// Its file.
pub fn source() -> Source {
    Source {
        file: "checkout.yaml".into(),
        text: "scenario: Checkout when the card processor browns out # <&>\nrun: {duration: 15m}\n".into(),
        question: "Does the breaker keep checkout within its promise, and what does it cost?".into(),
        answer: Some("No.".into()),
        asked: String::new(),
        traces: Vec::new(),
        known: known(),
    }
}

/// What is known of it without a run.
fn known() -> Known {
    let place = FilePlace { file: "checkout.yaml".into(), line: 44, column: 40, end_column: 45 };
    let finding = KnownFinding {
        name: "timeouts-in-the-wrong-order".into(),
        severity: sim_core::problem::Severity::Warning,
        what: "shoppers waits 2s for gateway.checkout, whose call to payment.charge may take 2.3s".into(),
        why: "2 attempts of 1.1s and waits of 100ms, of which 1 ends too late; cancel ends what is left".into(),
        hint: "wait longer than 2.3s here, or write a total_timeout below 2s at the call to payment.charge".into(),
        path: "load.shoppers.timeout".into(),
        place: Some(place),
    };
    let need = |service: &str, instances, share| Need { service: service.into(), instances, zones: 1, share };
    Known { findings: vec![finding], needs: vec![need("gateway", 3, 1.0), need("payment", 5, 0.8)] }
}
