//! The reference page and `explain`: what can be written, from the types that read it.

use crate::schema;
use crate::written::{step, store, studies};
use serde_json::Value;
use sim_core::expression::{METRICS, Metric, SubjectKind};
use sim_core::kind::Kind;
use sim_core::problem::Problem;
use std::fmt::Write as _;

/// All kinds of the language, by family.
pub fn kinds() -> Vec<Kind> {
    let own = [step::ALL, store::ALL, studies::ALL].into_iter().flatten().copied();
    sim_core::kinds::all().into_iter().chain(own).collect()
}

/// What a kind is, for a terminal; all of that name, where several families have one.
///
/// # Errors
/// No kind has that name.
pub fn explain(name: &str) -> Result<String, Problem> {
    let all = kinds();
    let (family, wanted) = name.split_once('.').map_or((None, name), |(family, kind)| (Some(family), kind));
    let fits = |k: &&Kind| k.name == wanted && family.is_none_or(|f| f == k.family);
    let found: Vec<String> =
        all.iter().filter(fits).map(|k| format!("{} ({})\n\n{}\n", k.name, k.family, k.doc())).collect();
    if found.is_empty() {
        let mut known: Vec<&str> = all.iter().map(|k| k.name).collect();
        known.sort_unstable();
        known.dedup();
        return Err(Problem::unknown("", "kind", name, known));
    }
    Ok(found.join("\n"))
}

/// The reference as one page of Markdown.
pub fn page() -> String {
    let mut out = String::from(HEAD);
    let schema = schema::schema();
    sections(&mut out, &schema);
    out.push_str(QUANTITIES);
    settings(&mut out, &schema);
    expressions(&mut out);
    out.push_str("\n## Kinds\n");
    let all = kinds();
    let mut families: Vec<&str> = vec![];
    for kind in &all {
        if !families.contains(&kind.family) {
            families.push(kind.family);
        }
    }
    for family in families {
        let _ = writeln!(out, "\n### {family}");
        for kind in all.iter().filter(|k| k.family == family) {
            // The headings of a kind lie below its own.
            let doc = kind.doc().replace("\n# ", "\n##### ");
            let _ = writeln!(out, "\n#### {family}: `{}`\n\n{doc}", kind.name);
        }
    }
    out
}

const HEAD: &str = "\
# Reference of the scenario language

Made from the types that read a scenario; `windtunnel explain KIND` prints one entry. A kind is a map with one key, or its bare
name where it needs no settings. What is not listed here is an unknown key: caches, topics and sagas are not built yet.

## Sections of a file

| section | meaning |
|---|---|
";

const QUANTITIES: &str = "
## Quantities

| kind | forms |
|---|---|
| duration | `250us` `5ms` `1.5s` `10m` `2h` `3d` `36month` `1year`, joined `19h30m`; `m` is minutes |
| rate | `800/s` `10/min` `2k/s` `4/year` |
| count | `64` `10k` `5M` `2G` |
| bytes | `1460B` `64KiB` `8GiB` `2000GB` `500TB`; `KiB` is 1024 bytes, `kB` 1000 |
| probability, percent | `99.5%`; a bare fraction is an error |
| money | `$38` `$10k` |
| price | `$0.17/h` `$400/month` `$0.02/GiB` `$0.125/GB/month` `$0.25/1M` |
| distribution | a duration, which is constant, or one of the kinds of *distribution* below |

";

/// Sections in the order in which a scenario is best written; those that are not named here follow.
const ORDER: [&str; 22] = [
    "scenario",
    "question",
    "answer",
    "source",
    "extends",
    "run",
    "load",
    "policies",
    "defaults",
    "services",
    "stores",
    "queues",
    "keys",
    "regions",
    "network",
    "faults",
    "control",
    "promises",
    "experiments",
    "costs",
    "expect",
    "variants",
];

fn sections(out: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"].as_object() else { return };
    let others = properties.keys().map(String::as_str).filter(|name| !ORDER.contains(name));
    for name in ORDER.into_iter().chain(others) {
        if let Some(property) = properties.get(name) {
            let _ = writeln!(out, "| `{name}` | {} |", line(property));
        }
    }
}

