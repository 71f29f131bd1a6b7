//! What is not held as SARIF 2.1.0 (OASIS, *Static Analysis Results Interchange Format*, 2020), for code scanning.
//!
//! Paths are written as the user named them, so that they are relative to the root of a repository where the check runs there.

use super::notices::{Notice, Rule, notices};
use crate::ReportError;
use serde_json::{Value, json};
use sim_core::results::gate::CheckedFile;

/// The file.
///
/// # Errors
/// Never for results of a check.
pub fn sarif(files: &[CheckedFile]) -> Result<String, ReportError> {
    let rules: Vec<Value> = Rule::ALL.iter().map(|rule| describe(*rule)).collect();
    let results: Vec<Value> = notices(files).iter().map(result).collect();
    let artifacts: Vec<Value> =
        files.iter().map(|file| json!({"location": {"uri": uri(&file.file)}, "roles": ["analysisTarget"]})).collect();
    let driver = json!({"name": "windtunnel", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules});
    let run = json!({
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "artifacts": artifacts,
        "results": results,
    });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn describe(rule: Rule) -> Value {
    let level = if rule == Rule::Scenario { "error" } else { "warning" };
    json!({"id": rule.id(), "shortDescription": {"text": rule.says()}, "defaultConfiguration": {"level": level}})
}

fn result(notice: &Notice<'_>) -> Value {
    let index = Rule::ALL.iter().position(|rule| *rule == notice.rule);
    let mut place = json!({"artifactLocation": {"uri": uri(notice.place.map_or(notice.file, |p| &p.file))}});
    if let Some(p) = notice.place {
        place["region"] =
            json!({"startLine": p.line, "startColumn": p.column, "endLine": p.line, "endColumn": p.end_column});
    }
    json!({
        "ruleId": notice.rule.id(),
        "ruleIndex": index,
        "level": if notice.broken { "error" } else { "warning" },
        "message": {"text": format!("{}. {}", notice.title, notice.text)},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"windtunnelPath/v1": format!("{} {}", notice.file, notice.path)},
    })
}

/// A path as a URI: relative as it stands, absolute with its scheme, and with all that is not plain in percent.
fn uri(path: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || "-._~/".contains(*c);
    let text = path.replace('\\', "/");
    let text = text.strip_prefix("./").unwrap_or(&text);
    let mut out = String::new();
    for c in text.chars() {
        if plain(&c) {
            out.push(c);
        } else {
            c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| out.push_str(&format!("%{byte:02X}")));
        }
    }
    if out.starts_with('/') { format!("file://{out}") } else { out }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::check::sample;
    use sim_core::results::gate::FilePlace;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("./a b/c,d.yaml"), "a%20b/c%2Cd.yaml");
        assert_eq!(uri("/x/y.yaml"), "file:///x/y.yaml");
        assert_eq!(uri("ä.yaml"), "%C3%A4.yaml");
    }

    /// What the published schema requires of the objects that are written.
    #[test]
    fn all_that_the_standard_requires_is_there() {
        let mut checked = sample::checked();
        let place = FilePlace { file: "base/system.yaml".into(), line: 7, column: 3, end_column: 8 };
        checked.places.insert("promises.works".into(), place);
        let log: Value =
            serde_json::from_str(&sarif(&[CheckedFile { file: "a.yaml".into(), outcome: Ok(checked) }]).unwrap())
                .unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "windtunnel");
        let rules = driver["rules"].as_array().unwrap();
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        for result in results {
            assert!(result["message"]["text"].as_str().is_some_and(|t| !t.is_empty()));
            assert!(["none", "note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            assert!(!result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_null());
        }
        let works = results.iter().find(|r| r["level"] == "error").unwrap();
        let place = &works["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "base/system.yaml");
        assert_eq!(place["region"]["startLine"], 7);
        assert!(place["region"]["endColumn"].as_u64() > place["region"]["startColumn"].as_u64());
    }
}
