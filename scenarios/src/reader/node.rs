//! The tree of a scenario file, with the place of every key and value.
//!
//! A path names a place in the tree: keys joined by dots, list places by number from 0. Keys may hold dots themselves
//! (`p99.9`, `cpu(api.get)`), so a path is matched against the keys that are there, the longest first.

use sim_core::visible::is_hidden;
use std::fmt::Write;

/// Which text a place is in: a place in [`super::Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u16);

/// A stretch of text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A bare or quoted word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text without quotes and escapes.
    pub text: String,
    /// Whether it stood without quotes, and so may be a number, a truth value or null.
    pub plain: bool,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word, a quantity, a number.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_span: Span,
    /// Its value.
    pub value: Node,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it holds.
    pub value: Value,
    /// Where it stands.
    pub span: Span,
}

/// One step of the way from the root to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

/// A child of a node: where its name stands (`None` in lists), and itself.
type Child<'a> = (Option<&'a Entry>, &'a Node);

/// Text as it may stand in YAML's flow style: as it is where that is safe, else in quotes.
pub fn flow_word(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "/%.$_-+>()".contains(c);
    let word = !text.is_empty() && text.chars().all(safe) && !text.starts_with(['-', '%', '>']);
    if word || text.parse::<f64>().is_ok() { text.to_owned() } else { quoted(text) }
}

/// Text in YAML's double quotes, with YAML's escapes. A line break is written with a break of the line behind it, by which the reader knows
/// that the text has lines.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut after_break = false;
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n\\\n"),
            // Blanks at the begin of a line are none of the text.
            ' ' if after_break => out.push_str("\\ "),
            c if is_hidden(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
        after_break = character == '\n';
    }
    out.push('"');
    out
}

/// Columns of a line of a scenario that is written anew.
const WIDE: usize = 140;

impl Node {
    /// The node as a YAML file: on one line what fits there, and in blocks what does not.
    pub fn block(&self) -> String {
        let mut out = String::new();
        self.block_into(0, &mut out);
        out
    }

    fn block_into(&self, indent: usize, out: &mut String) {
        let space = " ".repeat(indent);
        let mut put = |head: &str, value: &Self| {
            let flow = value.flow();
            let nested = matches!(&value.value, Value::Map(e) if !e.is_empty())
                || matches!(&value.value, Value::List(l) if !l.is_empty());
            if nested && indent + head.len() + flow.len() + 1 > WIDE {
                out.push_str(&format!("{space}{head}\n"));
                value.block_into(indent + 2, out);
            } else {
                // Lines of a text stand deeper than its key.
                out.push_str(&format!("{space}{head} {}\n", flow.replace('\n', &format!("\n{space}    "))));
            }
        };
        match &self.value {
            Value::Scalar(_) => out.push_str(&format!("{space}{}\n", self.flow())),
            Value::List(nodes) => nodes.iter().for_each(|node| put("-", node)),
            Value::Map(entries) => entries.iter().for_each(|e| put(&format!("{}:", flow_word(&e.key)), &e.value)),
        }
    }

    /// The node as text in YAML's flow style, on one line.
    pub fn flow(&self) -> String {
        match &self.value {
            Value::Scalar(_) if self.is_null() => "null".to_owned(),
            Value::Scalar(scalar) if scalar.plain => flow_word(&scalar.text),
            Value::Scalar(scalar) => quoted(&scalar.text),
            Value::List(nodes) => format!("[{}]", nodes.iter().map(Self::flow).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let all = entries.iter().map(|e| format!("{}: {}", flow_word(&e.key), e.value.flow()));
                format!("{{{}}}", all.collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Whether it is null: nothing was written, `null` or `~`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if s.plain && matches!(s.text.as_str(), "" | "~" | "null"))
    }

    /// The entries, if it is a map.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The entries of a list.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(nodes) => nodes,
            _ => &[],
        }
    }

