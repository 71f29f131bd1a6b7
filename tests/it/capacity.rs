//! The search for capacity from the command line: the answer of a queue whose capacity is known, with a zone lost, and refusals.

use super::program::Folder;
use serde_json::Value;

/// Erlang's system: at 40/s and 50 ms each, two clerks are busy on average.
const SYSTEM: &str = "\
scenario: A desk with clerks
question: How many desks are enough?
run: {duration: 60s, warm_up: 10s, replications: 48, seed: 3}
regions:
  home: {zones: [a, b, c]}
load:
  visitors: {to: desk.ask, timeout: 2s, arrive: {poisson: {rate: 40/s}}}
services:
  desk:
    instances: 6
    zones: [a, b, c]
    workers: 1
    queue: {capacity: 200}
    health: {every: 1s, unhealthy_after: 1, healthy_after: 1}
    endpoints: {ask: {steps: [{work: 50ms}]}}
promises:
  works: {keep: {availability: 99%}, of: desk.ask}
  quick: {keep: {latency: {p95: 500ms}}, of: desk.ask}
costs:
  desks: {meter: {instances: {of: desk}}, price: $20/h}
studies:
  ladder:
    ask:
      capacity:
        find: {services.desk.instances: {range: {from: 1, to: 12}}}
        at_load: [100%, 200%]
    budget: {replications: 128}
";

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("desk.yaml", SYSTEM);
    folder
}

fn json(at: &Folder, args: &[&str]) -> Value {
    let all: Vec<&str> = ["capacity", "desk.yaml", "--json"].iter().chain(args).copied().collect();
    let (status, out, err) = at.run(&all);
    assert_eq!(status, 0, "{err}");
    serde_json::from_str(&out).unwrap()
}

/// The setting of the answer of a level.
fn answer(result: &Value, level: usize) -> u64 {
    let level = &result["levels"][level];
    let place = level["answer"].as_u64().expect("an answer") as usize;
    level["tried"][place]["settings"][0]["number"].as_f64().unwrap() as u64
}

#[test]
fn the_smallest_that_holds_is_a_little_above_the_offered_load() {
    let at = folder("capacity-ladder");
    let result = json(&at, &["--study", "ladder"]);
    // Offered: 2 and 4 busy clerks. Fewer than that can never do; half as many again surely do.
    assert!((3..=4).contains(&answer(&result, 0)), "{result}");
    assert!((5..=7).contains(&answer(&result, 1)), "{result}");
    let level = &result["levels"][0];
    let cheaper = &level["tried"][level["cheaper"].as_u64().unwrap() as usize];
    assert_eq!(cheaper["verdict"], "broken");
    assert!(cheaper["settings"][0]["number"].as_f64().unwrap() < answer(&result, 0) as f64);
    // What is clear takes a few replications.
    let one = level["tried"].as_array().unwrap().iter().find(|t| t["settings"][0]["text"] == "1").unwrap();
    assert!(one["cases"][0]["judged"].as_u64().unwrap() <= 4, "{one}");
    // Each desk serves 20/s, so the answer breaks before its own capacity and not far below.
    let knee = &result["knee"];
    let (holds, breaks) = (knee["holds_to"].as_f64().unwrap(), knee["breaks_at"].as_f64().unwrap());
    let full = answer(&result, 0) as f64 * 20.0 / 40.0;
    assert!(holds < breaks && holds > 0.6 * full && holds < 1.02 * full, "{holds} to {breaks} of {full}");
    assert!(knee["scalability"]["r2"].as_f64().unwrap() > 0.9, "{}", knee["scalability"]);
    let (status, out, _) = at.run(&["capacity", "desk.yaml", "--plain"]);
    assert_eq!(status, 0);
    assert!(out.contains("the cheapest that does. It"), "{out}");
    assert!(out.contains("The headroom is "), "{out}");
    assert!(at.join("out/desk-ladder/capacity.json").exists() && at.join("out/desk-ladder/capacity.csv").exists());
}

