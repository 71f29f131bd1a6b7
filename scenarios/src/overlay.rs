//! Files on top of files: `extends`, `variants` and `--set`.
//!
//! All three change the tree before it is understood, so what they make is checked as a whole, and every value keeps the place
//! of the text that wrote it. `extends`: maps merge key by key, lists and words are replaced, null removes. A variant and
//! `--set` put a value at a path: it replaces what stands there, or fills a key that is not yet written, with the maps on the way to
//! it. Whether there is such a key is for the reader to say, at the place of the path. Removing what is not there is an error, and so
//! is a path to something that has a name and is not there.

use crate::elsewhere::elsewhere;
use crate::files::{Files, beside};
use crate::profiles;
use crate::reader::{Entry, FileId, Node, Placed, SET, Scalar, Sources, Span, Value, parse};
use crate::sections::{OF_NAMES, is_section};
use sim_core::problem::Problem;
use sim_core::visible::visible;

/// Parts of a path at most. Nothing lies deeper than the reader's limit of maps and lists within each other, and some keys hold dots.
const MAX_PARTS: usize = 128;

/// Files that may extend one another.
const MAX_CHAIN: usize = 16;

/// A value for a path, as `--set path=value` gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Keys joined by dots, list places by number from 0.
    pub path: String,
    /// YAML; `null` removes.
    pub value: String,
}

impl Set {
    /// From `path=value`. The path ends at the first `=`.
    pub fn parse(text: &str) -> Option<Self> {
        let (path, value) = text.split_once('=')?;
        Some(Self { path: visible(path.trim()).into_owned(), value: value.trim().to_owned() })
    }
}

/// Whether a tree is a scenario or a part of one: a map with a section of a scenario.
fn is_scenario(node: &Node) -> bool {
    node.entries().iter().any(|entry| is_section(&entry.key))
}

/// What is said of a file that a scenario extends and that is none itself: never what stands in it.
fn no_scenario(path: &str, sources: &Sources, syntax: Option<Placed>) -> Problem {
    let at = syntax.as_ref().and_then(|placed| placed.span).map(|span| sources.position(span));
    match (syntax, at) {
        (Some(placed), Some((line, column))) => {
            let what =
                if placed.problem.message.contains('"') { "this cannot be read" } else { &placed.problem.message };
            Problem::error("extends", format!("{path}:{line}:{column}: {what}"))
        }
        _ => Problem::error("extends", format!("{path}: this is no scenario"))
            .label("expected a map with sections of a scenario, such as services"),
    }
}

/// What stands at a path of a scenario with its overlays, in YAML's flow style; `None` where nothing does, or the file cannot be read.
pub fn value_at(files: &dyn Files, path: &str, sets: &[Set], variant: Option<&str>, of: &str) -> Option<String> {
    tree(files, path, sets, variant)?.find(of).map(Node::flow)
}

/// A scenario with its overlays, as written; `None` where it cannot be read.
pub fn tree(files: &dyn Files, path: &str, sets: &[Set], variant: Option<&str>) -> Option<Node> {
    let mut layers = Layers::default();
    let mut tree = layers.read(files, path)?;
    if let Some(name) = variant.filter(|name| *name != "base") {
        tree = layers.variant(&tree, name);
    }
    sets.iter().for_each(|set| layers.set(&mut tree, set));
    Some(tree)
}

/// The file that a file extends, as a path from where the program runs; `None` where it extends none, or cannot be read.
pub fn extended(files: &dyn Files, path: &str) -> Option<String> {
    let text = files.text(path).ok()?;
    let tree = parse(&text, MAIN).node?;
    Some(beside(path, tree.get("extends")?.text()?))
}

/// Whether a file can be read and is no whole scenario: it lacks what every scenario has, for those that extend it to add.
pub fn is_part(files: &dyn Files, path: &str) -> bool {
    let own = files.text(path).ok().and_then(|text| parse(&text, MAIN).node);
    let Some(whole) = tree(files, path, &[], None).or(own) else { return false };
    matches!(whole.value, Value::Map(_)) && NEEDED.iter().any(|key| whole.get(key).is_none())
}

/// Whether a file can be read and has a section of a scenario, or cannot be read, which is for its own problem to say.
pub fn is_scenario_file(files: &dyn Files, path: &str) -> bool {
    let tree = files.text(path).ok().and_then(|text| parse(&text, MAIN).node);
    tree.is_none_or(|tree| is_scenario(&tree))
}

/// Sections that every scenario has.
const NEEDED: [&str; 4] = ["scenario", "question", "load", "services"];

