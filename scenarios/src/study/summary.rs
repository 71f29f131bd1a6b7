//! The answer: estimates with their intervals, in the form that reports and `results.json` have.

use super::Plan;
use super::gather::{CallSums, EndpointSums, Gathered, LevelMeans, PartSums, ServiceSums};
use super::interval::{Critical, MeanSums};
use super::sites::entries;
use crate::Loaded;
use sim_core::call::{breaker, hedge, retry};
use sim_core::control::Scaler;
use sim_core::counters;
use sim_core::expression::{Scope, Tree, Value};
use sim_core::ids::{Caller, FaultId};
use sim_core::metrics::Counter;
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::results::{
    AlertSummary, CallSummary, CostItemSummary, CostSummary, EndpointSummary, FaultPrice, FaultSpan, Held,
    LatencySummary, LevelSummary, Limit, LimitReached, LoadEvent, PrecisionSummary, ScalerSummary, ServiceSummary,
    StudyResult, Summary, Tail, TailCurve, TelemetrySummary, WaitSummary, WrongnessSummary,
};
use sim_core::topology::{Edge, Node};
use sim_core::workload::Shape;
use std::collections::BTreeMap;

/// The answer of a study; what is judged is judged by `critical`.
pub fn answer(
    loaded: &Loaded,
    plan: &Plan,
    precision: Option<PrecisionSummary>,
    critical: Critical,
    gathered: &Gathered,
) -> StudyResult {
    let model = &loaded.model;
    StudyResult {
        summary: summary(loaded, plan, precision, critical, gathered),
        system: super::system::simulated(model, gathered),
        windows: gathered.series.windows(),
        endpoint_series: gathered.series.endpoints(model),
        service_series: gathered.series.services(model),
        call_series: gathered.series.calls(),
        cost_series: gathered.series.costs(),
        tails: tails(model, gathered),
        faults: faults(model, gathered),
        load_events: load_events(model),
        promise_values: gathered.judged.promises.iter().map(|p| p.values.clone()).collect(),
        convergence: gathered.convergence.iter().filter_map(|(n, r)| Some((*n, r.share()?))).collect(),
        time_to_open: gathered
            .opened
            .iter()
            .filter_map(|((call, fault), sums)| {
                Some((call.clone(), model.shown_name(FaultId::from(*fault)), sums.of_positive()?))
            })
            .collect(),
        requests_judged: gathered.requests_judged,
        in_flight: gathered.in_flight.or_zero().mean,
        journals: model
            .experiments
            .iter()
            .zip(&gathered.judged.experiments)
            .flat_map(|(experiment, sums)| sums.journals().map(|j| (experiment.name.clone(), j.clone())))
            .chain(gathered.judged.deploys.iter().flat_map(|of| of.journals().map(|j| (of.name(model), j.clone()))))
            .chain(
                model
                    .runbooks
                    .iter()
                    .zip(&gathered.judged.runbooks)
                    .flat_map(|(runbook, sums)| sums.journals().map(|j| (runbook.name.clone(), j.clone()))),
            )
            .chain(gathered.judged.incidents.journals().map(|journal| ("incidents".to_owned(), journal.clone())))
            .chain(gathered.judged.modes.journals().map(|journal| ("modes".to_owned(), journal.clone())))
            .collect(),
    }
}

