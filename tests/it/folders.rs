//! Out folders: each setting has its own, what replaces results of something else says so, and reports made again are of what was asked.

use super::cli::small;
use super::program::Folder;

fn with_variants(replications: u32) -> String {
    small("1s", replications) + "variants: {one: {services.web.workers: 1}}\n"
}

#[test]
fn settings_keep_their_results_apart() {
    let folder = Folder::new("folders");
    folder.write("small.yaml", &with_variants(2));
    let digest = |name: &str| {
        let json = std::fs::read_to_string(folder.join(&format!("out/{name}/results.json"))).unwrap();
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["digest"].as_str().unwrap().to_owned()
    };
    let mut digests = Vec::new();
    for (more, name) in [
        (&["--replications", "2"][..], "small.replications-2"),
        (&["--replications", "2", "--variant", "one"], "small.one.replications-2"),
        (&["--replications", "2", "--set", "services.web.workers=2"], "small.web-workers-2.replications-2"),
        (&["--replications", "2", "--seed", "9"], "small.seed-9.replications-2"),
    ] {
        let (status, out, err) = folder.run(&[&["run", "small.yaml"], more].concat());
        assert_eq!((status, err.as_str()), (0, ""), "{more:?}");
        assert!(out.contains(&format!("Report   out/{name}/report.html\n")), "{out}");
        digests.push(digest(name));
        // The report made again is the one that was made.
        let report = || std::fs::read(folder.join(&format!("out/{name}/report.md"))).unwrap();
        let before = report();
        let (status, _, err) = folder.run(&["report", &format!("out/{name}")]);
        assert_eq!((status, err.as_str()), (0, ""), "{more:?}");
        assert!(before == report(), "{more:?}: the report is another one when it is made again");
    }
    let asked = std::fs::read_to_string(folder.join("out/small.one.replications-2/report.md")).unwrap();
    assert!(asked.contains("`windtunnel run small.yaml --variant one --seed 1 --replications 2`"), "{asked}");
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 4, "each setting has its own results");
}

#[test]
fn what_is_replaced_is_said_and_points_of_a_sweep_are_not() {
    let folder = Folder::new("replaced");
    folder.write("small.yaml", &with_variants(2));
    let run = |more: &[&str]| folder.run(&[more, &["--replications", "2", "--out", "o"]].concat());
    assert_eq!(run(&["run", "small.yaml"]).2, "");
    assert_eq!(run(&["run", "small.yaml"]).2, "", "the same again replaces nothing else");
    let (status, _, err) = run(&["run", "small.yaml", "--variant", "one"]);
    let note = "note: o held results of `windtunnel run small.yaml --replications 2`, which are replaced\n";
    assert_eq!((status, err.as_str()), (0, note));
    let (status, _, err) = run(&["compare", "small.yaml", "--variants", "base,one"]);
    assert_eq!(status, 0, "{err}");
    assert!(err.starts_with("note: o held results of `windtunnel run small.yaml --variant one"), "{err}");
    assert!(!folder.join("o/results.json").exists(), "a folder holds results of one command");
    let (status, _, err) = folder.run(&["report", "o"]);
    assert_eq!(status, 2);
    assert!(err.contains("run it again: windtunnel compare small.yaml --variants base,one --replications 2"), "{err}");
    let (status, _, err) =
        folder.run(&["sweep", "small.yaml", "--set", "services.web.workers=2,4", "--replications", "2", "--out", "s"]);
    assert_eq!(status, 0, "{err}");
    let (status, _, err) = folder.run(&["run", "small.yaml", "--out", "s"]);
    assert_eq!(status, 2);
    assert!(err.contains("s holds the points of a sweep: name another folder with --out"), "{err}");
}
