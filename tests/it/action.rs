//! The forms in which others run the program: the GitHub Action and the image.

use super::cli::small;
use super::program::Folder;
use super::root;
use super::schema::json;
use std::process::Command;

/// The action is run as GitHub would: its own script, with its inputs as variables.
#[test]
fn the_action_checks_and_tells_its_status() {
    let action = json(&std::fs::read_to_string(root().join("action.yml")).unwrap());
    let (inputs, steps) = (action["inputs"].as_object().unwrap(), action["runs"]["steps"].as_array().unwrap());
    assert_eq!(action["runs"]["using"], "composite");
    let text = serde_json::to_string(&action["runs"]).unwrap();
    for (name, input) in inputs {
        assert!(
            text.contains(&format!("inputs.{name}"))
                && input["description"].is_string()
                && input["default"].is_string(),
            "{name}"
        );
    }
    for named in text.split("inputs.").skip(1) {
        let name = named.split(|c: char| !c.is_alphanumeric()).next().unwrap();
        assert!(inputs.contains_key(name), "no input is called {name}");
    }
    for step in steps {
        let script = step["run"].as_str().unwrap_or_default();
        assert!(!script.contains("${{"), "an input is pasted into a script, and may be a command: {script}");
        assert_eq!(step["run"].is_string(), step["shell"].is_string());
        assert_ne!(step["run"].is_string(), step["uses"].is_string());
    }
    let script = steps.iter().find(|step| step["id"] == "check").unwrap()["run"].as_str().unwrap();
    let folder = Folder::new("action");
    folder.write("held.yaml", &small("1s", 40));
    folder.write("broken.yaml", &small("1ms", 40));
    folder.write("open.yaml", &small("1s", 3));
    let run = |paths: &str, more: &[(&str, &str)]| {
        let _ = std::fs::remove_file(folder.join("output"));
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).current_dir(&folder.0);
        bash.env("GITHUB_OUTPUT", "output").env("GITHUB_STEP_SUMMARY", "summary").env("GITHUB_ACTIONS", "true");
        bash.env("PROGRAM", env!("CARGO_BIN_EXE_windtunnel")).env("PATHS", paths);
        for name in ["MORE", "BUDGET", "BASELINE"] {
            bash.env(name, "");
        }
        let done = bash.env("INCONCLUSIVE", "fail").env("RESULTS", "out").envs(more.iter().copied()).output().unwrap();
        let output = std::fs::read_to_string(folder.join("output")).unwrap();
        (done.status.code().unwrap(), output, String::from_utf8(done.stdout).unwrap())
    };
    let (status, output, _) = run("held.yaml", &[]);
    assert_eq!((status, output.as_str()), (0, "status=0\nsarif=true\n"));
    for file in ["out/junit.xml", "out/windtunnel.sarif", "out/summary.md", "summary"] {
        assert!(folder.join(file).metadata().is_ok_and(|about| about.len() > 100), "{file}");
    }
    let (status, output, printed) = run("held.yaml\nbroken.yaml\n", &[("MORE", "--run-all --seed 5")]);
    assert_eq!((status, output.as_str()), (1, "status=1\nsarif=true\n"));
    assert!(printed.contains("::error file=broken.yaml"), "{printed}");
    assert_eq!(run("open.yaml", &[]).0, 3);
    let (status, output, _) = run("open.yaml", &[("INCONCLUSIVE", "pass")]);
    assert_eq!((status, output.as_str()), (0, "status=3\nsarif=true\n"));
    assert_eq!(run("broken.yaml", &[("INCONCLUSIVE", "pass")]).0, 1);
    // A budget, and a name that the shell must not take for a command.
    assert_eq!(run("open.yaml", &[("BUDGET", "200")]).0, 0);
    assert_eq!(run("$(touch${IFS}gone)", &[]).0, 2);
    // Where nothing is written nothing is uploaded, nor what an earlier step has left.
    let (status, output, _) = run("held.yaml", &[("MORE", "--no-such-argument")]);
    assert_eq!((status, output.as_str()), (2, "status=2\n"));
    assert!(!folder.join("gone").exists());
}

/// A build is found again by what it is made of, and not by the name of a version, which moves.
#[test]
fn the_action_caches_a_build_by_its_sources() {
    let action = json(&std::fs::read_to_string(root().join("action.yml")).unwrap());
    let steps = action["runs"]["steps"].as_array().unwrap();
    let of = |id: &str| steps.iter().find(|step| step["id"] == id).unwrap();
    let key = of("built")["with"]["key"].as_str().unwrap();
    assert!(key.contains("steps.sources.outputs.hash") && !key.contains("ref"), "{key}");
    let folder = Folder::new("action-cache");
    for name in ["src", "sim-core", "reports", "scenarios"] {
        std::fs::create_dir(folder.join(name)).unwrap();
        folder.write(&format!("{name}/lib.rs"), name);
    }
    ["build.rs", "Cargo.toml", "Cargo.lock"].iter().for_each(|name| folder.write(name, name));
    let hash = || {
        let _ = std::fs::remove_file(folder.join("output"));
        let mut bash = Command::new("bash");
        bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", of("sources")["run"].as_str().unwrap()]);
        bash.env("GITHUB_ACTION_PATH", &folder.0).env("GITHUB_OUTPUT", folder.join("output"));
        assert!(bash.status().unwrap().success());
        std::fs::read_to_string(folder.join("output")).unwrap()
    };
    let before = hash();
    assert_eq!(before.trim().len(), "hash=".len() + 40, "{before}");
    assert_eq!(before, hash());
    folder.write("sim-core/lib.rs", "changed");
    assert_ne!(before, hash());
}

/// There is no Docker where the tests run: what can be read of the image is.
#[test]
fn the_image_is_small_built_by_the_right_rust_and_without_rights() {
    let text = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let stages: Vec<&str> = text.split("\nFROM ").skip(1).collect();
    assert_eq!(stages.len(), 2);
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let rust = manifest.split("rust-version = \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(stages[0].starts_with(&format!("rust:{rust}-slim")), "{}", stages[0]);
    assert!(stages[1].contains("\nUSER nonroot\n") && stages[1].contains("COPY --from=build"), "{}", stages[1]);
    assert!(!stages[1].contains("RUN"), "the last stage has no shell to run anything");
    let ignored = std::fs::read_to_string(root().join(".dockerignore")).unwrap();
    assert!(["target", "out", ".git"].iter().all(|folder| ignored.lines().any(|line| line == *folder)), "{ignored}");
    let needed =
        ["src", "sim-core", "scenarios", "reports", "benches", "tests", "Cargo.toml", "Cargo.lock", "build.rs"];
    assert!(
        needed.iter().all(|path| root().join(path).exists() && !ignored.lines().any(|line| line == *path)),
        "{ignored}"
    );
}