/// A tree and the texts that it came from.
#[derive(Debug, Clone)]
pub struct Layers {
    /// The texts.
    pub sources: Sources,
    /// What is wrong so far.
    pub problems: Vec<Placed>,
    /// Whether the file that was read extends no other.
    pub alone: bool,
}

impl Default for Layers {
    fn default() -> Self {
        Self { sources: Sources::default(), problems: Vec::new(), alone: true }
    }
}

impl Layers {
    /// Reads a file with all that it extends.
    pub fn read(&mut self, files: &dyn Files, path: &str) -> Option<Node> {
        self.chain(files, path, None, &mut vec![])
    }

    /// The tree with a variant applied.
    pub fn variant(&mut self, base: &Node, name: &str) -> Node {
        let mut tree = base.clone();
        for entry in base.get("variants").and_then(|v| v.get(name)).map_or(&[][..], Node::entries) {
            self.put(&mut tree, &entry.key, entry.key_span, &entry.value);
        }
        tree
    }

    /// Puts a value that was given on the command line.
    pub fn set(&mut self, tree: &mut Node, set: &Set) {
        let text = format!("{}={}", set.path, set.value);
        let offset = set.path.len() + 1;
        let file = self.sources.add(SET, &*text);
        let whole = Span { file, start: offset, end: text.len() };
        let value = if matches!(set.value.as_str(), "" | "~" | "null") {
            Some(Node { value: Value::Scalar(Scalar { text: "null".into(), plain: true }), span: whole })
        } else {
            // Spaces in front keep the places right.
            let parsed = parse(&format!("{}{}", " ".repeat(offset), set.value), file);
            self.problems.extend(parsed.problems);
            parsed.node
        };
        if let Some(value) = value {
            self.put(tree, &set.path, Span { file, start: 0, end: set.path.len() }, &value);
        }
    }

    fn chain(&mut self, files: &dyn Files, path: &str, named: Option<Span>, seen: &mut Vec<String>) -> Option<Node> {
        if seen.len() >= MAX_CHAIN || seen.iter().any(|s| s == path) {
            let problem = Problem::error("extends", "these files extend one another in a circle");
            self.problems.push(Placed { problem, span: named });
            return None;
        }
        seen.push(path.to_owned());
        let main = seen.first().cloned().unwrap_or_default();
        let read = if named.is_some() { files.text_named(&main, path) } else { files.text(path) };
        let text = match read {
            Ok(text) => text,
            Err(mut problem) => {
                if named.is_some() {
                    problem.message = format!("{path}: {}", problem.message);
                }
                self.problems.push(Placed { problem, span: named });
                return None;
            }
        };
        let file = self.sources.add(path, &*text);
        let mut parsed = parse(&text, file);
        if let Some(span) = named.filter(|_| parsed.node.as_ref().is_none_or(|node| !is_scenario(node))) {
            // What is no scenario may be anything: a key, a letter. It is not quoted.
            self.sources.hide(file);
            let syntax = parsed.problems.pop().filter(|_| parsed.node.is_none());
            self.problems.push(Placed { problem: no_scenario(path, &self.sources, syntax), span: Some(span) });
            return None;
        }
        self.problems.extend(parsed.problems);
        let mut tree = parsed.node?;
        let Some(extends) = take(&mut tree, "extends") else { return Some(tree) };
        self.alone = false;
        let Some(base) = extends.text() else {
            let problem = Problem::error("extends", "extends names a file").label("expected a path");
            self.problems.push(Placed { problem, span: Some(extends.span) });
            return Some(tree);
        };
        let base = self.chain(files, &beside(path, base), Some(extends.span), seen)?;
        Some(self.merge(base, tree, true))
    }

    fn merge(&mut self, base: Node, over: Node, root: bool) -> Node {
        let (Value::Map(mut entries), Value::Map(above)) = (base.value, over.value.clone()) else { return over };
        for entry in above {
            let place = entries.iter().position(|e| e.key == entry.key);
            match place {
                None if entry.value.is_null() => self.nothing_to_remove(&entry.key, entry.key_span),
                None => entries.push(entry),
                Some(at) if entry.value.is_null() => drop(entries.remove(at)),
                Some(at) if root && entry.key == "variants" => merge_variants(&mut entries[at], entry),
                Some(at) => {
                    let old = std::mem::replace(&mut entries[at].value, entry.value.clone());
                    entries[at].value = self.merge(old, entry.value, false);
                    entries[at].key_span = entry.key_span;
                }
            }
        }
        Node { value: Value::Map(entries), span: over.span }
    }

