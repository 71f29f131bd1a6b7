//! From a path to a model: the way through all stages, with all problems of all of them.

use crate::check;
use crate::compile::{Around, Compiled, compile};
use crate::files::{ENDINGS, Files};
use crate::findings;
use crate::overlay::{Layers, Set};
use crate::profiles;
use crate::reader::{Entry, Gathered, Node, Placed, Report, Sources, Span, gather};
use crate::sets::sets;
use crate::traces::{Named, Trace, Traces};
use crate::written::Written;
use crate::written::precision::PrecisionSettings;
use sim_core::expression::Value;
use sim_core::model::Model;
use sim_core::names::Names;
use sim_core::problem::{Problem, Problems, Severity};
use sim_core::results::gate::FilePlace;
use sim_core::results::{Known, Need};
use std::collections::{BTreeMap, BTreeSet};

/// A scenario that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// Name of the file without folder and ending: `checkout`.
    pub name: String,
    /// The file, as the user named it.
    pub path: String,
    /// The text of the file; where it extends others, or values were set, a text that says all of that at once.
    pub text: String,
    /// Whether that text is the file's own.
    pub is_alone: bool,
    /// As written, with all overlays.
    pub written: Written,
    /// As meant.
    pub model: Model,
    /// Names and their ids.
    pub names: Names,
    /// What is allowed and probably not meant.
    pub warnings: Report,
    /// What is known of the system without a run.
    pub findings: Report,
    /// The services that load needs, those that most of it needs first.
    pub needs: Vec<Need>,
    /// Where promises, experiments and the clauses of `expect` are written, by path.
    pub places: BTreeMap<String, FilePlace>,
    /// The files that its loads and those of its variants replay, by the names that `text` has for them.
    pub traces: Vec<Trace>,
}

impl Loaded {
    /// What is known of the scenario without a run, as plain data.
    pub fn known(&self) -> Known {
        Known { findings: self.findings.known(), needs: self.needs.clone() }
    }

    /// Cuts runs and counts what values need that stand in no file.
    pub fn counts_for(&mut self, asked: &[Value]) {
        self.model.cut_for(asked.iter().flat_map(|value| value.tree().metrics()), &self.names);
    }
}

/// Which studies are looked at closely: whether their knobs are there, and their values fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Studies<'a> {
    /// None: a run does not need them.
    None,
    /// The one of this name.
    One(&'a str),
    /// All.
    All,
}

/// Reads, overlays, checks and compiles a scenario. `overlays` lie over the file, and over `variant` if one is named.
///
/// # Errors
/// A report of all that is wrong, where anything keeps the scenario from running.
pub fn load(source: &dyn Files, path: &str, overlays: &[Set], variant: Option<&str>) -> Result<Loaded, Report> {
    validate(source, path, overlays, variant, Studies::None)
}

/// As [`load`], and puts the values of the knobs of `studies` at their places, to see whether the scenario could be run with them.
///
/// # Errors
/// As [`load`]; problems of a knob stand at its path or its value in the study.
pub fn validate(
    source: &dyn Files,
    path: &str,
    overlays: &[Set],
    variant: Option<&str>,
    studies: Studies<'_>,
) -> Result<Loaded, Report> {
    let mut layers = Layers::default();
    let Some(base) = layers.read(source, path) else {
        return Err(Report::new(path, layers.sources, layers.problems));
    };
    let mut tree = match variant {
        Some(name) if name != "base" => {
            known_variant(&base, name, &mut layers);
            layers.variant(&base, name)
        }
        _ => base.clone(),
    };
    for set in overlays {
        layers.set(&mut tree, set);
    }
    let mut understood = understand(&tree, source, path, &layers.sources, true);
    layers.problems.extend(std::mem::take(&mut understood.problems));
    let mut traces = understood.compiled.as_mut().map(|c| std::mem::take(&mut c.traces)).unwrap_or_default();
    let (variants, named) = variants(&base, source, path, &mut layers, overlays.is_empty() && variant.is_none());
    if let (Some(written), Some(compiled)) = (&understood.written, &understood.compiled) {
        // A clause may speak of what a variant has taken away: of the file itself it says something, and of the variant there is no data.
        let of_file =
            variant.is_some_and(|name| name != "base").then(|| understand(&base, source, path, &layers.sources, true));
        let of_file = of_file.and_then(|understood| understood.compiled).map(|compiled| compiled.names);
        let names = Judged { names: &compiled.names, of_file: of_file.as_ref(), variants: &variants };
        layers.problems.extend(judged_by_truth(written, names, &tree));
        knobs(written, &tree, source, path, &mut layers, studies);
    }
    traces.extend(named);
    let traces = Traces::of(traces);
    let alone = layers.alone && overlays.is_empty() && variant.is_none_or(|name| name == "base");
    let text = if alone {
        traces.in_text(crate::overlay::MAIN, &layers.sources)
    } else {
        told_at_once(&traces.in_tree(&tree), path, overlays, variant)
    };
    let places = places(&tree, &layers.sources);
    let report = Report::new(path, layers.sources, layers.problems);
    match (understood.written, understood.compiled) {
        (Some(written), Some(compiled)) if report.counts().0 == 0 => {
            let (findings, needs) = findings::find(&compiled, &tree);
            let findings = findings.into_iter().map(|finding| Placed::find(finding, &tree)).collect();
            Ok(Loaded {
                name: stem(path),
                path: path.to_owned(),
                text,
                is_alone: alone,
                written,
                findings: Report::new(path, report.sources.clone(), findings),
                needs,
                model: compiled.model,
                names: compiled.names,
                warnings: report,
                places,
                traces: traces.all,
            })
        }
        _ => Err(report),
    }
}

