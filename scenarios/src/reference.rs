//! The reference page: every section, key, kind and metric of the language, from the types that read it.

use crate::explain::language::{Form, Language, Stop, below, description};
use crate::explain::text::{first_paragraph, kind_of, places, says_and_default};
use crate::explain::{CLAUSE_WORDS, METRIC_FAMILIES, QUANTITIES, SECTIONS, families};
pub use crate::explain::{explain, kinds};
use crate::findings;
use serde_json::Value;
use sim_core::counters::{LEVELS, TIMED};
use sim_core::expression::{METRICS, Metric, SubjectKind};
use sim_core::live::is_live;
use sim_core::metrics::{LevelOf, TimedAt};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Families whose kinds are keys, and so stand where their sections do.
const KEYS: [&str; 2] = ["section", "control"];

/// Places of a map that are listed.
const PLACES: usize = 8;

/// The reference as one page of Markdown.
pub fn page() -> String {
    let language = Language::get();
    let page = Page::of(language);
    let mut out = String::from(HEAD);
    page.contents(&mut out);
    page.files(&mut out);
    quantities(&mut out);
    page.sections(&mut out);
    page.kinds(&mut out);
    expressions(&mut out);
    findings(&mut out);
    out
}

const HEAD: &str = "\
# Reference of the scenario language

Made from the types that read a scenario. `windtunnel explain WORD` prints one entry, also of a path, as `services.web.queue`. In paths `NAME` is a
name that you choose, and `N` a place in a list. A kind is a map with one key, or its bare name where it needs no settings. Every key, kind and
metric is here; what is not is an unknown key. Values that are *live*, and
all that stands within them, can be [set](#do-set) while a run goes on.

## Contents

";

/// An entry of the page: a map with its keys, or a choice with its kinds and words.
struct Entry<'a> {
    stop: Stop<'a>,
    title: String,
}

/// The entries of the page, by section and by family.
struct Page<'a> {
    language: &'a Language,
    sections: Vec<(&'static str, Vec<Entry<'a>>)>,
    families: Vec<(&'static str, Vec<Entry<'a>>)>,
    /// The anchor of each map and choice.
    anchors: BTreeMap<*const Value, String>,
}

impl<'a> Page<'a> {
    fn of(language: &'static Language) -> Self {
        let mut page = Self {
            language,
            sections: SECTIONS.into_iter().map(|section| (section, Vec::new())).collect(),
            families: families().into_iter().filter(|f| !KEYS.contains(f)).map(|family| (family, Vec::new())).collect(),
            anchors: BTreeMap::new(),
        };
        let all = kinds().into_iter().filter(|kind| !KEYS.contains(&kind.family));
        let pages: BTreeMap<String, (&str, &str)> = all.map(|k| (k.doc(), (k.family, k.name))).collect();
        // Where a family's kinds stand, and what stands within them, is told beside them.
        let mut roots: Vec<(String, &str)> = Vec::new();
        for stop in Language::stops() {
            let path = stop.paths[0].clone();
            let own = pages.get(description(stop.schema)).copied();
            let of_family = || {
                language.forms(stop.schema).iter().find_map(|form| match form {
                    Form::Kind(_, settings, _) => {
                        let mut inside = vec![language.behind(settings)];
                        inside.extend(language.forms(settings).iter().filter_map(|form| {
                            if let Form::List(items) = form { Some(language.behind(items)) } else { None }
                        }));
                        inside.into_iter().find_map(|schema| pages.get(description(schema)).map(|(family, _)| *family))
                    }
                    _ => None,
                })
            };
            let (family, title) = match own {
                Some((family, name)) => (Some(family), format!("{family}: {name}")),
                None => match of_family() {
                    Some(family) => (Some(family), format!("{family}, the kinds")),
                    None => {
                        let inside = roots.iter().rev().find(|(root, _)| path.starts_with(&format!("{root}.")));
                        (inside.map(|(_, family)| *family), path.clone())
                    }
                },
            };
            if let Some(family) = family {
                roots.push((path.clone(), family));
            }
            let section = path.split('.').next().unwrap_or_default();
            page.anchors.insert(std::ptr::from_ref(stop.schema), slug(&title));
            let entry = Entry { stop: stop.clone(), title };
            let chapter = match family {
                Some(family) => page.families.iter_mut().find(|(name, _)| *name == family),
                None => page.sections.iter_mut().find(|(name, _)| *name == section),
            };
            if let Some((_, entries)) = chapter {
                entries.push(entry);
            }
        }
        page
    }