fn summary(
    loaded: &Loaded,
    plan: &Plan,
    precision: Option<PrecisionSummary>,
    critical: Critical,
    gathered: &Gathered,
) -> Summary {
    let (model, written) = (&loaded.model, &loaded.written);
    let entry = entries(model);
    Summary {
        scenario: written.scenario.clone().unwrap_or_default(),
        question: written.question.clone().unwrap_or_default(),
        seed: plan.seed,
        replications: gathered.replications,
        went_on: None,
        stopped_early: None,
        precision,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        digest: format!("{:016x}", gathered.digest.value()),
        simulated_s: model.run.duration.secs(),
        warm_up_s: model.run.warm_up.secs(),
        one_of: Some(model.run.one_of).filter(|one_of| *one_of > 1),
        stopped: gathered.stopped.clone(),
        limits: limits(loaded, plan, gathered),
        endpoints: model
            .endpoints
            .iter()
            .enumerate()
            .map(|(i, e)| (e.name.clone(), endpoint(&gathered.endpoints[i], entry.contains(&i))))
            .collect(),
        services: services(model, gathered),
        calls: gathered.calls.iter().map(|(name, sums)| (name.clone(), call(model, name, sums))).collect(),
        promises: gathered.judged.of_promises(loaded, critical),
        expectations: gathered.judged.of_clauses(loaded, critical, plan.seed),
        experiments: gathered.judged.of_experiments(loaded, critical),
        deploys: gathered.judged.deploys.iter().map(|sums| sums.summary(model)).collect(),
        runbooks: gathered.judged.runbooks.iter().enumerate().map(|(place, sums)| sums.summary(model, place)).collect(),
        loops: super::stages::summaries(&gathered.judged.loops, model),
        incidents: gathered.judged.incidents.summary(model),
        modes: gathered.judged.modes.summary(model),
        cost: cost(model, gathered),
        wrongness: WrongnessSummary {
            incidents: gathered.wrong.iter().map(|(kind, sums)| (*kind, sums.at_least_zero())).collect(),
            causes: gathered.listed_wrong.causes(),
            first: gathered.listed_wrong.first.clone(),
            cost_per_year: gathered.wrongness_year.or_zero(),
            cost_per_incident: gathered.per_incident.estimate(),
            by_fault: by_fault(model, gathered),
            year: gathered.losses.years(model, plan.seed),
            runs_without_incidents: gathered.paired,
        },
        links: gathered.links.summaries(model),
        probes: super::probes::summaries(&gathered.probes, model),
        telemetry: gathered
            .recorded
            .iter()
            .map(|(place, [records, dropped, leaked, arrived])| {
                let summary = TelemetrySummary {
                    records: records.at_least_zero(),
                    dropped: dropped.at_least_zero(),
                    leaked: leaked.at_least_zero(),
                    arrived: arrived.at_least_zero(),
                };
                (model.telemetry[*place].name.clone(), summary)
            })
            .collect(),
        alerts: model
            .alerts
            .iter()
            .zip(&gathered.fired)
            .zip(&gathered.alert_looks)
            .zip(&gathered.detectors)
            .map(|(((a, sums), looks), detector)| {
                let summary = AlertSummary {
                    finds: a.finds.map(|fault| model.shown_name(fault)),
                    severity: a.severity,
                    fired: sums.fired.at_least_zero(),
                    time_to_detect_s: sums.time_to_detect.of_positive(),
                    first_fired_s: sums.first_fired.estimate(),
                    false_alarms: a.finds.map(|_| sums.false_alarms.at_least_zero()),
                    without_data: looks.share(),
                    detection: detector.detection(a),
                    curve: detector.curve(a, model),
                };
                (a.name.clone(), summary)
            })
            .collect(),
        scalers: model.scalers.iter().enumerate().map(|(place, s)| scaler(model, s, place, gathered)).collect(),
        arithmetic: super::arithmetic::rows(model, gathered),
    }
}

fn scaler(model: &Model, scaler: &Scaler, place: usize, gathered: &Gathered) -> (String, ScalerSummary) {
    let [up, down, turns, moved] = &gathered.scaler_steps[place];
    let reasons = Held::ALL.into_iter().zip(&gathered.scaler_held[place]);
    let held = reasons.filter_map(|(held, sums)| Some((held.name(), sums.share().filter(|share| share.mean > 0.0)?)));
    let summary = ScalerSummary {
        of: model.services[scaler.of.index()].name.clone(),
        moves: scaler.moves().name(),
        min: scaler.min,
        max: scaler.max,
        steps_up: up.at_least_zero(),
        steps_down: down.at_least_zero(),
        turns: turns.at_least_zero(),
        moved: moved.at_least_zero(),
        held: held.collect(),
        forecast_error: gathered.scaler_forecasts[place].estimate(),
        without_data: gathered.scaler_looks[place].share(),
    };
    (scaler.name.clone(), summary)
}

fn endpoint(sums: &EndpointSums, entry: bool) -> EndpointSummary {
    let q = |i: usize| sums.latency.quantile(super::gather::QUANTILES[i]);
    let latency = || {
        Some(LatencySummary {
            mean: sums.mean.at_least_zero()?,
            p50: q(0)?,
            p90: q(1)?,
            p95: q(2)?,
            p99: q(3)?,
            p99_9: q(4)?,
        })
    };
    EndpointSummary {
        requests: sums.requests.at_least_zero(),
        outcomes: Outcome::ALL.iter().map(|o| (o.name(), sums.outcomes[*o as usize].at_least_zero())).collect(),
        unanswered: sums.unanswered.at_least_zero(),
        availability: sums.availability.share(),
        by_itself: sums.by_itself.share(),
        goodput_per_s: sums.goodput.at_least_zero(),
        wrong: sums.wrong.at_least_zero(),
        latency_s: latency(),
        in_flight: sums.in_flight.at_least_zero(),
        entry,
    }
}

