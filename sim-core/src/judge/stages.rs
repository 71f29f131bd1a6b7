//! The loop from a fault to its end: when users feel it, when telemetry sees it, who is told, what is done, and what each stage costs.

use super::bill::spent_between;
use super::recovery::{are_kept, good_again};
use crate::economics::Group;
use crate::ids::{Caller, EndpointId, FaultId};
use crate::model::Model;
use crate::promise::{Promise, is_about};
use crate::results::{JournalKind, LoopRun, RunResult, STAGES, Slice, Span, episodes};

/// By how much the share of calls that fail or are answered wrongly has to rise to be felt, where nothing is promised.
const FELT: f64 = 0.005;

/// The stages after a fault began for the first time, of which strikes that follow each other closely are one; `None` where it did not strike in
/// measured time, or no alert is there to find it. `calm` is the same replication without incidents.
pub fn stages_of(run: &RunResult, calm: Option<&RunResult>, model: &Model, fault: FaultId) -> Option<LoopRun> {
    let strike = episodes(run.struck(fault)).into_iter().next().filter(|strike| strike.from_ns >= 0)?;
    let finds = |alert: usize| model.alerts[alert].finds == Some(fault);
    if !(0..model.alerts.len()).any(finds) {
        return None;
    }
    let begin_ns = strike.from_ns;
    let firings = (0..model.alerts.len()).filter(|alert| finds(*alert)).flat_map(|alert| {
        let after = run.alerts[alert].iter().filter(|span| span.from_ns >= begin_ns);
        after.map(move |span| (span.from_ns, span.from_ns - model.alerts[alert].for_ns as i64))
    });
    let firings: Vec<(i64, i64)> = firings.collect();
    let fired_ns = firings.iter().map(|(at_ns, _)| *at_ns).min();
    let seen_ns = firings.iter().map(|(_, pending_ns)| (*pending_ns).max(begin_ns)).min();
    let incidents = || {
        let because = |alerts: &[usize]| alerts.iter().any(|alert| finds(*alert));
        run.incidents.all.iter().filter(move |i| because(&i.alerts) && i.opened_ns >= begin_ns)
    };
    let runbooks = || {
        let all = model.runbooks.iter().zip(&run.runbooks);
        all.filter(|(runbook, _)| runbook.alert().is_none_or(finds))
    };
    // Where nothing makes incidents, an alert that begins a person's runbook tells that person.
    let by_hand = || {
        let responses = runbooks().filter(|(runbook, _)| runbook.by.is_some() && runbook.alert().is_some());
        responses.flat_map(|(_, run)| &run.responses).filter(move |response| response.begun_ns >= begin_ns)
    };
    let told = incidents().filter_map(|i| i.paged_ns).chain(by_hand().map(|response| response.begun_ns));
    let acked = incidents().filter_map(|i| i.acked_ns).chain(by_hand().filter_map(|response| response.acted_ns));
    let begin_s = begin_ns as f64 / 1e9;
    let acts = runbooks().flat_map(|(_, run)| &run.journal);
    // An experiment without a fault of its own tries what mends this one.
    let disturbs = |place: usize| model.faults.iter().any(|fault| fault.experiment == Some(place));
    let tried = run.experiments.iter().enumerate().filter(|(place, _)| !disturbs(*place));
    let acted = acts
        .chain(tried.flat_map(|(_, run)| &run.journal))
        .filter(|entry| entry.kind == JournalKind::Action && entry.at_s >= begin_s);
    let felt_ns = felt_ns(run, model, strike);
    let at_ns: [Option<i64>; STAGES.len()] = [
        felt_ns,
        seen_ns,
        fired_ns,
        told.min(),
        acked.min(),
        acted.map(|entry| (entry.at_s * 1e9) as i64).min(),
        back_ns(run, model, strike, felt_ns),
    ];
    Some(LoopRun {
        after_s: at_ns.map(|at| at.map(|at_ns| (at_ns - begin_ns).max(0) as f64 / 1e9)),
        minute_saves: saved(run, calm, model, begin_ns, &at_ns),
    })
}

