//! The form of what is printed: width, colours, quiet and plain, of the whole program.

use super::cli::small;
use super::program::{Folder, windtunnel, with};

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn output_is_as_wide_as_it_is_asked_for() {
    let folder = Folder::new("form-width");
    folder.write("small.yaml", &small("1s", 2));
    for (asked, width) in [("60", 60), ("80", 80), ("100", 100), ("20", 60), ("500", 100), ("none", 100)] {
        for command in [
            &["run", "small.yaml", "--replications", "2"][..],
            &["check", "small.yaml"],
            &["compare", "small.yaml", "small.yaml", "--replications", "2"],
            &["sweep", "small.yaml", "--set", "services.web.workers=1,2", "--replications", "2", "--fresh"],
            &["capacity", "small.yaml", "--for", "services.web.instances=1..2", "--budget", "4", "--no-knee"],
            &["verify", "erlang-b"],
        ] {
            let printed = text(&with(command, &folder.0, &[("COLUMNS", asked)]).stdout);
            let longest = printed.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= width, "{command:?} at {asked}: {longest}\n{printed}");
        }
    }
}

#[test]
fn quiet_prints_the_verdict_in_a_sentence() {
    let folder = Folder::new("form-quiet");
    folder.write("small.yaml", &small("1s", 36));
    folder.write("wrong.yaml", &small("1s", 36).replace("workers", "wrokers"));
    for (command, starts, status) in [
        (&["run", "small.yaml"][..], "Yes: p99 of web.get is ", 0),
        (&["check", "small.yaml"], "1 scenario: 1 held.", 0),
        (&["compare", "small.yaml", "small.yaml", "--replications", "2"], "", 0),
        (
            &["sweep", "small.yaml", "--set", "services.web.workers=2,4", "--replications", "36"],
            "All 2 settings keep",
            0,
        ),
        (
            &["capacity", "small.yaml", "--for", "services.web.instances=1..2", "--no-knee"],
            "services.web.instances=1 ",
            0,
        ),
        (&["verify", "erlang-b"], "2 cases in 1 scenario: 2 held.", 0),
        (&["validate", "small.yaml"], "", 0),
    ] {
        let done = windtunnel(&[command, &["--quiet"]].concat(), &folder.0);
        let printed = text(&done.stdout);
        assert_eq!((done.status.code(), text(&done.stderr).as_str()), (Some(status), ""), "{command:?}: {printed}");
        assert!(printed.starts_with(starts) && printed.lines().count() <= 4, "{command:?}: {printed}");
        assert!(!printed.contains("Report   ") && !printed.contains("seed"), "{command:?}: {printed}");
    }
    let wrong = windtunnel(&["run", "wrong.yaml", "-q"], &folder.0);
    assert_eq!((wrong.status.code(), wrong.stdout.len()), (Some(2), 0));
    assert!(text(&wrong.stderr).contains("wrokers"), "problems are said");
}

#[test]
fn colours_are_there_where_they_are_asked_for() {
    let folder = Folder::new("form-colour");
    folder.write("small.yaml", &small("1s", 2));
    let run = |more: &[&str], variables: &[(&str, &str)]| {
        let all = [&["run", "small.yaml", "--replications", "2"], more].concat();
        text(&with(&all, &folder.0, variables).stdout).contains('\x1b')
    };
    assert!(!run(&[], &[]), "no terminal, no colours");
    assert!(run(&["--color", "always"], &[]) && run(&["--color", "always"], &[("NO_COLOR", "1")]));
    assert!(!run(&["--color", "never"], &[]) && !run(&["--color", "always", "--plain"], &[]));
    assert!(
        run(&["--color", "always"], &[("TERM", "dumb")]),
        "only `auto` asks what the terminal is, as the help says"
    );
    let plain = text(&windtunnel(&["run", "small.yaml", "--replications", "2", "--plain"], &folder.0).stdout);
    let row = plain.lines().find(|line| line.starts_with("answered ")).unwrap();
    assert!(row.contains("####") || row.contains("****"), "plain still draws: {plain}");
    let problem = with(&["validate", "none.yaml", "--color", "always"], &folder.0, &[]);
    assert!(text(&problem.stdout).contains('\x1b'), "problems have colours too");
}
