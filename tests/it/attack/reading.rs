//! What is read: files of the scenario's tree, and of them no more is shown than is needed; what cannot be read is not written over.

use crate::cli::small;
use crate::program::Folder;
use std::path::Path;

const SECRET: &str = "hunter2";

/// Runs the program in a folder below.
fn run_in(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let done = crate::program::windtunnel(arguments, folder);
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(!said.contains("panicked") && !said.contains(SECRET), "{arguments:?}: {said}");
    (done.status.code().unwrap_or(-1), said)
}

fn replaying(file: &str) -> String {
    small("1s", 3).replace("{poisson: {rate: 50/s}}", &format!("{{replay: {{file: {file}}}}}"))
}

#[test]
fn files_outside_of_the_tree_are_refused() {
    let folder = Folder::new("attack-outside");
    let project = folder.join("project/deep");
    std::fs::create_dir_all(&project).unwrap();
    folder.write("base.yaml", &small("1s", 3));
    folder.write("rates.csv", "from,rate\n0,50\n");
    folder.write("project/base.yaml", &small("1s", 3));
    folder.write("project/rates.csv", "from,rate\n0,50\n");
    let outside = |named: &str| [format!("extends: {named}/base.yaml\n"), replaying(&format!("{named}/rates.csv"))];
    let absolute = folder.0.to_string_lossy().into_owned();
    let inside = folder.join("project");
    for named in ["../..", absolute.as_str(), "../../project/../../../../../../../../../../../etc", "linked"] {
        if named == "linked" {
            let _ = std::os::unix::fs::symlink("../..", project.join("linked"));
        }
        for text in outside(named) {
            folder.write("project/deep/a.yaml", &text);
            for command in ["validate", "run", "check", "sweep", "capacity", "compare"] {
                let (status, said) = run_in(&inside, &[command, "deep/a.yaml"]);
                assert_eq!(status, 2, "{named}, {command}: {said}");
                assert!(said.contains("this file lies outside of"), "{named}, {command}: {said}");
            }
            if !named.ends_with("etc") {
                let (status, said) = run_in(&inside, &["validate", "deep/a.yaml", "--allow-outside"]);
                assert_eq!(status, 0, "{named}: {said}");
                let (status, said) = run_in(&inside, &["--root", "..", "validate", "deep/a.yaml"]);
                assert_eq!(status, 0, "{named}: {said}");
            }
        }
    }
    std::fs::remove_file(project.join("linked")).unwrap();
    // The tree: where the program runs, a folder that is named, a repository.
    for text in outside("..") {
        folder.write("project/deep/a.yaml", &text);
        assert_eq!(run_in(&inside, &["validate", "deep/a.yaml"]).0, 0);
        let (status, said) = run_in(&project, &["validate", "a.yaml"]);
        assert!(status == 2 && said.contains("lies outside of"), "{said}");
        let (_, said) = run_in(&folder.join("project/deep"), &["check", "..", "--replications", "2"]);
        assert!(!said.contains("lies outside of"), "{said}");
        std::fs::create_dir_all(folder.join("project/.git")).unwrap();
        assert_eq!(run_in(&project, &["validate", "a.yaml"]).0, 0);
        std::fs::remove_dir_all(folder.join("project/.git")).unwrap();
        let (status, said) = run_in(&inside, &["validate", "deep/a.yaml", "--root", "deep"]);
        assert!(status == 2 && said.contains("lies outside of"), "{said}");
    }
}

#[test]
fn what_is_no_scenario_is_not_quoted() {
    let folder = Folder::new("attack-secrets");
    folder.write("secret.env", &format!("PASSWORD={SECRET}\n"));
    folder.write("secret.yaml", &format!("apiVersion: v1\nkind: Secret\ndata: {{password: {SECRET}}}\n"));
    folder.write("twice.yaml", &format!("{SECRET}: 1\n{SECRET}: 2\n"));
    folder.write("broken.yaml", &format!("services: {{{SECRET}: [\n{SECRET}\n"));
    folder.write("word.yaml", &format!("{SECRET}\n"));
    folder.write("list.yaml", &format!("- {SECRET}\n"));
    folder.write("secret.csv", &format!("from,rate\n0,1\n{SECRET},2\n3,{SECRET}\n-1,2\n4\n"));
    folder.write("times.csv", &format!("at\n1\n{SECRET}\n1e99\n"));
    folder.write("empty.csv", "");
    for file in ["secret.env", "secret.csv", "times.csv", "empty.csv", "secret.yaml"] {
        folder.write("a.yaml", &replaying(file));
        for arguments in [
            &["validate", "a.yaml"][..],
            &["validate", "--json", "a.yaml"],
            &["run", "a.yaml"],
            &["check", "a.yaml", "--annotations", "github"],
        ] {
            let (status, said) = run_in(&folder.0, arguments);
            assert!(status == 2 && said.contains(&format!("{file}, line ")), "{file}: {said}");
        }
    }
    for file in ["secret.env", "secret.yaml", "twice.yaml", "broken.yaml", "word.yaml", "list.yaml"] {
        folder.write("a.yaml", &format!("extends: {file}\n{}", small("1s", 3)));
        for arguments in [
            &["validate", "a.yaml"][..],
            &["validate", "--json", "a.yaml"],
            &["run", "a.yaml"],
            &["check", "a.yaml", "--annotations", "github"],
        ] {
            let (status, said) = run_in(&folder.0, arguments);
            assert!(status == 2 && said.contains(file), "{file}: {said}");
        }
    }
    let (_, said) = run_in(&folder.0, &["check", "a.yaml", "--baseline", "secret.env"]);
    assert!(said.contains("this is not a baseline"), "{said}");
}

