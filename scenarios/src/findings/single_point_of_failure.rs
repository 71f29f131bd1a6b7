//! A service of which there is one, among others of which there are more.

use super::kind::{Kind, Told};
use super::scene::{Scene, share};
use sim_core::ids::ServiceId;
use sim_core::needed::needed;
use sim_core::problem::Severity;
use sim_core::promise::PromiseKind;

/// A service that load cannot be answered without, and that one failure stops: it has one instance, or all of its instances stand in one zone.
///
/// # When it speaks
/// A promise of availability or recovery is made about an endpoint that needs the service, or a fault may stop it: so failure is a subject of the
/// file. Some load needs the service: without it a request is not answered in full, optional calls, fallbacks, background work and branches of
/// which not all are needed set aside. It has one instance and no scaler gives it more, though another service that load needs has several; or it
/// has several in one zone, though another such service stands in several. The share of load is that of all requests that need it.
///
/// # When it is silent
/// Where nothing that load needs is there more than once, or stands in more than one zone: such a system is not meant to survive a failure. For
/// queues, which hold messages whatever else runs, and where the loads have no rate to tell a share of.
///
/// # Source
/// AWS Well-Architected, reliability pillar, REL10: deploy the workload to multiple locations.
pub const KIND: Kind = Kind {
    name: "single-point-of-failure",
    severity: Severity::Note,
    says: "Load needs a service that has one instance, or stands in one zone, while others that it needs have more.",
    source: include_str!("single_point_of_failure.rs"),
    look,
};

/// Less of the load than this does not count.
const SOME: f64 = 0.001;

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let Some(shares) = scene.needs() else { return };
    let needed: Vec<usize> = (0..shares.len()).filter(|place| shares[*place] >= SOME).collect();
    let services = &scene.model.services;
    let zones = |place: usize| services[place].zones_at_start();
    let several = needed.iter().copied().find(|place| services[*place].instances > 1);
    let apart = needed.iter().copied().find(|place| zones(*place) > 1);
    for &place in &needed {
        let service = &services[place];
        let kind = service.node.section().trim_end_matches('s');
        let (path, name) = (scene.service_path(ServiceId::from(place)), &service.name);
        let of = share(shares[place]);
        if !matters(scene, ServiceId::from(place)) {
            continue;
        }
        if let Some(other) = several.filter(|_| service.max_instances == 1) {
            let message =
                format!("the {kind} {name} is a single point of failure: {of} of all requests need its only instance");
            let label = format!("{} has {} instances", services[other].name, services[other].instances);
            told.tell(path, message, label, "write instances: 2, or a fallback at the calls to it".to_owned());
        } else if let Some(other) = apart.filter(|_| service.instances > 1 && zones(place) == 1) {
            let zone = &scene.model.zones[service.zones[0].index()].name;
            let message = format!("the {kind} {name} is lost with the zone {zone}: {of} of all requests need it");
            let label = format!(
                "all {} of its instances stand there; {} stands in {} zones",
                service.instances,
                services[other].name,
                zones(other)
            );
            told.tell(path, message, label, "write zones: [...] with more than one".to_owned());
        }
    }
}

