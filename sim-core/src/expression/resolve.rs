//! From the names in a metric to ids.
//!
//! What callers see of an endpoint are the attempts of all its call sites; of a load class or a call, the calls as they ended, after
//! retries and fallbacks. Both come down to a list of call sites and a [`View`].

use super::meant::{Group, LevelSubject, Resolved, ScopeMeant, Subject};
use super::metric::{Metric, MetricRef, SubjectKind, Window};
use crate::counters::{LEVELS, TIMED, level, part};
use crate::data::cache;
use crate::ids::EdgeId;
use crate::metrics::{Level, LevelOf, PartAt, TimedAt, TimedPart};
use crate::names::Names;
use crate::problem::Problems;

impl MetricRef {
    /// The metric with ids; problems at the present path where a name is not known or does not fit.
    pub fn resolve(&self, names: &Names, problems: &mut Problems) -> Option<Resolved> {
        if names.is_thinned && self.metric.is_of_requests() {
            // Here and not where each condition stands: no place in which one can be written is left out.
            let what = format!("{} counts what is simulated, which is one request in so many", self.words());
            problems.error("", what).hint =
                Some("it cannot be thinned with the load: leave it out, or leave run.thin out".into());
            return None;
        }
        let subject = self.subject(names, problems);
        let scope = self.scope(names, problems);
        if self.metric.needs_fault() && self.scope.after.is_none() {
            problems.error("", format!("{} is measured from a fault on", self.metric.name())).hint =
                Some(format!("write {} after FAULT", self.text()));
            return None;
        }
        let (subject, scope) = (subject?, scope?);
        if let (Some(_), Some(name)) = (scope.version, &self.scope.of)
            && !self.metric.is_by_version(&subject)
        {
            let what = format!("{} is not counted by version, so `of {name}` would change nothing", self.metric.name());
            problems.error("", what).hint =
                Some("leave `of` out, or ask for error_rate, availability, rps or a latency".into());
            return None;
        }
        if let (Some(_), Some(version), Some(subject)) = (scope.version, &self.scope.of, &self.subject) {
            let callee = subject.rsplit_once("->").map_or(subject.as_str(), |(_, callee)| callee);
            let service = callee.split('.').next().unwrap_or_default();
            if !names.versions_of.contains(&(service.to_owned(), version.clone())) {
                let problem = problems.error("", format!("{service} never runs the version {version}"));
                problem.hint = Some("name a version that the service has or that a fault deploys to it".into());
                return None;
            }
        }
        if self.metric == Metric::HitRatio && !self.subject.as_ref().is_some_and(|name| names.caches.contains(name)) {
            let known = names.caches.iter().map(String::as_str);
            problems.unknown("", "cache", self.subject.as_deref().unwrap_or_default(), known);
            return None;
        }
        if let Some(name) = &self.subject
            && matches!(subject, Subject::Service(_) | Subject::Timed(_) | Subject::Level(..))
            && !self.is_of_contents()
            && names.lies_in_memory("", name.rsplit_once('.').map_or(name, |(of, _)| of), problems)
        {
            return None;
        }
        if self.metric == Metric::Memory && !self.subject.as_ref().is_some_and(|name| names.with_memory.contains(name))
        {
            let name = self.subject.as_deref().unwrap_or_default();
            problems.error("", format!("{name} does not say how much memory its machines have")).hint =
                Some(format!("write services.{name}.machine.memory: {{size: 4GiB}}"));
            return None;
        }
        if let (Metric::Counted(counter), Some(name)) = (self.metric, &self.subject)
            && counter.is_of_users
            && !names.complaining.contains(name)
        {
            problems.error("", format!("no user of {name} complains")).hint =
                Some("write complaints: {share: 2%, after: 5m} into the load class".into());
            return None;
        }
        if self.metric == Metric::UsersAffected {
            let has = |name: &String| names.populations.contains(name);
            if self.subject.as_ref().map_or(names.populations.is_empty(), |name| !has(name)) {
                let of = self.subject.as_deref().unwrap_or("a load class");
                problems.error("", format!("nothing says how many users {of} has")).hint =
                    Some("write population: 200k into the load class".into());
                return None;
            }
        }
        if scope.of.is_some() && matches!(subject, Subject::Timed(..)) {
            let problem = problems.error("", "waits are not counted by load class");
            problem.hint = Some("measure the latency of its calls: mean(api.get) of shoppers".into());
            return None;
        }
        let resolved = Resolved { metric: self.metric, subject, scope };
        super::scope::acts(self, &resolved, problems).then_some(resolved)
    }

