//! Call sites and the state that they share; load classes, which are callers too.

use super::fallbacks::MayFallBack;
use super::{Compiler, percent};
use crate::files::beside;
use crate::reader::SET;
use crate::traces::Named;
use crate::written::call::{CallKeys, CallStep};
use crate::written::load::LoadSettings;
use crate::written::step::GateStep;
use sim_core::call::balance::BalanceSettings;
use sim_core::call::rate_limit::RateLimitSettings;
use sim_core::data::gate::Gate;
use sim_core::dist::Distribution;
use sim_core::ids::{Caller, EdgeId, EndpointId, GuardId, LoadId, ServiceId, ZoneId};
use sim_core::message::outbox::{Outbox, OutboxSettings};
use sim_core::problem::{Problem, Problems, nearest};
use sim_core::topology::{Access, Edge, Guard, Load, Subject};
use sim_core::units::Probability;
use sim_core::workload::{Replay, ReplaySettings, TENANT};

/// One call site as it is written.
struct Site<'a> {
    caller: Caller,
    /// Name of the service, load class or queue that calls.
    name: &'a str,
    callee: EndpointId,
    /// Where the callee is named.
    path: String,
    /// Which fallbacks it may have.
    may: MayFallBack,
}

impl Compiler<'_> {
    /// The endpoint that `to` names.
    pub(super) fn callee(&self, key: &str, to: &str, problems: &mut Problems) -> Option<EndpointId> {
        if let Some(id) = self.names.endpoints.get(to) {
            return Some(*id);
        }
        let (service, endpoint) = to.split_once('.').unwrap_or((to, ""));
        if !self.names.services.contains_key(service) {
            problems.unknown(key, "service", service, self.names.services.keys().map(String::as_str));
            return None;
        }
        let prefix = format!("{service}.");
        let known: Vec<&str> = self.names.endpoints.keys().filter_map(|name| name.strip_prefix(&prefix)).collect();
        let label = format!("endpoints of {service}: {}", known.join(", "));
        if endpoint.is_empty() {
            let problem = problems.error(key, format!("{service} is a service, not an endpoint"));
            problem.label = Some(label);
            problem.hint = known.first().map(|first| format!("write {service}.{first}"));
            return None;
        }
        let problem = problems.error(key, format!("{service} has no endpoint called \"{endpoint}\""));
        problem.label = Some(label);
        problem.hint = nearest(endpoint, known).map(|near| format!("did you mean {service}.{near}?"));
        None
    }

    pub(super) fn call_step(
        &mut self,
        caller: Caller,
        name: &str,
        call: &CallStep,
        problems: &mut Problems,
    ) -> Option<EdgeId> {
        let callee = self.callee("to", &call.to, problems);
        let keys = call.call_keys();
        self.validate_call(&keys, problems);
        let known = self.known_policy(call.policy.as_deref(), problems);
        let path = format!("{}.to", problems.path());
        let own = problems.path();
        let site = Site { caller, name, callee: callee?, path, may: MayFallBack::Anything };
        let edge = known.then(|| self.edge(site, keys, call.policy.as_deref(), &own, problems))?;
        if let Some(outbox) = &call.outbox {
            problems.at("outbox", |p| self.outbox(edge, outbox, p));
        }
        Some(edge)
    }

    /// A message that is written together with the row of a store.
    fn outbox(&mut self, edge: EdgeId, settings: &OutboxSettings, problems: &mut Problems) {
        settings.validate(problems);
        let callee = self.model.edges[edge.index()].callee;
        let of = &self.model.endpoints[callee.index()];
        let (store, endpoint) = of.name.split_once('.').unwrap_or_default();
        let written = self.written.stores.get(store).and_then(|store| store.endpoints.get(endpoint));
        if written.is_none_or(|endpoint| endpoint.access == Access::Read) {
            problems.error("", "an outbox lies in a store, beside the row that a call writes").hint =
                Some("call an endpoint of a store with access: write".into());
            return;
        }
        let store = of.service;
        let Some(to) = self.callee("to", &settings.to, problems) else { return };
        let takes = &self.model.endpoints[to.index()].name;
        let is_queue = takes.split_once('.').is_some_and(|(name, _)| {
            self.written.queues.get(name).is_some() || self.written.topics.get(name).is_some()
        });
        if !is_queue {
            problems.error("to", format!("{takes} is no queue and no topic")).hint =
                Some("write the name of a queue or topic, and .send".into());
            return;
        }
        let (every, count, takes) = (settings.every, settings.batch.count.get_u32(), settings.batch.takes);
        let outbox = Outbox { edge, to, every, count, takes };
        self.outboxes.push((store, outbox));
    }

    /// A call of which only the policy is written.
    pub(super) fn edge_by_policy(
        &mut self,
        caller: Caller,
        name: &str,
        callee: EndpointId,
        (path, may): (String, MayFallBack),
        policy: Option<&str>,
        problems: &mut Problems,
    ) -> Option<EdgeId> {
        let own = problems.path();
        let site = Site { caller, name, callee, path, may };
        self.known_policy(policy, problems).then(|| self.edge(site, CallKeys::default(), policy, &own, problems))
    }

    /// The call of a gate: its settings are those of its policy and of all calls.
    pub(super) fn gate_edge(
        &mut self,
        caller: Caller,
        name: &str,
        callee: EndpointId,
        (path, gate): (String, &GateStep),
        problems: &mut Problems,
    ) -> Option<EdgeId> {
        let own = problems.path();
        let site = Site { caller, name, callee, path, may: MayFallBack::Itself };
        let policy = gate.policy.as_deref();
        let known = self.known_policy(policy, problems);
        let edge = known.then(|| self.edge(site, CallKeys::default(), policy, &own, problems))?;
        let at = &mut self.model.topology.edges[edge.index()];
        at.level = Some(gate.level);
        at.gate = Some(Gate { level: gate.level, on_conflict: gate.on_conflict, back: 0 });
        if at.fallback.is_some() || at.optional {
            problems.error("policy", "a gate that does without the authority is none").hint =
                Some("name a policy without fallback and optional".into());
        }
        Some(edge)
    }

    /// A call with settings of its own and a policy that stand somewhere else than at a call step.
    pub(super) fn edge_with(
        &mut self,
        (caller, name): (Caller, &str),
        callee: EndpointId,
        (path, may): (String, MayFallBack),
        (keys, policy): (CallKeys<'_>, Option<&str>),
        problems: &mut Problems,
    ) -> EdgeId {
        let own = problems.path();
        self.edge(Site { caller, name, callee, path, may }, keys, policy, &own, problems)
    }

    /// Problems of the settings of a call, and of the names in them.
    pub(super) fn validate_call(&self, keys: &CallKeys<'_>, problems: &mut Problems) {
        keys.validate(problems);
        if let Some(fallback) = keys.fallback {
            problems.at("fallback", |p| self.validate_fallback(fallback, p));
        }
        if let Some(limit) = keys.rate_limit {
            problems.at("rate_limit", |p| self.subject_of(limit, p));
        }
        if let Some(balance) = keys.balance
            && let Some(key) = balance.key()
        {
            let kind = if matches!(balance, BalanceSettings::Maglev(_)) { "maglev" } else { "ring_hash" };
            problems.at("balance", |p| p.at(kind, |p| self.names.key_space("key", key, p)));
        }
    }

    /// A call site without settings: a message that a queue hands over, or a request that is forwarded.
    pub(super) fn plain_edge(&mut self, caller: Caller, name: &str, callee: EndpointId, path: String) -> EdgeId {
        let site = Site { caller, name, callee, path, may: MayFallBack::Itself };
        let balance = self.defaults.balance;
        let guard = self.guard(&site, &CallKeys { balance, ..CallKeys::default() }, None, "");
        self.push_edge(site, CallKeys::default(), guard)
    }

    pub(super) fn known_policy(&self, policy: Option<&str>, problems: &mut Problems) -> bool {
        let Some(policy) = policy else { return true };
        if self.written.policies.get(policy).is_some() {
            return true;
        }
        if self.around.tree.find("policies").and_then(|p| p.get(policy)).is_none() {
            problems.unknown("policy", "policy", policy, self.written.policies.names());
        }
        false
    }

    fn edge(
        &mut self,
        site: Site<'_>,
        own: CallKeys<'_>,
        policy: Option<&str>,
        path: &str,
        problems: &mut Problems,
    ) -> EdgeId {
        let written = self.written;
        let named = policy.and_then(|name| written.policies.get(name)).map(|p| p.call_keys()).unwrap_or_default();
        let fallback = self.fallback_of(site.may, (&own, path), (&named, policy), problems);
        let keys = CallKeys { fallback: None, ..own.over(named).over(self.defaults) };
        let has_own_state = own.breaker.is_some()
            || own.throttle.is_some()
            || own.rate_limit.is_some()
            || own.concurrency_limit.is_some()
            || own.pool.is_some()
            || own.balance.is_some()
            || own.hedge.is_some()
            || own.outlier_ejection.is_some()
            || own.retry.is_some_and(|r| r.budget.is_some())
            || (own.retry.is_some() && named.retry.is_some_and(|r| r.budget.is_some()));
        let shared = policy.filter(|_| !has_own_state);
        if let (Some(policy), true) = (policy, has_own_state) {
            shares_no_more(policy, &own, &named, path, problems);
        }
        let breaker_path = if own.breaker.is_some() {
            format!("{path}.breaker")
        } else if let (Some(policy), true) = (policy, named.breaker.is_some()) {
            format!("policies.{policy}.breaker")
        } else {
            "defaults.call.breaker".to_owned()
        };
        let guard = self.guard(&site, &keys, shared, &breaker_path);
        let (caller, name) = (site.caller, site.name);
        let edge = self.push_edge(site, keys, guard);
        if let Some((settings, place)) = fallback {
            self.falls_back((caller, name), edge, settings, place);
        }
        edge
    }

    fn guard(&mut self, site: &Site<'_>, keys: &CallKeys<'_>, policy: Option<&str>, breaker_path: &str) -> GuardId {
        let callee = self.model.endpoints[site.callee.index()].service;
        let who = policy.map(|policy| (policy.to_owned(), self.caller_key(site.caller), callee));
        if let Some(guard) = who.as_ref().and_then(|who| self.shared.get(who)) {
            return *guard;
        }
        let id = GuardId::from(self.model.guards.len());
        self.model.topology.guards.push(Guard {
            name: policy.map_or_else(|| self.edge_name(site), str::to_owned),
            callee,
            caller: self.calling_service(site.caller),
            balance: keys.balance.cloned().unwrap_or_else(BalanceSettings::default),
            balance_key: keys.balance.and_then(|b| self.names.keys.get(b.key()?).copied()),
            breaker: keys.breaker.cloned(),
            throttle: keys.throttle.cloned(),
            rate_limit: keys.rate_limit.cloned(),
            per: keys.rate_limit.and_then(|limit| self.subject(limit.per()?)),
            limit: keys.concurrency_limit.cloned(),
            pool: keys.pool.cloned(),
            activator: None,
            budget: keys.retry.and_then(|r| r.budget.clone()),
            hedge: keys.hedge.cloned(),
            ejection: keys.outlier_ejection.cloned(),
        });
        self.paths.breakers.push(keys.breaker.is_some().then(|| breaker_path.to_owned()));
        if let Some(who) = who {
            self.shared.insert(who, id);
        }
        id
    }

    fn push_edge(&mut self, site: Site<'_>, keys: CallKeys<'_>, guard: GuardId) -> EdgeId {
        let id = EdgeId::from(self.model.edges.len());
        let size = keys.size.unwrap_or_default();
        self.model.topology.edges.push(Edge {
            name: self.edge_name(&site),
            caller: site.caller,
            callee: site.callee,
            timeout: keys.timeout.cloned(),
            total_timeout: keys.total_timeout,
            deadline: keys.deadline,
            deadline_as: keys.deadline_as.unwrap_or_default(),
            cancel: keys.cancel.unwrap_or(false),
            retry: keys.retry.cloned(),
            fallback: None,
            hedge: keys.hedge.cloned(),
            locality: keys.locality,
            optional: keys.optional.unwrap_or(false),
            size: (size.request, size.response),
            guard,
            level: keys.level,
            gate: None,
        });
        self.paths.edges.push(site.path);
        id
    }

    fn edge_name(&self, site: &Site<'_>) -> String {
        format!("{}->{}", site.name, self.model.endpoints[site.callee.index()].name)
    }

    fn caller_key(&self, caller: Caller) -> (u8, u32) {
        match caller {
            Caller::Endpoint(endpoint) => (0, self.model.endpoints[endpoint.index()].service.0),
            Caller::Load(load) => (1, load.0),
            Caller::Queue(queue) => (2, queue.0),
            Caller::Scaler(scaler) => (3, scaler),
        }
    }

    fn calling_service(&self, caller: Caller) -> Option<ServiceId> {
        match caller {
            Caller::Endpoint(endpoint) => Some(self.model.endpoints[endpoint.index()].service),
            Caller::Queue(queue) => Some(queue),
            Caller::Load(_) | Caller::Scaler(_) => None,
        }
    }

    /// What has a limit of its own.
    pub(super) fn subject_of(&self, limit: &RateLimitSettings, problems: &mut Problems) -> Option<Subject> {
        problems.at(limit.name(), |p| self.known_subject(limit.per()?, p))
    }

    /// What `per` names.
    pub(super) fn known_subject(&self, per: &str, problems: &mut Problems) -> Option<Subject> {
        let found = self.subject(per);
        if per == TENANT {
            if self.written.load.iter().all(|(_, load)| load.tenant.is_none()) {
                problems.error("per", "no load class has a tenant").hint =
                    Some("write tenant: acme at the load classes of a tenant".into());
            }
        } else if found.is_none() {
            self.names.key_space("per", per, problems);
        }
        found
    }

    fn subject(&self, per: &str) -> Option<Subject> {
        match per {
            TENANT => Some(Subject::Tenant),
            space => self.names.keys.get(space).copied().map(Subject::Key),
        }
    }

    /// The number of a tenant, from 1 in the order in which load classes name them.
    fn tenant(&self, tenant: Option<&str>) -> u32 {
        let Some(tenant) = tenant else { return 0 };
        let mut known: Vec<&str> = Vec::new();
        for (_, load) in self.written.load.iter() {
            if let Some(name) = load.tenant.as_deref().filter(|name| !known.contains(name)) {
                known.push(name);
            }
        }
        known.iter().position(|name| *name == tenant).map_or(0, |place| place as u32 + 1)
    }

    pub(super) fn loads(&mut self, problems: &mut Problems) {
        let written = self.written;
        problems.at("policies", |p| {
            for (name, policy) in written.policies.iter() {
                p.at(name, |p| self.validate_call(&policy.call_keys(), p));
            }
        });
        problems.at("defaults", |p| p.at("call", |p| self.validate_call(&self.defaults, p)));
        problems.at("load", |p| {
            for (index, (name, settings)) in written.load.iter().enumerate() {
                let load = p.at(name, |p| self.load(LoadId::from(index), name, settings, p));
                self.model.loads.extend(load);
            }
        });
    }

    /// The calls by which scalers ask who decides.
    pub(super) fn deciders(&mut self, problems: &mut Problems) {
        for (place, (name, settings)) in self.written.control.scalers.iter().enumerate() {
            let Some((key, to, timeout)) = settings.decide.asks() else { continue };
            let at = format!("control.scalers.{name}.decide.{key}");
            let Some(callee) = problems.at(&at, |p| self.callee("to", to, p)) else { continue };
            let site = Site {
                caller: Caller::Scaler(place as u32),
                name,
                callee,
                path: format!("{at}.to"),
                may: MayFallBack::Itself,
            };
            let timeout = Distribution::constant(timeout);
            let keys = CallKeys { timeout: Some(&timeout), ..CallKeys::default() };
            let guard = self.guard(&site, &keys, None, "");
            let call = self.push_edge(site, keys, guard);
            self.deciders.insert(place, call);
        }
    }

    fn load(&mut self, id: LoadId, name: &str, settings: &LoadSettings, problems: &mut Problems) -> Option<Load> {
        let keys = settings.call_keys();
        self.validate_call(&keys, problems);
        settings.arrive.validate(&settings.shape, problems);
        let policy = settings.policy.as_deref();
        let known = self.known_policy(policy, problems);
        let own = problems.path();
        let mut mix = vec![];
        for (share, key, to) in shares(settings, problems) {
            let Some(callee) = self.callee(&key, to, problems) else { continue };
            if !known {
                continue;
            }
            let path = format!("{own}.{key}");
            let site = Site { caller: Caller::Load(id), name, callee, path, may: MayFallBack::Itself };
            mix.push((share, self.edge(site, keys, policy, &own, problems)));
        }
        let zone = settings.from.as_deref().and_then(|from| self.zone_of(from, problems));
        self.stands_somewhere(settings, problems);
        let arrival = settings.arrive.compile(|replay| self.replay(replay, problems))?;
        let (shape, priority) = (settings.shape.clone(), settings.priority);
        let tenant = self.tenant(settings.tenant.as_deref());
        let population = settings.population.map(sim_core::units::Count::get);
        if population == Some(0) {
            problems.error("population", "without users nobody comes").hint =
                Some("write a number such as 200k".into());
        }
        if let Some(complaints) = &settings.complaints {
            problems.at("complaints", |p| complaints.validate(p));
        }
        let complaints = settings.complaints.clone();
        Some(Load { name: name.to_owned(), mix, arrival, shape, zone, priority, tenant, population, complaints })
    }

    /// Users who stand nowhere have nothing near; what the defaults of all calls prefer does not speak of them.
    fn stands_somewhere(&self, settings: &LoadSettings, problems: &mut Problems) {
        let policy = settings.policy.as_deref().and_then(|name| self.written.policies.get(name));
        let locality = settings.locality.or_else(|| policy.and_then(|policy| policy.locality));
        if settings.from.is_none() && locality.is_some_and(|locality| locality.prefer.is_some()) {
            let key = if settings.locality.is_some() { "locality.prefer" } else { "policy" };
            let problem = problems.error(key, "the users stand in no zone, so that no instance is near to them");
            problem.hint = Some("write from: and the zone in which they stand".into());
        }
    }

    fn zone_of(&self, from: &str, problems: &mut Problems) -> Option<ZoneId> {
        if let Some(region) = self.names.regions.get(from) {
            return self.model.zones.iter().position(|z| z.region == *region).map(ZoneId::from);
        }
        let found = self.names.zones.get(from).copied();
        if found.is_none() {
            let known = self.names.regions.keys().chain(self.names.zones.keys());
            problems.unknown("from", "zone or region", from, known.map(String::as_str));
        }
        found
    }

    fn replay(&mut self, settings: &ReplaySettings, problems: &mut Problems) -> Option<Replay> {
        let place = format!("{}.arrive.replay.file", problems.path());
        let span = self.around.tree.place(&place).0;
        let by = match self.around.sources.name(span.file) {
            "" | SET => self.around.path,
            file => file,
        };
        let path = beside(by, &settings.file);
        let text = match self.around.files.text_named(self.around.path, &path) {
            Ok(text) => text,
            Err(mut problem) => {
                problem.path = place;
                problem.message = format!("{path}: {}", problem.message);
                problems.push(problem);
                return None;
            }
        };
        let replay = settings.parse(&text);
        self.traces.push(Named { span, written: settings.file.clone(), path: path.clone(), text });
        replay
            .map_err(|wrong| {
                for problem in wrong.iter().take(10) {
                    problems
                        .push(Problem::error(&place, format!("{path}, line {}: {}", problem.line, problem.message)));
                }
            })
            .ok()
    }
}