#[test]
fn devices_and_circles_of_links_end() {
    let folder = Folder::new("attack-devices");
    folder.write("a.yaml", &small("1s", 60));
    for device in ["/dev/zero", "/dev/full", "/dev/null", "/dev/tty"] {
        let (status, said) = run_in(&folder.0, &["validate", device]);
        assert!(status == 2 && said.contains("a device or a pipe"), "{device}: {said}");
        folder.write("b.yml", &replaying(device));
        let (status, said) = run_in(&folder.0, &["validate", "b.yml", "--allow-outside"]);
        assert!(status == 2 && said.contains("a device or a pipe"), "{device}: {said}");
    }
    std::fs::remove_file(folder.join("b.yml")).unwrap();
    let large = std::fs::File::create(folder.join("large.csv")).unwrap();
    large.set_len(1 << 40).unwrap();
    folder.write("c.yaml", &replaying("large.csv"));
    let (status, said) = run_in(&folder.0, &["validate", "c.yaml"]);
    assert!(status == 2 && said.contains("the file is too large: 1048576 MiB"), "{said}");
    std::fs::remove_file(folder.join("c.yaml")).unwrap();
    std::fs::remove_file(folder.join("large.csv")).unwrap();
    for name in ["x", "y", "z"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        for other in ["x", "y", "z", "."] {
            std::os::unix::fs::symlink(format!("../{other}"), folder.join(&format!("{name}/to-{other}"))).unwrap();
        }
    }
    let (status, said) = run_in(&folder.0, &["check", "."]);
    assert!(status == 0 && said.contains("Judged: 1 file with "), "{said}");
    std::os::unix::fs::symlink("/dev/zero", folder.join("zero.json")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", folder.join("host.yaml")).unwrap();
    let (status, said) = run_in(&folder.0, &["check", "."]);
    assert!(status == 2 && said.contains("lies outside of"), "{said}");
}

#[test]
fn names_that_are_no_text_and_marks_of_byte_order_are_read() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new("attack-bytes");
    let odd = folder.0.join(std::ffi::OsStr::from_bytes(b"o\xffd"));
    std::fs::create_dir_all(&odd).unwrap();
    std::fs::write(odd.join(std::ffi::OsStr::from_bytes(b"\xfe.yaml")), small("1s", 60)).unwrap();
    std::fs::write(odd.join("base.yaml"), small("1s", 60)).unwrap();
    std::fs::write(odd.join("over.yaml"), "extends: base.yaml\n").unwrap();
    let (status, said) = run_in(&folder.0, &["check", "."]);
    assert!(status == 0 && said.contains("Judged: 3 files") && said.contains("o\\xffd/\\xfe.yaml"), "{said}");
    folder.write("rates.csv", "\u{feff}from,rate\n0,50\n");
    folder.write("a.yml", &replaying("rates.csv"));
    assert_eq!(run_in(&folder.0, &["validate", "a.yml"]).0, 0);
}

