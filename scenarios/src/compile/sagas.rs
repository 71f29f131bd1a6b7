//! Sagas: each is a queue of its own, whose consumer is an endpoint of the service that coordinates it; or its steps are consumers of a topic.

use super::Compiler;
use super::fallbacks::MayFallBack;
use crate::written::call::CallKeys;
use crate::written::saga::{SagaCallSettings, SagaSettings, SagaStepSettings};
use sim_core::dist::Distribution;
use sim_core::ids::{Caller, EdgeId, EndpointId, ServiceId};
use sim_core::message::saga::{CompensationFailedSettings, CoordinationSettings, Saga, SagaStep};
use sim_core::message::{Consumer, Queue};
use sim_core::problem::Problems;
use sim_core::topology::{Node, Step};
use sim_core::units::SimDuration;

/// The endpoint by which a saga begins.
pub(super) const START: &str = "start";
/// Sagas that wait for an instance that coordinates them.
const CAPACITY: u64 = 10_000_000;
/// A coordinator says so often that it is at work, while others wait before they take over.
const RENEWALS: u64 = 3;

/// Who makes the calls of a saga.
#[derive(Clone, Copy)]
enum Maker<'a> {
    /// An endpoint of a service.
    Runner(EndpointId, &'a str),
    /// A topic.
    Topic(ServiceId),
}

