//! All problems at once: reads a tree into settings again and again, each time without the part that was wrong.
//!
//! serde stops at the first error. So the faulty key or list entry is taken out and the rest is read again, until it can be read
//! or nothing is left. What follows from a part that was taken out (its key is missing now; its map is empty now) is not
//! reported: nodes that lost something are remembered as damaged.

use super::de::De;
use super::diagnostics::Placed;
use super::node::{Node, Part, Span};
use super::read_error::ReadError;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// Problems reported for one file; beyond that, reading stops.
const MAX_PROBLEMS: usize = 100;
/// Rounds, each of which takes something out.
const MAX_ROUNDS: usize = 1_000;

/// What came of a tree.
#[derive(Debug)]
pub struct Gathered<T> {
    /// The settings, without what was wrong; `None` where nothing could be read.
    pub value: Option<T>,
    /// What is wrong.
    pub problems: Vec<Placed>,
    /// What was taken out.
    pub damage: Damage,
}

/// Nodes that lost something, by their place, with the keys that they lost.
#[derive(Debug, Default)]
pub struct Damage {
    lost: BTreeMap<Span, Vec<String>>,
    /// Items that lists lost one after the other, each by its place among those that were left.
    items: BTreeMap<Span, Vec<usize>>,
}

impl Damage {
    /// Whether the node lost something, so that further problems with it as a whole follow from that.
    pub fn hit(&self, node: &Node) -> bool {
        self.lost.contains_key(&node.span)
    }

    /// Whether anything was taken out.
    pub fn is_empty(&self) -> bool {
        self.lost.is_empty()
    }

    /// Whether nothing is at `path`, and another item of the same list lost there what it had.
    pub fn of_sibling(&self, path: &str, tree: &Node) -> bool {
        let Some((item, key)) = path.rsplit_once('.').filter(|_| tree.find(path).is_none()) else { return false };
        let siblings = item.rsplit_once('.').and_then(|(list, _)| tree.find(list)).map_or(&[][..], Node::items);
        let lacks = |node: &Node| self.lost.get(&node.span).is_some_and(|lost| lost.iter().any(|one| one == key));
        siblings.iter().any(lacks)
    }

    /// The path in the tree as it was of what has `path` in what was left of it: where items were taken out of lists, the others have moved up.
    pub fn as_it_was(&self, path: &str, tree: &Node) -> String {
        let (mut node, mut rest, mut made) = (tree, path.to_owned(), String::new());
        loop {
            if let Some(lost) = self.items.get(&node.span) {
                let end = rest.find('.').unwrap_or(rest.len());
                if let Ok(left) = rest[..end].parse::<usize>() {
                    let place = lost.iter().rev().fold(left, |place, lost| place + usize::from(place >= *lost));
                    rest.replace_range(..end, &place.to_string());
                }
            }
            let Some(((_, child), below)) = node.step(&rest) else { return made + &rest };
            made.push_str(&rest[..rest.len() - below.len()]);
            if below.is_empty() {
                return made;
            }
            rest = below.to_owned();
            node = child;
        }
    }

    fn note(&mut self, parent: &Node, lost: &Part) {
        let lost = match lost {
            Part::Key(key) => key.clone(),
            Part::Index(index) => {
                self.items.entry(parent.span).or_default().push(*index);
                index.to_string()
            }
        };
        self.lost.entry(parent.span).or_default().push(lost);
    }

    /// Whether `fault`, in `node`, only follows from what was taken out.
    fn explains(&self, fault: &ReadError, node: &Node) -> bool {
        match (self.lost.get(&node.span), fault.missing()) {
            (None, _) => false,
            (Some(lost), Some(key)) => lost.iter().any(|l| l == key),
            (Some(_), None) => true,
        }
    }
}