/// Where promises, experiments and the clauses of `expect` are written, in whichever file wrote them.
fn places(tree: &Node, sources: &Sources) -> BTreeMap<String, FilePlace> {
    let promises = tree.get("promises").map_or(&[][..], Node::entries).iter().map(|e| format!("promises.{}", e.key));
    let clauses = (0..tree.get("expect").map_or(&[][..], Node::items).len()).map(|place| format!("expect.{place}"));
    let experiments = tree.get("experiments").map_or(&[][..], Node::entries);
    let invariants =
        tree.get("invariants").map_or(&[][..], Node::entries).iter().map(|e| format!("invariants.{}", e.key));
    let paths =
        promises.chain(invariants).chain(experiments.iter().map(|e| format!("experiments.{}", e.key))).chain(clauses);
    paths.filter_map(|path| sources.place(tree.place(&path).0).map(|place| (path, place))).collect()
}

/// A file that alone says what a scenario says with all that it extends, its variant and what was set.
fn told_at_once(tree: &Node, path: &str, overlays: &[Set], variant: Option<&str>) -> String {
    let mut head = format!("# {path}, with what it extends");
    head.extend(variant.map(|name| format!(", as {name}")));
    head.extend(overlays.iter().map(|set| format!(", {}={}", set.path, set.value)));
    format!("{}\n{}", head.replace('\n', " "), tree.block())
}

/// What a tree means, as far as it means anything.
struct Understood {
    written: Option<Written>,
    compiled: Option<Compiled>,
    problems: Vec<Placed>,
}

/// `asks_for_sets` is false while what is set is found out: then no deed sets anything.
fn understand(tree: &Node, files: &dyn Files, path: &str, sources: &Sources, asks_for_sets: bool) -> Understood {
    let raw = tree;
    let (tree, of_profiles) = profiles::applied(raw);
    let tree = &*tree;
    let Gathered { value, problems: mut placed, damage } = gather::<Written>(tree);
    placed.extend(of_profiles);
    let Some(written) = value else { return Understood { written: None, compiled: None, problems: placed } };
    let mut problems = Problems::new();
    check::head(&written, tree, &mut problems);
    let sets = asks_for_sets.then(|| {
        let (sets, wrong) = sets(raw, |tree| {
            let understood = understand(tree, files, path, sources, false);
            (understood.compiled.map(|compiled| compiled.model), understood.problems)
        });
        placed.extend(wrong);
        sets
    });
    let compiled = compile(&written, &Around { tree, files, path, sources, sets: sets.as_ref() }, &mut problems);
    check::endless(&compiled, &mut problems);
    if damage.is_empty() {
        check::copies(&compiled, &mut problems);
    }
    if damage.is_empty() && !problems.has_errors() {
        check::whole(&compiled, &written, &mut problems);
    }
    let follows = |problem: &Problem| {
        let is_hit = || tree.find(&problem.path).is_some_and(|node| damage.hit(node));
        !problem.path.is_empty() && (is_hit() || damage.of_sibling(&problem.path, tree))
    };
    let mut found = problems.into_vec();
    found.iter_mut().for_each(|problem| problem.path = damage.as_it_was(&problem.path, tree));
    let found = found.into_iter().filter(|p| !follows(p));
    placed.extend(found.map(|problem| Placed::find(problem, tree)));
    Understood { written: Some(written), compiled: Some(compiled), problems: placed }
}

fn known_variant(base: &Node, name: &str, layers: &mut Layers) {
    let known: Vec<&str> = base.get("variants").map_or(&[][..], Node::entries).iter().map(|e| e.key.as_str()).collect();
    if !known.contains(&name) {
        layers.problems.push(Placed { problem: Problem::unknown("", "variant", name, known), span: None });
    }
}

/// Values of one knob that are tried.
const MOST_VALUES: usize = 100;

/// Puts each value of each knob of the studies at its place, and reports what is wrong with the knob's path or the value there. What
/// is wrong elsewhere then may be right together with the values of other knobs, and is left to the study.
fn knobs(written: &Written, tree: &Node, files: &dyn Files, path: &str, layers: &mut Layers, studies: Studies<'_>) {
    let meant = |name: &str| studies == Studies::All || studies == Studies::One(name);
    for (name, study) in written.studies.iter().filter(|(name, _)| meant(name)) {
        let (kind, ask) = study.ask.question();
        let Some(key) = ask.knobs() else { continue };
        let below = ["studies", name, "ask", kind, key].into_iter().try_fold(tree, |node, key| node.get(key));
        for knob in below.map_or(&[][..], Node::entries) {
            let ends = knob.value.get("range").into_iter().flat_map(|range| [range.get("from"), range.get("to")]);
            let list = knob.value.get("list").map_or(&[][..], Node::items);
            for value in list.iter().chain(ends.flatten()).take(MOST_VALUES) {
                if !fits(knob, value, tree, files, path, layers) {
                    break;
                }
            }
        }
    }
}

