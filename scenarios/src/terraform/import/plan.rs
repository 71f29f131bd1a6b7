//! A plan as `terraform show -json` prints it: the resources as planned, and the configuration that tells what refers to what.
//!
//! Planned values are known numbers and words; what is known only after the plan is applied is missing there. References stand in the
//! configuration, which knows modules and resources before `count` and `for_each` multiply them.

use serde_json::{Map, Value};
use sim_core::problem::Problem;
use std::collections::BTreeMap;

/// A key of `count` or `for_each`, as an address writes it: `0`, or `a` for `["a"]`.
pub(super) type Key = String;

/// A module on the way from the root, with its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub name: String,
    pub key: Option<Key>,
}

/// Modules from the root inwards.
pub(super) type Scope = Vec<Step>;

/// A managed resource as planned.
#[derive(Debug)]
pub(super) struct Resource<'p> {
    /// Its address, for people.
    pub address: &'p str,
    pub scope: Scope,
    pub kind: &'p str,
    pub name: &'p str,
    pub key: Option<Key>,
    values: Option<&'p Map<String, Value>>,
}

impl<'p> Resource<'p> {
    /// A planned value; `None` if it is unknown or null.
    pub(super) fn value(&self, key: &str) -> Option<&'p Value> {
        self.values?.get(key).filter(|value| !value.is_null())
    }

    /// A whole number, also one that is written as a text.
    pub(super) fn number(&self, key: &str) -> Option<u64> {
        let value = self.value(key)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    pub(super) fn text(&self, key: &str) -> Option<&'p str> {
        self.value(key)?.as_str()
    }
}

/// A plan.
#[derive(Debug)]
pub(super) struct Plan<'p> {
    /// Managed resources in the order of the plan.
    pub resources: Vec<Resource<'p>>,
    /// The version of Terraform that made it.
    pub made_by: &'p str,
    /// Keys of each module on its way.
    pub modules: Vec<Scope>,
    places: BTreeMap<(Scope, &'p str, &'p str), Vec<usize>>,
    /// Expressions of the configuration, by names of modules, mode, type and name.
    expressions: BTreeMap<Configured<'p>, &'p Value>,
    root: Option<&'p Value>,
}

/// What the configuration knows a resource by: the names of its modules, its mode, its type and its name.
type Configured<'p> = (Vec<String>, &'p str, &'p str, &'p str);

/// Modules within modules at most; Terraform itself has no bound, and a hostile plan must not exhaust the stack.
const DEPTH: usize = 32;

/// What is said of what is no plan.
const HINT: &str = "terraform plan -out=tfplan && terraform show -json tfplan > plan.json";

fn no_plan(why: impl Into<String>) -> Problem {
    Problem::error("", why).hint(HINT)
}

impl<'p> Plan<'p> {
    /// Reads a plan.
    ///
    /// # Errors
    /// If it is none, or one of a format that is not known.
    pub(super) fn of(json: &'p Value) -> Result<Self, Problem> {
        let version = json.get("format_version").and_then(Value::as_str);
        let version = version.ok_or_else(|| no_plan("this is no plan of Terraform: it has no format_version"))?;
        if version.split('.').next() != Some("1") {
            return Err(no_plan(format!("the plan has format {version}, and only format 1 is known")));
        }
        if json.get("errored") == Some(&Value::Bool(true)) {
            return Err(no_plan("the plan is not whole: Terraform says that it ended with an error"));
        }
        let Some(root) = json.get("planned_values").and_then(|values| values.get("root_module")) else {
            let is_state = json.get("values").is_some();
            let what =
                if is_state { "this is a state and no plan" } else { "this is no plan: it has no planned_values" };
            return Err(no_plan(what));
        };
        let mut plan = Self {
            resources: Vec::new(),
            made_by: json.get("terraform_version").and_then(Value::as_str).unwrap_or("of an unknown version"),
            modules: Vec::new(),
            places: BTreeMap::new(),
            expressions: BTreeMap::new(),
            root: json.get("configuration").and_then(|configuration| configuration.get("root_module")),
        };
        plan.module(root, DEPTH)?;
        Ok(plan)
    }

    fn module(&mut self, module: &'p Value, depth: usize) -> Result<(), Problem> {
        if depth == 0 {
            return Err(no_plan(format!("modules lie more than {DEPTH} deep in each other")));
        }
        let address = module.get("address").and_then(Value::as_str).unwrap_or_default();
        let scope = scope_of(address).ok_or_else(|| no_plan(format!("\"{address}\" is no address of a module")))?;
        self.configuration(&scope);
        self.modules.push(scope.clone());
        for resource in list(module.get("resources")) {
            if resource.get("mode").and_then(Value::as_str) == Some("managed") {
                self.resource(resource, &scope)?;
            }
        }
        list(module.get("child_modules")).try_for_each(|child| self.module(child, depth - 1))
    }

    /// Keeps the expressions of a module by what they belong to, because a search for each reference takes too long in large plans.
    fn configuration(&mut self, scope: &[Step]) {
        let names: Vec<String> = scope.iter().map(|step| step.name.clone()).collect();
        for resource in list(self.configured(scope).and_then(|module| module.get("resources"))) {
            let word = |key: &str| resource.get(key).and_then(Value::as_str);
            if let (Some(mode), Some(kind), Some(name), Some(expressions)) =
                (word("mode"), word("type"), word("name"), resource.get("expressions"))
            {
                self.expressions.entry((names.clone(), mode, kind, name)).or_insert(expressions);
            }
        }
    }