/// Reads `tree` into settings and collects all that is wrong with it.
pub fn gather<T: DeserializeOwned>(tree: &Node) -> Gathered<T> {
    let mut tree = tree.clone();
    let mut damage = Damage::default();
    let mut problems = vec![];
    for _ in 0..MAX_ROUNDS {
        let fault = match T::deserialize(De::new(&tree)) {
            Ok(value) => return Gathered { value: Some(value), problems, damage },
            Err(fault) => fault,
        };
        let parts = fault.parts();
        if !tree.at(&parts).is_some_and(|node| damage.explains(&fault, node)) {
            problems.push(Placed { problem: fault.problem(), span: fault.span() });
        }
        let Some((last, above)) = parts.split_last() else { break };
        if let Some(parent) = tree.at(above) {
            damage.note(parent, last);
        }
        if !tree.remove(&parts) || problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    Gathered { value: None, problems, damage }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reader::{FileId, parse};
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Root {
        count: Option<u32>,
        kind: Option<Kind>,
        #[serde(default)]
        all: Vec<Kind>,
        #[serde(default)]
        named: BTreeMap<String, Settings>,
        quantity: Option<Quantity>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    #[allow(dead_code)]
    enum Kind {
        Plain(Empty),
        Full(Settings),
        Word,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Settings {
        rate: u32,
        #[serde(default)]
        name: String,
    }

    /// A quantity that is written as text, or as a kind.
    #[derive(Debug)]
    struct Quantity;

    impl<'de> Deserialize<'de> for Quantity {
        fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Quantity;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("a quantity")
                }
                fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Quantity, E> {
                    Err(E::custom(format!("a rate needs a unit\nexpected a rate such as 800/s\nwrite {n}/s")))
                }
                fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Quantity, E> {
                    Ok(Quantity)
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Quantity, A::Error> {
                    Kind::deserialize(serde::de::value::MapAccessDeserializer::new(map)).map(|_| Quantity)
                }
            }
            d.deserialize_any(Visitor)
        }
    }

    /// Reads `text`, and compares its problems: characters pointed at, message, label, hint.
    fn check(text: &str, expected: &[&str]) {
        let node = parse(text, FileId(0)).node.expect("parses");
        let found: Vec<String> = gather::<Root>(&node)
            .problems
            .into_iter()
            .map(|Placed { problem: p, span }| {
                let span = span.expect("has a place");
                let parts = [Some(text[span.start..span.end].to_owned()), Some(p.message), p.label, p.hint];
                parts.into_iter().flatten().collect::<Vec<_>>().join(" | ")
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn bare_kinds_get_an_empty_map() {
        check("kind: plain\nall: [plain, word, {full: {rate: 3}}]\n", &[]);
    }

    #[test]
    fn bare_kind_with_required_settings_says_which() {
        check("kind: full\n", &["full | the key \"rate\" is missing | needs rate"]);
    }

    #[test]
    fn unknown_key_hints_at_the_nearest() {
        check(
            "cuont: 3\n",
            &["cuont | unknown key \"cuont\" | keys here: count, kind, all, named, quantity | did you mean count?"],
        );
    }

    #[test]
    fn unknown_kind_hints_at_the_nearest() {
        check("kind: ful\n", &["ful | \"ful\" is not known here | words here: plain, full, word | did you mean full?"]);
        check(
            "kind: {plian: {}}\n",
            &["plian | \"plian\" is not known here | words here: plain, full, word | did you mean plain?"],
        );
    }

    #[test]
    fn three_lines_of_a_quantity_become_message_label_and_hint() {
        check("quantity: 800\n", &["800 | a rate needs a unit | expected a rate such as 800/s | write 800/s"]);
    }

    #[test]
    fn second_key_beside_a_kind_is_refused() {
        let said = "word | a kind is a map with one key | there are 2: plain, word | keep one of them";
        check("kind: {plain: {}, word: {}}\n", &[said]);
        check("quantity: {plain: {}, word: {}}\n", &[said]);
    }

    #[test]
    fn word_with_settings_is_refused() {
        check("kind: {word: {a: 1}}\n", &["word | word takes no settings | write word alone"]);
    }

    #[test]
    fn null_is_refused() {
        check(
            "count: null\n",
            &["null | a value is missing | expected a value | write one; null only removes what a base file wrote"],
        );
    }

    #[test]
    fn all_problems_come_at_once_without_those_that_follow() {
        check(
            "count: many\nkind: {full: {rate: fast}}\nnamed:\n  a: {rate: -1}\n  b: {rate: 1, nmae: x}\n  c: {name: x}\nx: 1\n",
            &[
                "many | the text \"many\" does not fit here | expected a whole number, not negative",
                "fast | the text \"fast\" does not fit here | expected a whole number, not negative",
                "-1 | a negative number does not fit here | expected a whole number, not negative",
                "nmae | unknown key \"nmae\" | keys here: rate, name | did you mean name?",
                "c | the key \"rate\" is missing | needs rate",
                "x | unknown key \"x\" | keys here: count, kind, all, named, quantity",
            ],
        );
    }

    #[test]
    fn huge_number_is_too_large() {
        check(
            "count: 5000000000\n",
            &["5000000000 | this number is too large here | expected a whole number, not negative"],
        );
        check(
            "count: 99999999999999999999999\n",
            &["99999999999999999999999 | this number is too large here | expected a whole number, not negative"],
        );
    }
}