    /// Whether it measures what is in a cache, wherever that lies.
    fn is_of_contents(&self) -> bool {
        match self.metric {
            Metric::HitRatio => true,
            Metric::Counted(counter) => cache::COUNTERS.iter().any(|of_contents| of_contents.name == counter.name),
            _ => false,
        }
    }

    fn scope(&self, names: &Names, problems: &mut Problems) -> Option<ScopeMeant> {
        let written = &self.scope;
        let mut fault = |name: &Option<String>| match name {
            None => Some(None),
            Some(name) => names.fault("", name, problems).map(Some),
        };
        let (during, after, before) = (fault(&written.during), fault(&written.after), fault(&written.before));
        let version = written.of.as_ref().and_then(|name| names.versions.get(name).copied());
        let of = match &written.of {
            // Versions stand beside load classes only where there are any.
            Some(name) if version.is_none() && !names.loads.contains_key(name) && !names.versions.is_empty() => {
                let known = names.loads.keys().chain(names.versions.keys());
                problems.unknown("", "load class or version", name, known.map(String::as_str));
                None
            }
            Some(name) if version.is_none() => names.load("", name, problems).map(Some),
            _ => Some(None),
        };
        if let (Some(Window::Last(_)), false) =
            (written.window, matches!(self.metric, Metric::Percentile(_) | Metric::Mean))
        {
            problems.error("", "`over last` counts single times, so it goes with percentiles and mean").hint =
                Some("write a stretch of time: over 1m".into());
            return None;
        }
        Some(ScopeMeant {
            window: written.window,
            during: during?,
            after: after?,
            before: before?,
            from_to: written.from_to,
            offset: written.offset,
            baseline: written.baseline,
            of: of?,
            version,
        })
    }

    fn subject(&self, names: &Names, problems: &mut Problems) -> Option<Subject> {
        let kinds = self.metric.subjects();
        let Some(name) = self.subject.as_deref() else {
            if kinds.contains(&SubjectKind::Nothing) {
                return Some(Subject::Nothing);
            }
            let problem = problems.error("", format!("{} of what?", self.metric.name()));
            problem.label = Some(format!("expected {}", words(kinds)));
            problem.hint = Some(format!("write {}(NAME)", self.metric.name()));
            return None;
        };
        let found = kinds.iter().find_map(|kind| find(*kind, name, names));
        if found.is_none() {
            self.unknown_subject(name, names, problems);
        }
        found
    }

    fn unknown_subject(&self, name: &str, names: &Names, problems: &mut Problems) {
        let kinds = self.metric.subjects();
        let known: Vec<String> = kinds.iter().flat_map(|kind| known(*kind, names)).collect();
        let other = ALL.iter().find(|kind| !kinds.contains(kind) && find(**kind, name, names).is_some());
        if let Some(other) = other {
            let problem =
                problems.error("", format!("{name} is {}, of which there is no {}", plain(*other), self.metric.name()));
            problem.label = Some(format!("expected {}", words(kinds)));
            return;
        }
        problems.unknown("", &short(kinds), name, known.iter().map(String::as_str));
    }
}