    fn contents(&self, out: &mut String) {
        let link = |title: &str| format!("[{title}](#{})", slug(title));
        for title in ["Sections of a file", "Quantities"] {
            let _ = writeln!(out, "- {}", link(title));
        }
        for (section, entries) in self.sections.iter().filter(|(_, entries)| !entries.is_empty()) {
            let inner: Vec<String> = entries.iter().skip(1).map(|entry| link(&entry.title)).collect();
            let inner = if inner.is_empty() { String::new() } else { format!(": {}", inner.join(", ")) };
            let _ = writeln!(out, "- {}{inner}", link(&format!("Section {section}")));
        }
        for (family, _) in &self.families {
            let own = kinds().into_iter().filter(|kind| kind.family == *family).map(|kind| kind.name);
            let links: Vec<String> =
                own.map(|name| format!("[{name}](#{})", slug(&format!("{family}: {name}")))).collect();
            let _ = writeln!(out, "- {}: {}", link(&format!("Kinds of {family}")), links.join(", "));
        }
        for title in ["Conditions", "Metrics", "Findings"] {
            let _ = writeln!(out, "- {}", link(title));
        }
    }

    /// The table of sections.
    fn files(&self, out: &mut String) {
        out.push_str("\n## Sections of a file\n\n| section | type | meaning |\n|---|---|---|\n");
        let keys = self.language.keys(self.language.root());
        for (section, entries) in &self.sections {
            let Some(key) = keys.iter().find(|key| key.name == *section) else { continue };
            let (says, _) = says_and_default(self.language, key);
            let required = if key.required { " Required." } else { "" };
            let kind = kind_of(self.language, key.schema, &|_, word| word.to_owned());
            // What stands in a section may be told beside the kinds that it is made of.
            let first =
                Language::stops().iter().find(|stop| stop.paths.iter().any(|path| *path == format!("{section}.NAME")));
            let anchor = if entries.is_empty() {
                first.and_then(|stop| self.anchors.get(&std::ptr::from_ref(stop.schema)).cloned())
            } else {
                Some(format!("section-{section}"))
            };
            let name = anchor.map_or_else(|| format!("`{section}`"), |anchor| format!("[`{section}`](#{anchor})"));
            let _ = writeln!(out, "| {name} | {} | {}{required} |", cell(&kind), cell(&says));
        }
    }

    fn sections(&self, out: &mut String) {
        for (section, entries) in &self.sections {
            if !entries.is_empty() {
                let _ = write!(out, "\n## Section {section}\n");
                entries.iter().for_each(|entry| self.entry(entry, out));
            }
        }
    }

    fn kinds(&self, out: &mut String) {
        for (family, entries) in &self.families {
            let _ = write!(out, "\n## Kinds of {family}\n");
            entries.iter().for_each(|entry| self.entry(entry, out));
            // A kind whose settings are a list or a single value has no keys, and no entry so far.
            for kind in kinds().iter().filter(|kind| kind.family == *family) {
                let title = format!("{family}: {}", kind.name);
                if !entries.iter().any(|entry| entry.title == title) {
                    let _ = write!(out, "\n### {title}\n\n{}\n", text(&kind.doc()));
                }
            }
        }
    }

    fn entry(&self, entry: &Entry<'a>, out: &mut String) {
        let _ = write!(out, "\n### {}\n\n", entry.title);
        let paths: Vec<String> = entry.stop.paths.clone();
        let is_path = paths.first() == Some(&entry.title);
        let (word, others) = if is_path { ("Also at", &paths[1..]) } else { ("Stands at", &paths[..]) };
        let page = text(description(entry.stop.schema));
        if !page.is_empty() {
            let _ = write!(out, "{page}\n\n");
        }
        if !others.is_empty() && !others[0].is_empty() {
            let _ = write!(out, "{word} {}.\n\n", places(others, PLACES, "`"));
        }
        self.keys(&entry.stop, out);
        self.choice(entry.stop.schema, out);
    }