    /// The entry at `key`, if it is a map that has one.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// The value at `key`, if it is a map that has one.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// The text, if it is a scalar and not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(s) if !self.is_null() => Some(&s.text),
            _ => None,
        }
    }

    /// The node at `path`, if there is one.
    pub fn find(&self, path: &str) -> Option<&Node> {
        if path.is_empty() { Some(self) } else { self.find_child(path).map(|(_, node)| node) }
    }

    /// The node at `path`, and its entry if it stands in a map.
    pub(crate) fn find_child(&self, path: &str) -> Option<Child<'_>> {
        let (child, rest) = self.step(path)?;
        if rest.is_empty() { Some(child) } else { child.1.find_child(rest) }
    }

    /// The best place for a problem at `path`: the value itself if it is a scalar; the key (or the first key of a list entry) if
    /// it is a map or a list; and if nothing is there, the nearest place on the way. The flag says whether all of the path was
    /// found.
    pub fn place(&self, path: &str) -> (Span, bool) {
        self.place_below(path, self.head())
    }

    /// Removes the node that `parts` leads to. `false` if nothing is there, or the way is empty.
    pub fn remove(&mut self, parts: &[Part]) -> bool {
        let Some((first, rest)) = parts.split_first() else { return false };
        if rest.is_empty() {
            return self.remove_child(first);
        }
        self.child_mut(first).is_some_and(|child| child.remove(rest))
    }

    /// The node that `parts` leads to.
    pub fn at(&self, parts: &[Part]) -> Option<&Node> {
        let Some((first, rest)) = parts.split_first() else { return Some(self) };
        let child = match (&self.value, first) {
            (Value::Map(entries), Part::Key(key)) => entries.iter().find(|e| e.key == *key).map(|e| &e.value),
            (Value::List(nodes), Part::Index(index)) => nodes.get(*index),
            _ => None,
        };
        child?.at(rest)
    }

    /// How many values there are in it, itself included.
    pub fn size(&self) -> usize {
        match &self.value {
            Value::Scalar(_) => 1,
            Value::List(nodes) => 1 + nodes.iter().map(Node::size).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|e| e.value.size()).sum::<usize>(),
        }
    }

    /// How many maps and lists lie within each other, itself included; 0 for a word.
    pub fn depth(&self) -> usize {
        match &self.value {
            Value::Scalar(_) => 0,
            Value::List(nodes) => 1 + nodes.iter().map(Node::depth).max().unwrap_or(0),
            Value::Map(entries) => 1 + entries.iter().map(|e| e.value.depth()).max().unwrap_or(0),
        }
    }

    /// The child at which `path` begins, and the path from there.
    pub(crate) fn step<'a, 'p>(&'a self, path: &'p str) -> Option<(Child<'a>, &'p str)> {
        match &self.value {
            Value::Scalar(_) => None,
            Value::List(nodes) => {
                let (first, rest) = path.split_once('.').unwrap_or((path, ""));
                let node = nodes.get(first.parse::<usize>().ok()?)?;
                Some(((None, node), rest))
            }
            Value::Map(entries) => entries
                .iter()
                .filter_map(|e| rest_after(path, &e.key).map(|rest| ((Some(e), &e.value), rest)))
                .min_by_key(|(_, rest)| rest.len()),
        }
    }

    /// Where to point when the node itself is meant and has no key.
    pub(crate) fn head(&self) -> Span {
        match &self.value {
            Value::Map(entries) if !entries.is_empty() => entries[0].key_span,
            _ => self.span,
        }
    }

    fn place_below(&self, path: &str, here: Span) -> (Span, bool) {
        if path.is_empty() {
            return (here, true);
        }
        let Some(((entry, child), rest)) = self.step(path) else { return (here, false) };
        let there = match (&child.value, entry) {
            (Value::Scalar(s), Some(entry)) if s.text.is_empty() => entry.key_span,
            (Value::Scalar(_), _) => child.span,
            (_, Some(entry)) => entry.key_span,
            (_, None) => child.head(),
        };
        child.place_below(rest, there)
    }

    fn remove_child(&mut self, part: &Part) -> bool {
        match (&mut self.value, part) {
            (Value::Map(entries), Part::Key(key)) => {
                let before = entries.len();
                entries.retain(|e| e.key != *key);
                entries.len() < before
            }
            (Value::List(nodes), Part::Index(index)) if *index < nodes.len() => {
                nodes.remove(*index);
                true
            }
            _ => false,
        }
    }

    fn child_mut(&mut self, part: &Part) -> Option<&mut Node> {
        match (&mut self.value, part) {
            (Value::Map(entries), Part::Key(key)) => entries.iter_mut().find(|e| e.key == *key).map(|e| &mut e.value),
            (Value::List(nodes), Part::Index(index)) => nodes.get_mut(*index),
            _ => None,
        }
    }
}