/// Reports what is wrong with a value of a knob; false if its path is wrong, so that other values need not be tried.
fn fits(knob: &Entry, value: &Node, tree: &Node, files: &dyn Files, path: &str, layers: &mut Layers) -> bool {
    let mut with = tree.clone();
    let before = layers.problems.len();
    layers.put(&mut with, &knob.key, knob.key_span, value);
    if layers.problems.len() > before {
        return false;
    }
    let inside =
        |outer: Span, span: Span| span.file == outer.file && outer.start <= span.start && span.end <= outer.end;
    let found: Vec<Placed> = understand(&with, files, path, &layers.sources, true)
        .problems
        .into_iter()
        .filter(|p| p.is_error() && p.span.is_some_and(|s| inside(value.span, s) || inside(knob.key_span, s)))
        .filter(|p| !layers.problems.iter().any(|o| o.span == p.span && o.problem.message == p.problem.message))
        .collect();
    let leads = !found.iter().any(|p| p.span.is_some_and(|s| inside(knob.key_span, s)));
    layers.problems.extend(found);
    leads
}

/// Names of each variant, and the traces that they replay. Where `report`, what is wrong with a variant and not with the file itself is
/// reported.
fn variants(
    base: &Node,
    files: &dyn Files,
    path: &str,
    layers: &mut Layers,
    report: bool,
) -> (BTreeMap<String, Names>, Vec<Named>) {
    let (mut all, mut traces) = (BTreeMap::new(), Vec::new());
    let mut told: BTreeSet<(Option<Span>, String)> =
        layers.problems.iter().map(|p| (p.span, p.problem.message.clone())).collect();
    for entry in base.get("variants").map_or(&[][..], Node::entries) {
        let mut own = Layers { sources: std::mem::take(&mut layers.sources), ..Layers::default() };
        let tree = own.variant(base, &entry.key);
        let understood = understand(&tree, files, path, &own.sources, true);
        own.problems.extend(understood.problems);
        layers.sources = own.sources;
        if let Some(compiled) = understood.compiled {
            all.insert(entry.key.clone(), compiled.names);
            traces.extend(compiled.traces);
        }
        if report {
            for mut placed in own.problems.into_iter().filter(|p| p.problem.severity == Severity::Error) {
                // Each problem once: that of the file itself, or that of the first variant that has it.
                if told.insert((placed.span, placed.problem.message.clone())) {
                    placed.problem.message = format!("in the variant {}: {}", entry.key, placed.problem.message);
                    layers.problems.push(placed);
                }
            }
        }
    }
    (all, traces)
}

/// The names of which clauses speak.
#[derive(Clone, Copy)]
struct Judged<'a> {
    /// Of what is run.
    names: &'a Names,
    /// Of the file itself, where a variant of it is run.
    of_file: Option<&'a Names>,
    /// Of each variant.
    variants: &'a BTreeMap<String, Names>,
}

/// Problems of what is judged by the truth of runs, also of variants: expectations, and what has to be precise.
fn judged_by_truth(written: &Written, judged: Judged<'_>, tree: &Node) -> Vec<Placed> {
    let Judged { names, of_file, variants } = judged;
    let mut problems = Problems::new();
    let known: Vec<&str> = variants.keys().map(String::as_str).collect();
    for (path, clause) in written.clause_paths().zip(written.clauses()) {
        problems.at(path, |p| {
            let mut own = Problems::new();
            clause.tree.check(names, |variant| variants.get(variant), &known, &mut own);
            if own.has_errors()
                && let Some(of_file) = of_file
            {
                clause.tree.check(of_file, |variant| variants.get(variant), &known, p);
            } else {
                clause.tree.check(names, |variant| variants.get(variant), &known, p);
            }
            clause.has_windows(p);
        });
    }
    for (name, _) in written.invariants.iter().filter(|(_, clause)| clause.probability.is_some()) {
        let says = "every run has to keep an invariant, so that a probability says nothing";
        problems.error(&format!("invariants.{name}"), says).hint =
            Some("leave the probability out, or write the clause into expect".into());
    }
    problems.at("studies", |p| check::studies(written, names, variants, p));
    // What could not be read has been reported.
    let whole = |p: &&PrecisionSettings| !p.of.is_empty() || tree.find("run.precision.of").is_none();
    if let Some(precision) = written.run.precision.as_ref().filter(whole) {
        problems.at("run", |p| p.at("precision", |p| check::precision(precision, written, names, variants, p)));
    }
    problems.into_vec().into_iter().map(|problem| Placed::find(problem, tree)).collect()
}

/// Name of a file without folder and ending.
fn stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let without = |ending: &&str| file.strip_suffix(ending)?.strip_suffix('.');
    ENDINGS.iter().find_map(without).unwrap_or(file).to_owned()
}