/// What a policy bounds for all calls that name it is bounded apart for a call that has state of its own beside it.
fn shares_no_more(policy: &str, own: &CallKeys<'_>, named: &CallKeys<'_>, path: &str, problems: &mut Problems) {
    let bounds = [
        ("pool", named.pool.is_some() && own.pool.is_none()),
        ("concurrency_limit", named.concurrency_limit.is_some() && own.concurrency_limit.is_none()),
        ("rate_limit", named.rate_limit.is_some() && own.rate_limit.is_none()),
    ];
    for (key, _) in bounds.into_iter().filter(|(_, is_split)| *is_split) {
        let what = format!("this call does not share the {key} of the policy {policy}, and has one of its own");
        problems.push(
            Problem::warning(format!("{path}.policy"), what)
                .label("it has other settings with state beside the policy")
                .hint("write those into the policy too, or into a policy of their own with all that belongs to it"),
        );
    }
}

/// Shares, keys and names of the endpoints that a load class asks.
fn shares<'a>(settings: &'a LoadSettings, problems: &mut Problems) -> Vec<(f64, String, &'a str)> {
    match (&settings.to, &settings.mix) {
        (Some(to), None) => vec![(1.0, "to".to_owned(), to)],
        (None, Some(mix)) => {
            let sum: f64 = mix.iter().map(|(_, share)| share.value()).sum();
            if (sum - 1.0).abs() > 1e-9 {
                let problem = problems.error("mix", format!("the shares add up to {}", percent(sum)));
                problem.label = Some("expected 100%".into());
            }
            mix.iter().map(|(to, share): (&str, &Probability)| (share.value(), format!("mix.{to}"), to)).collect()
        }
        (Some(_), Some(_)) => {
            problems.error("mix", "`to` names one endpoint, `mix` several").hint = Some("keep one of them".into());
            vec![]
        }
        (None, None) => {
            problems.error("", "the load asks nobody").hint = Some("write to: service.endpoint".into());
            vec![]
        }
    }
}
