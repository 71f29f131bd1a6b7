//! Names in studies: metrics, promises and variants that they speak of.

use crate::written::Written;
use crate::written::studies::question::Known;
use sim_core::names::Names;
use sim_core::problem::Problems;
use std::collections::BTreeMap;

/// Problems of the names in the section `studies`, against those of the scenario and of its `variants`.
pub fn studies(written: &Written, names: &Names, variants: &BTreeMap<String, Names>, problems: &mut Problems) {
    let has_invariants = !written.invariants.is_empty();
    let known = Known { names, variants, promises: written.promises.names().collect(), has_invariants };
    for (name, study) in written.studies.iter() {
        let (kind, ask) = study.ask.question();
        problems.at(&*format!("{name}.ask"), |p| p.at(kind, |p| ask.check(&known, p)));
    }
}