impl Compiler<'_> {
    pub(super) fn sagas(&mut self, problems: &mut Problems) {
        let written = self.written;
        problems.at("sagas", |p| {
            for (name, settings) in written.sagas.iter() {
                p.at(name, |p| self.saga(name, settings, p));
            }
        });
    }

    fn saga(&mut self, name: &str, settings: &SagaSettings, problems: &mut Problems) {
        settings.validate(problems);
        let known = self.known_policy_of(settings, problems);
        let maker = match &settings.coordination {
            CoordinationSettings::Choreographed(settings) => self.over(&settings.over, problems),
            _ => self.runner(name, settings, problems),
        };
        let Some(maker) = maker.filter(|_| known) else { return };
        let steps: Vec<SagaStep> = problems.at("steps", |p| {
            let numbered = settings.steps.iter().enumerate();
            numbered.filter_map(|(index, step)| p.at(index, |p| self.saga_step(maker, step, settings, p))).collect()
        });
        let id = self.names.services[name];
        let consumers = match maker {
            Maker::Topic(topic) => {
                self.takes_part(topic, &steps);
                vec![]
            }
            Maker::Runner(runner, _) => {
                self.runs(runner, &steps);
                vec![self.coordinator(name, runner, settings, problems)]
            }
        };
        let repair =
            settings.compensation_failed.as_ref().map(|CompensationFailedSettings::Repair(repair)| repair.clone());
        let runner = if let Maker::Runner(runner, _) = maker { Some(runner) } else { None };
        let is_two_phase = matches!(settings.coordination, CoordinationSettings::TwoPhaseCommit(_));
        let saga = Saga { runner, is_two_phase, steps, repair };
        self.model.services[id.index()].node =
            Node::Queue(Queue { capacity: CAPACITY, consumers, saga: Some(saga), ..Queue::default() });
    }

    fn known_policy_of(&self, settings: &SagaSettings, problems: &mut Problems) -> bool {
        problems.at("each", |p| {
            // One attempt is less than what is usual here.
            let once = settings.each.retry.as_ref().is_some_and(|retry| retry.attempts() == 1);
            let keys = settings.each.call_keys();
            self.validate_call(&CallKeys { retry: keys.retry.filter(|_| !once), ..keys }, p);
            self.known_policy(settings.each.policy.as_deref(), p) && self.does_each_step(settings, p)
        })
    }

    /// A step without its participant would count as done, and nothing of it stands.
    fn does_each_step(&self, settings: &SagaSettings, problems: &mut Problems) -> bool {
        if matches!(settings.coordination, CoordinationSettings::Choreographed(_)) {
            return true;
        }
        let of_policy = settings.each.policy.as_ref().and_then(|policy| self.written.policies.get(policy));
        let policy = of_policy.map(|policy| policy.call_keys()).unwrap_or_default();
        let is_optional = self.defaults.optional == Some(true) && policy.optional != Some(false);
        let (key, hint) = if policy.fallback.is_some() || policy.optional == Some(true) {
            ("policy", "name a policy without fallback and optional")
        } else if is_optional || self.defaults.fallback.is_some() {
            ("", "write fallback and optional at the calls that are to have them, and not in defaults.call")
        } else {
            return true;
        };
        problems.error(key, "a step that does without its participant is not done").hint = Some(hint.into());
        false
    }

    /// The call by which an instance takes a saga, and coordinates it.
    fn coordinator(
        &mut self,
        name: &str,
        runner: EndpointId,
        settings: &SagaSettings,
        problems: &Problems,
    ) -> Consumer {
        let takes_over = settings.coordination.takes_over();
        let path = format!("{}.coordination", problems.path());
        let edge = self.plain_edge(Caller::Queue(self.names.services[name]), name, runner, path);
        let renew_every = SimDuration::from_ns((takes_over.ns() / RENEWALS).max(1));
        self.model.edges[edge.index()].timeout = Some(Distribution::constant(renew_every));
        Consumer { renew_every: Some(renew_every), ..Consumer::plain(edge, takes_over, u32::MAX) }
    }

    /// What the file alone says of the endpoint that coordinates: all steps are taken, and nothing is undone.
    fn runs(&mut self, runner: EndpointId, steps: &[SagaStep]) {
        let undo = steps.iter().rev().filter_map(|step| step.compensation.map(Step::Call)).collect();
        let mut code: Vec<Step> = steps.iter().map(|step| Step::Call(step.action)).collect();
        code.push(Step::Choose(vec![(1.0, vec![]), (0.0, undo)]));
        let endpoint = &mut self.model.endpoints[runner.index()];
        endpoint.steps = code;
        endpoint.is_async = true;
    }

    /// Each step, and each compensation, has a consumer group of the topic.
    fn takes_part(&mut self, topic: ServiceId, steps: &[SagaStep]) {
        let edges = steps.iter().flat_map(|step| std::iter::once(step.action).chain(step.compensation));
        for edge in edges {
            let at = &mut self.model.edges[edge.index()];
            let timeout = at.timeout.as_ref().map_or(0.0, Distribution::mean);
            let retry = at.retry.take();
            let deliveries = retry.as_ref().map_or(1, |retry| retry.attempts().min(250));
            let consumer = Consumer {
                backoff: retry.map(|retry| retry.backoff),
                is_of_saga: true,
                ..Consumer::plain(edge, SimDuration::from_ns((timeout * 1e9) as u64), deliveries)
            };
            if let Node::Queue(queue) = &mut self.model.services[topic.index()].node {
                queue.consumers.push(consumer);
            }
        }
    }

    /// The topic over which a saga goes.
    fn over(&self, over: &str, problems: &mut Problems) -> Option<Maker<'static>> {
        if self.written.topics.get(over).is_none() {
            if self.around.tree.find(&format!("topics.{over}")).is_none() {
                problems.unknown("coordination.choreographed.over", "topic", over, self.written.topics.names());
            }
            return None;
        }
        Some(Maker::Topic(self.names.services[over]))
    }

    /// The endpoint that coordinates a saga.
    fn runner<'s>(&self, name: &str, settings: &'s SagaSettings, problems: &mut Problems) -> Option<Maker<'s>> {
        let by = settings.coordination.by()?;
        let key = format!("coordination.{}.by", settings.coordination.name());
        let Some(service) = self.written.services.get(by) else {
            if self.around.tree.find(&format!("services.{by}")).is_none() {
                problems.unknown(&key, "service", by, self.written.services.names());
            }
            return None;
        };
        if service.endpoints.get(name).is_some() {
            problems.error(&key, format!("{by} has an endpoint that is called \"{name}\" too")).hint =
                Some("give the saga or the endpoint another name".into());
            return None;
        }
        self.names.endpoints.get(&format!("{by}.{name}")).map(|runner| Maker::Runner(*runner, by))
    }

    fn saga_step(
        &mut self,
        maker: Maker<'_>,
        step: &SagaStepSettings,
        settings: &SagaSettings,
        problems: &mut Problems,
    ) -> Option<SagaStep> {
        let action = self.saga_call(maker, ("action", &step.action), settings, problems);
        let undo = step.compensation.as_ref().filter(|_| compensates(&settings.coordination));
        let compensation = undo.map(|to| self.saga_call(maker, ("compensation", to), settings, problems));
        Some(SagaStep { name: step.name.as_ref().to_owned(), action: action?, compensation: compensation.flatten() })
    }

    fn saga_call(
        &mut self,
        maker: Maker<'_>,
        (key, to): (&str, &str),
        settings: &SagaSettings,
        problems: &mut Problems,
    ) -> Option<EdgeId> {
        let callee = self.callee(key, to, problems)?;
        if matches!(self.model.services[self.model.endpoints[callee.index()].service.index()].node, Node::Queue(_)) {
            problems.error(key, "a message that is sent is not done yet, and cannot fail").hint =
                Some("name the endpoint of a service that does it".into());
            return None;
        }
        let path = format!("{}.{key}", problems.path());
        let edge = match maker {
            Maker::Runner(runner, by) => {
                let (keys, policy) = (settings.each.call_keys(), settings.each.policy.as_deref());
                let caller = (Caller::Endpoint(runner), by);
                self.edge_with(caller, callee, (path, MayFallBack::Nothing), (keys, policy), problems)
            }
            Maker::Topic(topic) => {
                let name = self.model.services[topic.index()].name.clone();
                let edge = self.plain_edge(Caller::Queue(topic), &name, callee, path);
                let at = &mut self.model.edges[edge.index()];
                at.timeout.clone_from(&settings.each.timeout);
                at.retry.clone_from(&settings.each.retry);
                edge
            }
        };
        let at = &mut self.model.edges[edge.index()];
        if let CoordinationSettings::TwoPhaseCommit(two_phase) = &settings.coordination {
            (at.timeout, at.retry) = (Some(Distribution::constant(two_phase.prepare_timeout)), None);
        } else {
            at.timeout.get_or_insert_with(SagaCallSettings::usual_timeout);
            at.retry.get_or_insert_with(SagaCallSettings::usual_retry);
        }
        Some(edge)
    }
}

fn compensates(coordination: &CoordinationSettings) -> bool {
    !matches!(coordination, CoordinationSettings::TwoPhaseCommit(_))
}
