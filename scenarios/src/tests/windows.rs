//! Times that clauses name: what they say of a stretch is counted exactly there, however long the run.

use super::read;
use sim_core::expression::Value;
use sim_core::judge::RunMetrics;

/// Three failing seconds, 100 requests a second, of a run of so long.
fn failing(duration: &str, clauses: &[&str]) -> Vec<f64> {
    let expect: String = clauses.iter().map(|clause| format!("  - {clause} > 0\n")).collect();
    let text = format!(
        "\
scenario: Three failing seconds
question: Of how many?
run: {{duration: {duration}, warm_up: 10s}}
load: {{users: {{to: a.get, arrive: {{constant: {{rate: 100/s}}}}}}}}
services:
  a: {{workers: unlimited, endpoints: {{get: {{steps: [{{call: {{to: b.get}}}}]}}}}}}
  b: {{workers: unlimited, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}
faults:
  fails: {{inject: fail, where: {{service: b}}, at: 63s, for: 3s}}
  slow: {{inject: {{slow: {{factor: 50}}}}, where: {{service: b}}, at: 100s, for: 10s}}
expect:
{expect}"
    );
    let loaded = read(&text.replace("> 0\n", "> 0%\n")).or_else(|_| read(&text.replace("> 0\n", "> 0ms\n")));
    let loaded = loaded.unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = sim_core::world::simulate(&loaded.model, 3, 0);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let value = |clause: &&str| Value::parse(clause).unwrap().in_run(&|_| Some(&metrics)).unwrap();
    clauses.iter().map(value).collect()
}

#[test]
fn shares_of_named_stretches_are_exact_at_any_length() {
    for duration in ["10m", "1h", "5h"] {
        let clauses = [
            "error_rate(users) from 51s to 71s",
            "error_rate(b.get) from 64.5s to 67.5s",
            "error_rate(users) from 0s to 64s",
        ];
        let found = failing(duration, &clauses);
        for (found, exact) in found.iter().zip([0.15, 0.5, 100.0 / 6400.0]) {
            assert!((found - exact).abs() < 0.006, "{duration}: {found} of {exact}");
        }
    }
}

#[test]
fn percentiles_of_named_stretches_are_exact_between_services_too() {
    for duration in ["10m", "5h"] {
        // Of the ten seconds from 95 s to 105 s half are slow: 60 % lie below the slow ones only if the cut is where it is named.
        let found = failing(
            duration,
            &["p60(b.get) from 94s to 104s", "p50(b.get) from 101s to 102s", "p99(b.get) from 85s to 99s"],
        );
        for (found, exact) in found.iter().zip([0.001, 0.050, 0.001]) {
            assert!((found / exact - 1.0).abs() < 0.02, "{duration}: {found} of {exact}");
        }
    }
}

#[test]
fn the_last_stretch_is_as_long_as_it_says() {
    for duration in ["70s", "67s"] {
        let found = failing(duration, &["error_rate(users) over 6s"]);
        let exact = if duration == "70s" { 2.0 / 6.0 } else { 3.0 / 6.0 };
        assert!((found[0] - exact).abs() < 0.01, "{duration}: {found:?}");
    }
    let found = failing("2h", &["error_rate(users) from 60s to 65s over 4s", "error_rate(users) during fails over 2s"]);
    assert!((found[0] - 0.5).abs() < 0.01 && (found[1] - 1.0).abs() < 0.01, "{found:?}");
}
