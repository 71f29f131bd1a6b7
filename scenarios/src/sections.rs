//! The sections of a scenario, and the keys of maps whose own keys are names.

use std::sync::OnceLock;

/// Keys of maps whose own keys are names.
pub(crate) const OF_NAMES: [&str; 23] = [
    "alerts",
    "consumers",
    "costs",
    "endpoints",
    "experiments",
    "faults",
    "find",
    "keys",
    "labels",
    "links",
    "load",
    "mix",
    "over",
    "policies",
    "promises",
    "queues",
    "regions",
    "scalers",
    "services",
    "stores",
    "studies",
    "telemetry",
    "variants",
];

/// Whether a section of a scenario is called so.
pub(crate) fn is_section(key: &str) -> bool {
    static SECTIONS: OnceLock<Vec<String>> = OnceLock::new();
    let sections = SECTIONS.get_or_init(|| {
        let schema = crate::schema::schema();
        schema["properties"].as_object().map_or_else(Vec::new, |map| map.keys().cloned().collect())
    });
    sections.iter().any(|section| section == key)
}
