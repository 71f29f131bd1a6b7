//! From text to a [`Node`] tree, with its limits.
//!
//! A file that is not YAML has one problem, at the place where the parser stopped. One that is has all of these at once: duplicate
//! keys, tags, keys that are not words. Aliases are allowed and unfolded, up to a number of values; anchors are not needed
//! (`defaults`, `policies` and `extends` are), but they do no harm. Hidden characters of words become their escapes here, once for all.

use super::diagnostics::Placed;
use super::node::{Entry, FileId, Node, Scalar, Span, Value};
use granit_parser::{Event, Parser, ScalarStyle};
use sim_core::problem::Problem;
use sim_core::visible::{visible, visible_lines};
use std::collections::BTreeMap;

/// Values in one file, aliases unfolded.
const MAX_VALUES: usize = 100_000;
/// Maps and lists within each other.
const MAX_DEPTH: usize = 64;
/// Problems reported for one file; beyond that, reading stops.
const MAX_PROBLEMS: usize = 100;
/// Bytes in one file.
pub const MAX_BYTES: usize = 4 << 20;

/// What came of a text: its tree if it has one, and what is wrong with it.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; a key that was written twice is in it once.
    pub node: Option<Node>,
    /// What is wrong.
    pub problems: Vec<Placed>,
}

/// Reads one text.
pub fn parse(text: &str, file: FileId) -> Parsed {
    let mut builder = Builder::new(text, file);
    let node = if builder.fits() { builder.document() } else { None };
    Parsed { node, problems: builder.problems }
}

/// A collection that is not closed yet.
struct Open {
    value: Value,
    start: usize,
    anchor: usize,
    /// The key whose value comes next, in maps.
    key: Option<(String, Span)>,
    /// Keys so far, and where each begins.
    keys: BTreeMap<String, usize>,
    /// The problem of a key that is written twice waits here until its value is read and left out.
    skip: bool,
}

struct Builder<'a> {
    text: &'a str,
    file: FileId,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    values: usize,
    root: Option<Node>,
    problems: Vec<Placed>,
}

/// Reading cannot go on; the problem is noted.
struct Stop;

impl<'a> Builder<'a> {
    fn new(text: &'a str, file: FileId) -> Self {
        Self { text, file, open: vec![], anchors: BTreeMap::new(), values: 0, root: None, problems: vec![] }
    }

    fn fits(&mut self) -> bool {
        if self.text.len() > MAX_BYTES {
            let message = format!("the file is too large: {} MiB, and at most 4 are read", self.text.len() >> 20);
            self.problem(Problem::error("", message), 0..0);
        } else if let Some(at) = self.text.find('\0') {
            let problem = Problem::error("", "this is not a text file").label("a zero byte");
            self.problem(problem, at..at + 1);
        }
        self.problems.is_empty()
    }

    fn document(&mut self) -> Option<Node> {
        let mut documents = 0;
        for next in Parser::new_from_str(self.text) {
            let result = match next {
                Ok((Event::DocumentStart(..), span)) => {
                    documents += 1;
                    if documents > 1 { Err(self.second_document(&span)) } else { Ok(()) }
                }
                Ok((event, span)) => self.event(event, &span),
                Err(error) => Err(self.syntax(&error)),
            };
            if result.is_err() || self.problems.len() >= MAX_PROBLEMS {
                return None;
            }
        }
        if self.root.as_ref().is_none_or(Node::is_null) && self.problems.is_empty() {
            self.empty();
            return None;
        }
        self.root.take()
    }

