//! Traces: the first probe. Of one request of a load class, what became of each attempt that it caused.

use super::World;
use super::frame::FrameId;
use super::probe::{Probe, Stage};
use crate::ids::LoadId;
use crate::model::Model;
use crate::results::{RunResult, Trace, TraceSpan, TraceStep};
use std::collections::BTreeMap;

/// Runs one replication of a model, and follows one request of a load class: the `number`-th that comes from the start on, the first being 1.
///
/// The run is the one of [`simulate`](super::simulate) to the bit. The trace is `None` if fewer requests came.
///
/// # Panics
/// As [`simulate`](super::simulate).
pub fn trace(model: &Model, seed: u64, replication: u32, load: LoadId, number: u64) -> (RunResult, Option<Trace>) {
    let mut tracer = Tracer::new(model, load, number);
    let mut world = World::new(model, seed, replication);
    world.listen(&mut tracer);
    world.run();
    let run = world.into_result();
    (run, tracer.trace)
}

/// Builds the trace of one request.
struct Tracer<'m> {
    model: &'m Model,
    load: LoadId,
    number: u64,
    /// Requests of the load class so far.
    come: u64,
    trace: Option<Trace>,
    /// By frame: the span to which it belongs; none of a load class's own.
    spans: BTreeMap<FrameId, usize>,
    /// By frame of a caller: its present attempt.
    attempts: BTreeMap<FrameId, usize>,
    /// By frame: the step of its span that it is doing.
    doing: BTreeMap<FrameId, (usize, usize)>,
}

impl<'m> Tracer<'m> {
    fn new(model: &'m Model, load: LoadId, number: u64) -> Self {
        let (spans, attempts, doing) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { model, load, number, come: 0, trace: None, spans, attempts, doing }
    }

    /// What a frame was doing ends when its next stage begins.
    fn step_ends(&mut self, at_ns: i64, frame: FrameId) {
        if let (Some((span, step)), Some(trace)) = (self.doing.remove(&frame), &mut self.trace) {
            trace.spans[span].steps[step].to_ns = Some(at_ns);
        }
    }

    /// A frame begins. What it was before is over.
    fn begins(&mut self, frame: FrameId, span: Option<usize>) {
        self.doing.remove(&frame);
        self.attempts.remove(&frame);
        match span {
            Some(span) => self.spans.insert(frame, span),
            None => self.spans.remove(&frame),
        };
    }

    fn of(&mut self, frame: FrameId) -> Option<&mut TraceSpan> {
        let span = *self.spans.get(&frame)?;
        Some(&mut self.trace.as_mut()?.spans[span])
    }

    fn sends(&mut self, at_ns: i64, frame: FrameId, stage: Stage) {
        let (Stage::Attempt { caller, site, instance, number }, Some(trace)) = (stage, &mut self.trace) else { return };
        let endpoint = self.model.edges[site.index()].callee;
        let span = trace.spans.len();
        trace.spans.push(TraceSpan {
            caused_by: caller.and_then(|caller| self.spans.get(&caller).copied()),
            edge: site,
            service: self.model.endpoints[endpoint.index()].service,
            endpoint,
            instance,
            attempt: number,
            sent_ns: at_ns,
            queued_ns: None,
            started_ns: None,
            replied_ns: None,
            ended_ns: None,
            outcome: None,
            steps: Vec::new(),
        });
        self.begins(frame, Some(span));
        if let Some(caller) = caller {
            self.attempts.insert(caller, span);
        }
    }

    fn ends(&mut self, at_ns: i64, span: Option<usize>, outcome: Option<crate::outcome::Outcome>) {
        if let (Some(span), Some(trace)) = (span, &mut self.trace) {
            trace.spans[span].ended_ns = Some(at_ns);
            trace.spans[span].outcome = outcome;
        }
    }
}

