//! The meanings of a word, each as a text of its own.

use super::language::{Form, Key, Language, below, description};
use super::path::Target;
use super::text::{first_paragraph, kind_of, places, says_and_default, without_default, wrapped};
use super::{families, kinds, kinds_of};
use crate::explain::SECTIONS;
use crate::findings;
use serde_json::Value;
use sim_core::expression::{METRICS, Metric};
use sim_core::live::is_live;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Meanings of one word up to which each is told with all its keys and kinds.
const FEW: usize = 4;

/// Places of one meaning that are told.
const PLACES: usize = 6;

/// One meaning: what it is called, and what is said of it.
pub struct Meaning {
    title: String,
    body: String,
}

impl Meaning {
    /// As it is printed.
    pub fn text(&self) -> String {
        format!("{}\n\n{}\n", self.title, self.body.trim_end())
    }
}

/// How quantities are written: what it is called, its forms, and what to know of it.
pub const QUANTITIES: [(&str, &str, &str); 10] = [
    ("duration", "`250us` `5ms` `1.5s` `10m` `2h` `3d` `36month` `1year`, joined `19h30m`", "`m` is minutes"),
    ("rate", "`800/s` `10/min` `2k/s` `4/year`", "so many in each such time"),
    ("count", "`64` `10k` `5M` `2G`", "a whole number; `k`, `M` and `G` are a thousand, a million and a billion"),
    ("bytes", "`1460B` `64KiB` `8GiB` `2000GB` `500TB`", "`KiB` is 1024 bytes, `kB` 1000"),
    ("percentage", "`99.5%`", "a part of a whole; a bare fraction is an error"),
    ("factor", "`2` `0.5`", "a number by which something is multiplied"),
    ("money", "`$38` `$10k`", "dollars"),
    (
        "price",
        "`$0.17/h` `$400/month` `$0.02/GiB` `$0.125/GB/month` `$0.25/1M`",
        "dollars for each of what the meter counts",
    ),
    ("percentile", "`p50` `p99` `p99.9`", "the value that this share of all does not exceed"),
    (
        "condition",
        "`p99(api.get) < 300ms`",
        "what alerts wait for, scalers hold and `expect` demands; the reference has the grammar",
    ),
];

/// Words of conditions: how each is written, and what it does.
pub const CLAUSE_WORDS: [(&str, &str, &str); 13] = [
    (
        "always",
        "always CONDITION",
        "in every window of time of at least 90 % of runs, or as many as `with probability` says",
    ),
    ("never", "never CONDITION", "in no window of time"),
    (
        "probability",
        "CONDITION with probability PERCENT",
        "the share of runs that have to meet it, instead of the interval of the estimate",
    ),
    (
        "within",
        "== VALUE within TOLERANCE",
        "how far from the right side is near enough: a share of it (2%), a quantity (5ms), or points of a percent (0.5 points)",
    ),
    (
        "over",
        "METRIC over DURATION, over last COUNT",
        "the time before the moment at which it is looked at, or so many of the last requests",
    ),
    ("during", "METRIC during NAME", "while a fault or an experiment lasts"),
    (
        "after",
        "METRIC after NAME",
        "from the end of a fault or an experiment on; of recovery and the like, which fault is meant",
    ),
    ("before", "METRIC before NAME", "until a fault or an experiment begins"),
    ("from", "METRIC from TIME to TIME", "between two moments of the run"),
    ("of", "METRIC of LOAD", "of the requests of one load class only"),
    (
        "in",
        "METRIC in VARIANT",
        "in a variant of the scenario, on the same random numbers; base is the scenario itself",
    ),
    ("not", "not CONDITION", "the opposite; not held(PROMISE) says that a promise is expected to be broken"),
    ("points", "within 0.5 points", "points of a percent, for shares"),
];

/// Metrics whose names are made: how they are written, one of them, what they are.
pub const METRIC_FAMILIES: [(&str, &str, &str); 4] = [
    ("`p50` ... `p99.99`", "p99", "what such a part of all times does not exceed"),
    ("`ok`, `degraded`, `timeout` ...: an outcome", "timeout", "share of requests that ended so"),
    ("`stale_read` ...: a kind of wrongness", "stale_read", "share of replies that looked ok and were wrong so"),
    (
        "`holding_1` ... `holding_8`",
        "holding_1",
        "share of instances with at least so many requests in them, as seen at the end of each window of the time series",
    ),
];

/// Kinds of that name, or of that family and name.
pub fn of_kinds(name: &str) -> Vec<Meaning> {
    let (family, wanted) = name.split_once('.').map_or((None, name), |(family, kind)| (Some(family), kind));
    let fits = kinds().into_iter().filter(|k| k.name == wanted && family.is_none_or(|f| f == k.family));
    fits.map(|k| Meaning { title: format!("{} ({})", k.name, k.family), body: k.doc() }).collect()
}

