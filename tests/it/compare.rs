//! `compare` from the outside: files, variants and studies, the words for differences, and the same bytes on any number of threads.

use super::cli::small;
use super::program::Folder;
use serde_json::Value;

fn compare(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let (status, out, err) = folder.run(&[&["compare"], arguments].concat());
    assert!(!err.contains("panicked"), "{err}");
    (status, out + &err)
}

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let (status, out, err) = folder.run(&[&["compare", "--json"], arguments].concat());
    assert_eq!(status, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

fn row<'a>(comparison: &'a Value, name: &str) -> &'a Value {
    let rows = comparison["against"][0]["rows"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {rows:?}"))
}

/// The small scenario with work of another length.
fn with_work(mean: &str, replications: u32) -> String {
    small("60ms", replications).replace("mean: 10ms", &format!("mean: {mean}"))
}

#[test]
fn a_small_difference_is_seen_in_pairs_and_not_without() {
    let folder = Folder::new("compare-pairs");
    folder.write("a.yaml", &with_work("10ms", 24));
    folder.write("b.yaml", &with_work("10.1ms", 24));
    let comparison = json(&folder, &["a.yaml", "b.yaml", "--show", "mean(web.get)"]);
    let mean = row(&comparison, "mean(web.get)");
    assert_eq!((&mean["change"], &mean["kind"]), (&"worse".into(), &"asked".into()));
    assert_eq!(mean["b_better_in"], serde_json::json!([0, 24]));
    // All work is a hundredth longer, and little waits.
    let difference = &mean["difference"];
    assert!((difference["mean"].as_f64().unwrap() - 0.0001).abs() < 3e-6, "{mean}");
    assert!(mean["narrower"].as_f64().unwrap() > 10.0, "{mean}");
    let alone = |side: &str| (mean[side]["low"].as_f64().unwrap(), mean[side]["high"].as_f64().unwrap());
    assert!(alone("a").1 > alone("b").0, "the intervals of both overlap: {mean}");
    assert_eq!(row(&comparison, "cost(infrastructure)")["change"], "same");
    let differs = &comparison["against"][0]["differs"];
    assert_eq!(differs.as_array().map(Vec::len), Some(1));
    assert_eq!(differs[0]["path"], "services.web.endpoints.get.steps.0.work.exponential.mean");
    assert_eq!((&differs[0]["a"], &differs[0]["b"]), (&"10ms".into(), &"10.1ms".into()));
}

#[test]
fn what_is_the_same_is_called_the_same_and_nothing_else() {
    let folder = Folder::new("compare-same");
    folder.write("a.yaml", &with_work("10ms", 12));
    let comparison = json(&folder, &["a.yaml", "a.yaml"]);
    let rows = comparison["against"][0]["rows"].as_array().unwrap();
    assert!(rows.len() >= 5 && rows.iter().all(|row| row["change"] == "same"), "{rows:?}");
    assert_eq!(comparison["a"]["digest"], comparison["against"][0]["b"]["digest"]);
    let (status, said) = compare(&folder, &["a.yaml", "a.yaml"]);
    assert!(status == 0 && said.contains("B is the same as A, in every run."), "{said}");
    assert!(said.contains("the descriptions do not differ"), "{said}");
}

#[test]
fn what_is_not_seen_says_how_many_pairs_would_tell() {
    let folder = Folder::new("compare-none");
    folder.write("a.yaml", &with_work("10ms", 8));
    // Other arrivals: what both have in common is gone.
    folder.write("b.yaml", &with_work("10ms", 8).replace("users", "people"));
    let comparison = json(&folder, &["a.yaml", "b.yaml"]);
    let p50 = row(&comparison, "p50(web.get)");
    assert_eq!(p50["change"], "none_seen", "{p50}");
    assert!(p50["would_tell"].as_u64().is_none_or(|n| n > 8), "{p50}");
    let (_, said) = compare(&folder, &["a.yaml", "b.yaml"]);
    assert!(said.contains("   none seen") && said.contains(" pairs to tell "), "{said}");
    assert!(said.lines().all(|l| l.chars().count() <= 100), "{said}");
}

#[test]
fn variants_and_studies_of_one_file_are_compared() {
    let folder = Folder::new("compare-variants");
    let more = "variants:\n  slow: {services.web.endpoints.get.steps.0.work.exponential.mean: 20ms}\n  wide: {services.web.workers: 8}\n\
                studies:\n  which: {ask: {compare: {baseline: slow, against: [base, wide], show: [p90(web.get)]}}}\n";
    folder.write("a.yaml", &(with_work("10ms", 10) + more));
    let comparison = json(&folder, &["a.yaml", "--variants", "base,slow"]);
    assert_eq!(
        (&comparison["a"]["variant"], &comparison["against"][0]["b"]["variant"]),
        (&Value::Null, &"slow".into())
    );
    assert_eq!(row(&comparison, "p99(web.get)")["change"], "worse");
    let promise = &comparison["against"][0]["promises"][0];
    assert_eq!((&promise["name"], &promise["b_verdict"]), (&"works".into(), &"broken".into()));
    assert_eq!((&promise["change"], &promise["only"]), (&"worse".into(), &serde_json::json!([0, 10])));
    let by_study = json(&folder, &["a.yaml", "--study", "which"]);
    assert_eq!((&by_study["a"]["variant"], by_study["against"].as_array().map(Vec::len)), (&"slow".into(), Some(2)));
    assert_eq!(row(&by_study, "p90(web.get)")["change"], "better");
    assert_eq!(by_study, json(&folder, &["a.yaml"]), "the only comparison is the one that is meant");
    assert_eq!(json(&folder, &["a.yaml", "--variants", "slow"])["against"], comparison["against"]);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let folder = Folder::new("compare-threads");
    folder.write("a.yaml", &with_work("10ms", 20));
    folder.write("b.yaml", &with_work("12ms", 20));
    let of = |threads: &str| {
        compare(&folder, &["a.yaml", "b.yaml", "--threads", threads, "--out", threads]);
        ["compare.json", "compare.csv"].map(|file| std::fs::read(folder.join(threads).join(file)).unwrap())
    };
    let one = of("1");
    assert_eq!(one, of("2"));
    assert_eq!(one, of("5"));
    let csv = String::from_utf8(one[1].clone()).unwrap();
    let columns: Vec<usize> = csv.lines().map(|line| line.matches(',').count()).collect();
    assert!(columns.len() > 6 && columns.iter().all(|n| *n == columns[0]), "{csv}");
}

#[test]
fn what_cannot_be_compared_ends_with_2() {
    let folder = Folder::new("compare-bad");
    folder.write("a.yaml", &with_work("10ms", 4));
    folder.write("b.yaml", "scenario: x\n");
    for (arguments, part) in [
        (&["a.yaml"][..], "nothing says what to compare"),
        (&["a.yaml", "b.yaml"], "question"),
        (&["a.yaml", "none.yaml"], "there is no such file"),
        (&["a.yaml", "--variants", "base,fast"], "no variant is called \"fast\""),
        (&["a.yaml", "--study", "which"], "a.yaml has no comparison in its studies"),
        (&["a.yaml", "a.yaml", "--variants", "base,x"], "variants and studies are those of one file"),
        (&["a.yaml", "a.yaml", "--show", "p99(wbe.get)"], "did you mean web.get?"),
    ] {
        let (status, said) = compare(&folder, arguments);
        assert!(status == 2 && said.contains(part), "{arguments:?}: {said}");
    }
    assert!(!folder.join("out").exists());
}