    fn nothing_to_remove(&mut self, path: &str, span: Span) {
        let problem =
            Problem::error(path, "null removes what is there, and there is nothing").label("not written so far");
        self.problems.push(Placed { problem, span: Some(span) });
    }

    /// Puts `value` at `path`; `span` is where the path itself is written.
    pub fn put(&mut self, tree: &mut Node, path: &str, span: Span, value: &Node) {
        if path.matches('.').count() >= MAX_PARTS {
            let problem = Problem::error("", format!("this path has more than {MAX_PARTS} parts"));
            self.problems.push(Placed { problem: problem.label("nothing lies so deep"), span: Some(span) });
            return;
        }
        let meant = elsewhere(tree, path);
        if let Some(meant) = &meant
            && !is_section(path.split('.').next().unwrap_or_default())
        {
            let problem = Problem::error(path, "this path begins with no section of a scenario");
            self.problems.push(Placed { problem: problem.hint(format!("did you mean {meant}?")), span: Some(span) });
            return;
        }
        if let Err(trouble) = put(tree, &Target { path, span, value }, 0, false) {
            let mut problem = *trouble.problem;
            if let Some(meant) = meant {
                problem.hint = Some(format!("did you mean {meant}?"));
            }
            path.clone_into(&mut problem.path);
            self.problems.push(Placed { problem, span: Some(trouble.span) });
        }
    }
}

struct Trouble {
    problem: Box<Problem>,
    span: Span,
}

/// What is put, and where.
struct Target<'a> {
    path: &'a str,
    /// Where the path is written.
    span: Span,
    value: &'a Node,
}

/// Puts it at what is left of the path from `from` on; `of_names` tells whether the keys of `node` are names.
fn put(node: &mut Node, target: &Target<'_>, from: usize, of_names: bool) -> Result<(), Trouble> {
    let Target { path, span, value } = *target;
    let rest = &path[from..];
    let name = first_part(node, rest);
    // The part of the path, where it is written without quotes.
    let here = if span.end - span.start == path.len() {
        Span { start: span.start + from, end: span.start + from + name.len(), ..span }
    } else {
        span
    };
    let trouble = |problem: Problem| Trouble { problem: Box::new(problem), span: here };
    let last = name.len() == rest.len();
    open_bare_kind(node, name, here);
    // What a profile brings is not written, and is taken away by saying so.
    let is_brought = last && value.is_null() && profiles::brings(node, name);
    match &mut node.value {
        Value::Scalar(scalar) => Err(trouble(
            Problem::error("", format!("there is no \"{name}\" in {}", scalar.text)).label("a word has no keys"),
        )),
        Value::List(nodes) => {
            let count = nodes.len();
            let index = name.parse().ok().filter(|i| *i < count);
            let Some(index) = index else {
                let problem = Problem::error("", format!("the list has no place \"{name}\""));
                return Err(trouble(problem.label(format!("places here: 0 to {}", count.saturating_sub(1)))));
            };
            if !last {
                return put(&mut nodes[index], target, from + name.len() + 1, false);
            }
            if value.is_null() {
                nodes.remove(index);
            } else {
                nodes[index] = value.clone();
            }
            Ok(())
        }
        Value::Map(entries) => {
            let place = entries.iter().position(|e| e.key == name);
            let names_below = !of_names && OF_NAMES.contains(&name) || path.starts_with("variants.");
            match place {
                Some(at) if !last => put(&mut entries[at].value, target, from + name.len() + 1, names_below),
                Some(at) if value.is_null() && !is_brought => {
                    entries.remove(at);
                    Ok(())
                }
                Some(at) => {
                    entries[at].value = value.clone();
                    entries[at].key_span = here;
                    Ok(())
                }
                None if last && (!value.is_null() || is_brought) => {
                    entries.push(Entry { key: name.to_owned(), key_span: here, value: value.clone() });
                    Ok(())
                }
                None if !of_names && !value.is_null() => {
                    let mut map = Node { value: Value::Map(vec![]), span: here };
                    put(&mut map, target, from + name.len() + 1, names_below)?;
                    entries.push(Entry { key: name.to_owned(), key_span: here, value: map });
                    Ok(())
                }
                None => Err(trouble(Problem::unknown("", "key", name, entries.iter().map(|e| e.key.as_str())))),
            }
        }
    }
}