const ALL: [SubjectKind; 17] = [
    SubjectKind::Endpoint,
    SubjectKind::Service,
    SubjectKind::Load,
    SubjectKind::Edge,
    SubjectKind::Timed,
    SubjectKind::Level,
    SubjectKind::Probe,
    SubjectKind::Link,
    SubjectKind::Route,
    SubjectKind::Fault,
    SubjectKind::Alert,
    SubjectKind::Promise,
    SubjectKind::Pipeline,
    SubjectKind::Recorded,
    SubjectKind::Cost,
    SubjectKind::Experiment,
    SubjectKind::Mode,
];

fn words(kinds: &[SubjectKind]) -> String {
    kinds.iter().map(|kind| kind.words()).collect::<Vec<_>>().join(", or ")
}

fn plain(kind: SubjectKind) -> &'static str {
    kind.words().split(" (").next().unwrap_or_default()
}

fn short(kinds: &[SubjectKind]) -> String {
    let nouns: Vec<&str> = kinds
        .iter()
        .map(|kind| plain(*kind).trim_start_matches("an ").trim_start_matches("a "))
        .filter(|n| *n != "nothing")
        .collect();
    nouns.join(" or ")
}

/// Whether a part is timed at a service, store or queue.
fn has(service: &str, timed: &TimedPart, names: &Names) -> bool {
    match timed.of {
        TimedAt::Node => true,
        TimedAt::Queue => names.queues.contains(service),
        TimedAt::CallSite => false,
    }
}

/// The call sites that are written `web->api.get`, or `web->api` for all from one caller to the endpoints of one service; none where nothing is
/// called so.
fn sites(name: &str, names: &Names) -> Vec<EdgeId> {
    if let Some(ids) = names.edges.get(name) {
        return ids.clone();
    }
    let to = |edge: &str| edge.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    let mut all: Vec<EdgeId> = if name.contains("->") {
        names.edges.iter().filter(|(edge, _)| to(edge)).flat_map(|(_, ids)| ids).copied().collect()
    } else {
        Vec::new()
    };
    all.sort_unstable();
    all
}

/// A timed part: of a service, or of call sites.
fn timed(name: &str, names: &Names) -> Option<Subject> {
    let (of, which) = name.rsplit_once('.')?;
    let timed = TIMED.iter().find(|part| part.name == which)?;
    let id = part(timed);
    let places = if timed.of == TimedAt::CallSite {
        sites(of, names).into_iter().map(|site| PartAt::call_site(id, site)).collect()
    } else {
        let service = names.services.get(of).filter(|_| has(of, timed, names));
        service.map(|service| PartAt::service(id, *service)).into_iter().collect::<Vec<_>>()
    };
    (!places.is_empty()).then_some(Subject::Timed(places))
}

/// A level: of a service, or of what calls share.
fn levelled(name: &str, names: &Names) -> Option<Subject> {
    let (of, which) = name.rsplit_once('.')?;
    let found = LEVELS.iter().find(|level| level.name == which)?;
    let subject = match found.of {
        LevelOf::Service => LevelSubject::Service(*names.services.get(of)?),
        LevelOf::Calls => LevelSubject::Calls(Some(sites(of, names)).filter(|sites| !sites.is_empty())?),
    };
    Some(Subject::Level(level(found), subject))
}

/// All that call sites are called: one by one, and from one caller to one service.
fn called(names: &Names) -> Vec<String> {
    let services = names.edges.keys().filter_map(|edge| edge.rsplit_once('.')).map(|(service, _)| service.to_owned());
    let mut all: Vec<String> = names.edges.keys().cloned().chain(services).collect();
    all.sort();
    all.dedup();
    all
}

