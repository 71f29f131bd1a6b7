//! From the file as written to the model as meant: names become ids, defaults are filled in, policies are merged.
//!
//! `declare` gives every name its id, `nodes` and `steps` make services and their steps, `calls` the call sites and the state that
//! they share. The families resolve their own settings. Problems are collected on the way; where there are errors, the model is
//! only good enough to look for more of them. Names whose entries could not be read have ids all the same, so that nobody is told
//! that they are unknown.

mod caches;
mod calls;
mod declare;
mod fallbacks;
mod nodes;
mod rest;
mod sagas;
mod sizes;
mod steps;
mod thin;
mod topics;

use crate::files::Files;
use crate::reader::{Node, Sources, Value};
use crate::traces::Named;
use crate::written::Written;
use crate::written::call::CallKeys;
use sim_core::deed::Sets;
use sim_core::expression::{Clause, MetricRef};
use sim_core::ids::{EdgeId, GuardId, ServiceId};
use sim_core::message::outbox::Outbox;
use sim_core::model::Model;
use sim_core::names::Names;
use sim_core::problem::Problems;
use std::collections::BTreeMap;

/// Where the parts of a model are written.
#[derive(Debug, Default)]
pub struct Paths {
    /// Of each service.
    pub services: Vec<String>,
    /// Of each endpoint.
    pub endpoints: Vec<String>,
    /// Of each call site: the key that names the callee.
    pub edges: Vec<String>,
    /// Of each guard's breaker settings, where it has some.
    pub breakers: Vec<Option<String>>,
}

/// What came of a file.
#[derive(Debug)]
pub struct Compiled {
    /// The system as meant.
    pub model: Model,
    /// Names and their ids.
    pub names: Names,
    /// Where its parts are written.
    pub paths: Paths,
    /// The traces that its loads replay.
    pub(crate) traces: Vec<Named>,
}

/// What is needed beside the written file.
pub struct Around<'a> {
    /// The tree before anything was taken out of it.
    pub tree: &'a Node,
    /// Where replayed loads are read from.
    pub files: &'a dyn Files,
    /// The scenario's own path.
    pub path: &'a str,
    /// The texts of the tree: a replayed load lies beside the one that names it.
    pub sources: &'a Sources,
    /// What each `set` means; `None` while that is found out.
    pub sets: Option<&'a Sets>,
}

/// Compiles a file.
pub fn compile(written: &Written, around: &Around<'_>, problems: &mut Problems) -> Compiled {
    let mut compiler = Compiler {
        written,
        around,
        names: Names::default(),
        model: rest::empty_model(written),
        paths: Paths::default(),
        shared: BTreeMap::new(),
        traces: Vec::new(),
        falling_back: Vec::new(),
        deciders: BTreeMap::new(),
        outboxes: Vec::new(),
        defaults: written.defaults.call.as_ref().map(|d| d.call_keys()).unwrap_or_default(),
    };
    compiler.names.is_thinned = written.run.thin.is_some_and(|thin| thin.one_of.get() > 1);
    compiler.declare(problems);
    compiler.nodes(problems);
    compiler.loads(problems);
    compiler.deciders(problems);
    compiler.name_edges();
    compiler.rest(problems);
    compiler.thin(problems);
    compiler.model.run.window = written.run.window(compiler.model.edges.len());
    compiler.cut();
    compiler.model.counts_effects |= asks_for_effects(around.tree);
    Compiled { model: compiler.model, names: compiler.names, paths: compiler.paths, traces: compiler.traces }
}

/// Who shares the state of a named policy: the policy, the caller, the callee.
type Shared = (String, (u8, u32), ServiceId);

struct Compiler<'a> {
    written: &'a Written,
    around: &'a Around<'a>,
    names: Names,
    model: Model,
    paths: Paths,
    shared: BTreeMap<Shared, GuardId>,
    traces: Vec<Named>,
    defaults: CallKeys<'a>,
    /// Where the fallbacks stand whose calls are being compiled: none falls back on itself.
    falling_back: Vec<String>,
    /// By scaler that asks who decides, its place: the call by which it asks.
    deciders: BTreeMap<usize, EdgeId>,
    /// The outboxes of stores, which are filled in when all calls are known.
    outboxes: Vec<(ServiceId, Outbox)>,
}

impl Compiler<'_> {
    /// Cuts runs where clauses and values that are asked for begin and end.
    fn cut(&mut self) {
        let written = self.written;
        let claimed: Vec<MetricRef> =
            self.model.experiments.iter().flat_map(|e| &e.hypothesis).flat_map(named).collect();
        let precise = written.run.precision.iter().flat_map(|precision| &precision.of);
        let asked = precise.chain(written.studies.iter().flat_map(|(_, study)| study.ask.question().1.values()));
        let asked = asked.flat_map(|value| value.tree().metrics());
        let expected: Vec<MetricRef> = written.clauses().flat_map(named).collect();
        self.model.cut_for(asked.chain(&claimed).chain(&expected), &self.names);
    }

    fn name_edges(&mut self) {
        for (index, edge) in self.model.edges.iter().enumerate() {
            self.names.edges.entry(edge.name.clone()).or_default().push(EdgeId::from(index));
        }
    }
}

/// The metrics of a clause with the times that they name. `over` is the length of each window where a clause is about all of them.
fn named(clause: &Clause) -> Vec<MetricRef> {
    let mut metrics: Vec<MetricRef> = clause.tree.metrics().into_iter().cloned().collect();
    if clause.quantifier.is_some() {
        metrics.iter_mut().for_each(|metric| metric.scope.window = None);
    }
    metrics
}

/// What a file says of itself to people, which asks for nothing.
const PROSE: [&str; 4] = ["scenario", "question", "answer", "source"];

/// Whether a file asks for `effects`: in an invariant, a clause, an alert, or wherever else conditions and values stand.
fn asks_for_effects(tree: &Node) -> bool {
    let Value::Map(entries) = &tree.value else { return false };
    entries.iter().any(|entry| !PROSE.contains(&entry.key.as_str()) && speaks_of_effects(&entry.value))
}

/// Whether any text of a tree speaks of `effects`.
fn speaks_of_effects(tree: &Node) -> bool {
    match &tree.value {
        Value::Scalar(scalar) => scalar.text.contains("effects("),
        Value::List(items) => items.iter().any(speaks_of_effects),
        Value::Map(entries) => entries.iter().any(|entry| speaks_of_effects(&entry.value)),
    }
}

/// A sum of probabilities, for people: `90%`, `99.5%`.
fn percent(sum: f64) -> String {
    format!("{}%", (sum * 1e8).round() / 1e6)
}