fn services(model: &Model, gathered: &Gathered) -> BTreeMap<String, ServiceSummary> {
    let holds_for = |index: usize| {
        let waits = |edge: &&Edge| {
            let Caller::Endpoint(from) = edge.caller else { return false };
            let from = &model.endpoints[from.index()];
            from.service.index() == index && !from.is_async
        };
        let mut names: Vec<String> =
            model.edges.iter().filter(waits).map(|edge| model.endpoints[edge.callee.index()].name.clone()).collect();
        names.sort();
        names.dedup();
        names
    };
    let each = model.services.iter().zip(&gathered.services).enumerate();
    each.map(|(index, (s, sums))| (s.name.clone(), service(&s.node, sums, holds_for(index)))).collect()
}

fn service(node: &Node, sums: &ServiceSums, holds_for: Vec<String>) -> ServiceSummary {
    let wait = || Some(WaitSummary { mean: sums.wait.at_least_zero()?, p99: sums.waits.quantile(0.99)? });
    ServiceSummary {
        is_queue: matches!(node, Node::Queue(_)),
        in_memory: !node.stands_alone(),
        holds_for,
        utilisation: sums.utilisation.share(),
        cpu: sums.cpu.share(),
        queue_wait_s: wait(),
        queue_length: sums.queue.at_least_zero(),
        unserved: sums.unserved.at_least_zero(),
        in_system: sums.in_system.at_least_zero(),
        instances: sums.instances.at_least_zero(),
        tree_amplification: sums.tree_amplification.at_least_zero().filter(|times| times.mean > 1.0),
        cpu_for_nobody: sums.cpu_for_nobody.share().filter(|share| share.mean > 0.0),
        hit_ratio: sums.hit_ratio.share(),
        counters: sums.counters.listed(counters::SERVICE),
        levels: levels(&sums.levels),
    }
}

fn call(model: &Model, name: &str, sums: &CallSums) -> CallSummary {
    let sites = || model.edges.iter().filter(|edge| edge.name == name);
    let callee = |edge: &Edge| model.endpoints[edge.callee.index()].name.clone();
    let any = sums.counters.of(&hedge::HEDGES).mean > 0.0;
    let hedged = |counter: &Counter| any.then(|| sums.counters.of(counter));
    CallSummary {
        callee: sites().next().map_or_else(String::new, callee),
        bounded: sites().all(|edge| edge.timeout.is_some() || edge.total_timeout.is_some()),
        calls: sums.calls.at_least_zero(),
        attempts: sums.attempts.at_least_zero(),
        retries: sums.counters.of(&retry::RETRIES),
        rejected: sums.rejected.at_least_zero(),
        breaker_opened: sums.counters.of(&breaker::OPENED),
        timeouts: sums.timeouts.at_least_zero(),
        budget_exhausted: sums.counters.of(&retry::BUDGET_EXHAUSTED),
        abandoned: sums.abandoned.at_least_zero(),
        hedges: hedged(&hedge::HEDGES),
        hedge_wins: hedged(&hedge::WON),
        amplification: sums.amplification.at_least_zero(),
        counters: sums.counters.listed(counters::CALL_SITE),
        times_s: sums.times.iter().filter_map(|(name, sums)| Some((*name, wait(sums)?))).collect(),
        levels: levels(&sums.levels),
    }
}

fn wait(sums: &PartSums) -> Option<WaitSummary> {
    Some(WaitSummary { mean: sums.mean.at_least_zero()?, p99: sums.times.quantile(0.99)? })
}

