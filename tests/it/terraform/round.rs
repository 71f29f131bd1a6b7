//! There and back: a scenario is exported, planned as Terraform would plan it, and imported. Parts, sizes and links are the same.

use super::super::program::Folder;
use super::SHOP;
use super::export::exported;
use super::resources::{Is, KNOWN};
use scenarios::study::system;
use scenarios::terraform::import::{FILL_IN, import};
use scenarios::{Loaded, Memory};
use serde_json::{Map, Value, json};
use sim_core::results::{NodeKind, System};
use std::collections::BTreeSet;

/// An expression of the configuration, as a plan has it: a constant, or what it refers to, the longest first.
fn expression(value: &Value) -> Value {
    let text = value.to_string();
    let all: Vec<&str> =
        text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(inner, _)| inner).collect();
    if all.is_empty() {
        return json!({"constant_value": value});
    }
    let mut references = Vec::new();
    for reference in all {
        let mut rest = reference;
        let least = if reference.starts_with("data.") { 2 } else { 1 };
        while rest.matches('.').count() >= least {
            references.push(rest.to_owned());
            rest = &rest[..rest.rfind('.').unwrap()];
        }
    }
    json!({"references": references})
}

/// Values as planned: what is made of other resources is not known before they are there.
fn planned(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) if text.contains("${aws_") || text.contains("${data.") => None,
        Value::Array(parts) => Some(Value::Array(parts.iter().filter_map(planned).collect())),
        Value::Object(parts) => {
            Some(Value::Object(parts.iter().filter_map(|(k, v)| Some((k.clone(), planned(v)?))).collect()))
        }
        other => Some(other.clone()),
    }
}

/// The plan of a file.
fn plan(file: &Value) -> Value {
    let (mut resources, mut configured) = (Vec::new(), Vec::new());
    for (section, mode) in [("resource", "managed"), ("data", "data")] {
        for (kind, labels) in file.get(section).and_then(Value::as_object).into_iter().flatten() {
            let known = KNOWN.iter().find(|(known, _)| known == kind).unwrap().1;
            for (label, arguments) in labels.as_object().unwrap() {
                let is_block = |name: &str| known.iter().any(|(n, _, is)| *n == name && matches!(is, Is::Block(_)));
                let block = |value: &Value| -> Value {
                    let one = |block: &Value| {
                        let all =
                            block.as_object().unwrap().iter().map(|(key, value)| (key.clone(), expression(value)));
                        Value::Object(all.collect::<Map<_, _>>())
                    };
                    value.as_array().map_or_else(|| json!([one(value)]), |all| all.iter().map(one).collect())
                };
                let expressions: Map<String, Value> = arguments
                    .as_object()
                    .unwrap()
                    .iter()
                    .filter(|(name, _)| *name != "count")
                    .map(|(name, value)| (name.clone(), if is_block(name) { block(value) } else { expression(value) }))
                    .collect();
                configured.push(json!({"mode": mode, "type": kind, "name": label, "expressions": expressions}));
                let count = arguments.get("count").and_then(Value::as_u64);
                for index in 0..count.unwrap_or(u64::from(mode == "managed")) {
                    let mut resource = json!({
                        "address": format!("{kind}.{label}"), "mode": mode, "type": kind, "name": label, "values": planned(arguments),
                    });
                    if count.is_some() {
                        resource["index"] = json!(index);
                    }
                    resources.push(resource);
                }
            }
        }
    }
    json!({
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {"resources": resources}},
        "configuration": {"root_module": {"resources": configured}},
    })
}

/// What somebody fills in.
fn filled(text: &str) -> String {
    let fill = |line: &str| {
        let keys = [
            ("rate", "10/s"),
            ("probability", "50%"),
            ("hit_ratio", "90%"),
            ("work", "1ms"),
            ("wait", "1ms"),
            ("access", "read"),
        ];
        let known = keys.iter().fold(line.to_owned(), |line, (key, value)| {
            line.replace(&format!("{key}: {FILL_IN}"), &format!("{key}: {value}"))
        });
        if line.starts_with('#') { line.to_owned() } else { known.replace(FILL_IN, "5") }
    };
    text.lines().map(|line| fill(line) + "\n").collect()
}

fn loaded(text: &str) -> Loaded {
    let files = Memory([("s.yaml".to_owned(), text.as_bytes().to_vec())].into());
    scenarios::load(&files, "s.yaml", &[], None).unwrap_or_else(|report| panic!("{}\n{text}", report.render(false)))
}

/// Parts with their instances, without those that are left out; and who talks to whom.
fn told(system: &System) -> (BTreeSet<(String, &'static str, u32)>, BTreeSet<(String, String)>) {
    let is_part = |place: usize| {
        let node = &system.nodes[place];
        node.kind != NodeKind::Load && !(node.kind == NodeKind::Cache && node.instances == 0)
    };
    let parts = (0..system.nodes.len()).filter(|place| is_part(*place)).map(|place| &system.nodes[place]);
    let parts = parts.map(|node| (node.name.clone(), node.kind.word(), node.instances)).collect();
    let calls = system.calls.iter().filter(|call| is_part(call.from) && is_part(call.to) && call.from != call.to);
    let calls = calls.map(|call| (system.nodes[call.from].name.clone(), system.nodes[call.to].name.clone())).collect();
    (parts, calls)
}

fn there_and_back(folder: &Folder, name: &str, original: &Loaded) -> String {
    let plan = plan(&exported(folder, &[name]));
    let imported =
        import(name, plan.to_string().as_bytes()).unwrap_or_else(|problem| panic!("{name}: {}", problem.message));
    let back = loaded(&filled(&imported.text));
    let (there, back) = (system::written(original), system::written(&back));
    let (there, back) = (told(&there), told(&back));
    assert_eq!(there.1, back.1, "links of {name}:\n{}", imported.text);
    // A store is a table, whose machines nobody sees.
    let sizes = |parts: &BTreeSet<(String, &'static str, u32)>| -> BTreeSet<(String, &'static str, u32)> {
        parts.iter().map(|(name, kind, n)| (name.clone(), *kind, if *kind == "store" { 1 } else { *n })).collect()
    };
    assert_eq!(sizes(&there.0), sizes(&back.0), "parts of {name}:\n{}", imported.text);
    imported.text
}

#[test]
fn a_shop_comes_back_with_its_parts_sizes_and_links() {
    let folder = Folder::new("round-shop");
    folder.write("shop.yaml", SHOP);
    let text = there_and_back(&folder, "shop.yaml", &loaded(SHOP));
    for says in [
        "machine: {cores: 500m, memory: {size: 2048MiB}}",
        "machine: {memory: {size: 512MiB}}",
        "visibility_timeout: 90s",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    for loads in ["to-web: ", "to-checkout: "] {
        assert!(text.contains(loads), "{loads}: {text}");
    }
}

#[test]
fn shipped_scenarios_come_back() {
    let folder = Folder::new("round-shipped");
    for name in ["checkout", "scaling/queue-workers", "money/payments", "experiments/system", "data/stale-reads"] {
        let path = scenarios::builtin::find(name).unwrap();
        let original =
            scenarios::load(&scenarios::Builtin, &path, &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
        there_and_back(&folder, name, &original);
    }
}
