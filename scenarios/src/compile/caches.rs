//! Caches, and the steps that ask them.

use super::Compiler;
use super::fallbacks::MayFallBack;
use super::nodes::WrittenEndpoint;
use crate::written::cache::CacheSettings;
use crate::written::call::CallKeys;
use crate::written::node::Workers;
use crate::written::step::{InvalidateStep, LookupStep, StepSettings};
use sim_core::call::balance::{BalanceSettings, RingHashSettings};
use sim_core::data::Effect;
use sim_core::data::cache::{ContentsSettings, FixedSettings};
use sim_core::ids::{Caller, EdgeId, ServiceId};
use sim_core::problem::{Problem, Problems};
use sim_core::topology::{Cache, Node, Step};
use sim_core::units::Probability;

/// What can be asked of a cache with instances.
pub(super) const CACHE_ENDPOINTS: [&str; 2] = ["lookup", "invalidate"];

/// A cache as meant, before the names in it are known.
pub(super) fn cache_of(written: &CacheSettings) -> Cache {
    let nothing = || ContentsSettings::Fixed(FixedSettings { hit_ratio: Probability::ZERO, ttl: None });
    Cache {
        contents: written.contents.clone().unwrap_or_else(nothing),
        key: None,
        is_local: written.is_local(),
        coalesce: written.coalesce,
        early: written.early,
        stale_while_revalidate: written.stale_while_revalidate,
    }
}

