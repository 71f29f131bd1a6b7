//! In what two descriptions differ, value by value.

use crate::reader::{Node, Value};
use sim_core::results::compare::Differs;

/// Differences that are listed.
const MOST: usize = 12;

/// Sections that say what is asked, and nothing of the system.
const ASKS: [&str; 8] = ["scenario", "question", "answer", "source", "extends", "expect", "variants", "studies"];

/// Settings of the study, which are those of A for all.
const OF_STUDY: [&str; 3] = ["run.seed", "run.replications", "run.precision"];

/// The values that differ, in the order of A and then of B, up to so many; and how many more there are.
pub fn all(a: &Node, b: &Node) -> (Vec<Differs>, usize) {
    let mut found = Vec::new();
    walk(a, b, "", &mut found);
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    (found, more)
}

fn walk(a: &Node, b: &Node, path: &str, found: &mut Vec<Differs>) {
    match (&a.value, &b.value) {
        (Value::Map(_), Value::Map(_)) => {
            let asks = |key: &str| path.is_empty() && ASKS.contains(&key);
            for entry in a.entries().iter().filter(|e| !asks(&e.key)) {
                let path = below(path, &entry.key);
                match b.get(&entry.key) {
                    Some(other) => walk(&entry.value, other, &path, found),
                    None => found.push(differs(path, Some(&entry.value), None)),
                }
            }
            let only = b.entries().iter().filter(|e| a.get(&e.key).is_none() && !asks(&e.key));
            found.extend(only.map(|e| differs(below(path, &e.key), None, Some(&e.value))));
            found.retain(|differs| !OF_STUDY.contains(&differs.path.as_str()));
        }
        (Value::List(left), Value::List(right)) if left.len() == right.len() => {
            for (place, (left, right)) in left.iter().zip(right).enumerate() {
                walk(left, right, &below(path, &place.to_string()), found);
            }
        }
        _ if a.flow() == b.flow() => {}
        _ => found.push(differs(path.to_owned(), Some(a), Some(b))),
    }
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

fn differs(path: String, a: Option<&Node>, b: Option<&Node>) -> Differs {
    Differs { path, a: a.map(Node::flow), b: b.map(Node::flow) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{FileId, parse};

    fn found(a: &str, b: &str) -> Vec<String> {
        let node = |text: &str| parse(text, FileId(0)).node.unwrap();
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".into());
        let (all, more) = all(&node(a), &node(b));
        assert_eq!(more, 0);
        all.into_iter().map(|d| format!("{} {} {}", d.path, text(d.a), text(d.b))).collect()
    }

    #[test]
    fn values_differ_at_their_paths() {
        let a = "scenario: x\na: {b: 1, c: [1, 2], d: {e: 5s}, p99.9: 1s}\n";
        let b = "scenario: y\na: {b: 2, c: [1, 3], f: {g: 1}, p99.9: 1s}\n";
        assert_eq!(found(a, b), ["a.b 1 2", "a.c.1 2 3", "a.d {e: 5s} -", "a.f - {g: 1}"]);
        assert!(found(a, a).is_empty());
    }
}
