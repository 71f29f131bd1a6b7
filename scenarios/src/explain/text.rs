//! How types, defaults and meanings are told in words, for a terminal and for the page.

use super::language::{Form, Key, Language, description};
use serde_json::Value;

/// Columns of a terminal.
const WIDE: usize = 96;

/// What may stand at a place, in words. `link` makes a link of a choice or a map that is described elsewhere.
pub fn kind_of(language: &Language, schema: &Value, link: &dyn Fn(&Value, &str) -> String) -> String {
    let mut parts: Vec<String> = Vec::new();
    let forms = language.forms(schema);
    let kinds: Vec<&str> =
        forms.iter().filter_map(|form| if let Form::Kind(name, ..) = form { Some(*name) } else { None }).collect();
    let words: Vec<&str> =
        forms.iter().filter_map(|form| if let Form::Word(word, _) = form { Some(*word) } else { None }).collect();
    for form in &forms {
        let part = match form {
            Form::Keys(map) => link(map, "map"),
            Form::Named(values) => format!("map by name of {}", plural(&kind_of(language, values, link))),
            Form::List(items) => format!("list of {}", plural(&kind_of(language, items, link))),
            Form::Plain(name, schema) => plain(*name, schema),
            Form::Kind(..) | Form::Word(..) => continue,
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if !kinds.is_empty() {
        let is_distribution = kinds.contains(&"exponential") && kinds.contains(&"pareto");
        parts.push(link(language.behind(schema), if is_distribution { "distribution" } else { "kind" }));
    }
    if !words.is_empty() {
        let all: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        parts.push(if all.len() > 4 { link(language.behind(schema), "word") } else { all.join(" or ") });
    }
    if parts.is_empty() { "any value".to_owned() } else { parts.join(" or ") }
}

/// More of them, where the word is ours.
fn plural(kind: &str) -> String {
    match kind {
        "any value" => "any values".to_owned(),
        "map" | "kind" | "count" | "condition" | "duration" | "percentage" | "metric" | "name" | "text" => {
            format!("{kind}s")
        }
        _ => kind.to_owned(),
    }
}

/// A quantity, a text, a number or a truth value.
fn plain(name: Option<&str>, schema: &Value) -> String {
    let word = match name {
        Some("SimDuration") => "duration",
        Some("Rate") => "rate",
        Some("Count") => "count",
        Some("CountOrAll") => "count or `all`",
        Some("Bytes") => "bytes",
        Some("Probability" | "Percent") => "percentage",
        Some("Price") => "price",
        Some("Factor") => "factor",
        Some("Clause" | "Condition") => "condition",
        Some("Value") => "metric",
        Some("Percentile") => "percentile",
        _ => match schema.get("type") {
            Some(Value::String(kind)) => own_type(kind),
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").map_or("any value", own_type)
            }
            _ => "any value",
        },
    };
    if word == "text"
        && schema.get("pattern").is_some_and(|pattern| pattern.as_str().is_some_and(|p| p.starts_with("^[A-Za-z0-9]")))
    {
        return "name".to_owned();
    }
    word.to_owned()
}

fn own_type(kind: &str) -> &'static str {
    match kind {
        "string" => "text",
        "integer" => "whole number",
        "number" => "number",
        "boolean" => "`true` or `false`",
        "object" => "map",
        "array" => "list",
        _ => "any value",
    }
}

/// What is said of a key, without its default, and the default as the types or the description have it.
pub fn says_and_default(language: &Language, key: &Key<'_>) -> (String, Option<String>) {
    let own = description(key.schema);
    let text = if own.is_empty() { description(language.behind(key.schema)) } else { own };
    let (says, told) = without_default(&first_paragraph(text));
    let says = says.strip_suffix(" Required.").map_or(says.clone(), str::to_owned);
    if key.required {
        // What the types let out and the description asks for may stand in the defaults of all nodes.
        let elsewhere = key.name == "workers" && may_be_left_out(key.schema);
        return (says, Some(if elsewhere { "required, here or in `defaults.service`" } else { "required" }.to_owned()));
    }
    let holds_keys = language.forms(key.schema).iter().all(|form| matches!(form, Form::Keys(_) | Form::Named(_)));
    let own = key.schema.get("default").filter(|value| !(value.is_null() || holds_keys && value.is_object())).map(flow);
    (says, own.or(told))
}

fn may_be_left_out(schema: &Value) -> bool {
    schema.get("anyOf").and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one["type"] == "null"))
}

/// The first paragraph, on one line.
pub fn first_paragraph(text: &str) -> String {
    text.split("\n\n").next().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A sentence without its clause `; default X`, and X.
pub fn without_default(text: &str) -> (String, Option<String>) {
    let Some(at) = ["; default ", ", default "].iter().find_map(|mark| text.find(mark)) else {
        return (text.to_owned(), None);
    };
    let clause = &text[at + "; default ".len()..];
    let end = clause.find(". ").unwrap_or(clause.trim_end_matches('.').len());
    let end = clause[..end].find("; ").unwrap_or(end);
    let rest = clause[end..].trim_start_matches(['.', ';']).trim();
    let joined = format!("{}. {rest}", &text[..at]);
    (joined.trim_end().to_owned(), Some(clause[..end].to_owned()))
}

/// A value in YAML's flow style.
fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => format!("[{}]", all.iter().map(flow).collect::<Vec<_>>().join(", ")),
        // A kind with nothing set stands as its bare name.
        Value::Object(map)
            if map.len() == 1 && map.values().all(|value| value.as_object().is_some_and(serde_json::Map::is_empty)) =>
        {
            map.keys().next().cloned().unwrap_or_default()
        }
        Value::Object(map) => {
            let all: Vec<String> = map.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", all.join(", "))
        }
        other => other.to_string(),
    }
}

/// Paths, of which so many are told.
pub fn places(paths: &[String], most: usize, mark: &str) -> String {
    let told: Vec<String> = paths.iter().take(most).map(|path| format!("{mark}{path}{mark}")).collect();
    match paths.len().saturating_sub(most) {
        0 => told.join(", "),
        more => format!("{}, and {more} more", told.join(", ")),
    }
}

/// Text in lines of a terminal, with blanks in front.
pub fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |line| line.chars().count());
        if line > 0 && indent + line + 1 + word.chars().count() > WIDE {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{}{line}\n", " ".repeat(indent))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_told_apart_from_meanings() {
        let check = |text: &str, says: &str, default: Option<&str>| {
            assert_eq!(without_default(text), (says.to_owned(), default.map(str::to_owned)), "{text}");
        };
        check("Start, from time 0; default 0s.", "Start, from time 0.", Some("0s"));
        check("So many; default 1. Others serve.", "So many. Others serve.", Some("1"));
        check("Where they wait; default 1k places, first come.", "Where they wait.", Some("1k places, first come"));
        check("What is asked.", "What is asked.", None);
    }

    #[test]
    fn long_lines_are_wrapped() {
        let text = wrapped(&"word ".repeat(40), 4);
        assert!(text.lines().all(|line| line.len() <= WIDE && line.starts_with("    word")), "{text}");
        assert_eq!(text.matches("word").count(), 40);
    }
}
