//! Words of the language that are planned and not built yet, so that a file that uses one is told that, and not that it is misspelt.
//!
//! A word is taken off this list when it is built; a test says when that was forgotten.

/// Each word with the place where it will stand, in the order of the language.
pub const PLANNED: &[(&str, &str)] = &[
    // Stores.
    ("closed_timestamp_lag", "stores.db.replication.primary"),
];

/// Words of the field that are no words of the language, because others say the same: each with what to write.
pub const SAID_OTHERWISE: &[(&str, &str)] = &[
    // Requests of a call are messages by themselves: one that comes late is behind those that were sent after it.
    (
        "reorder",
        "a share of messages that comes late is out of order: write inject: {delay: {add: 5ms, probability: 2%}}",
    ),
];

/// What to write in the place of a word of the field.
pub fn said_otherwise(word: &str) -> Option<&'static str> {
    SAID_OTHERWISE.iter().find(|(of_field, _)| *of_field == word).map(|(_, write)| *write)
}

/// Whether a word is planned.
pub fn is_planned(word: &str) -> bool {
    PLANNED.iter().any(|(planned, _)| *planned == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;
    use crate::overlay::Set;

    const BASE: &str = "\
scenario: s
question: q?
run: {duration: 10s}
network: {within_zone: {latency: 1ms}}
load: {users: {to: web.get, arrive: {poisson: {rate: 1/s}}}}
policies: {p: {timeout: 1s, throttle: {sre: {}}, concurrency_limit: bulkhead, balance: random}}
services: {web: {workers: 1, machine: {cores: 1}, queue: {discipline: lifo}, endpoints: {get: {steps: [{work: 1ms}, {call: {to: db.get}}]}}}}
stores: {db: {workers: 1, replication: {primary: {}}, endpoints: {get: {access: read, steps: [{work: 1ms}]}}}}
queues: {jobs: {consumers: {work: {to: web.get}}}}
faults: {f: {inject: crash, where: {service: web}, at: 1s}}
control: {telemetry: {all: {every: 5s}}, scalers: {s: {of: web, use: {scheduled: []}}}}
costs: {c: {meter: {flat: {}}, price: $1/h}}
studies: {s: {ask: {gate: {stop_when_certain: true}}}}
";

    /// Every word of the list is built, and then this test asks to take it off, or is said to be planned where it will stand.
    #[test]
    fn each_planned_word_is_built_or_said_to_be_planned() {
        let mut wrong = Vec::new();
        for (word, place) in PLANNED {
            // A kind takes the place of the one that stands there.
            let is_kind = [
                "discipline",
                "throttle",
                "concurrency_limit",
                "balance",
                "replication",
                "inject",
                "use",
                "meter",
                "ask",
                "0",
            ];
            let set = match place.rsplit('.').next().unwrap_or_default() {
                last if is_kind.contains(&last) => Set { path: (*place).into(), value: format!("{{{word}: {{}}}}") },
                "" => Set { path: (*word).into(), value: "{}".into() },
                _ => Set { path: format!("{place}.{word}"), value: "{}".into() },
            };
            // A word may be built in one place, and planned in another.
            let Err(report) = crate::load(&Memory::of("a.yaml", BASE), "a.yaml", &[set], None) else {
                wrong.push(format!("{word} is built: take it off"));
                continue;
            };
            let said = format!("\"{word}\" is planned, not built yet");
            if !report.problems.iter().any(|p| p.problem.message == said) {
                wrong.push(format!("{place}.{word} is built, or not said to be planned: {}", report.render(false)));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