/// The first part of a path, as `node` knows it: the longest key that fits; for a new key, up to the next dot, but a percentile
/// (`p99.9`) and what stands in parentheses is not cut.
fn first_part<'p>(node: &Node, path: &'p str) -> &'p str {
    if let Some((_, rest)) = node.step(path) {
        let cut = if rest.is_empty() { path.len() } else { path.len() - rest.len() - 1 };
        return &path[..cut];
    }
    let mut depth = 0_u32;
    for (at, character) in path.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '.' if depth == 0 && !is_percentile(&path[..at], &path[at + 1..]) => return &path[..at],
            _ => {}
        }
    }
    path
}

fn is_percentile(before: &str, after: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    before.strip_prefix('p').is_some_and(digits) && digits(after)
}

/// A path may lead into a kind that stands as its bare name: `inject: crash` becomes `inject: {crash: {}}`.
fn open_bare_kind(node: &mut Node, name: &str, key_span: Span) {
    if node.text() == Some(name) {
        let settings = Node { value: Value::Map(vec![]), span: node.span };
        node.value = Value::Map(vec![Entry { key: name.to_owned(), key_span, value: settings }]);
    }
}

/// In variants, null is a value: it removes when the variant is applied.
fn merge_variants(base: &mut Entry, over: Entry) {
    let (Value::Map(entries), Value::Map(above)) = (&mut base.value.value, over.value.value) else { return };
    for entry in above {
        match entries.iter_mut().find(|e| e.key == entry.key) {
            Some(old) => *old = entry,
            None => entries.push(entry),
        }
    }
}

fn take(tree: &mut Node, key: &str) -> Option<Node> {
    let Value::Map(entries) = &mut tree.value else { return None };
    let at = entries.iter().position(|e| e.key == key)?;
    Some(entries.remove(at).value)
}