fn levels(sums: &BTreeMap<&'static str, LevelMeans>) -> BTreeMap<&'static str, LevelSummary> {
    let summary =
        |sums: &LevelMeans| LevelSummary { average: sums.average.at_least_zero(), most: sums.most.at_least_zero() };
    sums.iter().map(|(name, sums)| (*name, summary(sums))).collect()
}

fn cost(model: &Model, gathered: &Gathered) -> CostSummary {
    let month = gathered.infrastructure_month.or_zero();
    CostSummary {
        per_month: month,
        per_year: month.scale(12.0),
        per_million_requests: gathered.per_million.estimate(),
        per_terabyte: gathered.per_terabyte.estimate(),
        per_user: gathered.per_user.estimate(),
        items: model
            .costs
            .iter()
            .zip(&gathered.costs)
            .map(|(item, sums)| CostItemSummary {
                name: item.name.clone(),
                group: item.group,
                priced_as: item.priced_as(model),
                metered_per_month: sums.metered.or_zero(),
                metered_unit: item.shown_unit().0.to_owned(),
                per_month: sums.per_month.or_zero(),
                per_year: sums.per_year.or_zero(),
                per_incident: sums.per_incident.estimate(),
                spent_for_nobody: sums.for_nobody.estimate().filter(|spent| spent.mean > 0.0),
            })
            .collect(),
    }
}

/// What one occurrence of each incident adds, in the order of the file; nothing where nothing of it has a price.
fn by_fault(model: &Model, gathered: &Gathered) -> Vec<FaultPrice> {
    if gathered.per_incident.estimate().is_none() {
        return Vec::new();
    }
    let price = |(place, sums): (&usize, &MeanSums)| {
        let fault = &model.faults[*place];
        Some(FaultPrice {
            fault: model.shown_name(FaultId::from(*place)),
            adds: sums.estimate()?,
            per_year: fault.per_year,
        })
    };
    gathered.incidents.iter().filter_map(price).collect()
}

fn tails(model: &Model, gathered: &Gathered) -> Vec<Tail> {
    // Latencies at 1, 1.25, 1.6, 2, 2.5 ... of each decade from 100 us to 1000 s.
    let steps = [1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0];
    let latencies: Vec<f64> = (0..7).flat_map(|d| steps.iter().map(move |s| s * 1e-4 * 10f64.powi(d))).collect();
    let each = |(endpoint, curves): &(usize, Vec<super::gather::TailSums>)| Tail {
        name: model.endpoints[*endpoint].name.clone(),
        curves: curves
            .iter()
            .map(|curve| {
                let all = curve.latency.merged();
                TailCurve {
                    part: curve.part,
                    span_s: (curve.span.from_ns as f64 / 1e9, curve.span.to_ns as f64 / 1e9),
                    answers: all.total(),
                    points: latencies.iter().filter_map(|s| Some((*s, all.share_above((s * 1e9) as u64)?))).collect(),
                    p99_s: curve.latency.quantile(0.99),
                }
            })
            .collect(),
    };
    gathered.tails.iter().map(each).collect()
}

/// Limits on which a number may depend: where counts are cut matters only to clauses that look at the windows of a fault.
fn limits(loaded: &Loaded, plan: &Plan, gathered: &Gathered) -> Vec<LimitReached> {
    let clauses = loaded.written.clauses().map(|clause| &clause.tree);
    let scopes = clauses.chain(plan.asked().iter().map(Value::tree)).flat_map(Tree::metrics);
    let of_fault = |scope: &Scope| scope.during.is_some() || scope.after.is_some() || scope.before.is_some();
    let looks_at_faults = scopes.map(|metric| &metric.scope).any(of_fault);
    let matters = |limit: &Limit| *limit != Limit::Marks || looks_at_faults;
    let reached = gathered.limits.iter().filter(|(limit, _)| matters(limit));
    reached.map(|(&limit, &(replications, left_out))| LimitReached { limit, replications, left_out }).collect()
}

fn faults(model: &Model, gathered: &Gathered) -> Vec<FaultSpan> {
    let mut all = Vec::new();
    for ((place, fault), spans) in model.faults.iter().enumerate().zip(&gathered.faults) {
        let scheduled = matches!(fault.schedule, sim_core::faults::Schedule::Fixed { .. });
        // Faults at random may strike very often: a report shows the first of them.
        for span in spans.iter().take(50) {
            all.push(FaultSpan {
                name: model.shown_name(FaultId::from(place)),
                says: fault.says.as_str().into(),
                from_s: span.from_ns as f64 / 1e9,
                to_s: span.to_ns as f64 / 1e9,
                per_year: fault.per_year,
                scheduled,
            });
        }
    }
    all.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    all
}

fn load_events(model: &Model) -> Vec<LoadEvent> {
    let mut all = Vec::new();
    for load in &model.loads {
        for shape in &load.shape {
            let (at, length, stays, says) = match shape {
                Shape::Spike(s) => (s.at, Some(s.length), false, format!("load times {}", s.factor)),
                Shape::Step(s) => (s.at, None, true, format!("load times {}", s.factor)),
                Shape::Ramp(s) => (s.at, Some(s.length), true, format!("load grows to {} times", s.factor)),
                _ => continue,
            };
            all.push(LoadEvent {
                load: load.name.clone(),
                says: says.into(),
                stays,
                from_s: at.secs(),
                to_s: length.map(|l| at.secs() + l.secs()),
            });
        }
    }
    all
}