/// A family of kinds that is no key: `distribution`, `step`.
pub fn of_family(name: &str) -> Option<Meaning> {
    let is_key = || words_of().contains(name);
    if !families().contains(&name) || is_key() {
        return None;
    }
    let lines = kinds_of(name).map(|kind| line(kind.name, &first_paragraph(&kind.doc())));
    Some(Meaning { title: format!("{name} (kinds)"), body: lines.collect() })
}

/// What stands at the ends of a path.
pub fn of_targets(language: &Language, targets: Vec<Target<'_>>) -> Vec<Meaning> {
    let whole = targets.len() <= FEW;
    let tell = |target: Target<'_>| {
        let behind = language.behind(target.schema);
        // A kind that has a page is told by its page.
        let page = description(behind);
        let body = if is_documented(page) {
            page.to_owned()
        } else {
            let key = Key { name: "", schema: target.schema, required: target.required };
            let told = told(language, &key, if target.says.is_empty() { page } else { target.says }, &[], whole);
            said_live(told, is_live(&target.path))
        };
        Meaning { title: target.path, body }
    };
    targets.into_iter().map(tell).collect()
}

/// Sections, keys, words and kinds without a page that have this name, alike ones together.
pub fn of_word(language: &'static Language, name: &str) -> Vec<Meaning> {
    let plurals = [format!("{name}s"), format!("{}ies", name.trim_end_matches('y'))];
    let mut groups: Vec<Group<'_>> = Vec::new();
    for stop in Language::stops() {
        for form in language.forms(stop.schema) {
            match form {
                Form::Keys(map) => {
                    for key in language.keys(map) {
                        let by_name = || language.forms(key.schema).iter().any(|form| matches!(form, Form::Named(_)));
                        if key.name == name || plurals.iter().any(|plural| plural == key.name) && by_name() {
                            let paths = stop.paths.iter().map(|path| below(path, key.name)).collect();
                            group(&mut groups, language, key, "", paths);
                        }
                    }
                }
                Form::Kind(kind, settings, says)
                    if kind == name && !is_documented(description(language.behind(settings))) =>
                {
                    let key = Key { name: kind, schema: settings, required: true };
                    group(&mut groups, language, key, says, stop.paths.iter().map(|path| below(path, kind)).collect());
                }
                Form::Word(word, says) if word == name => {
                    let key = Key { name: word, schema: &Value::Null, required: true };
                    group(&mut groups, language, key, says, stop.paths.clone());
                }
                _ => {}
            }
        }
    }
    let whole = groups.len() <= FEW;
    groups.into_iter().map(|group| group.meaning(language, whole)).collect()
}

/// Whether a description is the page of a kind.
fn is_documented(description: &str) -> bool {
    static PAGES: OnceLock<BTreeSet<String>> = OnceLock::new();
    PAGES.get_or_init(|| kinds().iter().map(sim_core::kind::Kind::doc).collect()).contains(description)
}

/// Keys that are the same thing at several places.
struct Group<'a> {
    key: Key<'a>,
    says: String,
    told: (String, Option<String>),
    paths: Vec<String>,
}

fn group<'a>(groups: &mut Vec<Group<'a>>, language: &'a Language, key: Key<'a>, says: &str, paths: Vec<String>) {
    let said = says_and_default(language, &key);
    let says = if says.is_empty() { said.0.clone() } else { says.to_owned() };
    let is_same = |group: &&mut Group<'_>| {
        let alike = language.behind(group.key.schema) == language.behind(key.schema);
        group.says == says && group.told == said && alike
    };
    match groups.iter_mut().find(is_same) {
        Some(group) => group.paths.extend(paths),
        None => groups.push(Group { key, says, told: said, paths }),
    }
}

impl Group<'_> {
    fn meaning(self, language: &Language, whole: bool) -> Meaning {
        let first = self.paths.first().cloned().unwrap_or_default();
        let is_section = SECTIONS.contains(&first.as_str());
        if self.key.schema.is_null() {
            let at = places(&self.paths, PLACES, "");
            return Meaning { title: format!("{}, a word at {at}", self.key.name), body: wrapped(&self.says, 2) };
        }
        let title = if is_section { format!("{first}, a section") } else { first };
        let live = self.paths.iter().any(|path| is_live(path));
        Meaning { title, body: said_live(told(language, &self.key, &self.says, &self.paths[1..], whole), live) }
    }
}

/// What is said of a key, and that it is live if it is.
fn said_live(told: String, live: bool) -> String {
    if live { format!("{}\n\n  live: it can be set while a run goes on\n", told.trim_end()) } else { told }
}

/// What is said of a key: its meaning, type and default, and what may stand in it.
fn told(language: &Language, key: &Key<'_>, says: &str, others: &[String], whole: bool) -> String {
    let plain = |_: &Value, word: &str| word.to_owned();
    let (_, default) = says_and_default(language, key);
    let mut out = wrapped(&without_default(&first_paragraph(says)).0, 2);
    out.push_str(&format!("  {:9} {}\n", "type", kind_of(language, key.schema, &plain)));
    if let Some(default) = default.filter(|default| !default.starts_with("required")) {
        out.push_str(&format!("  {:9} {default}\n", "default"));
    } else if key.required && !key.name.is_empty() && language.forms(key.schema).len() == 1 {
        out.push_str("  has to be written\n");
    }
    if !others.is_empty() {
        out.push_str(&format!("  {:9} {}\n", "also at", wrapped(&places(others, PLACES, ""), 12).trim()));
    }
    if whole {
        out.push_str(&inside(language, key.schema));
    }
    out
}