/// The settings of sections that are no kinds: what a service, a load class or a call may say.
fn settings(out: &mut String, schema: &Value) {
    let sections = [
        ("run", "RunSettings"),
        ("run.precision", "PrecisionSettings"),
        ("services", "ServiceSettings"),
        ("stores", "StoreSettings"),
        ("queues", "QueueSettings"),
        ("endpoints of services", "EndpointSettings"),
        ("endpoints of stores", "StoreEndpointSettings"),
        ("load", "LoadSettings"),
        ("policies, and every call", "PolicySettings"),
        ("faults", "FaultSettings"),
        ("where", "TargetSettings"),
        ("experiments", "ExperimentSettings"),
        ("actions of experiments", "ActionSettings"),
        ("blast_radius", "RadiusSettings"),
        ("rollback", "DeedSettings"),
    ];
    out.push_str("## Keys\n");
    for (title, definition) in sections {
        let Some(properties) = schema["$defs"][definition]["properties"].as_object() else { continue };
        let _ = writeln!(out, "\n### {title}\n\n| key | meaning |\n|---|---|");
        for (name, property) in properties {
            let _ = writeln!(out, "| `{name}` | {} |", line(property));
        }
    }
}

const EXPRESSIONS: &str = "
## Expressions

What alerts wait for, scalers hold and `expect` demands:

    clause  := [always | never] or [with probability PERCENT]
    or      := and {or and}      and := not {and not}      not := [not] compare
    compare := sum [(< <= > >= == !=) sum [within TOLERANCE]]      sum, product: + - * / with blanks around; parentheses
    value   := quantity | number | metric {scope}      metric := name [ ( subject ) ]
    scope   := over DURATION | over last COUNT | during NAME | after NAME | before NAME | from T to T | of LOAD | in VARIANT

`within 2%` is a share of the right side, `within 5ms` a quantity of what is compared; of shares, `within 0.5 points` are points of a
percent. Without it, `==` with a number of some decimals allows half of the last one. Alerts and scalers see only what telemetry
delivers; `expect` is judged by the truth. Subjects are written `api.get` (endpoint), `api` (service), `shoppers` (load class),
`web->api.get` (call), `api.queue_wait` and `jobs.age` (timed parts). After `during`, `after` and `before` stands a fault, or an experiment.

| metric | of | unit | is | telemetry |
|---|---|---|---|---|
";

/// The grammar of conditions, and the metrics.
fn expressions(out: &mut String) {
    out.push_str(EXPRESSIONS);
    let subjects = |of: &[SubjectKind]| of.iter().map(|s| plain(s.words())).collect::<Vec<_>>().join(", ");
    for doc in METRICS {
        let (of, unit) = (subjects(doc.subjects), doc.measure.to_string());
        let unit = plain(&unit);
        let delivered = if doc.delivered { "yes" } else { "" };
        let _ = writeln!(out, "| `{}` | {of} | {unit} | {} | {delivered} |", doc.name, doc.says);
    }
    for family in FAMILIES {
        let (name, example, says) = family;
        let Some(metric) = Metric::parse(example) else { continue };
        let (of, unit) = (subjects(metric.subjects()), metric.measure().to_string());
        let unit = plain(&unit);
        let delivered = if metric.is_delivered() { "yes" } else { "" };
        let _ = writeln!(out, "| {name} | {of} | {unit} | {says} | {delivered} |");
    }
}

/// Metrics whose names are made: how they are written, one of them, what they are.
const FAMILIES: [(&str, &str, &str); 4] = [
    ("`p50` ... `p99.99`", "p99", "what such a part of all times does not exceed"),
    ("`ok`, `degraded`, `timeout` ...: an outcome", "timeout", "share of requests that ended so"),
    ("`stale_read` ...: a kind of wrongness", "stale_read", "share of replies that looked ok and were wrong so"),
    (
        "`holding_1` ... `holding_8`",
        "holding_1",
        "share of instances with at least so many requests in them, as seen at the end of each window of the time series",
    ),
];

/// A noun without its article and example.
fn plain(words: &str) -> &str {
    let noun = words.strip_prefix("an ").or_else(|| words.strip_prefix("a ")).unwrap_or(words);
    noun.split(" (").next().unwrap_or(noun)
}

/// The first paragraph of a description, as one line of a table.
fn line(property: &Value) -> String {
    let text = property.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split("\n\n").next().unwrap_or_default().replace('\n', " ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That their pages are whole is held where the kinds are.
    #[test]
    fn every_kind_explains_itself() {
        for kind in kinds() {
            assert!(explain(kind.name).is_ok_and(|text| text.contains(kind.family)));
        }
    }

    #[test]
    fn unknown_kind_hints_at_the_nearest() {
        assert_eq!(explain("poison").expect_err("is unknown").hint.as_deref(), Some("did you mean poisson?"));
    }

    #[test]
    fn page_has_sections_keys_and_kinds() {
        let page = page();
        for part in ["| `services` |", "| `workers` |", "#### arrive: `poisson`", "#### step: `call`"] {
            assert!(page.contains(part), "{part}");
        }
    }
}