#[test]
fn results_that_cannot_be_read_are_not_written_over() {
    let folder = Folder::new("attack-results");
    folder.write("a.yaml", &small("1s", 2));
    assert_eq!(run_in(&folder.0, &["run", "a.yaml", "--out", "o"]).0, 0);
    let whole = std::fs::read_to_string(folder.join("o/results.json")).unwrap();
    let digest = whole.split("\"digest\": \"").nth(1).unwrap()[..16].to_owned();
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(whole.contains(&version));
    for (wrong, word) in [
        (whole[..whole.len() / 2].to_owned(), "cannot be read"),
        ("{}".to_owned(), "holds no results of a run"),
        (whole.replace(&version, "\"version\": \"9.9.9\""), "was made by windtunnel 9.9.9"),
        (whole.replace(&digest, "0123456789abcdef"), "gives other results than"),
    ] {
        folder.write("o/results.json", &wrong);
        folder.write("o/report.html", "kept");
        let (status, said) = run_in(&folder.0, &["report", "o"]);
        assert!(status == 2 && said.contains(word), "{said}");
        assert_eq!(std::fs::read_to_string(folder.join("o/results.json")).unwrap(), wrong, "{word}");
        assert_eq!(std::fs::read_to_string(folder.join("o/report.html")).unwrap(), "kept", "{word}");
    }
    let sweep = |out: &str, values: &str| {
        let set = format!("services.web.workers={values}");
        assert_eq!(run_in(&folder.0, &["sweep", "a.yaml", "--set", &set, "--out", out]).0, 0);
    };
    sweep("one", "3,4");
    sweep("two", "5,6");
    let (status, said) = run_in(&folder.0, &["merge", "one", "--out", "two"]);
    assert!(status == 2 && said.contains("name another folder"), "{said}");
    folder.write("two/points.jsonl", "damaged\n");
    let (status, said) = run_in(&folder.0, &["merge", "one", "--out", "two"]);
    assert_eq!(
        (status, std::fs::read_to_string(folder.join("two/points.jsonl")).unwrap().as_str()),
        (2, "damaged\n"),
        "{said}"
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_noticed_before_the_run() {
    let folder = Folder::new("attack-unwritable");
    // So many replications that no run of them ends while this test lasts.
    folder.write(
        "a.yaml",
        &small("1s", 1_000_000).replace("}\npromises", "}\nvariants: {other: {services.web.workers: 3}}\npromises"),
    );
    for arguments in [
        &["run", "a.yaml", "--out", "a.yaml/o"][..],
        &["compare", "a.yaml", "--variants", "base,other", "--out", "a.yaml/o"],
        &["sweep", "a.yaml", "--set", "services.web.workers=3,4", "--out", "a.yaml/o"],
        &["capacity", "a.yaml", "--for", "services.web.workers=3..4", "--out", "a.yaml/o"],
        &["check", "a.yaml", "--junit", "a.yaml/j.xml"],
        &["check", "a.yaml", "--sarif", "a.yaml/j.sarif"],
        &["check", "a.yaml", "--markdown", "a.yaml/j.md"],
        &["check", "a.yaml", "--baseline", "a.yaml/b.json", "--update-baseline"],
    ] {
        let (status, said) = run_in(&folder.0, arguments);
        assert!(status == 2 && said.contains("cannot make the folder"), "{arguments:?}: {said}");
    }
}

#[test]
fn problems_are_told_once_with_their_variant_and_with_what_is_meant() {
    let folder = Folder::new("attack-told");
    let told = |text: &str| {
        folder.write("a.yaml", text);
        run_in(&folder.0, &["validate", "a.yaml"])
    };
    let base = small("1s", 3);
    let variants =
        "variants: {one: {services.web.workers: 0}, two: {services.web.workers: 0, load.users.to: web.gte}}\n";
    let (status, said) = told(&format!("{base}{variants}"));
    assert!(status == 2 && said.contains("in the variant one: ") && said.contains("in the variant two: "), "{said}");
    let (_, said) = told(
        &base.replace("web.get,", "web.gte,").replace("costs:", "variants: {one: {services.web.workers: 3}}\ncosts:"),
    );
    assert_eq!(said.matches("gte\"").count(), 1, "{said}");
    let (_, said) = told(&base.replace("duration: 1m", "duration: 500 ms"));
    assert!(said.contains("hint: write 500ms"), "{said}");
    let (_, said) = told(&base.replace("rate: 50/s", "rate: 50 / s"));
    assert!(said.contains("hint: write 50/s"), "{said}");
    let (_, said) = told(&base.replace("{to: web.get,", "{to: web.get, retry: 3,"));
    assert!(said.contains("hint: write retry: {max_attempts: 3}"), "{said}");
    let many: String = (0..300).map(|n| format!("  e{n}: {{steps: [{{call: {{to: web.get}}}}]}}\n")).collect();
    let calls = base.replace("services: {web:", "services:\n  many:\n    workers: 4\n    endpoints:\n");
    let calls = calls.replace("endpoints:\n ", &format!("endpoints:\n{}  web:", many.replace("  e", "      e")));
    let (_, said) = told(&calls);
    assert!(said.matches("warning: ").count() <= 101, "{}", said.matches("warning: ").count());
}
