//! The schema of a file that `extends` another one: the same keys, none of them required, and null where it removes one.
//!
//! Maps of an overlay merge with those of its base, so each may say as little as it likes. Lists and words are replaced whole, so what
//! stands in a list is held to the schema of whole scenarios. Quantities and other words are the same in both and are not copied.

use serde_json::{Map, Value, json};

/// Begins the name of a definition of overlays.
const PREFIX: &str = "Overlay";

/// The definitions of overlays that `root` needs, the one called `Overlay` among them, from the definitions of whole scenarios.
pub fn definitions(root: &Value, whole: &Map<String, Value>) -> Map<String, Value> {
    let mut overlays = Overlays { whole, made: Map::new() };
    let mut top = root.clone();
    overlays.loosen(&mut top);
    overlays.made.insert(PREFIX.to_owned(), top);
    overlays.made
}

struct Overlays<'a> {
    whole: &'a Map<String, Value>,
    made: Map<String, Value>,
}

impl Overlays<'_> {
    /// Takes out of a schema what holds for whole maps only.
    fn loosen(&mut self, schema: &mut Value) {
        let Some(map) = schema.as_object_mut() else { return };
        if let Some(description) = map.get_mut("description") {
            shorten(description);
        }
        if let Some(Value::String(reference)) = map.get_mut("$ref") {
            *reference = self.copied(reference);
        }
        for key in ["oneOf", "anyOf"] {
            for choice in map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
                self.choice(choice);
            }
        }
        map.remove("required");
        self.fields(map);
    }

    /// One of several kinds: its name stays required, for it tells the kinds apart. Others may be removed beside it.
    fn choice(&mut self, choice: &mut Value) {
        let name = choice.get("required").cloned();
        self.loosen(choice);
        if let (Some(name), Some(map)) = (name, choice.as_object_mut()) {
            map.insert("required".to_owned(), name);
            map.insert("additionalProperties".to_owned(), json!({"type": "null"}));
        }
    }

    fn fields(&mut self, map: &mut Map<String, Value>) {
        for key in ["properties", "patternProperties"] {
            for field in map.get_mut(key).and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
                self.field(field);
            }
        }
        if let Some(field) = map.get_mut("additionalProperties").filter(|field| field.is_object()) {
            self.field(field);
        }
    }

    /// The value of a key, which null removes.
    fn field(&mut self, field: &mut Value) {
        self.loosen(field);
        if !is_nullable(field) {
            let mut own = field.take();
            let description = own.as_object_mut().and_then(|own| own.remove("description"));
            *field = json!({"anyOf": [own, {"type": "null"}]});
            if let Some(description) = description {
                field["description"] = description;
            }
        }
    }

    /// The reference to use in an overlay: to a copy where the definition holds maps.
    fn copied(&mut self, reference: &str) -> String {
        let name = reference.rsplit('/').next().unwrap_or_default();
        let Some(whole) = self.whole.get(name).filter(|whole| has_maps(whole)) else { return reference.to_owned() };
        let copy = format!("{PREFIX}{name}");
        if !self.made.contains_key(&copy) {
            // Steps hold steps: the place is taken before the copy is made.
            self.made.insert(copy.clone(), Value::Null);
            let mut own = whole.clone();
            self.loosen(&mut own);
            self.made.insert(copy.clone(), own);
        }
        format!("#/$defs/{copy}")
    }
}

/// Whether a definition is a map or may be one.
fn has_maps(schema: &Value) -> bool {
    let is_map =
        ["properties", "patternProperties", "additionalProperties"].iter().any(|key| schema.get(key).is_some());
    let choices = ["oneOf", "anyOf"].iter().filter_map(|key| schema.get(key).and_then(Value::as_array)).flatten();
    is_map || choices.into_iter().any(|choice| choice.get("$ref").is_some() || has_maps(choice))
}

fn is_nullable(schema: &Value) -> bool {
    let is_null = |schema: &Value| match schema.get("type") {
        Some(Value::String(kind)) => kind == "null",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
        _ => false,
    };
    schema.get("anyOf").and_then(Value::as_array).is_some_and(|choices| choices.iter().any(is_null)) || is_null(schema)
}

/// Keeps the first paragraph: the pages of the kinds stand in the definitions of whole scenarios.
fn shorten(description: &mut Value) {
    if let Value::String(text) = description {
        let end = text.find("\n\n").unwrap_or(text.len());
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_need_nothing_and_lists_need_all() {
        let whole = json!({
            "Load": {"type": "object", "required": ["arrive"], "properties": {
                "arrive": {"$ref": "#/$defs/Arrive"}, "steps": {"type": "array", "items": {"$ref": "#/$defs/Load"}}}},
            "Arrive": {"oneOf": [{"type": "object", "required": ["poisson"], "additionalProperties": false,
                "properties": {"poisson": {"$ref": "#/$defs/Rate"}}}]},
            "Rate": {"type": "string"},
        });
        let root = json!({"properties": {"load": {"$ref": "#/$defs/Load"}}});
        let made = definitions(&root, whole.as_object().expect("is a map"));
        assert_eq!(made["Overlay"]["properties"]["load"]["anyOf"][0]["$ref"], "#/$defs/OverlayLoad");
        assert!(made["OverlayLoad"].get("required").is_none());
        let properties = &made["OverlayLoad"]["properties"];
        assert_eq!(properties["steps"]["anyOf"][0]["items"]["$ref"], "#/$defs/Load");
        assert_eq!(made["OverlayArrive"]["oneOf"][0]["required"], json!(["poisson"]));
        let rate = &made["OverlayArrive"]["oneOf"][0]["properties"]["poisson"];
        assert_eq!(*rate, json!({"anyOf": [{"$ref": "#/$defs/Rate"}, {"type": "null"}]}));
    }
}