#[test]
fn a_lost_zone_takes_half_as_many_again() {
    let at = folder("capacity-zone");
    let find = ["--for", "services.desk.instances=1..18", "--no-knee", "--budget", "96"];
    let whole = answer(&json(&at, &find), 0);
    let survives = json(&at, &[&find[..], &["--survive", "zone"]].concat());
    let least = answer(&survives, 0);
    assert!(least > whole && least <= 2 * whole + 1, "{whole} whole, {least} with a zone lost");
    let cases = &survives["levels"][0]["tried"][survives["levels"][0]["answer"].as_u64().unwrap() as usize]["cases"];
    let lost: Vec<&Value> = cases.as_array().unwrap().iter().map(|case| &case["lost"]).collect();
    assert_eq!(lost, [&Value::Null, &Value::from("a"), &Value::from("b"), &Value::from("c")]);
}

#[test]
fn two_sizes_are_searched_together_and_threads_change_nothing() {
    let at = folder("capacity-two");
    let find = ["--for", "services.desk.instances=1..6", "--for", "services.desk.workers=1..4", "--no-knee"];
    let one = json(&at, &[&find[..], &["--threads", "1"]].concat());
    let three = json(&at, &[&find[..], &["--threads", "3"]].concat());
    assert_eq!(one, three);
    // Workers cost nothing: the fewest desks with as many workers as it takes.
    let level = &one["levels"][0];
    let settings = &level["tried"][level["answer"].as_u64().unwrap() as usize]["settings"];
    assert_eq!(settings[0]["text"], "1", "{settings}");
}

#[test]
fn a_knee_of_an_unknown_promise_is_refused() {
    let at = folder("knee-wrong");
    let (status, out, err) = at.run(&["knee", "desk.yaml", "--until", "qick"]);
    assert_eq!((status, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("--until qick: no promise is called so; promises here: works, quick"), "{err}");
}

/// Where the call has no size nothing crosses regions, which is odd in that variant alone.
#[test]
fn a_warning_of_one_system_names_its_variant() {
    let at = folder("decide-warned");
    let system = "\
scenario: With and without sizes
question: Which?
run: {duration: 20s, replications: 2, seed: 1}
regions: {here: {zones: [a, b]}, there: {zones: [c]}}
load: {users: {to: web.get, arrive: {poisson: {rate: 10/s}}}}
services:
  web: {workers: 4, zones: [a], endpoints: {get: {steps: [{call: {to: db.get, timeout: 1s, size: {request: 1KiB, response: 1KiB}}}]}}}
  db: {workers: 4, zones: [c], endpoints: {get: {steps: [{work: 5ms}]}}}
variants: {bare: {services.web.endpoints.get.steps.0.call.size: null}}
costs: {bytes: {meter: {transfer: {of: db, across: regions}}, price: $0.02/GiB}}
studies: {which: {ask: {decide: {among: [base, bare]}}}}
";
    at.write("sizes.yaml", system);
    let (status, _, err) = at.run(&["decide", "sizes.yaml"]);
    assert_eq!(status, 0, "{err}");
    let warnings: Vec<&str> = err.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(
        matches!(warnings[..], [one] if one.starts_with("warning: in the variant bare: ") && one.contains("bytes")),
        "{err}"
    );
}

#[test]
fn what_cannot_be_searched_is_said() {
    let at = folder("capacity-wrong");
    for (args, why) in [
        (&["--for", "services.dsk.instances"][..], "did you mean desk?"),
        (&["--for", "services.desk.instances=6..2"], "sizes have to grow"),
        (&["--for", "services.desk.instances", "--promise", "qick"], "promises here: works, quick"),
        (&["--for", "services.desk.instances", "--at-load", "0%"], "above 0%"),
        (
            &[
                "--for",
                "services.desk.instances",
                "--survive",
                "zone",
                "--set",
                "regions.home.zones=[a]",
                "--set",
                "services.desk.zones=[a]",
            ],
            "in one zone",
        ),
        (&["--for", "services.desk.instances", "--set", "promises=null"], "nothing is promised"),
        (&["--study", "lader"], "capacity studies here: ladder"),
        (&["--study", "ladder", "--confidence", "0%"], "a confidence lies between 50% and 100%"),
    ] {
        let all: Vec<&str> = ["capacity", "desk.yaml"].iter().chain(args).copied().collect();
        let (status, out, err) = at.run(&all);
        assert_eq!((status, out.as_str()), (2, ""), "{args:?}: {err}");
        assert!(err.contains(why), "{args:?}: {err}");
        assert!(!at.join("out").exists(), "{args:?} wrote something");
    }
}