    fn link(&self, schema: &Value, word: &str) -> String {
        match self.anchors.get(&std::ptr::from_ref(schema)) {
            Some(anchor) => format!("[{word}](#{anchor})"),
            None => word.to_owned(),
        }
    }

    fn keys(&self, stop: &Stop<'a>, out: &mut String) {
        for form in self.language.forms(stop.schema) {
            let Form::Keys(map) = form else { continue };
            let keys = self.language.keys(map);
            if keys.is_empty() {
                out.push_str("It has no keys.\n");
                continue;
            }
            out.push_str("| key | type | default | meaning |\n|---|---|---|---|\n");
            for key in keys {
                let (says, default) = says_and_default(self.language, &key);
                let kind = kind_of(self.language, key.schema, &|schema, word| self.link(schema, word));
                let default = default.unwrap_or_else(|| "none".to_owned());
                let live = if stop.paths.iter().any(|path| is_live(&below(path, key.name))) { " *Live.*" } else { "" };
                let _ =
                    writeln!(out, "| `{}` | {} | {} | {}{live} |", key.name, cell(&kind), cell(&default), cell(&says));
            }
        }
    }

    fn choice(&self, schema: &'a Value, out: &mut String) {
        let forms = self.language.forms(schema);
        if !forms.iter().any(|form| matches!(form, Form::Kind(..) | Form::Word(..))) {
            return;
        }
        out.push_str("| one of | settings | meaning |\n|---|---|---|\n");
        for form in forms {
            let (name, kind, says) = match form {
                Form::Kind(name, settings, says) => (
                    format!("`{name}`"),
                    kind_of(self.language, settings, &|schema, word| self.link(schema, word)),
                    says,
                ),
                Form::Word(word, says) => (format!("`{word}`"), "none: a word".to_owned(), says),
                Form::Plain(..) => {
                    (kind_of(self.language, self.only_plain(schema), &|_, word| word.to_owned()), "none".to_owned(), "")
                }
                _ => continue,
            };
            let _ = writeln!(out, "| {name} | {} | {} |", cell(&kind), cell(&first_paragraph(says)));
        }
    }

    /// The quantity among the choices.
    fn only_plain(&self, schema: &'a Value) -> &'a Value {
        let plain = self
            .language
            .forms(schema)
            .into_iter()
            .find_map(|form| if let Form::Plain(_, schema) = form { Some(schema) } else { None });
        let of = schema
            .get("anyOf")
            .and_then(Value::as_array)
            .and_then(|all| all.iter().find(|one| one.get("$ref").is_some()));
        of.or(plain).unwrap_or(schema)
    }
}

/// The anchor that a heading of Markdown has.
fn slug(title: &str) -> String {
    let kept =
        title.to_lowercase().chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c)).collect::<String>();
    kept.replace(' ', "-")
}

