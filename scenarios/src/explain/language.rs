//! The language as the schema has it: what may stand where, and every path that leads there.
//!
//! A path is written with `NAME` for a name that the author chooses and `N` for a place in a list: `services.NAME.endpoints.NAME.steps.N.call`.
//! Maps that stand in several places, such as the settings of a call, are walked once and know all their places.

use crate::schema::schema;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// One of the things that may stand at a place.
#[derive(Debug, Clone, Copy)]
pub enum Form<'a> {
    /// A map with keys of its own.
    Keys(&'a Value),
    /// A kind: its name, the schema of its settings, and its first sentence.
    Kind(&'a str, &'a Value, &'a str),
    /// A word and what it means.
    Word(&'a str, &'a str),
    /// A map by names that the author chooses, and the schema of what stands behind each.
    Named(&'a Value),
    /// A list, and the schema of its entries.
    List(&'a Value),
    /// A quantity, a text, a number or a truth value; the name of its type, if it has one.
    Plain(Option<&'a str>, &'a Value),
}

/// A key of a map.
#[derive(Debug, Clone)]
pub struct Key<'a> {
    /// The key; for percentiles `p50 ... p99.99`.
    pub name: &'a str,
    /// The schema of its value, with its description.
    pub schema: &'a Value,
    /// Whether it has to be written.
    pub required: bool,
}

/// A map with keys, or a choice, and where it stands.
#[derive(Debug, Clone)]
pub struct Stop<'a> {
    /// Its schema.
    pub schema: &'a Value,
    /// The paths that lead to it, the first of which is the one by which it is known.
    pub paths: Vec<String>,
}

/// How keys are written that are percentiles.
pub const PERCENTILES: &str = "p50 ... p99.99";

/// The schema of whole scenarios, to be asked.
#[derive(Debug)]
pub struct Language {
    schema: Value,
}

impl Language {
    /// The one language.
    pub fn get() -> &'static Self {
        static LANGUAGE: OnceLock<Language> = OnceLock::new();
        LANGUAGE.get_or_init(|| Language { schema: schema() })
    }

    /// The schema of a whole scenario.
    pub fn root(&self) -> &Value {
        &self.schema
    }

    /// All that may stand where `schema` is. A null, which only says that a key may be left out, is none of it.
    pub fn forms<'a>(&'a self, schema: &'a Value) -> Vec<Form<'a>> {
        let mut forms = Vec::new();
        self.gather(schema, None, &mut forms);
        forms
    }

    fn gather<'a>(&'a self, schema: &'a Value, named: Option<&'a str>, forms: &mut Vec<Form<'a>>) {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return self.gather(&self.schema["$defs"][name], Some(name), forms);
        }
        for choice in choices(schema) {
            match kind(choice) {
                Some((name, settings)) => forms.push(Form::Kind(name, settings, description(choice))),
                None => match choice.get("const").and_then(Value::as_str) {
                    // A kind may stand as its bare name too.
                    Some(word) if forms.iter().any(|form| matches!(form, Form::Kind(name, ..) if *name == word)) => {}
                    Some(word) => forms.push(Form::Word(word, description(choice))),
                    None => self.gather(choice, named, forms),
                },
            }
        }
        let words = schema.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        forms.extend(words.map(|word| Form::Word(word, "")));
        if !choices(schema).is_empty()
            || schema.get("enum").is_some()
            || schema.get("type").is_some_and(|t| t == "null")
        {
            return;
        }
        let values = schema.get("additionalProperties").filter(|values| values.is_object());
        if schema.get("properties").is_some() || schema.get("patternProperties").is_some() {
            forms.push(Form::Keys(schema));
        } else if let Some(values) = values {
            forms.push(Form::Named(values));
        } else if let Some(items) = schema.get("items") {
            forms.push(Form::List(items));
        } else if let Some(items) = schema.get("prefixItems").and_then(Value::as_array).and_then(|items| items.first())
        {
            forms.push(Form::List(items));
        } else {
            forms.push(Form::Plain(named, schema));
        }
    }

    /// The keys of a map, those that have to be written first.
    pub fn keys<'a>(&'a self, map: &'a Value) -> Vec<Key<'a>> {
        let required = |name: &str| {
            map.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|key| key == name))
        };
        let own = |key: &str| map.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter);
        let mut keys: Vec<Key<'a>> = own("properties")
            .map(|(name, schema)| Key { name, schema, required: required(name) || is_asked(schema) })
            .collect();
        keys.extend(own("patternProperties").map(|(_, schema)| Key { name: PERCENTILES, schema, required: false }));
        keys.sort_by_key(|key| !key.required);
        keys
    }

    /// Every map with keys and every choice of kinds or words, in the order in which a scenario is best written.
    pub fn stops() -> &'static [Stop<'static>] {
        static STOPS: OnceLock<Vec<Stop<'static>>> = OnceLock::new();
        STOPS.get_or_init(|| {
            let mut walk = Walk { language: Self::get(), stops: Vec::new(), known: BTreeMap::new() };
            walk.visit(Self::get().root(), "");
            walk.stops
        })
    }

    /// The definition behind a reference, or the schema itself where it is none.
    pub fn behind<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let any = schema
            .get("anyOf")
            .and_then(Value::as_array)
            .and_then(|all| all.iter().find(|one| one.get("$ref").is_some()));
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => &self.schema["$defs"][reference.rsplit('/').next().unwrap_or_default()],
            None => any.map_or(schema, |one| self.behind(one)),
        }
    }
}