    fn resource(&mut self, resource: &'p Value, scope: &Scope) -> Result<(), Problem> {
        let word = |key: &str| {
            let found = resource.get(key).and_then(Value::as_str);
            found.ok_or_else(|| no_plan(format!("a planned resource has no {key}")))
        };
        let (address, kind, name) = (word("address")?, word("type")?, word("name")?);
        let key = resource.get("index").map(|index| index.as_str().map_or_else(|| index.to_string(), str::to_owned));
        let values = resource.get("values").and_then(Value::as_object);
        self.places.entry((scope.clone(), kind, name)).or_default().push(self.resources.len());
        self.resources.push(Resource { address, scope: scope.clone(), kind, name, key, values });
        Ok(())
    }

    /// The resources of a type and name in a module.
    pub(super) fn called(&self, scope: &Scope, kind: &'p str, name: &'p str) -> &[usize] {
        self.places.get(&(scope.clone(), kind, name)).map_or(&[], Vec::as_slice)
    }

    /// The configuration of a module.
    fn configured(&self, scope: &[Step]) -> Option<&'p Value> {
        scope.iter().try_fold(self.root?, |module, step| module.get("module_calls")?.get(&step.name)?.get("module"))
    }

    /// The expressions of a resource of the configuration.
    pub(super) fn expressions(&self, scope: &[Step], mode: &str, kind: &str, name: &str) -> Option<&'p Value> {
        let names = scope.iter().map(|step| step.name.clone()).collect();
        self.expressions.get(&(names, mode, kind, name)).copied()
    }

    /// What a module is given for a variable.
    pub(super) fn argument(&self, scope: &[Step], variable: &str) -> Option<&'p Value> {
        let (last, outer) = scope.split_last()?;
        self.configured(outer)?.get("module_calls")?.get(&last.name)?.get("expressions")?.get(variable)
    }

    /// What a module gives out.
    pub(super) fn output(&self, scope: &[Step], output: &str) -> Option<&'p Value> {
        self.configured(scope)?.get("outputs")?.get(output)?.get("expression")
    }
}

/// The entries of a list, if it is one.
pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A part of an address or reference: a word, or the key in brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token<'t> {
    Word(&'t str),
    Key(Key),
}

/// The parts of an address or reference: `a.b["c.d"].e` has four. `None` where it is malformed.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut all = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(key) = rest.strip_prefix('[') {
            let (key, after) = if key.starts_with('"') {
                let (key, after) = quoted(key)?;
                (key, after.strip_prefix(']')?)
            } else {
                let (key, after) = key.split_once(']')?;
                (key.to_owned(), after)
            };
            all.push(Token::Key(key));
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            all.push(Token::Word(&rest[..end]));
            rest = &rest[end..];
        }
    }
    Some(all)
}

/// The text between the quotes at the beginning, as it is meant, and what comes behind the second quote. A quote within is written `\"`.
fn quoted(text: &str) -> Option<(Key, &str)> {
    let mut is_escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let is_end = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        is_end
    });
    let (within, after) = text.split_at(end?.0 + 1);
    // Terraform escapes as JSON does, and begins of templates besides.
    let key: String = serde_json::from_str(within).ok()?;
    Some((key.replace("$${", "${").replace("%%{", "%{"), after))
}

/// The modules of an address `module.a["k"].module.b`; none of an empty one.
fn scope_of(address: &str) -> Option<Scope> {
    let mut scope: Scope = Vec::new();
    let all = tokens(address)?;
    let mut rest = all.iter();
    while let Some(token) = rest.next() {
        match token {
            Token::Word("module") => {
                let Some(Token::Word(name)) = rest.next() else { return None };
                scope.push(Step { name: (*name).to_owned(), key: None });
            }
            Token::Key(key) => scope.last_mut()?.key = Some(key.clone()),
            Token::Word(_) => return None,
        }
    }
    Some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_keys_with_dots_and_brackets_in_them() {
        let step = |name: &str, key: Option<&str>| Step { name: name.into(), key: key.map(str::to_owned) };
        assert_eq!(scope_of(""), Some(vec![]));
        let address = r#"module.jobs["eu.west[1]"].module.inner[0]"#;
        assert_eq!(scope_of(address), Some(vec![step("jobs", Some("eu.west[1]")), step("inner", Some("0"))]));
        assert_eq!(scope_of("modules.a"), None);
        assert_eq!(scope_of(r#"module.a["b"#), None);
        let address = r#"module.jobs["a\"]b"].module.inner["$${x}"]"#;
        assert_eq!(scope_of(address), Some(vec![step("jobs", Some("a\"]b")), step("inner", Some("${x}"))]));
        assert_eq!(scope_of(r#"module.a["b\"]"#), None);
        let all = tokens(r#"aws_sqs_queue.jobs["a"].arn"#).unwrap();
        let words = [Token::Word("aws_sqs_queue"), Token::Word("jobs"), Token::Key("a".into()), Token::Word("arn")];
        assert_eq!(all, words);
    }
}