/// The page of a kind or map: its headings are no headings of this page, and its keys stand in a table.
fn text(doc: &str) -> String {
    let mut out = String::new();
    for (place, part) in doc.split("\n# ").enumerate() {
        let (title, body) = if place == 0 { ("", part) } else { part.split_once('\n').unwrap_or((part, "")) };
        match title {
            "" => out.push_str(body.trim()),
            title => {
                let _ = write!(out, "\n\n**{title}**\n\n{}", body.trim());
            }
        }
    }
    out
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn quantities(out: &mut String) {
    out.push_str("\n## Quantities\n\n| type | written | |\n|---|---|---|\n");
    for (name, forms, says) in QUANTITIES {
        let _ = writeln!(out, "| {name} | {} | {} |", cell(forms), cell(says));
    }
    out.push_str("| distribution | a duration, which is constant, or one of the [kinds of distribution](#kinds-of-distribution) | of times |\n");
    out.push_str("| name | letters and digits with single `-` or `_` in between, at most 64 | what you call your services, faults and so on |\n");
}

const EXPRESSIONS: &str = "
## Conditions

What alerts wait for, scalers hold and `expect` demands:

    clause  := [always | never] or [with probability PERCENT]
    or      := and {or and}      and := not {and not}      not := [not] compare
    compare := sum [(< <= > >= == !=) sum [within TOLERANCE]]      sum, product: + - * / with blanks around; parentheses
    value   := quantity | number | metric {scope}      metric := name [ ( subject ) ]
    scope   := over DURATION | over last COUNT | during NAME | after NAME | before NAME | from T to T | of LOAD | in VARIANT

`within 2%` is a share of the right side, `within 5ms` a quantity of what is compared; of shares, `within 0.5 points` are points of a
percent. Without it, `==` with a number of some decimals allows half of the last one. Alerts and scalers see only what telemetry
delivers; `expect` is judged by the truth. Subjects are written `api.get` (endpoint), `api` (service), `shoppers` (load class),
`web->api.get` (call), `api.queue_wait`, `jobs.age` and `web->api.get.limit_wait` (timed parts),
`web->api.get.places_taken` (levels); parts and levels of all calls from one caller to one service are written `web->api.limit_wait`. After `during`, `after` and `before` stands a fault, or an experiment.

| word | written | meaning |
|---|---|---|
";

/// The grammar of conditions, and the metrics.
fn expressions(out: &mut String) {
    out.push_str(EXPRESSIONS);
    for (word, written, says) in CLAUSE_WORDS {
        let _ = writeln!(out, "| `{word}` | `{written}` | {} |", cell(says));
    }
    out.push_str("\n## Metrics\n\n| metric | of | unit | is | telemetry |\n|---|---|---|---|---|\n");
    let subjects = |of: &[SubjectKind]| of.iter().map(|s| plain(s.words())).collect::<Vec<_>>().join(", ");
    for doc in METRICS {
        let (of, unit) = (subjects(doc.subjects), doc.measure.to_string());
        let unit = plain(&unit);
        let delivered = if doc.delivered { "yes" } else { "" };
        let _ = writeln!(out, "| `{}` | {of} | {unit} | {} | {delivered} |", doc.name, doc.says);
    }
    for (name, example, says) in METRIC_FAMILIES {
        let Some(metric) = Metric::parse(example) else { continue };
        let (of, unit) = (subjects(metric.subjects()), metric.measure().to_string());
        let unit = plain(&unit);
        let delivered = if metric.is_delivered() { "yes" } else { "" };
        let _ = writeln!(out, "| {name} | {of} | {unit} | {says} | {delivered} |");
    }
    out.push_str("\n### Timed parts\n\n| part | of | is |\n|---|---|---|\n");
    for part in TIMED {
        let of = match part.of {
            TimedAt::Node => "service, store, queue",
            TimedAt::Queue => "queue",
            TimedAt::CallSite => "call",
        };
        let _ = writeln!(out, "| `{}` | {of} | {} |", part.name, part.says);
    }
    out.push_str("\n### Levels\n\n| level | of | is |\n|---|---|---|\n");
    for level in LEVELS {
        let of = if level.of == LevelOf::Calls { "call" } else { "service" };
        let _ = writeln!(out, "| `{}` | {of} | {} |", level.name, level.says);
    }
}

/// What `validate` finds in a system without a run.
fn findings(out: &mut String) {
    out.push_str(FINDINGS);
    for kind in findings::ALL {
        let _ = writeln!(out, "| [`{0}`](#{0}) | {1} | {2} |", kind.name, kind.severity.name(), cell(kind.says));
    }
    for kind in findings::ALL {
        let _ = write!(out, "\n### {}\n\n{}\n", kind.name, text(&kind.doc()));
    }
}

const FINDINGS: &str = "
## Findings

What `windtunnel validate` and the report of a run say of a system by arithmetic alone, each at its place in the file. A warning goes wrong whenever
what it speaks of happens; a note may well be meant. No finding keeps a scenario from running, and none changes an exit status.

| finding | severity | speaks where |
|---|---|---|
";

/// A noun without its article and example.
fn plain(words: &str) -> &str {
    let noun = words.strip_prefix("an ").or_else(|| words.strip_prefix("a ")).unwrap_or(words);
    noun.split(" (").next().unwrap_or(noun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use sim_core::counters;

    /// Each definition of the schema with the keys that it has.
    fn definitions(schema: &Value) -> Vec<(&str, &Value)> {
        let all = schema["$defs"].as_object().into_iter().flatten();
        all.map(|(name, definition)| (name.as_str(), definition)).chain([("the file", schema)]).collect()
    }

    #[test]
    fn every_key_of_the_schema_is_in_it() {
        let page = page();
        let schema = schema::schema();
        let (mut missing, mut count) = (Vec::new(), 0);
        for (name, definition) in definitions(&schema) {
            for (key, property) in definition["properties"].as_object().into_iter().flatten() {
                count += 1;
                let says = first_paragraph(description(property));
                let begin: String = cell(&says).chars().take_while(|c| !";,.".contains(*c)).collect();
                let is_row = |line: &&str| {
                    (line.starts_with(&format!("| `{key}` |")) || line.starts_with(&format!("| [`{key}`](#")))
                        && line.contains(&begin)
                };
                if !page.lines().any(|line| is_row(&line)) {
                    missing.push(format!("{name}.{key}: {begin}"));
                }
            }
        }
        assert!(missing.is_empty() && count > 400, "{count} keys, of which are missing: {missing:#?}");
    }

    #[test]
    fn every_kind_word_and_metric_is_in_it() {
        let page = page();
        for kind in kinds() {
            let heading = format!("\n### {}: {}\n", kind.family, kind.name);
            assert_eq!(page.matches(&heading).count(), usize::from(!KEYS.contains(&kind.family)), "{heading}");
            let first = first_paragraph(&kind.doc());
            assert!(page.split_whitespace().collect::<Vec<_>>().join(" ").contains(&first), "{first}");
        }
        for (name, definition) in definitions(&schema::schema()) {
            for choice in ["oneOf", "anyOf"].iter().filter_map(|key| definition[*key].as_array()).flatten() {
                let kind = choice["required"].as_array().and_then(|all| all.first()).and_then(Value::as_str);
                if let Some(word) = kind.or_else(|| choice["const"].as_str()) {
                    assert!(page.contains(&format!("| `{word}` |")), "{name}: {word}");
                }
            }
        }
        for metric in METRICS {
            assert!(page.contains(&format!("| `{}` |", metric.name)), "{}", metric.name);
        }
        for part in TIMED {
            assert!(page.contains(&format!("| `{}` |", part.name)) && page.contains(part.says), "{}", part.name);
        }
        for level in LEVELS {
            assert!(page.contains(&format!("| `{}` |", level.name)) && page.contains(level.says), "{}", level.name);
        }
        for counter in counters::all() {
            let rows = page.lines().filter(|line| line.starts_with(&format!("| `{}` |", counter.name)));
            let delivered = if counter.is_delivered { "yes" } else { "" };
            let ends = format!("| {} | {delivered} |", counter.says);
            assert_eq!(rows.filter(|row| row.ends_with(&ends)).count(), 1, "{}", counter.name);
        }
    }

    /// Links within the page lead to a heading, and no two headings have one anchor.
    #[test]
    fn links_lead_to_headings() {
        let page = page();
        let mut headings: Vec<String> = page
            .lines()
            .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with("##")))
            .map(slug)
            .collect();
        let count = headings.len();
        for link in page.split("](#").skip(1) {
            let anchor = link.split(')').next().unwrap_or_default();
            assert!(headings.iter().any(|heading| heading == anchor), "nothing is called {anchor}");
        }
        headings.sort_unstable();
        headings.dedup();
        assert_eq!(headings.len(), count, "two headings have one anchor");
    }

    #[test]
    fn defaults_and_types_are_told() {
        let page = page();
        for row in [
            "| `duration` | duration | 10m | What is measured. |",
            "| `every` | duration | 15s | Between two decisions. |",
            "| `arrive` | [kind](#arrive-the-kinds) | required | When requests come. |",
            "| `max_deliveries` | count | 5 |",
        ] {
            assert!(page.contains(row), "{row}");
        }
    }
}
