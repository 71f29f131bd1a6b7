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
    // Nor do points stand beside results of something else, and nothing is written over the scenario itself.
    let before = listed(&folder, "o");
    for command in [
        &["sweep", "small.yaml", "--set", "services.web.workers=2,4", "--replications", "2", "--out", "o"][..],
        &["merge", "s", "--out", "o"],
    ] {
        let (status, _, err) = folder.run(command);
        assert_eq!((status, err.contains("o holds results of `windtunnel compare")), (2, true), "{command:?}: {err}");
        assert_eq!(listed(&folder, "o"), before, "{command:?}");
    }
    let text = with_variants(2);
    folder.write("scenario.yaml", &text);
    for command in [
        &["run", "scenario.yaml", "--variant", "one"][..],
        &["sweep", "scenario.yaml", "--set", "services.web.workers=2,4"],
    ] {
        let (status, _, err) = folder.run(&[command, &["--replications", "2", "--out", "."]].concat());
        assert_eq!((status, err.contains("would be replaced by its own results")), (2, true), "{command:?}: {err}");
        assert_eq!(std::fs::read_to_string(folder.join("scenario.yaml")).unwrap(), text);
    }
}

/// All files of an out folder.
fn listed(folder: &Folder, out: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.join(out)]);
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder.join(out)).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_folder_holds_what_one_command_wrote_and_names_it() {
    let folder = Folder::new("one-command");
    folder.write("small.yaml", &with_variants(2));
    let commands = [
        &["run", "small.yaml", "--replications", "2"][..],
        &["compare", "small.yaml", "--variants", "base,one", "--replications", "2"],
        &["capacity", "small.yaml", "--for", "services.web.instances=1..2", "--budget", "2", "--no-knee"],
    ];
    for (place, command) in commands.iter().enumerate() {
        for (out, before) in [("o", place), ("alone", 0)] {
            let (status, _, err) = folder.run(&[*command, &["--out", out]].concat());
            assert_eq!((status, err.is_empty()), (0, before == 0), "{command:?}: {err}");
        }
        let files = listed(&folder, "o");
        assert_eq!(files, listed(&folder, "alone"), "{command:?} left what was there before");
        let told: Vec<String> =
            serde_json::from_str(&std::fs::read_to_string(folder.join("o/files.json")).unwrap()).unwrap();
        assert_eq!(told, files);
        // A trace that is kept in the folder has another name than these.
        let reserved = |file: &&String| scenarios::traces::RESERVED.contains(&file.split('/').next().unwrap());
        let free: Vec<&String> = files.iter().filter(|file| !reserved(file)).collect();
        assert!(free.is_empty(), "{command:?}: {free:?}");
        std::fs::remove_dir_all(folder.join("alone")).unwrap();
    }
    let sweep = ["sweep", "small.yaml", "--set", "services.web.workers=2,4", "--replications", "2", "--out", "s"];
    assert_eq!(folder.run(&sweep).0, 0);
    let files = listed(&folder, "s");
    assert!(
        files.iter().all(|file| scenarios::traces::RESERVED.contains(&file.split('/').next().unwrap())),
        "{files:?}"
    );
    // Where the points are thrown away, what was made of them is not left beside the new ones.
    let part = [&sweep[..], &["--shard", "1/2", "--fresh"]].concat();
    assert_eq!(folder.run(&part).0, 0);
    assert_eq!(listed(&folder, "s"), ["points.jsonl"]);
}

/// What stands in the way of a result loses none of the results that are there.
#[test]
fn where_a_result_cannot_be_written_the_results_before_stay() {
    let folder = Folder::new("lost");
    folder.write("small.yaml", &with_variants(2));
    assert_eq!(folder.run(&["run", "small.yaml", "--replications", "2", "--out", "o"]).0, 0);
    std::fs::create_dir(folder.join("o/compare.csv")).unwrap();
    std::fs::write(folder.join("o/compare.csv/mine"), "mine").unwrap();
    let before = listed(&folder, "o");
    let (status, _, err) =
        folder.run(&["compare", "small.yaml", "--variants", "base,one", "--replications", "2", "--out", "o"]);
    assert!(status == 2 && err.contains("cannot write o/compare.csv: it is a folder"), "{err}");
    assert_eq!(listed(&folder, "o"), before);
    assert_eq!(folder.run(&["report", "o"]).0, 0);
}

#[test]
fn what_is_replayed_is_kept_with_the_results_and_replayed_again() {
    let folder = Folder::new("replayed");
    for name in ["lib/traces", "own"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let replayed = |trace: &str| small("1s", 2).replace("poisson: {rate: 50/s}", &format!("replay: {{file: {trace}}}"));
    let arrivals = |every: u32| "at\n".to_owned() + &(1..600).map(|n| format!("{}ms\n", n * every)).collect::<String>();
    folder.write("lib/base.yaml", &replayed("traces/calls.csv"));
    folder.write("lib/traces/calls.csv", &arrivals(80));
    folder.write("own/busy.csv", &arrivals(40));
    folder.write("own/timeseries.csv", &arrivals(60));
    folder.write(
        "own/over.yaml",
        "extends: ../lib/base.yaml\nscenario: over\nexpect: [availability(web.get) in busy > 1%]\n\
         variants: {busy: {load.users.arrive.replay.file: busy.csv}, named: {load.users.arrive.replay.file: timeseries.csv}}\n",
    );
    folder.write("own/alone.yaml", &replayed("timeseries.csv"));
    for (out, command) in [
        ("a", &["run", "own/over.yaml"][..]),
        ("b", &["run", "own/over.yaml", "--variant", "named"]),
        ("c", &["run", "own/alone.yaml"]),
        ("d", &["sweep", "own/over.yaml", "--set", "services.web.workers=2,4"]),
        ("e", &["run", "own/alone.yaml", "--set", "services.web.workers=2"]),
    ] {
        let (status, _, err) = folder.run(&[command, &["--replications", "2", "--out", out]].concat());
        assert_eq!(status, 0, "{command:?}: {err}");
        let read = |file: &str| std::fs::read(folder.join(&format!("{out}/{file}"))).unwrap();
        let (files, before) = (listed(&folder, out), [read("report.md"), read("report.html"), read("scenario.yaml")]);
        // The folder is moved: nothing is read from where the scenario lies.
        std::fs::rename(folder.join("lib"), folder.join("gone")).unwrap();
        std::fs::rename(folder.join("own"), folder.join("gone-too")).unwrap();
        let (status, _, err) = folder.run(&["report", out]);
        assert_eq!((status, err.as_str()), (0, ""), "{command:?}");
        let (status, _, err) = folder.run(&["validate", &format!("{out}/scenario.yaml")]);
        assert_eq!((status, err.as_str()), (0, ""), "{command:?}");
        std::fs::rename(folder.join("gone"), folder.join("lib")).unwrap();
        std::fs::rename(folder.join("gone-too"), folder.join("own")).unwrap();
        assert!(
            [read("report.md"), read("report.html"), read("scenario.yaml")] == before,
            "{command:?}: another report"
        );
        assert_eq!(listed(&folder, out), files, "{command:?}");
    }
}
