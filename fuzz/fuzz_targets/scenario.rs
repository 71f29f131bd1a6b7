//! Any bytes as a scenario file: they are read or refused, never a panic, and what is valid is run for a moment.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scenarios::{Files, Memory};
use sim_core::units::SimDuration;
use std::collections::BTreeMap;

fuzz_target!(|bytes: &[u8]| {
    let files = Memory(BTreeMap::from([("fuzz.yaml".to_owned(), bytes.to_vec())]));
    let _ = files.text("fuzz.yaml");
    match scenarios::load(&files, "fuzz.yaml", &[], None) {
        Ok(loaded) => {
            let _ = loaded.warnings.render(true);
            let mut model = loaded.model;
            if model.services.iter().map(|s| u64::from(s.max_instances)).sum::<u64>() > 2000 {
                return;
            }
            model.run.warm_up = SimDuration::ZERO;
            model.run.duration = model.run.duration.min(SimDuration::from_ns(1_000_000_000));
            model.run.window = SimDuration::from_ns((model.run.duration.ns() / 20).max(1));
            (model.run.max_events, model.run.max_backlog) = (20_000, 2_000);
            let _ = sim_core::world::simulate(&model, 1, 0);
        }
        Err(report) => assert!(report.counts().0 > 0 && !report.render(false).is_empty()),
    }
});
