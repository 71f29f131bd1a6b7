//! The gate is not passed by accident: what it was asked to judge it judges, or it says so and ends with 2.

use crate::cli::small;
use crate::program::Folder;
use std::process::{Command, Stdio};

/// The exit status when nobody reads standard output, standard error, or both.
fn unheard(folder: &Folder, arguments: &[&str], (out, err): (bool, bool)) -> i32 {
    // A pipe whose reading end is closed before the program writes.
    let closed = || {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        Stdio::from(writer)
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(arguments).current_dir(&folder.0);
    command.stdout(if out { closed() } else { Stdio::null() });
    command.stderr(if err { closed() } else { Stdio::null() });
    command.status().unwrap().code().unwrap_or(-1)
}

#[test]
fn a_reader_that_is_gone_changes_no_exit_status() {
    let folder = Folder::new("attack-reader");
    folder.write("held.yaml", &small("1s", 60));
    folder.write("broken.yaml", &small("1ms", 12));
    folder.write("invalid.yaml", &small("1s", 12).replace("workers", "wrokers"));
    folder.write("open.yaml", &small("1s", 2));
    folder.write("warned.yaml", &small("1s", 60).replace("{to: web.get,", "{to: web.get, retry: {max_attempts: 2},"));
    for quiet in [(true, false), (false, true), (true, true)] {
        for (file, status) in [
            ("held.yaml", 0),
            ("broken.yaml", 1),
            ("invalid.yaml", 2),
            ("nothing.yaml", 2),
            ("open.yaml", 3),
            ("warned.yaml", 0),
        ] {
            for more in [&[][..], &["--json"], &["--annotations", "github"]] {
                let arguments = [&["check", file], more].concat();
                assert_eq!(unheard(&folder, &arguments, quiet), status, "{arguments:?} {quiet:?}");
            }
        }
        for (arguments, status) in [
            (&["run", "held.yaml"][..], 0),
            (&["run", "invalid.yaml"], 2),
            (&["validate", "held.yaml"], 0),
            (&["validate", "invalid.yaml"], 2),
            (&["validate", "--json", "invalid.yaml"], 2),
            (&["explain", "crash"], 0),
            (&["explain", "nothing-like-it"], 2),
            (&["list", "."], 0),
            (&["schema"], 0),
            (&["verify", "nothing-like-it"], 2),
            (&["report", "nowhere"], 2),
            (&["merge", "nowhere", "--out", "x"], 2),
            (&["sweep", "held.yaml"], 2),
            (&["sweep", "held.yaml", "--set", "services.web.workers=3,4", "--replications", "2", "--fresh"], 0),
            (&["compare", "held.yaml", "--variant", "none"], 2),
        ] {
            assert_eq!(unheard(&folder, arguments, quiet), status, "{arguments:?} {quiet:?}");
        }
    }
}

#[test]
fn what_extends_itself_is_told_and_ends_with_2() {
    let folder = Folder::new("attack-circle");
    folder.write("good.yaml", &small("1s", 60));
    let broken = small("1ms", 12);
    let case = |files: &[(&str, String)]| {
        std::fs::create_dir_all(folder.join("in")).unwrap();
        folder.write("in/good.yaml", &small("1s", 60));
        files.iter().for_each(|(name, text)| folder.write(&format!("in/{name}"), text));
        let (status, out, err) = folder.run(&["check", "in"]);
        std::fs::remove_dir_all(folder.join("in")).unwrap();
        (status, format!("{out}{err}"))
    };
    let extending = |name: &str| format!("extends: {name}\n{broken}");
    let itself = case(&[("shop.yaml", extending("shop.yaml"))]);
    let by_a_detour = case(&[("shop.yaml", extending("../in/shop.yaml"))]);
    let two = case(&[("a.yaml", extending("b.yaml")), ("b.yaml", extending("a.yaml"))]);
    let three = case(&[
        ("a.yaml", extending("b.yaml")),
        ("b.yaml", extending("c.yaml")),
        ("c.yaml", "extends: a.yaml\n".into()),
    ]);
    for (status, said) in [itself, by_a_detour, two, three] {
        assert_eq!(status, 2, "{said}");
        assert!(said.contains("these files extend one another in a circle"), "{said}");
    }
    // Two parts that extend each other, and nothing that is whole extends them.
    let (status, said) = case(&[("a.yaml", "extends: b.yaml\n".into()), ("b.yaml", "extends: a.yaml\n".into())]);
    assert!(
        status == 2 && said.contains("NOT RUN       in/a.yaml") && said.contains("NOT RUN       in/b.yaml"),
        "{said}"
    );
    // A whole scenario that cannot run is none that is left out because another one extends it.
    let wrong = broken.replace("workers", "wrokers");
    let over = "extends: wrong.yaml\nscenario: over\nservices: {web: {wrokers: null}}\n".to_owned();
    let (status, said) = case(&[("wrong.yaml", wrong), ("over.yaml", over)]);
    assert!(status == 2 && said.contains("NOT RUN       in/wrong.yaml"), "{said}");
    // A part that is judged through another is left out with a word.
    let part = small("1s", 60).replace("scenario: small\nquestion: does it hold?\n", "");
    let over = "extends: part.yaml\nscenario: over\nquestion: does it?\n".to_owned();
    let (status, said) = case(&[("part.yaml", part), ("over.yaml", over)]);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("Left out: in/part.yaml, which others extend and which is no whole scenario."), "{said}");
    assert!(said.contains("Judged: 2 files with 2 promises and 0 clauses of expect."), "{said}");
}

