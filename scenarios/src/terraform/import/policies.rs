//! What policies allow, statement by statement: each names actions and what they may be done with, and one that denies allows nothing.
//!
//! The statements of a document are known one by one, and so are those of a text that is known in the plan. Of a text that is made of other resources
//! (`jsonencode`) a plan has the references alone: then it is known what the policy speaks of, and not what is done with it.

use super::links::{Does, Reader};
use super::parts::{Part, Sort};
use super::plan::{Key, Plan, Resource, Scope, list};
use super::refer::From;
use serde_json::Value;
use std::collections::BTreeSet;

/// A statement of a document: where it stands, with what key, and its arguments.
struct Statement<'p> {
    scope: Scope,
    key: Option<Key>,
    arguments: &'p Value,
}

/// What is said where the actions of a policy are not known.
const UNKNOWN: &str = "which actions are allowed: the plan does not have the statements of this text";

impl<'r, 'p> Reader<'r, 'p> {
    /// What a policy allows to do with which parts.
    pub(super) fn allowed(&mut self, policy: &Resource<'p>, argument: &str) -> BTreeSet<(usize, Does)> {
        let at = format!("{}.{argument}", policy.address);
        let Some(expression) = self.expression(policy, argument) else { return BTreeSet::new() };
        let from = From { scope: &policy.scope, key: policy.key.as_ref() };
        let meant = self.followed(expression, from, &at);
        let mut allowed = BTreeSet::new();
        for statement in self.statements(meant.documents, &at) {
            self.statement(&statement, &at, &mut allowed);
        }
        let named = self.parts_among(&meant.resources);
        if !named.is_empty() {
            let text = policy.text(argument).and_then(|text| serde_json::from_str::<Value>(text).ok());
            match text {
                Some(text) => self.of_text(&text, &named, &at, &mut allowed),
                None => self.unknown(&named, &at, &mut allowed),
            }
        }
        allowed
    }

    /// Parts of which it is not known what is done with them.
    fn unknown(&mut self, named: &BTreeSet<usize>, at: &str, allowed: &mut BTreeSet<(usize, Does)>) {
        self.links.lost.insert((at.to_owned(), UNKNOWN.to_owned()));
        allowed.extend(named.iter().map(|part| (*part, Does::Touches)));
    }

    /// The statements of documents, and of those that they are made of.
    fn statements(&mut self, documents: BTreeSet<(Scope, String, Option<Key>)>, at: &str) -> Vec<Statement<'p>> {
        let plan: &'r Plan<'p> = self.plan;
        let mut open: Vec<_> = documents.into_iter().collect();
        let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
        while let Some(document) = open.pop() {
            if !seen.insert(document.clone()) {
                continue;
            }
            let (scope, name, key) = document;
            let Some(found) = plan.expressions(&scope, "data", "aws_iam_policy_document", &name) else { continue };
            for argument in ["source_policy_documents", "override_policy_documents"] {
                if let Some(sources) = found.get(argument) {
                    open.extend(self.followed(sources, From { scope: &scope, key: key.as_ref() }, at).documents);
                }
            }
            for arguments in list(found.get("statement")) {
                all.push(Statement { scope: scope.clone(), key: key.clone(), arguments });
            }
        }
        all
    }

    /// What a statement of a document allows.
    fn statement(&mut self, statement: &Statement<'p>, at: &str, allowed: &mut BTreeSet<(usize, Does)>) {
        let constant = |key: &str| statement.arguments.get(key)?.get("constant_value");
        if constant("effect").and_then(Value::as_str) == Some("Deny") {
            return;
        }
        let Some(resources) = statement.arguments.get("resources") else { return };
        let from = From { scope: &statement.scope, key: statement.key.as_ref() };
        let named = self.followed(resources, from, at).resources;
        let named = self.parts_among(&named);
        if named.is_empty() {
            return;
        }
        // An effect that is computed may deny.
        let is_known = statement.arguments.get("effect").is_none() || constant("effect").is_some();
        match constant("actions").filter(|_| is_known) {
            Some(actions) => {
                let actions = words(actions);
                allowed.extend(named.iter().flat_map(|part| of_part(*part, self.parts, &actions)));
            }
            None => self.unknown(&named, at, allowed),
        }
    }

    /// What a text allows to do with the parts that it names.
    fn of_text(&mut self, text: &Value, named: &BTreeSet<usize>, at: &str, allowed: &mut BTreeSet<(usize, Does)>) {
        let whole = text.get("Statement");
        let statements: Vec<&Value> = match whole {
            Some(Value::Array(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let mut left = BTreeSet::new();
        for part in named {
            let mut is_there = false;
            for statement in &statements {
                let resources = statement.get("Resource").map(words).unwrap_or_default();
                // Where there is one statement only, it is the one that speaks of all.
                if statements.len() > 1 && !resources.iter().any(|resource| self.is_meant(*part, resource)) {
                    continue;
                }
                is_there = true;
                if statement.get("Effect").and_then(Value::as_str) == Some("Allow") {
                    let actions = statement.get("Action").map(words).unwrap_or_default();
                    allowed.extend(of_part(*part, self.parts, &actions));
                }
            }
            if !is_there {
                left.insert(*part);
            }
        }
        if !left.is_empty() {
            self.unknown(&left, at, allowed);
        }
    }

    /// Whether a resource of a text is a part: it is all of them, has its address in the account, or ends in its name.
    fn is_meant(&self, part: usize, resource: &str) -> bool {
        let is_all = resource == "*";
        is_all
            || self.parts[part].of.iter().any(|place| {
                let planned = &self.plan.resources[*place];
                let names = ["name", "function_name"].iter().filter_map(|key| planned.text(key));
                planned.text("arn") == Some(resource)
                    || names.into_iter().any(|name| resource.rsplit([':', '/']).next() == Some(name))
            })
    }
}

/// A word, or a list of words.
fn words(value: &Value) -> BTreeSet<&str> {
    value.as_str().into_iter().chain(list(Some(value)).filter_map(Value::as_str)).collect()
}

/// What actions do with a part.
fn of_part(part: usize, parts: &[Part], actions: &BTreeSet<&str>) -> Vec<(usize, Does)> {
    does(parts[part].sort, actions).into_iter().map(|does| (part, does)).collect()
}

/// What actions do with a part of a sort.
fn does(sort: Sort, actions: &BTreeSet<&str>) -> BTreeSet<Does> {
    const READS: [&str; 6] = ["GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem", "PartiQLSelect"];
    const WRITES: [&str; 7] =
        ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"];
    let of_sort: &[(&str, &[&str], Does)] = match sort {
        Sort::Store => &[("dynamodb", &READS, Does::Reads), ("dynamodb", &WRITES, Does::Writes)],
        Sort::Queue => {
            &[("sqs", &["SendMessage", "SendMessageBatch"], Does::Asks), ("sqs", &["ReceiveMessage"], Does::Consumes)]
        }
        Sort::Function => &[("lambda", &["InvokeFunction"], Does::Asks)],
        _ => &[],
    };
    let mut found = BTreeSet::new();
    for (service, name) in actions.iter().filter_map(|action| action.split_once(':')) {
        // A wildcard at the end may mean several of them: `Batch*` reads and writes.
        let is = |one: &&str| name.strip_suffix('*').map_or(*one == name, |begin| one.starts_with(begin));
        let meant = of_sort.iter().filter(|(of, names, _)| *of == service && names.iter().any(is));
        found.extend(meant.map(|(_, _, does)| *does));
    }
    if found.is_empty() {
        found.insert(Does::Touches);
    }
    found
}
