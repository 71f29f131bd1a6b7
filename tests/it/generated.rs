//! What is generated, and kept true: the reference page and the JSON Schema. `UPDATE=1 cargo test` writes them.

use super::root;

pub(super) fn check(name: &str, made: &str) {
    let path = root().join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == made, "{name} is not what the code says: UPDATE=1 cargo test writes it");
}

#[test]
fn the_reference_is_generated() {
    check("docs/REFERENCE.md", &scenarios::reference::page());
}

#[test]
fn the_schema_is_generated() {
    check("docs/schema.json", &(serde_json::to_string_pretty(&scenarios::schema::of_files()).unwrap() + "\n"));
}

#[test]
fn the_schema_of_baselines_is_generated() {
    let schema = serde_json::to_string_pretty(&scenarios::study::baseline::schema()).unwrap();
    check("docs/baseline.schema.json", &(schema + "\n"));
}