/// When users feel a fault: the first slice in which a promise is not kept, or where nothing is promised more calls fail or are answered wrongly
/// than before.
fn felt_ns(run: &RunResult, model: &Model, strike: Span) -> Option<i64> {
    let slices = || run.slices.iter().filter(|slice| slice.from_ns as i64 >= strike.from_ns);
    let span = |slice: &Slice| Span { from_ns: slice.from_ns as i64, to_ns: slice.to_ns as i64 };
    let begin = |slice: &Slice| slice.from_ns as i64;
    if !model.promises.is_empty() {
        let broken =
            |slice: &&Slice| model.promises.iter().any(|p| p.kept_between(run, model, span(slice)) == Some(false));
        if let Some(slice) = slices().find(broken) {
            return Some(begin(slice));
        }
    }
    let usual = usually_harmed(run, model, strike.from_ns);
    slices()
        .find(|slice| share_harmed(model, std::iter::once(*slice)).is_some_and(|share| share > usual + FELT))
        .map(begin)
}

/// The share of calls that fail or are answered wrongly before a fault begins.
fn usually_harmed(run: &RunResult, model: &Model, begin_ns: i64) -> f64 {
    let before = run.slices.iter().filter(|slice| (slice.to_ns as i64) <= begin_ns);
    share_harmed(model, before).unwrap_or(0.0)
}

/// The share of calls of load classes that failed, or were answered wrongly.
fn share_harmed<'s>(model: &Model, slices: impl Iterator<Item = &'s Slice>) -> Option<f64> {
    let (mut harmed, mut all) = (0, 0);
    for slice in slices {
        let of_loads = model.edges.iter().zip(&slice.edges).filter(|(edge, _)| matches!(edge.caller, Caller::Load(_)));
        for (_, counts) in of_loads {
            all += counts.calls_settled();
            harmed += counts.calls_settled() - counts.call_outcomes[0] - counts.call_outcomes[1] + counts.wrong;
        }
    }
    (all > 0).then(|| harmed as f64 / all as f64)
}

/// When users no longer feel a fault: from then on all promises of endpoints are kept, or without promises no more calls fail or are answered wrongly
/// than before, for 30 s and as long as the fault lasts. It may be mended before its end, or last on after it. Where nobody has felt it, it is over
/// when it ends. `None` where that is not seen.
fn back_ns(run: &RunResult, model: &Model, strike: Span, felt_ns: Option<i64>) -> Option<i64> {
    let Some(felt_ns) = felt_ns else { return (strike.to_ns < run.whole().to_ns).then_some(strike.to_ns) };
    let endpoints = || (0..model.endpoints.len()).map(EndpointId::from);
    let promises: Vec<&Promise> =
        model.promises.iter().filter(|promise| endpoints().any(|of| is_about(promise, of))).collect();
    if !promises.is_empty() {
        return good_again(run, felt_ns, strike.to_ns, |span| are_kept(&promises, run, model, span)).ok();
    }
    let usual = usually_harmed(run, model, strike.from_ns);
    let is_good = |span: Span| share_harmed(model, run.slices_in(span)).is_none_or(|share| share <= usual + FELT);
    good_again(run, felt_ns, strike.to_ns, is_good).ok()
}