/// Whether a promise depends on a service that runs, or a fault may stop it.
fn matters(scene: &Scene<'_>, service: ServiceId) -> bool {
    let promised = scene.model.promises.iter().any(|promise| match promise.kind {
        PromiseKind::Availability { of, .. } | PromiseKind::Recovery { of, .. } => {
            needed(scene.model, of).contains(&service)
        }
        _ => false,
    });
    promised || scene.may_stop(service)
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    /// Readers, three of four, and writers; only these need the ledger, which is called with these keys.
    fn found(ledger: &str, call: &str) -> Vec<String> {
        let text = format!(
            "load:
  readers: {{to: web.read, arrive: {{poisson: {{rate: 30/s}}}}}}
  writers: {{to: web.write, arrive: {{poisson: {{rate: 10/s}}}}}}
regions: {{r: {{zones: [a, b]}}}}
services:
  web: {{instances: 2, zones: [a, b], workers: 4, endpoints: {{read: {{steps: [{{work: 1ms}}]}}, write: {{steps: [{{call: {{to: ledger.book{call}}}}}]}}}}}}
  ledger: {{{ledger}, workers: 4, endpoints: {{book: {{steps: [{{work: 1ms}}]}}}}}}
promises: {{writes: {{keep: {{availability: 99%}}, of: web.write}}}}
"
        );
        told("single-point-of-failure", &text)
    }

    #[test]
    fn one_instance_beside_two_is_told_with_its_share() {
        assert_eq!(
            found("instances: 1", ""),
            [
                "9:3 ledger: the service ledger is a single point of failure: 25% of all requests need its only instance; web has 2 instances"
            ]
        );
        assert_eq!(found("instances: 2, zones: [a, b]", ""), [""; 0]);
        assert_eq!(found("instances: 1", ", optional: true"), [""; 0]);
        assert_eq!(found("instances: 1", ", fallback: {}"), [""; 0]);
    }

    #[test]
    fn a_reply_in_half_of_the_branches_halves_the_share() {
        let text = "load: {u: {to: web.get, arrive: {poisson: {rate: 1/s}}}}
services:
  web: {instances: 2, workers: 4, endpoints: {get: {steps: [{choose: [{probability: 50%, steps: [{reply: {}}]}, {steps: [{work: 1ms}]}]}, {call: {to: db.get}}]}}}
  db: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}
promises: {p: {keep: {availability: 90%}, of: web.get}}
";
        let found = told("single-point-of-failure", text);
        assert!(found[0].contains("failure: 50% of all requests"), "{found:?}");
        // A reply within a parallel branch answers nobody.
        let branch = text.replace(
            "choose: [{probability: 50%, steps: [{reply: {}}]}, {steps: [{work: 1ms}]}]",
            "parallel: {branches: [{steps: [{reply: {}}]}, {work: 1ms}]}",
        );
        let found = told("single-point-of-failure", &branch);
        assert!(found[0].contains("failure: 100% of all requests"), "{found:?}");
    }

    #[test]
    fn one_zone_beside_two_is_told() {
        assert_eq!(
            found("instances: 3, zones: [b]", ""),
            [
                "9:3 ledger: the service ledger is lost with the zone b: 25% of all requests need it; all 3 of its instances stand there; web stands in 2 zones"
            ]
        );
    }

    #[test]
    fn where_all_have_one_instance_none_is_told() {
        let text = "load: {u: {to: web.get, arrive: {poisson: {rate: 1/s}}}}
services:
  web: {workers: 4, endpoints: {get: {steps: [{call: {to: db.get}}]}}}
  db: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}
";
        assert_eq!(told("single-point-of-failure", text), [""; 0]);
        let two = text.replace("  web: {", "  web: {instances: 2, ");
        assert_eq!(told("single-point-of-failure", &two), [""; 0], "nothing is promised, and nothing fails");
        let crash = format!("{two}faults: {{f: {{inject: crash, where: {{service: db}}, at: 1m, for: 1m}}}}\n");
        assert_eq!(told("single-point-of-failure", &crash).len(), 1);
        assert_eq!(told("single-point-of-failure", &crash.replace("instances: 2, ", "")), [""; 0]);
    }

    #[test]
    fn what_a_scaler_may_multiply_is_not_told() {
        let text = "load: {u: {to: web.get, arrive: {poisson: {rate: 1/s}}}}
services:
  web: {instances: 2, workers: 4, endpoints: {get: {steps: [{call: {to: db.get}}]}}}
  db: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}
control: {scalers: {more: {of: db, max: 4, use: {scheduled: [{at: 1m, instances: 2}]}}}}
promises: {works: {keep: {availability: 99%}, of: web.get}}
";
        assert_eq!(told("single-point-of-failure", text), [""; 0]);
        assert_eq!(told("single-point-of-failure", &text.replace("of: db", "of: web")).len(), 1);
    }
}