/// The keys of a map, or the kinds and words of a choice; of a map by name or a list, those of what is in it.
fn inside(language: &Language, schema: &Value) -> String {
    let mut out = String::new();
    let plain = |_: &Value, word: &str| word.to_owned();
    for form in language.forms(schema) {
        match form {
            Form::Keys(map) => {
                out.push_str("\n  keys\n");
                for key in language.keys(map) {
                    let (says, default) = says_and_default(language, &key);
                    let default = match default.as_deref() {
                        None => String::new(),
                        Some(required) if required.starts_with("required") => format!(", {required}"),
                        Some(default) => format!(", default {default}"),
                    };
                    let kind = format!("{}{default}", kind_of(language, key.schema, &plain));
                    out.push_str(&format!("  {:22}  {}", key.name, wrapped(&kind, 26).trim_start()));
                    out.push_str(&wrapped(&says, 26));
                }
            }
            Form::Kind(name, _, says) | Form::Word(name, says) => out.push_str(&line(name, &first_paragraph(says))),
            Form::Named(values) | Form::List(values) => out.push_str(&inside(language, values)),
            Form::Plain(..) => {}
        }
    }
    let has_kinds = language.forms(schema).iter().any(|form| matches!(form, Form::Kind(..) | Form::Word(..)));
    if has_kinds { format!("\n  one of\n{out}") } else { out }
}

fn line(name: &str, says: &str) -> String {
    format!("  {name:22}  {}", wrapped(says, 26).trim_start())
}

/// A metric of that name, also with a subject: `p99(api.get)`.
pub fn of_metric(name: &str) -> Option<Meaning> {
    let bare = name.split('(').next().unwrap_or(name).trim();
    let metric = Metric::parse(bare)?;
    let listed = METRICS.iter().find(|doc| doc.name == bare);
    let made = || {
        let is_alike = |(_, one, _): &&(&str, &str, &str)| {
            Metric::parse(one).is_some_and(|one| std::mem::discriminant(&one) == std::mem::discriminant(&metric))
        };
        METRIC_FAMILIES.iter().find(is_alike).map(|(.., says)| *says)
    };
    let says = listed.map(|doc| doc.says).or_else(made)?;
    let subjects: Vec<&str> = metric.subjects().iter().map(|subject| subject.words()).collect();
    let told = if metric.is_delivered() {
        "telemetry delivers it: alerts, scalers and expect may read it"
    } else {
        "telemetry does not deliver it: expect may read it, alerts and scalers may not"
    };
    let mut body = wrapped(says, 2);
    body.push_str(&format!("  {:9} {}\n", "of", wrapped(&subjects.join(", "), 12).trim()));
    body.push_str(&format!("  {:9} {}\n  {told}\n", "unit", metric.measure()));
    Some(Meaning { title: format!("{bare}, a metric"), body })
}

/// A quantity of that name.
pub fn of_quantity(name: &str) -> Option<Meaning> {
    let (name, forms, says) = QUANTITIES.iter().find(|(quantity, ..)| *quantity == name)?;
    let body = format!("  {}\n{}", forms.replace('`', ""), wrapped(&says.replace('`', ""), 2));
    Some(Meaning { title: format!("{name}, a quantity"), body })
}

/// A kind of finding.
pub fn of_finding(name: &str) -> Option<Meaning> {
    let kind = findings::ALL.iter().find(|kind| kind.name == name)?;
    Some(Meaning { title: format!("{name}, a finding ({})", kind.severity.name()), body: kind.doc() })
}

/// A word of conditions.
pub fn of_clause_word(name: &str) -> Option<Meaning> {
    let (word, written, says) = CLAUSE_WORDS.iter().find(|(word, ..)| *word == name)?;
    Some(Meaning { title: format!("{word}, a word of conditions"), body: format!("  {written}\n{}", wrapped(says, 2)) })
}

/// All keys, kinds and words of the schema, and the words of conditions.
pub fn words() -> Vec<String> {
    let all = words_of().into_iter().filter(|word| !word.contains(' '));
    all.map(str::to_owned).chain(CLAUSE_WORDS.iter().map(|(word, ..)| (*word).to_owned())).collect()
}

fn words_of() -> BTreeSet<&'static str> {
    let language = Language::get();
    let mut words = BTreeSet::new();
    for stop in Language::stops() {
        for form in language.forms(stop.schema) {
            match form {
                Form::Keys(map) => words.extend(language.keys(map).into_iter().map(|key| key.name)),
                Form::Kind(name, ..) | Form::Word(name, _) => drop(words.insert(name)),
                _ => {}
            }
        }
    }
    words
}