/// The text of the file itself, which is always read first.
pub const MAIN: FileId = FileId(0);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    /// The tree in one line, and the problems.
    fn shown(node: &Node) -> String {
        match &node.value {
            Value::Scalar(s) => s.text.clone(),
            Value::List(nodes) => format!("[{}]", nodes.iter().map(shown).collect::<Vec<_>>().join(", ")),
            Value::Map(entries) => {
                let all: Vec<String> = entries.iter().map(|e| format!("{}: {}", e.key, shown(&e.value))).collect();
                format!("{{{}}}", all.join(", "))
            }
        }
    }

    fn extended(over: &str, base: &str) -> (String, Layers) {
        let files = Memory::of("x/over.yaml", over).and("x/base.yaml", base);
        let mut layers = Layers::default();
        let tree = layers.read(&files, "x/over.yaml");
        (tree.as_ref().map(shown).unwrap_or_default(), layers)
    }

    fn with(text: &str, path: &str, value: &str) -> Result<String, String> {
        let mut layers = Layers::default();
        let mut tree = layers.read(&Memory::of("a", text), "a").expect("parses");
        layers.set(&mut tree, &Set { path: path.into(), value: value.into() });
        match layers.problems.first() {
            None => Ok(shown(&tree)),
            Some(placed) => {
                let span = placed.span.expect("has a place");
                let at = &layers.sources.text(span.file)[span.start..span.end];
                Err(format!("{at}: {}", placed.problem.message))
            }
        }
    }

    #[test]
    fn maps_merge_lists_are_replaced_null_removes() {
        let (tree, layers) = extended(
            "extends: base.yaml\nrun: {seed: 2}\nfaults: {a: null}\nzones: [c]\n",
            "run: {seed: 1, duration: 5m}\nfaults: {a: {inject: crash}, b: x}\nzones: [a, b]\n",
        );
        assert_eq!(tree, "{run: {seed: 2, duration: 5m}, faults: {b: x}, zones: [c]}");
        assert!(layers.problems.is_empty());
    }

    #[test]
    fn removing_what_is_not_there_is_an_error() {
        let (_, layers) = extended("extends: base.yaml\nfaults: {c: null}\n", "faults: {a: x}\n");
        assert_eq!(layers.problems[0].problem.message, "null removes what is there, and there is nothing");
    }

    #[test]
    fn null_in_a_variant_waits_until_it_is_applied() {
        let (tree, layers) =
            extended("extends: base.yaml\nvariants: {w: {a.b: null}}\n", "a: {b: 1, c: 2}\nvariants: {v: {a.c: 3}}\n");
        assert_eq!(tree, "{a: {b: 1, c: 2}, variants: {v: {a.c: 3}, w: {a.b: null}}}");
        assert!(layers.problems.is_empty());
    }

    #[test]
    fn circle_of_files_is_an_error() {
        let (_, layers) = extended("extends: base.yaml\n", "extends: over.yaml\n");
        assert_eq!(layers.problems[0].problem.message, "these files extend one another in a circle");
    }

    #[test]
    fn missing_base_is_named() {
        let (_, layers) = extended("extends: bse.yaml\n", "a: 1\n");
        assert_eq!(layers.problems[0].problem.message, "x/bse.yaml: there is no such file");
    }

    #[test]
    fn path_replaces_fills_and_removes() {
        let text = "a: {b: [1, 2], c: {p99.9: 1s}}\n";
        assert_eq!(with(text, "a.b.1", "5").as_deref(), Ok("{a: {b: [1, 5], c: {p99.9: 1s}}}"));
        assert_eq!(with(text, "a.b.0", "null").as_deref(), Ok("{a: {b: [2], c: {p99.9: 1s}}}"));
        assert_eq!(with(text, "a.c.p99.9", "2s").as_deref(), Ok("{a: {b: [1, 2], c: {p99.9: 2s}}}"));
        assert_eq!(
            with(text, "a.c.p99.99", "{x: 1}").as_deref(),
            Ok("{a: {b: [1, 2], c: {p99.9: 1s, p99.99: {x: 1}}}}")
        );
        assert_eq!(with(text, "a.b", "").as_deref(), Ok("{a: {c: {p99.9: 1s}}}"));
    }

    #[test]
    fn path_leads_into_a_bare_kind() {
        assert_eq!(with("inject: crash\n", "inject.crash.x", "1").as_deref(), Ok("{inject: {crash: {x: 1}}}"));
    }

    #[test]
    fn path_makes_the_maps_on_its_way() {
        let text = "services: {load: {instances: 4}}\n";
        assert_eq!(
            with(text, "services.load.machine.cores", "1").as_deref(),
            Ok("{services: {load: {instances: 4, machine: {cores: 1}}}}")
        );
        assert_eq!(
            with(text, "run.bounds.events", "5").as_deref(),
            Ok("{services: {load: {instances: 4}}, run: {bounds: {events: 5}}}")
        );
    }

    #[test]
    fn nothing_that_has_a_name_is_made_by_a_path() {
        let err = |path: &str| with("services: {web: {endpoints: {get: {}}}}\n", path, "1").expect_err("has a name");
        assert_eq!(err("services.wbe.machine.cores"), "wbe: no key is called \"wbe\"");
        assert_eq!(err("services.web.endpoints.put.effect"), "put: no key is called \"put\"");
        assert_eq!(err("faults.cut.at"), "cut: no key is called \"cut\"");
        assert_eq!(err("variants.big.services.web"), "big: no key is called \"big\"");
    }

    #[test]
    fn maps_of_names_are_those_of_the_schema() {
        use serde_json::Value;
        // A map of names, also where it is one of several forms that have a name of their own in the schema.
        fn of_names(root: &Value, value: &Value) -> bool {
            let named = value["$ref"].as_str().or_else(|| value["anyOf"][0]["$ref"].as_str());
            let forms = named.and_then(|at| root.pointer(at.strip_prefix('#')?)).map(|named| &named["anyOf"]);
            value.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false))
                || forms.and_then(Value::as_array).is_some_and(|of| of.iter().any(|f| f.get("propertyNames").is_some()))
        }
        fn collect(root: &Value, value: &Value, found: &mut std::collections::BTreeSet<String>) {
            if let Some(properties) = value["properties"].as_object() {
                found.extend(properties.iter().filter(|(_, v)| of_names(root, v)).map(|(name, _)| name.clone()));
            }
            match value {
                Value::Object(map) => map.values().for_each(|child| collect(root, child, found)),
                Value::Array(all) => all.iter().for_each(|child| collect(root, child, found)),
                _ => {}
            }
        }
        let mut found = std::collections::BTreeSet::new();
        let schema = crate::schema::schema();
        collect(&schema, &schema, &mut found);
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), OF_NAMES);
    }

    #[test]
    fn path_that_leads_nowhere_is_an_error_at_its_part() {
        let text = "services: {gateway: {instances: 4}}\n";
        let err = |path: &str, value: &str| with(text, path, value).expect_err("leads nowhere");
        assert_eq!(err("services.gatewy.instances", "2"), "gatewy: no key is called \"gatewy\"");
        assert_eq!(err("services.gateway.instances.x", "2"), "x: there is no \"x\" in 4");
        assert_eq!(err("services.gateway.zones", "null"), "zones: no key is called \"zones\"");
    }

    #[test]
    fn value_that_is_no_yaml_is_an_error_at_its_place() {
        assert_eq!(
            with("a: 1\n", "a", "{b").expect_err("is broken").split(": ").nth(1),
            Some("this is not valid YAML")
        );
    }
}