impl Probe for Tracer<'_> {
    fn wants(&mut self, load: LoadId) -> bool {
        self.come += u64::from(load == self.load);
        load == self.load && self.come == self.number
    }

    fn stage(&mut self, at_ns: i64, frame: FrameId, stage: Stage) {
        match stage {
            Stage::Arrives => {
                self.trace = Some(Trace { arrived_ns: at_ns, spans: Vec::new() });
                return self.begins(frame, None);
            }
            Stage::Attempt { .. } => return self.sends(at_ns, frame, stage),
            Stage::Beside(cause) => {
                // A fork ends the step before it, and so do background steps and messages, which begin when the next step does.
                self.step_ends(at_ns, cause);
                let span = self.spans.get(&cause).copied();
                return self.begins(frame, span);
            }
            Stage::Copy(other) | Stage::Replaces(other) => {
                let span = self.spans.get(&other).copied();
                return self.begins(frame, span);
            }
            // A caller that gives up an attempt is still at its call, and may try again.
            Stage::GivesUp(_) => {}
            _ => self.step_ends(at_ns, frame),
        }
        match stage {
            Stage::Queues => self.of(frame).into_iter().for_each(|span| span.queued_ns = Some(at_ns)),
            Stage::Starts => self.of(frame).into_iter().for_each(|span| span.started_ns = Some(at_ns)),
            Stage::Replies => self.of(frame).into_iter().for_each(|span| span.replied_ns = Some(at_ns)),
            Stage::Step(what) => {
                if let Some(span) = self.of(frame) {
                    span.steps.push(TraceStep { what, from_ns: at_ns, to_ns: None });
                    let step = span.steps.len() - 1;
                    self.doing.insert(frame, (self.spans[&frame], step));
                }
            }
            Stage::Ends(outcome) => self.ends(at_ns, self.spans.get(&frame).copied(), Some(outcome)),
            Stage::GivesUp(outcome) => {
                let span = self.attempts.remove(&frame);
                self.ends(at_ns, span, outcome);
            }
            Stage::Arrives
            | Stage::Attempt { .. }
            | Stage::Beside(_)
            | Stage::Copy(_)
            | Stage::Replaces(_)
            | Stage::Stops => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::Distribution;
    use crate::ids::{EdgeId, EndpointId, ServiceId};
    use crate::outcome::Outcome;
    use crate::results::TraceStepKind::{self, Call, Work};
    use crate::units::SimDuration;
    use crate::workload::{Arrival, Bursts};
    use crate::world::simulate;
    use crate::world::tests::{chain, ms, service};

    const MS: i64 = 1_000_000;

    /// Two tiers with a worker each, which work 5 ms and 3 ms; so many requests come at once.
    fn two_tiers(requests: u64, timeout: Option<SimDuration>) -> Model {
        let tier = |name, work| (service(name, 1, None), Distribution::constant(ms(work)));
        let mut model = chain(1.0, 10, &[tier("a", 5), tier("b", 3)], &[None, timeout]);
        model.run.warm_up = ms(0);
        model.loads[0].arrival = Arrival::Burst(Bursts { size: requests, at_ns: 0, every_ns: None, times: 1 });
        model
    }

    /// The trace of a request, in a run that is the one without a trace.
    fn traced(model: &Model, number: u64) -> Option<Trace> {
        let (run, trace) = trace(model, 1, 0, LoadId(0), number);
        assert_eq!((run.digest, run.events > 0), (simulate(model, 1, 0).digest, true));
        trace
    }

    /// A span of a tier with times [ms]: sent, queued, started, replied, ended.
    fn span(
        tier: u32,
        attempt: u32,
        times: [Option<i64>; 5],
        outcome: Outcome,
        steps: &[(TraceStepKind, i64, i64)],
    ) -> TraceSpan {
        let [sent, queued, started, replied, ended] = times.map(|time| time.map(|time| time * MS));
        let step = |&(what, from, to): &(TraceStepKind, i64, i64)| TraceStep {
            what,
            from_ns: from * MS,
            to_ns: Some(to * MS),
        };
        TraceSpan {
            caused_by: (tier > 0).then_some(0),
            edge: EdgeId(tier),
            service: ServiceId(tier),
            endpoint: EndpointId(tier),
            instance: Some(0),
            attempt,
            sent_ns: sent.unwrap(),
            queued_ns: queued,
            started_ns: started,
            replied_ns: replied,
            ended_ns: ended,
            outcome: Some(outcome),
            steps: steps.iter().map(step).collect(),
        }
    }

    #[test]
    fn two_requests_at_once_have_the_times_of_two_tiers_in_line() {
        let model = two_tiers(2, None);
        let first = vec![
            span(
                0,
                1,
                [Some(0), None, Some(0), Some(8), Some(8)],
                Outcome::Ok,
                &[(Work, 0, 5), (Call(EdgeId(1)), 5, 8)],
            ),
            span(1, 1, [Some(5), None, Some(5), Some(8), Some(8)], Outcome::Ok, &[(Work, 5, 8)]),
        ];
        let second = vec![
            span(
                0,
                1,
                [Some(0), Some(0), Some(5), Some(13), Some(13)],
                Outcome::Ok,
                &[(Work, 5, 10), (Call(EdgeId(1)), 10, 13)],
            ),
            span(1, 1, [Some(10), None, Some(10), Some(13), Some(13)], Outcome::Ok, &[(Work, 10, 13)]),
        ];
        assert_eq!(traced(&model, 1), Some(Trace { arrived_ns: 0, spans: first }));
        assert_eq!(traced(&model, 2), Some(Trace { arrived_ns: 0, spans: second }));
        assert_eq!(traced(&model, 3), None, "only two came");
    }

    #[test]
    fn attempts_that_are_given_up_end_for_their_caller_and_go_on() {
        let mut model = two_tiers(1, Some(ms(2)));
        model.edges[1].retry =
            Some(serde_json::from_str(r#"{"max_attempts": "2", "backoff": {"fixed": {"delay": "4ms"}}}"#).unwrap());
        let spans = vec![
            span(
                0,
                1,
                [Some(0), None, Some(0), Some(13), Some(13)],
                Outcome::Error,
                &[(Work, 0, 5), (Call(EdgeId(1)), 5, 13)],
            ),
            span(1, 1, [Some(5), None, Some(5), Some(8), Some(7)], Outcome::Timeout, &[(Work, 5, 8)]),
            span(1, 2, [Some(11), None, Some(11), Some(14), Some(13)], Outcome::Timeout, &[(Work, 11, 14)]),
        ];
        assert_eq!(traced(&model, 1), Some(Trace { arrived_ns: 0, spans }));
    }
}