impl Compiler<'_> {
    pub(super) fn cache(&mut self, name: &str, settings: &CacheSettings, problems: &mut Problems) {
        settings.validate(problems);
        if !settings.is_local() {
            self.instances_of_cache(name, settings, problems);
        }
        let mut cache = cache_of(settings);
        if let Some(ContentsSettings::Keyed(keyed)) = &settings.contents {
            cache.key = problems.at("contents", |p| p.at("keyed", |p| self.names.key_space("key", &keyed.key, p)));
        }
        let id = self.names.services[name];
        self.model.services[id.index()].node = Node::Cache(cache);
    }

    /// What a cache has in common with services. Both of its endpoints do the same.
    fn instances_of_cache(&mut self, name: &str, settings: &CacheSettings, problems: &mut Problems) {
        let mut keys = settings.node_keys();
        if self.written.defaults.service.workers.is_none() {
            keys.workers = keys.workers.or(Some(Workers::Unlimited));
        }
        let asked = CACHE_ENDPOINTS.map(|endpoint| WrittenEndpoint {
            name: endpoint,
            steps: &settings.steps,
            effect: &Effect::None,
            is_async: None,
            access: None,
            requires: None,
            admission: None,
        });
        // What is wrong with the steps is said once.
        let [lookup, invalidate] = asked;
        self.node_without_endpoints(name, keys, problems);
        self.answer(name, keys.is_async, &lookup, problems);
        self.answer(name, keys.is_async, &invalidate, &mut Problems::new());
    }

    pub(super) fn lookup(
        &mut self,
        caller: Caller,
        name: &str,
        lookup: &LookupStep,
        problems: &mut Problems,
    ) -> Option<Step> {
        let miss = problems.at("miss", |p| self.steps(caller, name, &lookup.miss, p));
        if lookup.miss.is_empty() {
            problems.error("miss", "nothing makes a value").hint =
                Some("write what does, as miss: [{call: {to: db.read}}]".into());
        }
        answers_in(&lookup.miss, "miss", problems);
        let cache = self.cache_named(&lookup.cache, problems)?;
        let call = self.call_to_cache(caller, name, cache, "lookup", lookup.policy.as_deref(), problems);
        if let Some(edge) = call {
            // A cache that does not answer is a miss, also where all calls are optional.
            self.model.topology.edges[edge.index()].optional = false;
            self.needs_no_fallback(lookup.policy.as_deref(), problems);
        }
        let Node::Cache(settings) = &self.model.services[cache.index()].node else { return None };
        Some(Step::Lookup { cache, call, hit_ratio: settings.contents.hit_ratio(), miss })
    }

    pub(super) fn invalidate(
        &mut self,
        caller: Caller,
        name: &str,
        step: &InvalidateStep,
        problems: &mut Problems,
    ) -> Option<Step> {
        let cache = self.cache_named(&step.cache, problems)?;
        let Node::Cache(settings) = &self.model.services[cache.index()].node else { return None };
        if !settings.contents.remembers() {
            problems.error("cache", format!("{} keeps nothing that could be let go", step.cache)).hint =
                Some("give its contents a ttl, or keys".into());
        }
        let call = self.call_to_cache(caller, name, cache, "invalidate", step.policy.as_deref(), problems);
        Some(Step::Invalidate { cache, call })
    }

    fn cache_named(&self, name: &str, problems: &mut Problems) -> Option<ServiceId> {
        let is_there = self.around.tree.find("caches").and_then(|caches| caches.get(name)).is_some();
        if !is_there {
            problems.unknown("cache", "cache", name, self.written.caches.names());
            return None;
        }
        self.names.services.get(name).copied()
    }

    /// The call to a cache with instances; `None` of one without.
    fn call_to_cache(
        &mut self,
        caller: Caller,
        name: &str,
        cache: ServiceId,
        endpoint: &str,
        policy: Option<&str>,
        problems: &mut Problems,
    ) -> Option<EdgeId> {
        let called = self.model.services[cache.index()].name.clone();
        if !self.model.services[cache.index()].node.stands_alone() {
            if policy.is_some() {
                problems
                    .error("policy", format!("{called} lies in the memory of its callers, and is not called"))
                    .hint = Some("leave policy out, or give the cache steps".into());
            }
            return None;
        }
        let callee = *self.names.endpoints.get(&format!("{called}.{endpoint}"))?;
        let path = format!("{}.cache", problems.path());
        let may = if endpoint == "lookup" { MayFallBack::Nothing } else { MayFallBack::Itself };
        let edge = self.edge_by_policy(caller, name, callee, (path, may), policy, problems)?;
        self.by_key(edge, cache, policy);
        Some(edge)
    }

    /// A call to a cache of keys goes to the instance to which the key belongs, if nothing else is written.
    fn by_key(&mut self, edge: EdgeId, cache: ServiceId, policy: Option<&str>) {
        let written = self.written;
        let named = policy.and_then(|name| written.policies.get(name)).map(|p| p.call_keys()).unwrap_or_default();
        let keys: CallKeys<'_> = named.over(self.defaults);
        let Some(settings) = written.caches.get(&self.model.services[cache.index()].name) else { return };
        let Some(key) = settings.contents.as_ref().and_then(ContentsSettings::key) else { return };
        if keys.balance.is_some() {
            return;
        }
        let id = self.names.keys.get(key).copied();
        let guard = self.model.edges[edge.index()].guard;
        let guard = &mut self.model.topology.guards[guard.index()];
        guard.balance =
            BalanceSettings::RingHash(RingHashSettings { key: Some(key.to_owned()), ..RingHashSettings::default() });
        guard.balance_key = id;
    }
}

/// Steps of a miss make a value and answer nobody.
fn answers_in(steps: &[StepSettings], path: &str, problems: &mut Problems) {
    for (number, step) in steps.iter().enumerate() {
        let path = format!("{path}.{number}");
        match step {
            StepSettings::Reply(_) | StepSettings::Forward(_) => {
                let at = if problems.path().is_empty() { path } else { format!("{}.{path}", problems.path()) };
                problems.push(
                    Problem::error(at, "what makes a value for a cache answers nobody")
                        .hint("put the step behind the lookup"),
                );
            }
            StepSettings::Steps(steps) => answers_in(steps, &format!("{path}.steps"), problems),
            StepSettings::Choose(choices) => choices
                .iter()
                .enumerate()
                .for_each(|(arm, choice)| answers_in(&choice.steps, &format!("{path}.choose.{arm}.steps"), problems)),
            _ => {}
        }
    }
}
