//! `run` goes on by itself until its verdicts are certain: what `new` writes is decided, and what is not says where it stopped.

use super::cli::small;
use super::program::Folder;
use serde_json::Value;

/// Runs a command that succeeds, and gives what it prints in one line.
fn printed(folder: &Folder, arguments: &[&str]) -> String {
    let (status, out, err) = folder.run(arguments);
    assert_eq!(status, 0, "{arguments:?}: {out}{err}");
    out.replace('\n', " ")
}

fn results(folder: &Folder, out: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(folder.join(out).join("results.json")).unwrap()).unwrap()
}

fn verdicts(results: &Value) -> Vec<&str> {
    let all = ["promises", "expectations"].into_iter().flat_map(|key| results[key].as_array().unwrap());
    all.map(|promise| promise["verdict"].as_str().unwrap()).collect()
}

#[test]
fn what_new_writes_is_decided() {
    let folder = Folder::new("course-new");
    printed(&folder, &["new"]);
    let text = printed(&folder, &["run", "scenario.yaml"]);
    assert!(!text.to_lowercase().contains("inconclusive") && text.contains("HELD "), "{text}");
    assert_eq!(verdicts(&results(&folder, "out/scenario")), ["held", "held"]);
}

#[test]
fn it_goes_on_until_it_is_decided_and_says_why() {
    let folder = Folder::new("course-on");
    folder.write("small.yaml", &small("1s", 20));
    let text = printed(&folder, &["run", "small.yaml", "--threads", "1"]);
    assert!(text.contains("Went on from 20 replications, because “works” was inconclusive."), "{text}");
    let bytes = || std::fs::read(folder.join("out/small/results.json")).unwrap();
    let (of_one, on) = (bytes(), results(&folder, "out/small"));
    assert_eq!((on["replications"].as_u64(), verdicts(&on)), (Some(42), vec!["held"]));
    assert_eq!(on["went_on"], serde_json::json!({"first": 20, "bound": 160, "because": ["works"], "ended": "certain"}));
    printed(&folder, &["run", "small.yaml", "--threads", "3"]);
    assert_eq!(of_one, bytes(), "threads decide nothing");
    std::fs::remove_file(folder.join("out/small/report.md")).unwrap();
    printed(&folder, &["report", "out/small"]);
    assert_eq!(of_one, bytes(), "the report is made of the same replications");
    let page = std::fs::read_to_string(folder.join("out/small/report.md")).unwrap();
    assert!(
        page.contains("Went on: from 20 replications, because") && page.contains("run small.yaml --seed 1`"),
        "{page}"
    );
    let text = printed(&folder, &["run", "small.yaml", "--replications", "20"]);
    assert!(text.contains("out/small.replications-20/report.html"), "{text}");
    assert!(text.contains("INCONCLUSIVE  works") && !text.contains("Went on"), "{text}");
    assert!(text.contains("20 replications, "), "a number that is asked for is kept: {text}");
}

#[test]
fn what_is_decided_does_not_go_on() {
    let folder = Folder::new("course-bound");
    folder.write("small.yaml", &small("1s", 36));
    let digest = |arguments: &[&str]| {
        let json = printed(&folder, &[&["run", "small.yaml", "--json"], arguments].concat());
        let json: Value = serde_json::from_str(&json).unwrap();
        (json["digest"].clone(), json["went_on"].clone())
    };
    assert_eq!(digest(&[]), digest(&["--replications", "36"]));
}

#[test]
fn what_cannot_be_decided_stops_and_says_so() {
    let folder = Folder::new("course-far");
    folder.write("small.yaml", &small("1s", 16));
    let json = printed(&folder, &["run", "small.yaml", "--replications", "128", "--json"]);
    let all: Value = serde_json::from_str(&json).unwrap();
    let mean = &all["endpoints"]["web.get"]["latency_s"]["mean"];
    let (mean, high) = (mean["mean"].as_f64().unwrap(), mean["high"].as_f64().unwrap());
    // Just the mean, and what the bound does not suffice for.
    for (limit, ended, says) in [
        (mean, "far", "were inconclusive, and stopped, because it would take more than 512 to decide."),
        (mean + 1.1 * (high - mean), "bound", "were inconclusive, and stopped at the bound of 128."),
    ] {
        folder
            .write("open.yaml", &format!("{}expect: [mean(web.get) < {}ns]\n", small("1s", 16), (limit * 1e9).round()));
        let text = printed(&folder, &["run", "open.yaml"]);
        assert!(text.contains(says) && text.contains("INCONCLUSIVE   mean(web.get)"), "{text}");
        let open = results(&folder, "out/open");
        assert_eq!((open["went_on"]["ended"].as_str(), verdicts(&open)), (Some(ended), vec!["held", "inconclusive"]));
        let replications = open["replications"].as_u64().unwrap();
        assert!(if ended == "bound" { replications == 128 } else { replications <= 64 }, "{replications}");
    }
}
