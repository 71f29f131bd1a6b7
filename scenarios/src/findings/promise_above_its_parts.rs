//! A promise of availability that the failures written in the file do not allow.

use super::kind::{Kind, Told};
use super::needs::{of_endpoint, of_service};
use super::scene::{Scene, share};
use super::waits::course;
use sim_core::call::hedge::HedgeSettings;
use sim_core::call::retry::RetrySettings;
use sim_core::engine::math;
use sim_core::faults::{Fault, FaultEffect, Pick, Schedule, Selection, Target};
use sim_core::ids::{Caller, EndpointId, Location, ServiceId};
use sim_core::needed::needed_endpoints;
use sim_core::problem::Severity;
use sim_core::promise::PromiseKind;
use sim_core::slo;
use sim_core::topology::{Edge, Step};

/// A promise of availability above the product of what its parts answer by themselves, where the file says how often they fail.
///
/// # When it speaks
/// An endpoint cannot be answered more often than the product of 1 - q f over what may fail, where q is the share of its requests that need the
/// part and f the share of time or of requests in which the part fails:
/// - a service whose instances crash or freeze at random, each on its own clock: u^n, u = mttr / (mtbf + mttr), n instances, all of them down at
///   once; several services that fail `together`: u, once for all of them;
/// - requests that end with a failure of probability p, by a fault that lasts from the beginning to the end or by a `fail` step of the endpoint:
///   p^m, where m is the most attempts that a request may become on its way there.
///
/// It speaks where the promise is above that product. It is the arithmetic of the long run: a run that is short beside mtbf may see no failure at
/// all.
///
/// # When it is silent
/// For faults that strike at set times, which ask what happens then and not how often; for those of single instances, zones and roles; for what
/// does not fail by itself. Where calls may wait out an outage, f is less by the longest wait over the mean of mttr, and 0 where nothing bounds the
/// wait. Where a caller holds a worker meanwhile, others wait for that, as long as their users do.
///
/// # Source
/// Google, "The Calculus of Service Availability", 2017: a service cannot be more available than the intersection of all its critical dependencies.
pub const KIND: Kind = Kind {
    name: "promise-above-its-parts",
    severity: Severity::Warning,
    says: "A promise of availability is above the product of what its parts answer, by the failures that the file gives them.",
    source: include_str!("promise_above_its_parts.rs"),
    look,
};

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    for promise in &scene.model.promises {
        let PromiseKind::Availability { of, at_least } = promise.kind else { continue };
        let parts = parts(scene, of);
        let product = slo::chain_availability(&parts.iter().map(|(_, answers)| *answers).collect::<Vec<_>>());
        if at_least > product + 1e-9 {
            let named: Vec<String> =
                parts.iter().map(|(name, answers)| format!("{name} {}", share(*answers))).collect();
            told.tell(
                format!("promises.{}.keep", promise.name),
                format!(
                    "the promise {} asks for {}, and its parts allow {} in the long run",
                    promise.name,
                    share(at_least),
                    share(product)
                ),
                format!("by the failures of {}", named.join(" x ")),
                "promise less, or let what fails be optional, or have more instances of it".to_owned(),
            );
        }
    }
}

/// What each part of an endpoint lets through, by the failures that are written of it; those that let all through are left out.
fn parts(scene: &Scene<'_>, of: EndpointId) -> Vec<(String, f64)> {
    let endpoints = needed_endpoints(scene.model, of);
    let mut services: Vec<ServiceId> =
        endpoints.iter().map(|id| scene.model.endpoints[id.index()].service).filter(|id| scene.runs(*id)).collect();
    services.sort_unstable();
    services.dedup();
    let mut parts = Vec::new();
    for fault in scene.model.faults.iter().filter(|fault| fault.experiment.is_none()) {
        parts.extend(outages(scene, fault, of, &services));
    }
    let attempts = most_attempts(scene);
    for endpoint in endpoints {
        let fails = failures(scene, endpoint);
        if fails > 0.0 {
            let lost = math::pow(fails, attempts) * of_endpoint(scene.model, of, endpoint);
            parts.push((scene.endpoint(endpoint).to_owned(), 1.0 - lost));
        }
    }
    parts.retain(|(_, answers)| *answers < 1.0);
    parts
}

