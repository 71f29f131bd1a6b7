//! Fallbacks of calls: which one a call has, and the other calls that they make.
//!
//! A fallback is written beside a call, in its policy or in the defaults of all calls; the first of these is the call's. Another call is compiled for
//! each call that falls back on it, as a call of the same caller, and stands behind that call in the list of calls.

use super::Compiler;
use crate::written::call::CallKeys;
use crate::written::call::fallback::FallbackSettings;
use sim_core::call::fallback::{Fallback, Source};
use sim_core::ids::{Caller, EdgeId};
use sim_core::outcome::Outcome;
use sim_core::problem::Problems;
use sim_core::topology::Step;

/// Which fallbacks a call may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MayFallBack {
    /// Any.
    Anything,
    /// An answer of the caller's own, and nothing else: a load class has no process that could keep answers or make another call; and nobody reads an
    /// answer to a message or to an invalidation.
    Itself,
    /// A lookup, whose failure is a miss.
    Nothing,
}

/// Where the defaults of all calls stand.
const DEFAULTS: &str = "defaults.call";

impl<'a> Compiler<'a> {
    /// Problems of the names in a fallback, and of the settings of its call.
    pub(super) fn validate_fallback(&self, fallback: &FallbackSettings, problems: &mut Problems) {
        if let Some(key) = fallback.cached.as_ref().and_then(|cached| cached.key.as_deref()) {
            problems.at("cached", |p| self.names.key_space("key", key, p));
        }
        if let Some(call) = &fallback.call {
            problems.at("call", |p| {
                _ = self.callee("to", &call.to, p);
                self.known_policy(call.policy.as_deref(), p);
                self.validate_call(&call.call_keys(), p);
            });
        }
    }

    /// The fallback of a call and where it stands: its own, that of its policy, or that of all calls. One whose call this is, is passed over.
    pub(super) fn fallback_of<'b>(
        &self,
        may: MayFallBack,
        (own, path): (&CallKeys<'b>, &str),
        (named, policy): (&CallKeys<'b>, Option<&str>),
        problems: &mut Problems,
    ) -> Option<(&'b FallbackSettings, String)>
    where
        'a: 'b,
    {
        if may == MayFallBack::Nothing {
            return None;
        }
        let of_policy = policy.map(|policy| format!("policies.{policy}")).unwrap_or_default();
        let all = [
            (own.fallback, path.to_owned()),
            (named.fallback, of_policy),
            (self.defaults.fallback, DEFAULTS.to_owned()),
        ];
        let mut all = all.into_iter().filter(|(_, place)| !self.falling_back.contains(place));
        let (fallback, place) = all.find_map(|(fallback, place)| Some((fallback?, place)))?;
        let is_plain = fallback.call.is_none() && fallback.cached.is_none();
        if may == MayFallBack::Anything || is_plain {
            return Some((fallback, place));
        }
        if place != DEFAULTS {
            let key = if place == path { "fallback" } else { "policy" };
            let what = if fallback.call.is_some() { "makes no other call" } else { "keeps no answers" };
            problems.error(key, format!("a caller that is no service {what} when this one fails")).hint = Some(
                "write the fallback at a call of a service, or one that is an answer alone: fallback: {latency: 5ms}"
                    .into(),
            );
        }
        None
    }

    /// Gives a call its fallback, with the other call where that is one.
    pub(super) fn falls_back(&mut self, by: (Caller, &str), edge: EdgeId, settings: &FallbackSettings, place: String) {
        let source = match (&settings.cached, &settings.call) {
            (Some(cached), _) => {
                let key = cached.key.as_ref().and_then(|key| self.names.keys.get(key).copied());
                Source::Kept { max_age: cached.max_age, key }
            }
            (None, Some(call)) => {
                // What is wrong with it is told where it stands, once for all calls that have it.
                let mut told = Problems::new();
                let path = format!("{place}.fallback.call");
                self.falling_back.push(place);
                let other = told.at(path, |p| self.call_step(by.0, by.1, call, p));
                self.falling_back.pop();
                let Some(other) = other else { return };
                self.takes_place(other, edge);
                Source::Call(other)
            }
            (None, None) => Source::Itself,
        };
        let outcome = match source {
            Source::Call(_) => settings.outcome,
            Source::Itself | Source::Kept { .. } => Some(settings.outcome.unwrap_or(Outcome::Degraded)),
        };
        let (latency, outcomes) = (settings.latency.clone(), settings.outcomes.clone());
        self.model.topology.edges[edge.index()].fallback = Some(Fallback { latency, outcome, outcomes, source });
    }

    /// What holds for a call holds for those that take its place: how long its caller has, and whether it can do without.
    fn takes_place(&mut self, other: EdgeId, first: EdgeId) {
        let (is_optional, deadline) = {
            let first = &self.model.edges[first.index()];
            (first.optional, first.deadline)
        };
        let mut next = Some(other);
        while let Some(other) = next {
            let other = &mut self.model.topology.edges[other.index()];
            other.optional |= is_optional;
            other.deadline = [other.deadline, deadline].into_iter().flatten().min();
            next = other.other_call();
        }
    }

    /// The step of a call, with the other calls that take its place.
    pub(super) fn call_or_other(&self, call: EdgeId) -> Step {
        match self.model.edges[call.index()].other_call() {
            Some(other) => Step::Fallback { call, otherwise: vec![self.call_or_other(other)] },
            None => Step::Call(call),
        }
    }

    /// A policy that is named for a lookup says what would happen if the lookup failed, which it does not.
    pub(super) fn needs_no_fallback(&self, policy: Option<&str>, problems: &mut Problems) {
        let Some(policy) = policy.and_then(|name| self.written.policies.get(name)) else { return };
        let keys = policy.call_keys();
        let written = [("fallback", keys.fallback.is_some()), ("optional", keys.optional == Some(true))];
        for (key, _) in written.into_iter().filter(|(_, is_written)| *is_written) {
            problems.error("policy", format!("{key} in this policy says nothing of a lookup")).hint = Some(
                "a cache that does not answer is a miss: name a policy without it, and write it at the calls in miss"
                    .into(),
            );
        }
    }
}
