//! Experiments as a user meets them: exit codes and the files of a run.

use super::program::{Folder, windtunnel};

/// Two services' worth of nothing: 50 requests a second to two instances, of which an experiment kills one.
fn system(experiment: &str, expect: &str) -> String {
    format!(
        "scenario: kill\nquestion: is it noticed?\nrun: {{duration: 1m, warm_up: 5s, replications: 40, seed: 1}}\n\
         load: {{users: {{to: web.get, arrive: {{poisson: {{rate: 50/s}}}}}}}}\n\
         services: {{web: {{instances: 2, workers: 4, endpoints: {{get: {{steps: [{{work: 10ms}}]}}}}}}}}\n\
         experiments:\n  kill:\n    at: 10s\n    for: 20s\n    actions: [{{inject: crash, where: {{service: web, count: 1}}}}]\n\
         {experiment}{expect}"
    )
}

#[test]
fn check_judges_experiments_as_promises() {
    let folder = Folder::new("experiments");
    let check = |experiment: &str, expect: &str| {
        folder.write("kill.yaml", &system(experiment, expect));
        let done = windtunnel(&["check", "kill.yaml"], &folder.0);
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let noticed = "    hypothesis: [availability(users) > 99%]\n";
    let survived = "    hypothesis: [availability(users) > 20%]\n";
    let unsteady = "    hypothesis: [availability(users) > 99%]\n    steady_state: [p99(users) over 10s < 1ms]\n";
    assert_eq!(check(survived, "").0, Some(0));
    let (status, text) = check(noticed, "");
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("BROKEN        kill"), "{text}");
    assert_eq!(check(noticed, "expect: [not hypothesis(kill)]\n").0, Some(0));
    assert_eq!(check(unsteady, "").0, Some(3));
    assert_eq!(check(unsteady, "expect: [not ran(kill)]\n").0, Some(0));
    assert_eq!(check("", "").0, Some(2));
}

#[test]
fn a_run_leaves_its_journals() {
    let folder = Folder::new("journals");
    folder.write("kill.yaml", &system("    hypothesis: [availability(users) > 99%]\n", ""));
    let done = windtunnel(&["run", "kill.yaml", "--out", "out", "--plain"], &folder.0);
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("No: the hypothesis of kill holds in none of 40 runs; availability(users) is"), "{text}");
    assert!(text.contains("0:10  1 of web down: web/"), "{text}");
    let csv = std::fs::read_to_string(folder.0.join("out/journal.csv")).unwrap();
    for replication in [0, 39] {
        let begin = format!("kill,{replication},completed,false,10,begin,kill,,,,");
        assert_eq!(csv.lines().filter(|line| *line == begin).count(), 1, "{csv}");
    }
    let results = std::fs::read_to_string(folder.0.join("out/results.json")).unwrap();
    let results: serde_json::Value = serde_json::from_str(&results).unwrap();
    let kill = &results["experiments"][0];
    assert_eq!((&kill["verdict"], &kill["ran"], &kill["kept"]), (&"broken".into(), &40.into(), &0.into()));
    assert_eq!(kill["journals"][0]["entries"][0]["kind"], "begin");
}