/// What the random outages of one fault let through: by each service, or of all services at once where they fail together.
fn outages(scene: &Scene<'_>, fault: &Fault, of: EndpointId, services: &[ServiceId]) -> Vec<(String, f64)> {
    let (Schedule::Random { mtbf, mttr, together, .. }, Target::Instances(selection)) =
        (&fault.schedule, &fault.target)
    else {
        return Vec::new();
    };
    let (up, down) = (mtbf.mean(), mttr.mean());
    let struck: Vec<ServiceId> = services.iter().copied().filter(|id| all_of(scene, selection, *id)).collect();
    let Some(wait) = longest_wait_ns(scene, &fault.effect, &struck) else { return Vec::new() };
    // An arrival finds an outage with the share of time that it lasts, and its rest is shorter than `wait` with at most wait / mean.
    let lasts = (1.0 - wait / down).max(0.0);
    let unavailable = down / (up + down);
    let of_these = |id: &ServiceId| (of_service(scene.model, of, *id), *id);
    if *together {
        let most = struck.iter().map(of_these).max_by(|a, b| a.0.total_cmp(&b.0));
        return most
            .map(|(needs, id)| (scene.service(id).to_owned(), 1.0 - unavailable * lasts * needs))
            .into_iter()
            .collect();
    }
    let each = |(needs, id): (f64, ServiceId)| {
        let instances = scene.model.services[id.index()].instances;
        (scene.service(id).to_owned(), 1.0 - math::pow(unavailable, f64::from(instances)) * lasts * needs)
    };
    struck.iter().map(of_these).map(each).collect()
}

/// Whether a selection holds all instances that a service ever has.
fn all_of(scene: &Scene<'_>, selection: &Selection, id: ServiceId) -> bool {
    let service = &scene.model.services[id.index()];
    let everywhere = service.zones.iter().all(|zone| {
        let region = scene.model.zones[zone.index()].region;
        selection.zone.is_none_or(|z| z == *zone) && selection.region.is_none_or(|r| r == region)
    });
    let scaled = scene.model.scalers.iter().any(|scaler| scaler.of == id);
    selection.services.contains(&id) && selection.pick == Pick::All && selection.role.is_none() && everywhere && !scaled
}

/// How long a request may wait out an outage of services at most [ns]; `None` where nothing bounds it, or the fault is no outage.
fn longest_wait_ns(scene: &Scene<'_>, effect: &FaultEffect, struck: &[ServiceId]) -> Option<f64> {
    let hangs = match effect {
        FaultEffect::Crash { .. } => false,
        FaultEffect::Freeze => true,
        _ => return None,
    };
    let mut sum = 0.0;
    for (_, edge) in scene.edges() {
        let to_struck = struck.contains(&scene.model.endpoints[edge.callee.index()].service);
        let again = edge.retry.as_ref().is_some_and(|retry| retry.attempts() > 1);
        if again {
            // Attempts that fail at once wait only between them; those that run into their timeout wait for that too.
            sum += course(scene.model, edge).map(|course| course.longest_ns())?.max(pauses_ns(edge.retry.as_ref()?));
        } else if hangs && to_struck {
            sum += course(scene.model, edge)?.longest_ns();
        }
    }
    if sum > 0.0 && may_queue(scene) {
        // Callers that wait hold their workers, and others wait for those: as long as their users do.
        let users = scene.edges().filter(|(_, edge)| matches!(edge.caller, Caller::Load(_)));
        return users
            .map(|(_, edge)| Some(course(scene.model, edge)?.longest_ns()))
            .try_fold(0.0, |most, ns| Some(f64::max(most, ns?)));
    }
    Some(sum)
}

/// Whether requests may wait for a worker of a caller that waits for its callee.
fn may_queue(scene: &Scene<'_>) -> bool {
    let holds = |edge: &Edge| match edge.caller {
        Caller::Endpoint(caller) => {
            let endpoint = &scene.model.endpoints[caller.index()];
            !endpoint.is_async && scene.model.services[endpoint.service.index()].workers.is_some()
        }
        Caller::Load(_) | Caller::Queue(_) | Caller::Scaler(_) => false,
    };
    scene.edges().any(|(_, edge)| holds(edge))
}

fn pauses_ns(retry: &RetrySettings) -> f64 {
    (1..retry.attempts()).map(|attempt| retry.backoff.longest_ns(attempt)).sum()
}

/// The most attempts that a request may become, whatever its way: those of all calls that are tried again or hedged, multiplied.
fn most_attempts(scene: &Scene<'_>) -> f64 {
    let of = |retry: Option<&RetrySettings>, hedge: Option<&HedgeSettings>| {
        f64::from(retry.map_or(1, RetrySettings::attempts)) * hedge.map_or(1, HedgeSettings::copies) as f64
    };
    scene.edges().map(|(_, edge)| of(edge.retry.as_ref(), edge.hedge.as_ref())).product()
}

