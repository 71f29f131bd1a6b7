//! The same system without its incidents, so that a bill can tell what the incidents add; and without any fault, so that a false alarm is one for
//! sure.

use crate::economics::Group;
use crate::faults::{Fault, FaultEffect, Target};
use crate::model::Model;

/// The model with all incidents taken out; `None` where no price depends on it: without an incident, or without an item for failures,
/// slow answers or wrong replies.
///
/// The faults keep their places and their times and do nothing, so that the results of both are cut at the same instants, and until
/// the first incident begins both runs of a replication are the same event by event.
pub fn calm(model: &Model) -> Option<Model> {
    let priced = model.costs.iter().any(|item| item.group != Group::Infrastructure);
    if !priced || !model.faults.iter().any(Fault::is_incident) {
        return None;
    }
    Some(without(model, Fault::is_incident))
}

/// The model with all faults taken out, those of experiments too; `None` where no alert is there to find one. Faults keep their places and their
/// times, as in [`calm`].
pub fn healthy(model: &Model) -> Option<Model> {
    model.alerts.iter().any(|alert| alert.finds.is_some()).then(|| without(model, |_| true))
}

/// Whether [`calm`] and [`healthy`] take the same faults out of a model.
pub fn is_calm_healthy(model: &Model) -> bool {
    model.faults.iter().all(Fault::is_incident)
}

fn without(model: &Model, meant: impl Fn(&Fault) -> bool) -> Model {
    let mut calm = model.clone();
    for fault in calm.faults.iter_mut().filter(|fault| meant(fault)) {
        fault.effect = FaultEffect::Nothing;
        fault.target = Target::Edge { from: None, to: None, both_ways: false };
    }
    calm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::testing::System;
    use serde_json::json;

    fn system(priced: bool, struck: bool) -> Option<Model> {
        let mut system = System::new(60);
        let api = system.service("api", 1);
        let get = system.endpoint(api, "get");
        system.load("users", get);
        if struck {
            system.fault("down", 20, 10, None);
        }
        if priced {
            system.cost("lost", json!({"meter": {"failures": {"of": "api.get"}}, "price": "$1"}));
        }
        system.cost("nodes", json!({"meter": {"instances": {"of": "api"}}, "price": "$1/h"}));
        calm(&system.model)
    }

    #[test]
    fn only_prices_of_incidents_need_a_run_without_them() {
        assert!(system(false, true).is_none() && system(true, false).is_none());
        let calm = system(true, true).unwrap();
        assert_eq!(calm.faults[0].effect, FaultEffect::Nothing);
        assert!(calm.faults[0].is_incident(), "its times stay");
    }
}
