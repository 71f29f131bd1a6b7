//! A service behind several entrances that all load needs.

use super::kind::{Kind, Told};
use super::scene::Scene;
use sim_core::ids::ServiceId;
use sim_core::problem::Severity;

/// A service that is called by others only, and without which no request of any load class is answered in full.
///
/// # When it speaks
/// Load comes in at two services or more, and 99.9 % of all requests or more need the service, at which none comes in. Its failure is that of the
/// whole system, though the system has parts that look independent of each other. The report has the share of every service, its blast radius.
///
/// # When it is silent
/// In a system with one entrance, where all that lies on the way is needed by all.
///
/// # Source
/// AWS Well-Architected, reliability pillar, REL10: use bulkhead architectures to limit the scope of impact.
pub const KIND: Kind = Kind {
    name: "everything-needs-it",
    severity: Severity::Note,
    says: "Load comes in at several services, and all of it needs one service behind them.",
    source: include_str!("everything_needs_it.rs"),
    look,
};

/// All of the load, but for what rounding leaves.
const ALL: f64 = 0.999;

fn look(scene: &Scene<'_>, told: &mut Told<'_>) {
    let Some(shares) = scene.needs() else { return };
    let callee = |edge: sim_core::ids::EdgeId| scene.model.endpoints[scene.edge(edge).callee.index()].service;
    let loads = scene.model.loads.iter().flat_map(|load| &load.mix).filter(|(share, _)| *share > 0.0);
    let mut entrances: Vec<ServiceId> = loads.map(|(_, edge)| callee(*edge)).collect();
    entrances.sort_unstable();
    entrances.dedup();
    if entrances.len() < 2 {
        return;
    }
    for place in (0..shares.len()).filter(|place| shares[*place] >= ALL) {
        let id = ServiceId::from(place);
        if !entrances.contains(&id) {
            let names: Vec<&str> = entrances.iter().map(|id| scene.service(*id)).collect();
            told.tell(
                scene.service_path(id),
                format!("all load needs {}", scene.service(id)),
                format!(
                    "it comes in at {}, and none of it is answered in full without {}",
                    names.join(", "),
                    scene.service(id)
                ),
                format!("a fallback or optional: true at the calls to {} keeps its failure apart", scene.service(id)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::findings::testing::told;

    fn found(shop_call: &str) -> Vec<String> {
        let text = format!(
            "load:
  buyers: {{to: shop.buy, arrive: {{poisson: {{rate: 9/s}}}}}}
  clerks: {{to: desk.form, arrive: {{poisson: {{rate: 1/s}}}}}}
services:
  shop: {{workers: 4, endpoints: {{buy: {{steps: [{{call: {{to: auth.check{shop_call}}}}}]}}}}}}
  desk: {{workers: 4, endpoints: {{form: {{steps: [{{call: {{to: auth.check}}}}]}}}}}}
  auth: {{workers: 4, endpoints: {{check: {{steps: [{{work: 1ms}}]}}}}}}
"
        );
        told("everything-needs-it", &text)
    }

    #[test]
    fn what_both_entrances_need_is_told() {
        assert_eq!(
            found(""),
            [
                "9:3 auth: all load needs auth; it comes in at shop, desk, and none of it is answered in full without auth"
            ]
        );
    }

    #[test]
    fn what_one_of_them_can_do_without_is_not() {
        assert_eq!(found(", optional: true"), [""; 0]);
        let one = "load: {u: {to: a.x, arrive: {poisson: {rate: 1/s}}}}
services: {a: {workers: 1, endpoints: {x: {steps: [{call: {to: b.x}}]}}}, b: {workers: 1, endpoints: {x: {steps: [{work: 1ms}]}}}}
";
        assert_eq!(told("everything-needs-it", one), [""; 0]);
    }
}