/// What a minute less of each stage would have saved: what sales and wrong replies cost in a minute of it more than without the fault, of at most
/// as long as the stage lasted.
fn saved(
    run: &RunResult,
    calm: Option<&RunResult>,
    model: &Model,
    begin_ns: i64,
    at_ns: &[Option<i64>; STAGES.len()],
) -> [Option<f64>; STAGES.len()] {
    let items = || model.costs.iter().filter(|item| matches!(item.group, Group::Sales | Group::Wrongness));
    let spent = |of: &RunResult, span: Span| items().map(|item| spent_between(of, model, item, span)).sum::<f64>();
    let before = Span { from_ns: 0, to_ns: begin_ns };
    let usual_a_ns = if begin_ns > 0 { spent(run, before) / begin_ns as f64 } else { 0.0 };
    let mut from_ns = begin_ns;
    at_ns.map(|at| {
        let to_ns = at?.max(from_ns);
        let span = Span { from_ns, to_ns };
        let length_ns = (to_ns - from_ns) as f64;
        from_ns = to_ns;
        if items().next().is_none() || length_ns <= 0.0 {
            return None;
        }
        let usual = calm.map_or(usual_a_ns * length_ns, |calm| spent(calm, span));
        let a_minute = (spent(run, span) - usual) / length_ns * 60e9;
        Some(a_minute * (length_ns / 60e9).min(1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::{SECOND, System, calls};
    use serde_json::json;

    /// A run of 200 s with a fault from 50 to 150 s, in which half of all requests fail; each costs 1 $. The alert fires at 80 s.
    #[test]
    fn stages_follow_each_other_and_have_their_price() {
        let mut system = System::new(200);
        let api = system.service("api", 1);
        let get = system.endpoint(api, "get");
        let users = system.load("users", get);
        let cut = system.fault("cut", 50, 100, None);
        system.alert("errors", Some(cut));
        system.promise("works", json!({"keep": {"availability": "99%"}, "of": "api.get"}));
        system.cost("lost", json!({"meter": {"failures": {"of": "api.get"}}, "price": "$1"}));
        let mut run = system.run(10);
        for (place, slice) in run.slices.iter_mut().enumerate() {
            slice.edges[users.index()] = if (5..15).contains(&place) { calls(50, 50) } else { calls(100, 0) };
        }
        run.alerts[0] = vec![Span { from_ns: 80 * SECOND as i64, to_ns: 150 * SECOND as i64 }];
        let stages = stages_of(&run, None, &system.model, cut).unwrap();
        let at = |name: &str| stages.after_s[STAGES.iter().position(|stage| *stage == name).unwrap()];
        assert_eq!(
            [at("symptom"), at("alert"), at("page"), at("recovery")],
            [Some(0.0), Some(30.0), None, Some(100.0)]
        );
        // 5 failures a second.
        let saves = |name: &str| stages.minute_saves[STAGES.iter().position(|stage| *stage == name).unwrap()];
        assert_eq!(saves("symptom"), None);
        let from_alert = saves("recovery").unwrap();
        assert!((from_alert - 300.0).abs() < 1e-9, "{from_alert}");
        assert!(stages_of(&system.run(10), None, &system.model, cut).is_some_and(|none| none.after_s[2].is_none()));
    }

    /// Cut from 50 to 70 s and from 90 to 110 s, which is one fault; `mended_s` says from when on nothing fails any more, whatever lasts.
    fn recovers(mended_s: u64, promised: bool) -> Option<f64> {
        let mut system = System::new(300);
        let api = system.service("api", 1);
        let get = system.endpoint(api, "get");
        let users = system.load("users", get);
        let cut = system.fault("cut", 50, 20, None);
        system.alert("errors", Some(cut));
        if promised {
            system.promise("works", json!({"keep": {"availability": "99%"}, "of": "api.get"}));
        }
        let mut run = system.run(10);
        run.faults[0] = [(50, 70), (90, 110)]
            .map(|(from_s, to_s)| Span { from_ns: from_s * SECOND as i64, to_ns: to_s * SECOND as i64 })
            .into();
        for (place, slice) in run.slices.iter_mut().enumerate() {
            let fails = (5..7).contains(&place) || place >= 9 && (place as u64) * 10 < mended_s;
            slice.edges[users.index()] = if fails { calls(50, 50) } else { calls(100, 0) };
        }
        let stages = stages_of(&run, None, &system.model, cut).unwrap();
        stages.after_s[STAGES.iter().position(|stage| *stage == "recovery").unwrap()]
    }

    #[test]
    fn a_fault_is_over_when_users_no_longer_feel_it() {
        for promised in [false, true] {
            assert_eq!(recovers(110, promised), Some(60.0), "with the last strike");
            assert_eq!(recovers(100, promised), Some(50.0), "mended before it ends");
            assert_eq!(recovers(200, promised), Some(150.0), "after its end");
            assert_eq!(recovers(290, promised), None, "not seen for 30 s");
        }
    }
}