fn find(kind: SubjectKind, name: &str, names: &Names) -> Option<Subject> {
    match kind {
        SubjectKind::Endpoint => names.endpoints.get(name).map(|id| Subject::Endpoint(*id)),
        SubjectKind::Service => names.services.get(name).map(|id| Subject::Service(*id)),
        SubjectKind::Load => names.loads.get(name).map(|id| Subject::Load(*id)),
        SubjectKind::Edge => names.edges.get(name).map(|ids| Subject::Edges(ids.clone())),
        SubjectKind::Timed => timed(name, names),
        SubjectKind::Level => levelled(name, names),
        SubjectKind::Probe => names.probes.get(name).map(|ways| Subject::Probe(ways.clone())),
        SubjectKind::Link => names.link_ways.get(name).map(|ways| Subject::Link(ways.clone())),
        SubjectKind::Route => {
            names.link_ways.get(name).filter(|ways| ways.route.is_some()).map(|ways| Subject::Link(ways.clone()))
        }
        SubjectKind::Fault => names.faults.get(name).map(|id| Subject::Fault(*id)),
        SubjectKind::Alert => names.alerts.get(name).map(|place| Subject::Alert(*place)),
        SubjectKind::Promise => {
            names.promises.get(name).map(|id| Subject::Promise(*id, names.objectives.get(id).copied()))
        }
        SubjectKind::Pipeline => names.pipelines.get(name).map(|place| Subject::Pipeline(*place)),
        SubjectKind::Recorded => names.recorded.get(name).map(|place| Subject::Pipeline(*place)),
        SubjectKind::Cost => {
            let item = names.costs.get(name).map(|place| Subject::CostItem(*place));
            item.or_else(|| Group::ALL.into_iter().find(|g| g.name() == name).map(Subject::CostGroup))
        }
        SubjectKind::Experiment => names.experiments.get(name).map(|place| Subject::Experiment(*place)),
        SubjectKind::Mode => names.modes.get(name).map(|place| Subject::Mode(*place)),
        SubjectKind::Metric | SubjectKind::Nothing => None,
    }
}

fn known(kind: SubjectKind, names: &Names) -> Vec<String> {
    match kind {
        SubjectKind::Endpoint => names.endpoints.keys().cloned().collect(),
        SubjectKind::Service => names.services.keys().cloned().collect(),
        SubjectKind::Load => names.loads.keys().cloned().collect(),
        SubjectKind::Edge => names.edges.keys().cloned().collect(),
        SubjectKind::Timed => {
            let of = |timed: &'static TimedPart| {
                let services = names.services.keys().filter(|service| has(service, timed, names)).cloned();
                let calls = if timed.of == TimedAt::CallSite { called(names) } else { Vec::new() };
                services.chain(calls).map(|of| format!("{of}.{}", timed.name))
            };
            TIMED.iter().flat_map(of).collect()
        }
        SubjectKind::Level => {
            let of = |level: &'static Level| {
                let all =
                    if level.of == LevelOf::Calls { called(names) } else { names.services.keys().cloned().collect() };
                all.into_iter().map(|of| format!("{of}.{}", level.name))
            };
            LEVELS.iter().flat_map(of).collect()
        }
        SubjectKind::Probe => names.probes.keys().cloned().collect(),
        SubjectKind::Link => names.link_ways.keys().cloned().collect(),
        SubjectKind::Route => {
            names.link_ways.iter().filter(|(_, ways)| ways.route.is_some()).map(|(name, _)| name.clone()).collect()
        }
        SubjectKind::Fault => names.faults.keys().cloned().collect(),
        SubjectKind::Alert => names.alerts.keys().cloned().collect(),
        SubjectKind::Promise => names.promises.keys().cloned().collect(),
        SubjectKind::Pipeline => names.pipelines.keys().cloned().collect(),
        SubjectKind::Recorded => names.recorded.keys().cloned().collect(),
        SubjectKind::Cost => {
            let groups = Group::ALL.into_iter().map(|g| g.name().to_owned());
            names.costs.keys().cloned().chain(groups).collect()
        }
        SubjectKind::Experiment => names.experiments.keys().cloned().collect(),
        SubjectKind::Mode => names.modes.keys().cloned().collect(),
        SubjectKind::Metric | SubjectKind::Nothing => Vec::new(),
    }
}