/// The share of requests to an endpoint that end with a failure by a lasting fault or a step of it.
fn failures(scene: &Scene<'_>, endpoint: EndpointId) -> f64 {
    let at = &scene.model.endpoints[endpoint.index()];
    let by_faults = scene.model.faults.iter().filter(|fault| fault.experiment.is_none()).map(|fault| {
        let FaultEffect::Fail { probability, outcome } = fault.effect else { return 0.0 };
        let lasts = matches!(fault.schedule, Schedule::Fixed { at_ns, for_ns: None, every_ns: None, .. } if at_ns <= 0);
        let strikes = match &fault.target {
            Target::Instances(selection) => all_of(scene, selection, at.service),
            Target::Edge { from: None, to: Some(Location::Service(id)), .. } => *id == at.service,
            Target::Edge { from: None, to: Some(Location::Endpoint(id)), .. } => *id == endpoint,
            Target::Edge { .. } | Target::Pipeline(_) | Target::Scaler(_) => false,
        };
        if lasts && strikes && !outcome.is_answer() { probability } else { 0.0 }
    });
    let by_steps =
        at.steps.iter().take_while(|step| !matches!(step, Step::Reply(_) | Step::Forward(_))).map(|step| match step {
            Step::Fail(probability, outcome) if !outcome.is_answer() => *probability,
            _ => 0.0,
        });
    1.0 - by_faults.chain(by_steps).map(|fails| 1.0 - fails).product::<f64>()
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    /// A promise of so much about web.get, which calls a database of so many instances by a call with these keys; and faults.
    fn found(promise: &str, instances: u32, call: &str, faults: &str) -> Vec<String> {
        told("promise-above-its-parts", &text(promise, instances, call, faults))
    }

    fn text(promise: &str, instances: u32, call: &str, faults: &str) -> String {
        format!(
            "load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 1/s}}}}}}}}
services:
  web: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: db.get{call}}}}}]}}}}}}
  db: {{instances: {instances}, workers: 4, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}
faults: {{{faults}}}
promises: {{works: {{keep: {{availability: {promise}}}, of: web.get}}}}
"
        )
    }

    const CRASHES: &str = "f: {inject: crash, where: {service: db}, random: {mtbf: 99h, mttr: 1h}}";

    #[test]
    fn a_database_that_is_down_a_hundredth_of_the_time_allows_no_more() {
        assert_eq!(
            found("99.9%", 1, "", CRASHES),
            [
                "8:20 keep: the promise works asks for 99.9%, and its parts allow 99% in the long run; by the failures of db 99%"
            ]
        );
        assert_eq!(found("99%", 1, "", CRASHES), [""; 0]);
        assert_eq!(found("99.9%", 2, "", CRASHES), [""; 0]);
        assert_eq!(found("99.999%", 2, "", CRASHES).len(), 1);
        assert_eq!(found("99.9%", 1, ", optional: true", CRASHES), [""; 0]);
    }

    #[test]
    fn failures_multiply_and_retries_count() {
        let faults = "f: {inject: {fail: {probability: 1%}}, where: {service: db}}, g: {inject: {fail: {probability: 2%}}, where: {service: web}}";
        let both = found("99.9%", 1, "", faults);
        assert!(
            both[0].contains("its parts allow 97.02% in the long run; by the failures of web.get 98% x db.get 99%"),
            "{both:?}"
        );
        assert_eq!(found("97%", 1, "", faults), [""; 0]);
        let once = "f: {inject: {fail: {probability: 1%}}, where: {service: db}}";
        assert_eq!(found("99.9%", 1, ", retry: {max_attempts: 2}", once), [""; 0]);
        assert_eq!(found("99.9%", 1, "", "f: {inject: fail, where: {service: db}, at: 1m, for: 1m}"), [""; 0]);
    }

    #[test]
    fn calls_that_may_wait_out_an_outage_are_allowed_for() {
        let short = CRASHES.replace("99h", "99m").replace("1h", "1m");
        let retry = ", timeout: 10s, retry: {max_attempts: 3, backoff: {fixed: {delay: 10s}}}";
        // At least 1 % of the time an outage is there, and at least a sixth of it remains after the 50 s that a call may take.
        assert_eq!(found("99.9%", 1, retry, &short).len(), 1);
        assert_eq!(found("99.8%", 1, retry, &short), [""; 0]);
        assert_eq!(found("99.9%", 1, "", &CRASHES.replace("crash", "freeze")), [""; 0]);
        let freezes = text("99.9%", 1, ", timeout: 1s", &CRASHES.replace("crash", "freeze"));
        let silent = |text: &str| told("promise-above-its-parts", text).is_empty();
        assert!(!silent(&freezes));
        // One of a few workers meets the outage, and the others wait it out behind it, unless their users give up.
        let few = freezes.replace("web: {workers: unlimited", "web: {workers: 1");
        assert!(silent(&few));
        assert!(!silent(&few.replace("{rate: 1/s}}}", "{rate: 1/s}}, timeout: 5s}")));
    }
}