/// A walk through the language that enters every map once.
struct Walk<'a> {
    language: &'a Language,
    stops: Vec<Stop<'a>>,
    /// The number of the stop of each map and choice, by where it lies in memory: two that look alike are two.
    known: BTreeMap<*const Value, usize>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, schema: &'a Value, path: &str) {
        let forms = self.language.forms(schema);
        let is_choice = forms.iter().any(|form| matches!(form, Form::Kind(..) | Form::Word(..)));
        if is_choice && !self.enters(self.language.behind(schema), path) {
            return;
        }
        for form in forms {
            match form {
                Form::Keys(map) => {
                    if self.enters(map, path) {
                        let mut keys = self.language.keys(map);
                        keys.sort_by_key(|key| {
                            super::SECTIONS.iter().position(|section| path.is_empty() && *section == key.name)
                        });
                        keys.into_iter().for_each(|key| self.visit(key.schema, &below(path, key.name)));
                    }
                }
                Form::Kind(name, settings, _) => self.visit(settings, &below(path, name)),
                Form::Named(values) => self.visit(values, &below(path, "NAME")),
                Form::List(items) => self.visit(items, &below(path, "N")),
                Form::Word(..) | Form::Plain(..) => {}
            }
        }
    }

    /// Notes a place of a map or choice; true if it is the first.
    fn enters(&mut self, schema: &'a Value, path: &str) -> bool {
        let place = *self.known.entry(std::ptr::from_ref(schema)).or_insert(self.stops.len());
        if let Some(stop) = self.stops.get_mut(place) {
            stop.paths.push(path.to_owned());
            return false;
        }
        self.stops.push(Stop { schema, paths: vec![path.to_owned()] });
        true
    }
}

/// A path one step further.
pub fn below(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") }
}

/// The description of a schema, as Markdown.
pub fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

fn choices(schema: &Value) -> &[Value] {
    let of = |key: &str| schema.get(key).and_then(Value::as_array).map(Vec::as_slice);
    of("oneOf").or_else(|| of("anyOf")).unwrap_or_default()
}

/// The name and the settings of a kind: the only key of a map that has no other.
fn kind(choice: &Value) -> Option<(&str, &Value)> {
    let [Value::String(name)] = choice.get("required")?.as_array()?.as_slice() else { return None };
    let properties = choice.get("properties")?.as_object()?;
    let settings = properties.get(name)?;
    (properties.len() == 1).then_some((name.as_str(), settings))
}

/// Whether the description asks for the key although the types can do without: another file may write it.
fn is_asked(schema: &Value) -> bool {
    description(schema).split("\n\n").next().is_some_and(|first| first.ends_with("Required."))
}
