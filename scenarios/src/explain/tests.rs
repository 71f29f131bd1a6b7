//! Every word and every path of the schema is explained, and what is not one is hinted at.

use super::*;
use crate::schema::schema;
use serde_json::Value;

fn told(name: &str) -> String {
    explain(name).unwrap_or_else(|problem| panic!("{name}: {} {:?}", problem.message, problem.hint))
}

/// The names of all keys, kinds and words, straight from the schema.
fn names(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("properties").and_then(Value::as_object).into_iter().flat_map(|m| m.keys().cloned()));
            found.extend(map.get("const").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|child| names(child, found));
        }
        Value::Array(all) => all.iter().for_each(|child| names(child, found)),
        _ => {}
    }
}

#[test]
fn every_word_of_the_schema_is_explained() {
    let mut found = Vec::new();
    names(&schema(), &mut found);
    found.sort_unstable();
    found.dedup();
    assert!(found.len() > 300, "{} words", found.len());
    let missing: Vec<&String> = found.iter().filter(|name| explain(name).is_err()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for word in words() {
        told(&word);
    }
}

#[test]
fn every_path_of_the_schema_is_explained() {
    let mut count = 0;
    for stop in Language::stops() {
        for path in stop.paths.iter().filter(|path| !path.is_empty()) {
            assert!(
                told(path).contains(path.rsplit('.').find(|part| *part != "N" && *part != "NAME").unwrap_or(path)),
                "{path}"
            );
            count += 1;
        }
    }
    assert!(count > 200, "{count} paths");
}

#[test]
fn every_kind_explains_itself() {
    for kind in kinds() {
        let text = told(kind.name);
        assert!(text.contains(kind.family) && text.contains(kind.doc().trim()), "{}", kind.name);
        assert!(told(&format!("{}.{}", kind.family, kind.name)).contains(kind.doc().trim()), "{}", kind.name);
    }
    for family in families() {
        told(family);
    }
}

#[test]
fn all_meanings_of_a_word_are_told() {
    let availability = told("availability");
    assert!(availability.starts_with("availability has 2 meanings."), "{availability}");
    assert!(
        availability.contains("availability (keep)") && availability.contains("availability, a metric"),
        "{availability}"
    );
    let duration = told("duration");
    assert!(duration.contains("run.duration") && duration.contains("duration, a quantity"), "{duration}");
    let priority = told("priority");
    assert!(priority.contains("load.NAME.priority") && priority.contains("priority (discipline)"), "{priority}");
    assert!(told("service").contains("services, a section"));
}

#[test]
fn sections_keys_steps_and_words_are_told_with_what_is_in_them() {
    for (name, parts) in [
        ("experiments", &["steady_state", "abort_when", "rollback", "map by name"][..]),
        ("scalers", &["control.scalers", "cooldown", "default 15s"]),
        ("health", &["services.NAME.health", "also at", "timeout"]),
        ("network", &["within_zone", "links"]),
        ("promises", &["keep", "period"]),
        ("hedge", &["backup", "tied", "speculative"]),
        ("queue", &["services.NAME.queue", "discipline"]),
        ("work", &["Work of the processor"]),
        ("critical", &["load.NAME.priority"]),
        ("p99.9", &["a metric"]),
        ("p99(web.get)", &["p99, a metric"]),
        ("during", &["a fault or an experiment"]),
        ("services.web.queue.capacity", &["services.NAME.queue.capacity"]),
        ("services.workers", &["Places per instance"]),
        ("load.users.arrive.poisson.rate", &["load.NAME.arrive.poisson.rate"]),
        ("services.web.endpoints.get.steps.0.call.to", &["service.endpoint"]),
        ("breaker.rate.window", &["rate.window"]),
    ] {
        let text = told(name);
        for part in parts {
            assert!(text.contains(part), "{name} does not say {part}:\n{text}");
        }
        // Pages of kinds are written in lines of their own.
        assert!(text.lines().all(|line| line.chars().count() <= 150), "{text}");
    }
}

#[test]
fn what_is_not_known_is_hinted_at() {
    let unknown = |name: &str| explain(name).expect_err("is unknown").hint.unwrap_or_default();
    assert_eq!(unknown("poissonn"), "did you mean poisson?");
    assert_eq!(unknown("scaler.targets"), "windtunnel explain, without a word, lists what there is");
    assert_eq!(unknown("helth"), "did you mean health?");
}
