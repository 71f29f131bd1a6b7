//! The sections of a scenario, and the keys of maps whose own keys are names.

/// Keys of maps whose own keys are names.
pub(crate) const OF_NAMES: [&str; 38] = [
    "alerts",
    "caches",
    "consumers",
    "costs",
    "endpoints",
    "experiments",
    "faults",
    "find",
    "invariants",
    "keys",
    "labels",
    "levels",
    "links",
    "load",
    "maintenance",
    "mix",
    "over",
    "people",
    "policies",
    "probes",
    "promises",
    "queues",
    "regions",
    "routes",
    "runbooks",
    "sagas",
    "scalers",
    "services",
    "silences",
    "states",
    "stores",
    "studies",
    "switches",
    "telemetry",
    "topics",
    "trigger",
    "variants",
    "zones",
];

/// Sections in the order in which a scenario is best written.
pub const SECTIONS: [&str; 27] = [
    "scenario",
    "question",
    "answer",
    "source",
    "extends",
    "run",
    "load",
    "services",
    "stores",
    "caches",
    "queues",
    "topics",
    "sagas",
    "policies",
    "defaults",
    "keys",
    "regions",
    "network",
    "faults",
    "control",
    "promises",
    "experiments",
    "costs",
    "invariants",
    "expect",
    "variants",
    "studies",
];

/// Whether a section of a scenario is called so.
pub(crate) fn is_section(key: &str) -> bool {
    SECTIONS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_the_keys_of_the_schema() {
        let schema = crate::schema::schema();
        let mut keys: Vec<&str> =
            schema["properties"].as_object().expect("is a map").keys().map(String::as_str).collect();
        let mut sections = SECTIONS;
        keys.retain(|key| *key != "extends");
        keys.push("extends");
        keys.sort_unstable();
        sections.sort_unstable();
        assert_eq!(keys, sections);
    }
}
