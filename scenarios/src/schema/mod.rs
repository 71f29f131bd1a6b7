//! The JSON Schema of a scenario file, from the same types that read it.
//!
//! What the types do not say is added: a kind none of whose settings is required may stand as its bare name, and a file that `extends`
//! another one may leave out what that one says.

mod overlay;

use crate::written::Written;
use serde_json::{Value, json};

/// The schema of any scenario file, for editors and validators: of whole scenarios, and of those that extend others.
pub fn of_files() -> Value {
    let mut whole = schema();
    let mut definitions = whole["$defs"].take();
    if let (Some(root), Value::Object(definitions)) = (whole.as_object_mut(), &mut definitions) {
        let version = root.remove("$schema");
        root.remove("$defs");
        definitions.extend(overlay::definitions(&whole, definitions));
        definitions.insert("Scenario".to_owned(), whole);
        return json!({
            "$schema": version,
            "title": "A windtunnel scenario",
            "type": "object",
            "if": {"required": ["extends"]},
            "then": {"$ref": "#/$defs/Overlay"},
            "else": {"$ref": "#/$defs/Scenario"},
            "$defs": definitions,
        });
    }
    whole
}

/// The schema of a whole scenario.
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Written).to_value();
    let definitions = schema.get("$defs").cloned().unwrap_or_else(|| json!({}));
    allow_bare_names(&mut schema, &definitions);
    schema["title"] = json!("A windtunnel scenario");
    schema
}

fn allow_bare_names(value: &mut Value, definitions: &Value) {
    match value {
        Value::Object(map) => {
            for key in ["oneOf", "anyOf"] {
                if let Some(Value::Array(choices)) = map.get_mut(key) {
                    let bare: Vec<Value> = choices.iter().filter_map(|c| bare_name(c, definitions)).collect();
                    choices.extend(bare);
                }
            }
            map.values_mut().for_each(|child| allow_bare_names(child, definitions));
        }
        Value::Array(all) => all.iter_mut().for_each(|child| allow_bare_names(child, definitions)),
        _ => {}
    }
}

/// The bare name of a kind, if `choice` is a map with one key whose settings may all be left out.
fn bare_name(choice: &Value, definitions: &Value) -> Option<Value> {
    let [Value::String(name)] = choice.get("required")?.as_array()?.as_slice() else { return None };
    let properties = choice.get("properties")?.as_object()?;
    let settings = properties.get(name).filter(|_| properties.len() == 1)?;
    let settings = match settings.get("$ref").and_then(Value::as_str) {
        Some(reference) => definitions.get(reference.rsplit('/').next()?)?,
        None => settings,
    };
    let is_map = settings.get("type").and_then(Value::as_str) == Some("object");
    let needs_nothing = settings.get("required").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let description = settings.get("description").cloned().unwrap_or_else(|| json!(""));
    let first = description.as_str().unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    (is_map && needs_nothing).then(|| json!({"const": name, "description": first}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_kinds_are_in_it() {
        let schema = schema();
        let properties = schema["properties"].as_object().expect("has properties");
        for section in ["scenario", "run", "load", "services", "faults", "expect", "variants"] {
            assert!(properties.contains_key(section), "{section}");
        }
        let text = schema.to_string();
        assert!(text.contains("\"const\":\"random\""), "bare kinds are allowed");
        assert!(!text.contains("\"const\":\"poisson\""), "a kind that needs settings is no bare name");
    }
}
