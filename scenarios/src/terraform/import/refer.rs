//! Which resources an expression of a plan speaks of.
//!
//! References are followed through variables of modules, outputs of modules and data sources, to the managed resources at their ends. Where several
//! are called the same because of `count` or `for_each`, one is meant if the reference has its key, or if who refers has the same key and refers by
//! it (`each.key`, `count.index`). Otherwise nobody knows which, as with `each.value`: that is said, and none is taken. What passes through `local`
//! values is lost, because plans do not contain them. Plans do not tell how an index is computed either: `count.index + 1` looks like `count.index`.

use super::plan::{Key, Plan, Scope, Token, list, tokens};
use serde_json::Value;
use std::collections::BTreeSet;

/// What expressions speak of.
#[derive(Debug, Default)]
pub(super) struct Meant {
    /// Places of resources in the plan.
    pub resources: BTreeSet<usize>,
    /// Documents of policies, with the key by which they are meant: their statements are read one by one.
    pub documents: BTreeSet<(Scope, String, Option<Key>)>,
    /// What could not be followed, in words.
    pub lost: BTreeSet<String>,
    /// Expressions that were followed already: no configuration makes circles, and a hostile one must not hang.
    seen: BTreeSet<(Scope, String)>,
    /// References behind each other on the way to what is followed now.
    depth: usize,
}

/// References behind each other at most: a hostile plan must not exhaust the stack.
const DEPTH: usize = 256;

/// Where an expression stands.
#[derive(Clone, Copy)]
pub(super) struct From<'s> {
    pub scope: &'s Scope,
    /// The key of what it belongs to.
    pub key: Option<&'s Key>,
}

/// The references in an expression, at any depth; of `a.b.c` and its beginning `a.b` only the former.
fn references(expression: &Value) -> Vec<Vec<&str>> {
    let mut all = Vec::new();
    gather(expression, &mut all);
    all
}

fn gather<'e>(expression: &'e Value, all: &mut Vec<Vec<&'e str>>) {
    match expression {
        Value::Array(parts) => parts.iter().for_each(|part| gather(part, all)),
        Value::Object(parts) => {
            let of: Vec<&str> = list(parts.get("references")).filter_map(Value::as_str).collect();
            let begins =
                |longer: &&str, text: &str| longer.strip_prefix(text).is_some_and(|rest| rest.starts_with(['.', '[']));
            let whole = of.iter().enumerate();
            let whole = whole.filter(|(place, text)| !of[..*place].iter().any(|longer| begins(longer, text)));
            let whole: Vec<&str> = whole.map(|(_, text)| *text).collect();
            if !whole.is_empty() {
                all.push(whole);
            }
            parts.iter().filter(|(key, _)| *key != "references").for_each(|(_, part)| gather(part, all));
        }
        _ => {}
    }
}

/// Follows all references of an expression.
pub(super) fn follow<'p>(plan: &Plan<'p>, expression: &'p Value, from: From, meant: &mut Meant) {
    if meant.depth == DEPTH {
        meant.lost.insert(format!("what lies behind more than {DEPTH} references"));
        return;
    }
    meant.depth += 1;
    for group in references(expression) {
        // Of `each.value` only the configuration knows what it is.
        let is_value = |text: &&str| *text == "each.value" || text.starts_with("each.value.");
        let is_key = |text: &&str| *text == "each.key" || *text == "count.index";
        let by_key = group.iter().any(is_key) && !group.iter().any(is_value);
        for reference in group {
            let key = from.key.filter(|_| by_key);
            one(plan, reference, From { key, ..from }, meant);
        }
    }
    meant.depth -= 1;
}

/// Follows a reference. `from.key` is the key by which it refers.
fn one<'p>(plan: &Plan<'p>, reference: &'p str, from: From, meant: &mut Meant) {
    if !meant.seen.insert((from.scope.clone(), format!("{reference} {:?}", from.key))) {
        return;
    }
    let Some(parts) = tokens(reference) else { return };
    match parts.as_slice() {
        [Token::Word("each" | "count" | "path" | "terraform" | "self"), ..] => {}
        [Token::Word("local"), ..] => {
            meant.lost.insert(format!("{reference}, which plans do not contain"));
        }
        [Token::Word("var"), Token::Word(name), ..] => {
            let Some((last, outer)) = from.scope.split_last() else { return };
            if let Some(expression) = plan.argument(from.scope, name) {
                let (outer, key) = (outer.to_vec(), last.key.clone());
                follow(plan, expression, From { scope: &outer, key: key.as_ref() }, meant);
            }
        }
        [Token::Word("module"), Token::Word(name), rest @ ..] => module(plan, reference, name, rest, from, meant),
        [Token::Word("data"), Token::Word(kind), Token::Word(name), rest @ ..] => {
            let key = match rest.first() {
                Some(Token::Key(key)) => Some(key),
                _ => from.key,
            };
            if *kind == "aws_iam_policy_document" {
                meant.documents.insert((from.scope.clone(), (*name).to_owned(), key.cloned()));
            } else if let Some(expressions) = plan.expressions(from.scope, "data", kind, name) {
                follow(plan, expressions, From { key, ..from }, meant);
            }
        }
        [Token::Word(kind), Token::Word(name), rest @ ..] => {
            let all = plan.called(from.scope, kind, name);
            let key = match rest.first() {
                Some(Token::Key(key)) => Some(key),
                _ => from.key,
            };
            let keyed = all.iter().filter(|place| key.is_some() && plan.resources[**place].key.as_ref() == key);
            let chosen: Vec<usize> = if all.len() == 1 { all.to_vec() } else { keyed.copied().collect() };
            if chosen.is_empty() && !all.is_empty() {
                meant.lost.insert(format!("{reference}, of which there are {}", all.len()));
            }
            meant.resources.extend(chosen);
        }
        _ => {}
    }
}

/// Follows a reference to an output of a module.
fn module(plan: &Plan, reference: &str, name: &str, rest: &[Token], from: From, meant: &mut Meant) {
    let (key, rest) = match rest {
        [Token::Key(key), rest @ ..] => (Some(key), rest),
        rest => (from.key, rest),
    };
    let is_child = |scope: &&Scope| {
        scope.split_last().is_some_and(|(last, outer)| last.name == name && outer == from.scope.as_slice())
    };
    let children: Vec<&Scope> = plan.modules.iter().filter(is_child).collect();
    let has_key = |scope: &&&Scope| scope.last().is_some_and(|last| last.key.is_none() || last.key.as_ref() == key);
    let child = if children.len() == 1 { children.first() } else { children.iter().find(has_key) };
    match (child, rest) {
        (Some(child), [Token::Word(output), ..]) => {
            let key = child.last().and_then(|last| last.key.as_ref());
            if let Some(expression) = plan.output(child, output) {
                follow(plan, expression, From { scope: child, key }, meant);
            }
        }
        (None, _) if children.is_empty() => {}
        _ => {
            meant.lost.insert(format!("{reference}, which does not say which output of which module"));
        }
    }
}