    fn event(&mut self, event: Event<'_>, at: &granit_parser::Span) -> Result<(), Stop> {
        let range = self.range(at);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), at);
                let text = self.visible(&text, &range);
                let value = Value::Scalar(Scalar { text, plain: style == ScalarStyle::Plain });
                self.place(Node { value, span: self.span(range) }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => self.begin(Value::List(vec![]), anchor, tag.is_some(), at),
            Event::MappingStart(_, anchor, tag) => self.begin(Value::Map(vec![]), anchor, tag.is_some(), at),
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            Event::Alias(id) => self.alias(id, range),
            _ => Ok(()),
        }
    }

    /// A word as all see it from here on: what is hidden in it stands as its escape. Texts that are written over several lines keep them.
    fn visible(&self, text: &str, range: &std::ops::Range<usize>) -> String {
        let has_lines =
            !self.expects_key() && self.text.get(range.clone()).is_some_and(|written| written.contains('\n'));
        if has_lines { visible_lines(&text.replace('\t', " ")).into_owned() } else { visible(text).into_owned() }
    }

    fn begin(&mut self, value: Value, anchor: usize, tagged: bool, at: &granit_parser::Span) -> Result<(), Stop> {
        self.refuse_tag(tagged, at);
        let range = self.range(at);
        if self.open.len() >= MAX_DEPTH {
            let problem = Problem::error("", format!("more than {MAX_DEPTH} maps and lists within each other"));
            return Err(self.stop(problem, range));
        }
        if self.expects_key() {
            return Err(self.stop(Problem::error("", "a key is a word, not a map or a list"), range));
        }
        self.open.push(Open { value, start: range.start, anchor, key: None, keys: BTreeMap::new(), skip: false });
        Ok(())
    }

    fn end(&mut self, end: usize) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let end = end.max(open.start);
        let trimmed = open.start + self.text.get(open.start..end).map_or(0, |t| t.trim_end().len());
        self.place(Node { value: open.value, span: self.span(open.start..trimmed) }, open.anchor)
    }

    fn alias(&mut self, id: usize, range: std::ops::Range<usize>) -> Result<(), Stop> {
        let Some(node) = self.anchors.get(&id) else {
            let problem = Problem::error("", "an alias stands within the value that it names");
            return Err(self.stop(problem, range));
        };
        let size = node.size();
        if self.open.len() + node.depth() > MAX_DEPTH {
            let problem = Problem::error("", format!("more than {MAX_DEPTH} maps and lists within each other"));
            return Err(self.stop(problem.label("with what this alias stands for"), range));
        }
        if self.values + size > MAX_VALUES {
            let message = format!("this file unfolds to more than {MAX_VALUES} values");
            let problem = Problem::error("", message)
                .label("this alias is one too many")
                .hint("write aliases out, or use policies and defaults");
            return Err(self.stop(problem, range));
        }
        self.values += size;
        self.place(node.clone(), 0)
    }

    /// Puts a finished node where it belongs: a key, a value, a list entry or the root.
    fn place(&mut self, node: Node, anchor: usize) -> Result<(), Stop> {
        self.values += 1;
        if self.values > MAX_VALUES {
            let (start, end) = (node.span.start, node.span.end);
            return Err(self.stop(Problem::error("", format!("more than {MAX_VALUES} values in one file")), start..end));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        if self.expects_key() {
            return self.key(&node);
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match (&mut open.value, open.key.take()) {
            (Value::Map(_), Some(_)) if std::mem::take(&mut open.skip) => {}
            (Value::Map(entries), Some((key, key_span))) => entries.push(Entry { key, key_span, value: node }),
            (Value::List(nodes), _) => nodes.push(node),
            _ => {}
        }
        Ok(())
    }

    fn expects_key(&self) -> bool {
        self.open.last().is_some_and(|o| matches!(o.value, Value::Map(_)) && o.key.is_none())
    }

    fn key(&mut self, node: &Node) -> Result<(), Stop> {
        let Value::Scalar(scalar) = &node.value else {
            let problem = Problem::error("", "a key is a word, not a map or a list");
            return Err(self.stop(problem, node.span.start..node.span.end));
        };
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        let twice = open.keys.get(&scalar.text).copied();
        open.key = Some((scalar.text.clone(), node.span));
        open.skip = twice.is_some();
        if twice.is_none() {
            open.keys.insert(scalar.text.clone(), node.span.start);
        }
        if let Some(first) = twice {
            let line = self.text[..first].matches('\n').count() + 1;
            let problem = Problem::error("", format!("\"{}\" is written twice", scalar.text))
                .label(format!("first on line {line}"))
                .hint("remove one of them, or give it another name");
            self.problem(problem, node.span.start..node.span.end);
        }
        Ok(())
    }

    fn refuse_tag(&mut self, tagged: bool, at: &granit_parser::Span) {
        if tagged {
            let range = at.tag_span().map_or_else(|| self.range(at), |tag| self.range(&tag));
            let problem = Problem::error("", "tags are not part of the language").hint("remove the tag");
            self.problem(problem, range);
        }
    }

    fn second_document(&mut self, at: &granit_parser::Span) -> Stop {
        let range = self.range(at);
        let problem = Problem::error("", "a scenario file holds one document").label("a second one begins here");
        self.stop(problem.hint("put each scenario into a file of its own"), range)
    }

    fn syntax(&mut self, error: &granit_parser::ScanError) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(0).min(self.text.len());
        let at = (0..=at).rev().find(|&i| self.text.is_char_boundary(i)).unwrap_or(0);
        let next = self.text[at..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let problem = Problem::error("", "this is not valid YAML").label(error.info().trim_end_matches('.'));
        self.stop(problem, at..at + next)
    }

    fn empty(&mut self) {
        let problem = Problem::error("", "the file is empty")
            .label("a scenario needs at least scenario, question, load and services");
        self.problem(problem.hint("windtunnel new writes a first scenario"), 0..0);
    }

    fn stop(&mut self, problem: Problem, range: std::ops::Range<usize>) -> Stop {
        self.problem(problem, range);
        Stop
    }

    fn problem(&mut self, problem: Problem, range: std::ops::Range<usize>) {
        let span = self.span(range);
        self.problems.push(Placed { problem, span: Some(span) });
    }

    fn range(&self, at: &granit_parser::Span) -> std::ops::Range<usize> {
        let start = at.start.byte_offset().unwrap_or(0).min(self.text.len());
        let end = at.end.byte_offset().unwrap_or(start).min(self.text.len());
        start..end.max(start)
    }

    fn span(&self, range: std::ops::Range<usize>) -> Span {
        Span { file: self.file, start: range.start, end: range.end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses `text`, and compares its problems, each as `characters pointed at: message`.
    fn check(text: &str, expected: &[&str]) {
        let parsed = parse(text, FileId(0));
        let found: Vec<String> = parsed
            .problems
            .iter()
            .map(|p| {
                let span = p.span.expect("has a place");
                format!("{}: {}", &text[span.start..span.end], p.problem.message)
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn keys_and_values_know_their_places() {
        let text = "a:\n  b: {c: \"x y\", d: [1, 2]}\n";
        let node = parse(text, FileId(0)).node.expect("parses");
        let c = node.find("a.b.c").expect("is there");
        assert_eq!(&text[c.span.start..c.span.end], "\"x y\"");
        assert_eq!(c.text(), Some("x y"));
        let d = node.find("a.b.d").expect("is there");
        assert_eq!(&text[d.span.start..d.span.end], "[1, 2]");
    }

    #[test]
    fn json_is_a_subset() {
        let node = parse("{\n\t\"a\": {\"b\": [1, true, null, \"x\\u0041\"]}\n}\n", FileId(0)).node.expect("parses");
        assert_eq!(node.find("a.b.3").and_then(Node::text), Some("xA"));
        assert!(node.find("a.b.2").is_some_and(Node::is_null));
    }

    #[test]
    fn every_duplicate_key_is_reported_and_left_out() {
        check("a: 1\nb: 2\na: 3\nb: {c: 1}\n", &["a: \"a\" is written twice", "b: \"b\" is written twice"]);
        assert_eq!(parse("a: 1\na: 3\n", FileId(0)).node.and_then(|n| n.get("a").cloned()).unwrap().text(), Some("1"));
    }

    #[test]
    fn reading_stops_when_there_are_enough_problems() {
        let keys = |n: usize| (0..n).map(|i| format!("key{i}: 1\n")).collect::<String>();
        let parsed = parse(&keys(20_000).repeat(2), FileId(0));
        assert_eq!(parsed.problems.len(), MAX_PROBLEMS);
        assert!(parse(&keys(MAX_PROBLEMS - 1).repeat(2), FileId(0)).node.is_some());
    }

    #[test]
    fn empty_files_say_so() {
        check("", &[": the file is empty"]);
        check("# only a comment\n", &[": the file is empty"]);
        check("---\n", &[": the file is empty"]);
    }

    #[test]
    fn second_document_is_refused() {
        check("a: 1\n---\nb: 2\n", &["---: a scenario file holds one document"]);
    }

    #[test]
    fn zero_byte_is_no_text() {
        check("a: 1\0", &["\0: this is not a text file"]);
    }

    #[test]
    fn broken_syntax_is_reported_where_the_parser_stopped() {
        let parsed = parse("a: {b: 1\nc: 2\n", FileId(0));
        assert!(parsed.node.is_none());
        assert_eq!(parsed.problems[0].problem.message, "this is not valid YAML");
    }

    #[test]
    fn alias_bomb_is_defused() {
        let row = |i: usize| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
        let text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned() + &(1..9).map(row).collect::<String>();
        let parsed = parse(&text, FileId(0));
        assert_eq!(parsed.problems[0].problem.message, "this file unfolds to more than 100000 values");
    }

    #[test]
    fn alias_within_its_own_value_is_refused() {
        let parsed = parse("a: &a [1, *a]\n", FileId(0));
        assert_eq!(parsed.problems[0].problem.message, "an alias stands within the value that it names");
    }

    #[test]
    fn alias_stands_for_its_value() {
        let node = parse("a: &x {b: 1}\nc: *x\n", FileId(0)).node.expect("parses");
        assert_eq!(node.find("c.b").and_then(Node::text), Some("1"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        let text = "[".repeat(100) + &"]".repeat(100);
        let parsed = parse(&text, FileId(0));
        assert_eq!(parsed.problems[0].problem.message, "more than 64 maps and lists within each other");
    }

    #[test]
    fn aliases_nest_no_deeper_than_brackets() {
        let wrap = |i: usize| format!("a{i}: &a{i} {}*a{}{}\n", "[".repeat(30), i - 1, " ]".repeat(30));
        let text = "a0: &a0 [x]\n".to_owned() + &(1..40).map(wrap).collect::<String>();
        let parsed = parse(&text, FileId(0));
        assert_eq!(parsed.problems[0].problem.message, "more than 64 maps and lists within each other");
        assert!(parsed.problems[0].problem.label.is_some());
    }

    #[test]
    fn tags_and_collections_as_keys_are_refused() {
        check("a: !x 1\n", &["!x: tags are not part of the language"]);
        check("? [a]\n: 1\n", &["[: a key is a word, not a map or a list"]);
    }
}
