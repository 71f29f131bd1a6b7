//! Where a path of the user leads: `services.web.queue.capacity`, `services.queue.capacity` or `queue.capacity`.

use super::language::{Form, Language, below, description};
use serde_json::Value;

/// What stands at the end of a path.
#[derive(Debug, Clone)]
pub struct Target<'a> {
    /// The path, with `NAME` and `N`.
    pub path: String,
    /// What stands there.
    pub schema: &'a Value,
    /// What is said of it where it stands.
    pub says: &'a str,
    /// Whether the map that it stands in asks for it.
    pub required: bool,
    /// Whether the last part is a word of the language, and not a name or a number.
    literal: bool,
}

/// All that a path leads to: from the top of a file, or else from any key that begins it.
pub fn targets(language: &'static Language, path: &str) -> Vec<Target<'static>> {
    let parts: Vec<&str> = path.split('.').collect();
    let root = start(language.root(), String::new());
    let mut found = walk(language, &root, &parts);
    if found.is_empty() {
        for stop in Language::stops() {
            found.extend(walk(language, &start(stop.schema, stop.paths[0].clone()), &parts));
        }
    }
    if found.iter().any(|target| target.literal) {
        found.retain(|target| target.literal);
    }
    let mut seen: Vec<*const Value> = Vec::new();
    found.retain(|target| {
        let new = !seen.contains(&std::ptr::from_ref(target.schema));
        seen.push(std::ptr::from_ref(target.schema));
        new
    });
    found
}

fn start(schema: &Value, path: String) -> Target<'_> {
    Target { path, schema, says: "", required: false, literal: false }
}

fn walk<'a>(language: &'a Language, at: &Target<'a>, parts: &[&str]) -> Vec<Target<'a>> {
    let Some((part, rest)) = parts.split_first() else { return vec![at.clone()] };
    let mut found = Vec::new();
    let step = |name: &str, schema: &'a Value, says: &'a str, required: bool, literal: bool| Target {
        path: below(&at.path, name),
        schema,
        says,
        required,
        literal,
    };
    for form in language.forms(at.schema) {
        match form {
            Form::Keys(map) => {
                let keys = language.keys(map);
                for key in keys.into_iter().filter(|key| key.name == *part) {
                    let next = step(part, key.schema, description(key.schema), key.required, true);
                    found.extend(walk(language, &next, rest));
                }
            }
            Form::Kind(name, settings, says) if name == *part => {
                found.extend(walk(language, &step(part, settings, says, false, true), rest));
            }
            Form::Named(values) => {
                found.extend(walk(language, &step("NAME", values, "", false, false), rest));
                found.extend(walk(language, &step("NAME", values, "", false, false), parts));
            }
            Form::List(items) => {
                let next = step("N", items, "", false, false);
                let rest = if part.parse::<u32>().is_ok() || *part == "N" { rest } else { parts };
                found.extend(walk(language, &next, rest));
            }
            Form::Kind(..) | Form::Word(..) | Form::Plain(..) => {}
        }
    }
    found
}
