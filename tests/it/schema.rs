//! The JSON Schema of `docs/schema.json`, by a validator that knows nothing of this program: every scenario that the program reads fits it, and
//! what the program refuses for its form does not.

use super::program::Folder;
use super::{files, root};
use boon::{Compiler, SchemaIndex, Schemas};
use scenarios::reader::scalar::{Word, word};
use scenarios::reader::{FileId, Node, Value as Held, parse};
use serde_json::Value;

/// The schema, compiled.
struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn of(text: &str) -> Self {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("schema.json", serde_json::from_str(text).unwrap()).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Self(schemas, index)
    }

    fn stored() -> Self {
        Self::of(&std::fs::read_to_string(root().join("docs/schema.json")).unwrap())
    }

    /// Why a file does not fit; `None` if it does.
    fn refuses(&self, yaml: &str) -> Option<String> {
        self.0.validate(&json(yaml), self.1).err().map(|error| error.to_string())
    }
}

/// A YAML file as an editor gives it to its validator.
pub(super) fn json(yaml: &str) -> Value {
    value(&parse(yaml, FileId(0)).node.expect("is YAML"))
}

fn value(node: &Node) -> Value {
    match &node.value {
        Held::Map(entries) => Value::Object(entries.iter().map(|e| (e.key.clone(), value(&e.value))).collect()),
        Held::List(nodes) => Value::Array(nodes.iter().map(value).collect()),
        Held::Scalar(scalar) => match word(scalar) {
            Word::Null => Value::Null,
            Word::Bool(truth) => truth.into(),
            Word::Unsigned(number) => number.into(),
            Word::Negative(number) => number.into(),
            Word::Float(number) => number.into(),
            Word::Text(text) => text.into(),
        },
    }
}

#[test]
fn every_shipped_scenario_fits_the_schema() {
    let schema = Schema::stored();
    let (mut wrong, mut overlays) = (Vec::new(), 0);
    for folder in ["scenarios/shipped", "scenarios/truth", "scenarios/measured", "tests/it/field", "tests/it/language"]
    {
        for file in files(folder, "yaml") {
            let text = std::fs::read_to_string(&file).unwrap();
            overlays += usize::from(json(&text)["extends"].is_string());
            // What is planned is no key yet.
            let planned = text.contains("rate_limit");
            wrong.extend(schema.refuses(&text).filter(|_| !planned).map(|why| format!("{}: {why}", file.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(overlays >= 10, "{overlays} overlays");
}

#[test]
fn what_is_misspelt_does_not_fit_and_what_is_partial_does() {
    let schema = Schema::stored();
    for bad in [
        "services: {web: {wrokers: 4}}",
        "load: {users: {to: web.get}}",
        "load: {users: {to: web.get, arrive: {poisson: {rate: 50}}}}",
        "extends: a.yaml\nservices: {web: {wrokers: 4}}",
        "extends: a.yaml\nload: {users: {arrive: {poison: {rate: 5/s}}}}",
        "extends: a.yaml\nload: {users: {arrive: {poisson: {rate: fast}}}}",
        // Lists are replaced whole, so what stands in them is whole.
        "extends: a.yaml\nload: {users: {shape: [{spike: {at: 1m}}]}}",
        "extends: a.yaml\nservcies: {}",
    ] {
        assert!(schema.refuses(bad).is_some(), "{bad}");
    }
    for good in [
        "extends: a.yaml\nload: {users: {from: east}}",
        "extends: a.yaml\nservices: {web: null, api: {queue: null, workers: 4}}",
        "extends: a.yaml\nload: {users: {arrive: {poisson: null, constant: {rate: 5/s}}}}",
        "extends: a.yaml\nfaults: {slow: {inject: {slow: {factor: 5}}}}\npromises: {works: {keep: {latency: {p99: 1s}}}}",
    ] {
        assert_eq!(schema.refuses(good), None, "{good}");
    }
}

/// The line by which an editor finds the schema leads to a file that is there and that the scenario fits.
#[test]
fn what_new_writes_names_a_schema_that_it_fits() {
    let folder = Folder::new("new-schema");
    for (arguments, file) in [
        (&["new", "mine.yaml"][..], "mine.yaml"),
        (&["new", "--from", "checkout"], "checkout.yaml"),
        (&["new", "deep/gate.yaml", "--from", "checkout-gate"], "deep/gate.yaml"),
    ] {
        let (status, out, err) = folder.run(arguments);
        assert_eq!((status, err.as_str()), (0, ""), "{out}");
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let named = text.lines().next().and_then(|line| line.strip_prefix("# yaml-language-server: $schema=")).unwrap();
        let beside = folder.join(file).parent().unwrap().join(named);
        let schema = Schema::of(&std::fs::read_to_string(beside).unwrap());
        assert_eq!(schema.refuses(&text), None, "{file}");
        assert_eq!(folder.run(&["validate", file]).0, 0, "{file}");
    }
    // All that lies there now is judged as scenarios; the schema is none.
    let (status, out, _) = folder.run(&["validate", "."]);
    assert_eq!(status, 0, "{out}");
    assert!(out.lines().count() >= 4 && !out.contains("schema"), "{out}");
}