/// What is left of `path` after `key`, if it begins with it.
fn rest_after<'p>(path: &'p str, key: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(key)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::parse;

    fn tree(text: &str) -> Node {
        parse(text, FileId(0)).node.expect("parses")
    }

    fn shown(text: &str, path: &str) -> String {
        let (span, _) = tree(text).place(path);
        text[span.start..span.end].to_owned()
    }

    #[test]
    fn scalar_is_pointed_at_itself_and_a_map_at_its_key() {
        let text = "load:\n  a: {to: web.get, p99.9: 5ms}\n";
        assert_eq!(shown(text, "load.a.to"), "web.get");
        assert_eq!(shown(text, "load.a"), "a");
        assert_eq!(shown(text, "load.a.p99.9"), "5ms");
    }

    #[test]
    fn missing_key_is_pointed_at_the_nearest_that_is_there() {
        let text = "services:\n  api: {workers: 4}\n";
        assert_eq!(shown(text, "services.api.queue.capacity"), "api");
        assert!(!tree(text).place("services.api.queue").1);
    }

    #[test]
    fn list_entry_is_pointed_at_its_first_key() {
        let text = "steps:\n  - work: 1ms\n  - call: {to: x}\n";
        assert_eq!(shown(text, "steps.1"), "call");
        assert_eq!(shown(text, "steps.1.call.to"), "x");
    }

    #[test]
    fn every_text_is_read_as_it_was_written() {
        let odd = [
            "",
            " ",
            "a b",
            "a: b",
            "null",
            "~",
            "true",
            "5",
            "-",
            "- x",
            "#x",
            "a #b",
            "x:",
            "\"",
            "\\",
            "\\n",
            "'",
            "[",
            "{",
            "}",
            ",",
            "&a",
            "*a",
            "!t",
            "%d",
            "@",
            "`",
            "|",
            ">",
            "?",
            "a\u{a0}b",
            "\u{a0}",
            "Zürich",
            "東京",
            "👩\u{200d}💻",
            "\u{e000}",
            "\u{10ffff}",
            "\u{fffd}",
            "a\nb",
            "a\n b",
            "a\n\n  b\n",
            "\n",
            " \n ",
            "1e3",
            "0x10",
            ".5",
            "+3",
            "-inf",
            "nan",
            "a\u{2003}b",
            "=",
            "<<",
            "\\u202e",
            "\u{301}a",
        ];
        let scalar = |text: &str, plain| Node {
            value: Value::Scalar(Scalar { text: text.to_owned(), plain }),
            span: Span { file: FileId(0), start: 0, end: 0 },
        };
        let map = |entries: Vec<(String, Node)>| Node {
            span: scalar("", false).span,
            value: Value::Map(
                entries.into_iter().map(|(key, value)| Entry { key, key_span: value.span, value }).collect(),
            ),
        };
        let list = |nodes| Node { value: Value::List(nodes), span: scalar("", false).span };
        let others = (0x20..0x3000_u32).chain([0xd7ff, 0xe001, 0xfdd0, 0x1f600]).filter_map(char::from_u32);
        let all: Vec<String> =
            odd.iter().map(|text| (*text).to_owned()).chain(others.map(|c| format!("x{c}y"))).collect();
        for text in all.iter().filter(|text| !text.contains(|c| c != '\n' && is_hidden(c))) {
            let deep = map(vec![(
                "k".to_owned(),
                list(vec![scalar(text, false), map(vec![("m".to_owned(), scalar(text, false))])]),
            )]);
            let long =
                map(vec![("pad".to_owned(), scalar(&"x".repeat(200), false)), ("t".to_owned(), scalar(text, false))]);
            let entries = [("v", scalar(text, false)), ("deep", deep), ("long", long), ("plain", scalar(text, true))];
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            if !text.contains('\n') {
                entries.push((format!("key {text}"), scalar("1", true)));
                entries.push((text.clone(), scalar("1", true)));
            }
            let written = map(entries).block();
            let parsed = parse(&written, FileId(0));
            assert!(parsed.problems.is_empty(), "{text:?}: {written}\n{:?}", parsed.problems);
            let read = parsed.node.expect("parses");
            for at in ["v", "deep.k.0", "deep.k.1.m", "long.t"] {
                assert_eq!(read.find(at).and_then(Node::text), Some(text.as_str()), "{at} of {text:?}: {written}");
            }
            let is_null = matches!(text.as_str(), "" | "~" | "null");
            assert_eq!(read.get("plain").is_some_and(Node::is_null), is_null, "{text:?}: {written}");
            assert!(
                text.contains('\n') || read.get(text).is_some() && read.get(&format!("key {text}")).is_some(),
                "{written}"
            );
        }
    }

    #[test]
    fn removed_child_is_gone_and_its_siblings_stay() {
        let mut node = tree("a: [1, 2, 3]\nb: x\n");
        assert!(node.remove(&[Part::Key("a".into()), Part::Index(1)]));
        assert_eq!(node.find("a.1").and_then(Node::text), Some("3"));
        assert!(!node.remove(&[Part::Key("c".into())]));
        assert!(!node.remove(&[]));
    }
}