#[test]
fn what_is_not_judged_any_more_is_no_success() {
    let folder = Folder::new("attack-deleted");
    let two = small("1s", 60)
        .replace("promises: {works:", "promises: {also: {keep: {availability: 50%}, of: web.get}, works:");
    folder.write("a.yaml", &two);
    folder.write("b.yaml", &small("1s", 60));
    let check = |more: &[&str]| {
        let (status, out, err) = folder.run(&[&["check", "."], more].concat());
        (status, format!("{out}{err}"))
    };
    let against = ["--baseline", "main.json"];
    assert_eq!(check(&["--baseline", "main.json", "--update-baseline"]).0, 0);
    assert_eq!(check(&against).0, 0);
    // One of two promises is deleted: what is left is held, and that is not all.
    folder.write("a.yaml", &small("1s", 60));
    let (status, said) = check(&against);
    assert!(status == 2 && said.contains("NOT JUDGED    ./a.yaml") && said.contains("NOT JUDGED    also"), "{said}");
    // All are.
    let none: String =
        small("1s", 60).lines().filter(|l| !l.starts_with("promises")).map(|l| format!("{l}\n")).collect();
    folder.write("a.yaml", &none);
    for more in [&[][..], &against] {
        let (status, said) = check(more);
        assert!(status == 2 && said.contains("nothing is promised or expected, so nothing"), "{said}");
        assert!(said.ends_with("Exit status 2: not all was judged that was to be.\n"), "{said}");
    }
    // The file is gone, or is no scenario by its name any more.
    std::fs::rename(folder.join("a.yaml"), folder.join("a.txt")).unwrap();
    let (status, said) = check(&against);
    assert!(
        status == 2 && said.contains("Not judged: a.yaml, which is in main.json; --update-baseline forgets it."),
        "{said}"
    );
    // Quiet or not, it says why it fails.
    let (status, said) = check(&[&against[..], &["--quiet"]].concat());
    assert!(status == 2 && said.contains("Not judged: a.yaml, which is in main.json"), "{said}");
    // Who names one file asks for no other.
    let (status, _, _) = folder.run(&["check", "b.yaml", "--baseline", "main.json"]);
    assert_eq!(status, 0);
    assert_eq!(check(&["--baseline", "main.json", "--update-baseline"]).0, 0);
    assert_eq!(check(&against).0, 0);
}

#[test]
fn a_mean_is_not_three_numbers_at_once() {
    let folder = Folder::new("attack-equal");
    let clause = |is: &str, replications: u32| {
        let text = small("1s", replications) + &format!("expect:\n  - mean(web.get) {is}\n");
        folder.write("a.yaml", &text.replace("promises:", "# promises:"));
        let (status, out, err) = folder.run(&["check", "a.yaml", "--run-all", "--plain"]);
        (status, out + &err)
    };
    // The mean is about 10 ms; two replications leave an interval that is far wider than what is tolerated.
    for is in ["== 10ms within 0.1%", "== 10.1ms within 0.1%", "== 9.9ms within 0.1%", "!= 10.1ms within 0.1%"] {
        let (status, said) = clause(is, 2);
        assert_eq!(status, 3, "{is}: {said}");
    }
    let (status, said) = clause("== 10ms within 3%", 400);
    assert_eq!(status, 0, "{said}");
    let (status, said) = clause("== 20ms within 3%", 40);
    assert_eq!(status, 1, "{said}");
    let (status, said) = clause("!= 20ms within 3%", 40);
    assert_eq!(status, 0, "{said}");
}
