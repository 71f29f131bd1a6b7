//! Incidents, people and switches in runs: who is told of what and when, who is called when nobody answers, what is thrown and what reverts.

use super::{problems, read};
use sim_core::judge::RunMetrics;
use sim_core::results::{JournalKind, Limit, RunResult};
use sim_core::world::simulate;

/// Two services that call one database, which fails from 60 s to 180 s; telemetry every 10 s.
fn system(control: &str) -> String {
    format!(
        "\
scenario: One database
question: Who is told?
run: {{duration: 300s, warm_up: 20s, replications: 1, seed: 7}}
load:
  users: {{to: web.get, arrive: {{constant: {{rate: 50/s}}}}, population: 1k}}
  others: {{to: mail.send, arrive: {{constant: {{rate: 50/s}}}}}}
  readers: {{to: news.read, arrive: {{constant: {{rate: 50/s}}}}}}
services:
  web: {{instances: 4, workers: 8, endpoints: {{get: {{feature: fresh, steps: [{{work: 1ms}}, {{call: {{to: db.get}}}}]}}}}}}
  mail: {{workers: 8, endpoints: {{send: {{steps: [{{work: 1ms}}, {{call: {{to: db.get}}}}]}}}}}}
  news: {{workers: 8, endpoints: {{read: {{steps: [{{work: 1ms}}]}}}}}}
  db: {{instances: 2, workers: 8, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}
faults:
  broken: {{inject: fail, where: {{service: db}}, at: 60s, for: 120s}}
  other: {{inject: {{fail: {{probability: 30%}}}}, where: {{service: news}}, at: 100s, for: 60s}}
control:
  telemetry: {{main: {{every: 10s}}, watch: {{every: 10s}}}}
  alerts:
    web: {{when: error_rate(web.get) over 10s > 10%, severity: 3, finds: broken, per: instance}}
    mail: {{when: error_rate(mail.send) over 20s > 60%, severity: 4, finds: broken}}
    news: {{when: error_rate(news.read) over 10s > 10%, severity: 2, finds: other}}
{control}"
    )
}

fn run(text: &str) -> RunResult {
    let loaded = read(text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    simulate(&loaded.model, 7, 0)
}

const NS: i64 = 1_000_000_000;

#[test]
fn alerts_with_a_callee_in_common_are_one_incident() {
    let run = run(&system("  incidents: {}\n  people: {ann: {reacts_after: 30s, gets: {severity: [3, 4]}}}\n"));
    let all = &run.incidents.all;
    // News has a fault of its own, and calls nothing that the others call.
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!((all[0].alerts.as_slice(), all[0].severity), (&[0, 1][..], 4));
    // Each of the four web servers raises an alert, and mail one.
    assert_eq!(all[0].raised, 5);
    assert_eq!((all[0].opened_ns, all[0].paged_ns, all[0].acked_ns), (70 * NS, Some(70 * NS), Some(100 * NS)));
    assert_eq!(all[0].closed_ns, Some(190 * NS), "half of what mail looks back at is over");
    assert_eq!((all[1].alerts.as_slice(), all[1].paged_ns), (&[2][..], None), "nobody gets severity 2");
    assert_eq!(run.incidents.notified_ns, [70 * NS], "who was told of it is not told again as it becomes worse");
}

#[test]
fn an_alert_that_somebody_has_silenced_is_silent_for_its_time() {
    let silence =
        |at: &str| run(&system(&format!("  incidents: {{silences: {{known: {{alert: web, at: {at}, for: 60s}}}}}}\n")));
    let now = silence("50s");
    assert_eq!((now.incidents.silenced, now.incidents.all[0].alerts.as_slice()), (4, &[1][..]));
    let says = |run: &sim_core::results::RunResult, what: &str| {
        run.incidents.journal.iter().any(|entry| entry.text.to_string() == what)
    };
    assert!(says(&now, "web is silent: silenced"), "{:?}", now.incidents.journal);
    let later = silence("100s");
    assert_eq!((later.incidents.silenced, later.incidents.all[0].alerts.as_slice()), (0, &[0, 1][..]));
}

#[test]
fn incidents_beyond_the_bound_are_said_to_be_left_out() {
    // 200 instances raise an alert each, every 20 s for 2000 s.
    let flapping = |for_s: u32| {
        run(&format!(
            "scenario: Flapping\nquestion: How many?\nrun: {{duration: {for_s}s, warm_up: 0s}}\n\
             load: {{users: {{to: api.get, arrive: {{constant: {{rate: 2/s}}}}}}}}\n\
             services: {{api: {{instances: 200, workers: 1, endpoints: {{get: {{steps: [{{work: 1ms}}]}}}}}}}}\n\
             faults: {{bad: {{inject: fail, where: {{service: api}}, at: 10s, for: 10s, every: 20s}}}}\n\
             control:\n  telemetry: {{main: {{every: 5s}}}}\n  incidents: {{correlate: {{group: none}}}}\n\
             \x20 alerts: {{errors: {{when: error_rate(api.get) over 5s > 50%, per: instance}}}}\n"
        ))
    };
    let few = flapping(200);
    assert!(few.limits.iter().all(|(limit, _)| *limit != Limit::Incidents), "{:?}", few.limits);
    let many = flapping(2000);
    let left_out = many.limits.iter().find(|(limit, _)| *limit == Limit::Incidents).expect("says so").1;
    assert_eq!(many.incidents.all.len() as u64 + left_out, 20_000);
}

#[test]
fn without_groups_each_alert_is_an_incident_and_the_limit_holds() {
    let incidents = "  incidents: {correlate: {group: none}, notify: {limit: 2, every: 5m}}\n  people: {ann: {reacts_after: 30s, gets: {severity: [2, 3, 4]}}}\n";
    let run = run(&system(incidents));
    assert_eq!(run.incidents.all.len(), 6);
    assert_eq!((run.incidents.notified_ns.len(), run.incidents.suppressed), (2, 4));
}

#[test]
fn who_does_not_answer_in_time_is_not_the_last() {
    let people = "  incidents: {levels: {3: {respond_within: 20s}, 4: {respond_within: 15s}}}\n  people:\n    ann: {reacts_after: 10m, gets: {severity: [3]}}\n    bob: {reacts_after: 25s, gets: {severity: [3, 4]}}\n    cat: {reacts_after: 1s, gets: {severity: [4]}}\n";
    let run = run(&system(people));
    let first = &run.incidents.all[0];
    // Severity 3 at 70 s calls Ann, severity 4 at 80 s Bob; after 15 s Cat is called, and answers at once.
    assert_eq!(run.incidents.notified_ns[..3], [70 * NS, 80 * NS, 95 * NS]);
    assert_eq!((first.acked_ns, first.escalations), (Some(96 * NS), 1));
    let told: Vec<String> =
        run.incidents.journal.iter().filter(|e| e.kind == JournalKind::Page).map(|e| e.text.to_string()).collect();
    assert_eq!(told, ["ann is told of incident 1", "bob is told of incident 1", "cat is told of incident 1"]);
}

#[test]
fn what_is_under_maintenance_is_silent() {
    let run = run(&system("  incidents: {maintenance: {work: {where: {service: web}, at: 50s, for: 60s}}}\n"));
    assert_eq!(run.incidents.silenced, 4);
    let says = "web is silent: maintenance";
    assert!(run.incidents.journal.iter().any(|entry| entry.text.to_string() == says), "{:?}", run.incidents.journal);
    assert_eq!(run.incidents.all[0].alerts, [1], "the database itself is not under maintenance");
}

#[test]
fn levels_raise_an_incident_and_begin_runbooks_once() {
    let control = "  incidents: {levels: {5: {when: users_affected over 10s > 90%}}}\n  runbooks: {mend: {trigger: {incident: {severity: 5}}, actions: [{do: {mend: {fault: broken}}, takes: 5s}]}}\n";
    let run = run(&system(control));
    assert_eq!(run.incidents.all[0].severity, 5);
    let responses = &run.runbooks[0].responses;
    assert_eq!(responses.len(), 1);
    assert_eq!(run.struck(sim_core::ids::FaultId(0))[0].to_ns, responses[0].begun_ns + 5 * NS);
}

/// Revenue, users, availability and data: the worst of them counts, whatever severity the alerts have.
#[test]
fn each_of_four_impacts_raises_the_severity() {
    let severity = |levels: &str| {
        let lies = "faults:\n  lies: {inject: {wrong: {kind: wrong_amount, probability: 50%}}, where: {service: mail}, at: 60s, for: 120s}\n";
        let text = system(&format!(
            "  incidents: {{levels: {{{levels}}}}}\ncosts: {{lost: {{meter: {{failures: {{of: web.get}}}}, price: $2}}}}\n"
        ));
        run(&text
            .replace("faults:\n", lies)
            .replace("fail, where: {service: db}", "{fail: {probability: 60%}}, where: {service: db}"))
        .incidents
        .all[0]
            .severity
    };
    // 50 requests a second, of which three in five fail, cost $3,600 a minute.
    let impacts = [
        ("cost(sales) over 10s > $3000/min", "cost(sales) over 10s > $4200/min"),
        ("users_affected over 10s > 20%", "users_affected over 10s > 99%"),
        ("availability(web) over 10s < 50%", "availability(web) over 10s < 20%"),
        ("wrong_amount(mail.send) over 10s > 10%", "wrong_amount(mail.send) over 10s > 60%"),
    ];
    for (reached, missed) in impacts {
        // The alerts have severities 3 and 4.
        assert_eq!(severity(&format!("5: {{when: {reached}}}")), 5, "{reached}");
        assert!(severity(&format!("5: {{when: {missed}}}")) < 5, "{missed}");
    }
    let all: Vec<&str> = impacts.iter().map(|(reached, _)| *reached).collect();
    assert_eq!(severity(&format!("2: {{when: {}}}, 5: {{when: {}}}", all[1], all[3])), 5, "the highest counts");
}

#[test]
fn who_has_acknowledged_begins_and_is_wrong_at_times() {
    let control = |errs: &str| {
        system(&format!(
            "  incidents: {{}}\n  people: {{ann: {{reacts_after: 20s, pace: 2, gets: {{severity: [3]}}{errs}}}}}\n  runbooks: {{mend: {{trigger: {{incident: {{severity: 3}}}}, by: ann, actions: [{{do: {{mend: {{fault: broken}}}}, takes: 5s}}]}}}}\n"
        ))
    };
    let ends = |run: &RunResult| run.struck(sim_core::ids::FaultId(0))[0].to_ns / NS;
    // Told at 70 s, acknowledged at 90 s, done in twice 5 s.
    assert_eq!(ends(&run(&control(""))), 100);
    let wrong = run(&control(", errs: {probability: 100%, instead: {do: restart, where: {service: news}}}"));
    assert_eq!(ends(&wrong), 110);
    assert!(wrong.runbooks[0].journal.iter().any(|e| e.text.to_string().starts_with("wrong action: news restarted")));
}

#[test]
fn nobody_reacts_before_the_office_opens() {
    // The run begins on Monday at 8:58.
    let text = system("  people: {ann: {reacts_after: 10s, office_hours: {from: 9h, to: 17h}}}\n  runbooks: {mend: {trigger: {alert: mail}, by: ann, actions: [{do: {mend: {fault: broken}}}]}}\n")
        .replace("seed: 7", "seed: 7, start: {weekday: monday, time: 8h58m}");
    // The alert fires at 80 s, the office opens at 120 s.
    assert_eq!(run(&text).runbooks[0].responses[0].acted_ns, Some(130 * NS));
}

#[test]
fn a_switch_acts_until_it_reverts_and_one_that_fails_stops_none() {
    let control = "  switches:\n    dead: {do: {fallback: {outcome: ok}}, where: {feature: fresh}, fails: 100%}\n    old: {do: {fallback: {latency: 5ms, outcome: ok}}, where: {feature: fresh}, for: 30s}\n  runbooks: {off: {trigger: {alert: mail}, actions: [{do: {throw: {all: feature, reason: try it}}, takes: 10s}]}}\n";
    let run = run(&system(control));
    let said: Vec<(f64, String)> = run.runbooks[0].journal.iter().map(|e| (e.at_s, e.text.to_string())).collect();
    assert_eq!(said[1].0, 90.0);
    assert_eq!(said[1].1, "automation throws dead, which does not work; old: fresh falls back (try it)");
    assert!(said.contains(&(120.0, "old reverts".to_owned())), "{said:?}");
    let failed = |from_s: u64, to_s: u64| {
        let within = run.slices.iter().filter(|s| s.from_ns >= from_s * NS as u64 && s.to_ns <= to_s * NS as u64);
        within.map(|s| s.edges[0].outcomes[2..].iter().sum::<u64>()).sum::<u64>()
    };
    assert!(failed(60, 90) > 1_000 && failed(125, 180) > 2_000);
    assert_eq!(failed(95, 115), 0);
}

#[test]
fn who_is_blind_learns_it_from_another_pipeline() {
    let text = system("")
        .replace("  alerts:\n", "  alerts:\n    silent: {when: age(main) > 30s, reads: watch, finds: frozen}\n")
        .replace("faults:\n", "faults:\n  frozen: {inject: freeze, where: {control: main}, at: 50s, for: 100s}\n");
    let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
    let run = simulate(&loaded.model, 7, 0);
    // The last reading is that of 40 s or 50 s; age is looked at every 10 s.
    let first = run.alerts[0][0];
    assert!((80 * NS..=90 * NS).contains(&first.from_ns) && first.to_ns >= 150 * NS, "{first:?}");
    // The alert on errors sees nothing before the pipeline is back.
    assert!(run.alerts[1][0].from_ns >= 150 * NS, "{:?}", run.alerts[1]);
    let metrics = RunMetrics::new(&run, &loaded.model, &loaded.names);
    let _ = metrics;
}

/// Five times as many users from 60 s on; the scaler looks every 10 s.
fn scaled(keys: &str, more: &str) -> String {
    format!(
        "\
scenario: A scaler
question: Who has the last word?
run: {{duration: 300s, warm_up: 20s, replications: 1, seed: 7}}
load: {{users: {{to: web.get, arrive: {{constant: {{rate: 100/s}}}}, shape: [{{step: {{at: 60s, factor: 5}}}}]}}}}
services: {{web: {{instances: 4, workers: 1, endpoints: {{get: {{steps: [{{work: 20ms}}]}}}}}}}}
control:
  telemetry: {{main: {{every: 10s}}}}
  people: {{ann: {{reacts_after: 45s}}}}
  scalers: {{web: {{of: web, every: 10s, min: 4, max: 50, use: {{target: {{metrics: {{utilisation(web): 50%}}}}}}{keys}}}}}
{more}"
    )
}

#[test]
fn a_scaler_waits_for_its_approval_and_a_manual_one_does_nothing() {
    let instances = |run: &RunResult, at_s: u64| {
        let slice = run.slices.iter().find(|s| s.from_ns >= at_s * NS as u64).expect("a slice");
        slice.services[0].instances_ns as f64 / (slice.to_ns - slice.from_ns) as f64
    };
    let free = run(&scaled("", ""));
    let supervised = run(&scaled(", override: {supervised: {approve_above: {count: 1}, by: ann}}", ""));
    let manual = run(&scaled(", override: manual", ""));
    assert!(instances(&free, 90) > 7.0);
    assert!((instances(&supervised, 90) - 4.0).abs() < 0.01, "it waits");
    assert!(instances(&supervised, 130) > 7.0, "approved after 45 s");
    assert!((instances(&manual, 290) - 4.0).abs() < 0.01);
    let wild = "faults: {wild: {inject: {runaway: {factor: 1.5}}, where: {control: web}, at: 60s, for: 60s}}\n";
    let frozen = "faults: {stuck: {inject: freeze, where: {control: web}, at: 50s}}\n";
    assert!(instances(&run(&scaled("", wild)), 115) > 27.0, "one and a half times the 20 that it needs");
    assert!((instances(&run(&scaled("", frozen)), 290) - 4.0).abs() < 0.01);
}

#[test]
fn what_is_wrong_is_said_at_its_place() {
    for (control, says) in [
        (
            "  people: {ann: {gets: {severity: [3]}}}\n",
            "nothing makes incidents of alerts, so that nobody is called for one",
        ),
        (
            "  runbooks: {r: {trigger: {incident: {severity: 3}}, actions: [{do: restart, where: {service: db}}]}}\n",
            "nothing makes incidents of alerts",
        ),
        (
            "  incidents: {}\n  runbooks: {r: {trigger: {}, actions: [{do: restart, where: {service: db}}]}}\n",
            "an alert begins it, or an incident",
        ),
        ("  incidents: {levels: {7: {}}}\n", "severity 7 does not exist"),
        ("  incidents: {silences: {s: {alert: wbe, at: 1s, for: 1m}}}\n", "no alert is called \"wbe\""),
        ("  incidents: {silences: {s: {alert: web, at: 1s, for: 0s}}}\n", "silences nothing"),
        ("  switches: {s: {do: hold, where: {service: web}}}\n", "hold acts on a scaler, and web is none"),
        (
            "  switches: {s: {do: {fallback: {outcome: timeout}}, where: {feature: fresh}}}\n",
            "an instance cannot answer with timeout",
        ),
        ("  switches: {s: {do: {fallback: {}}, where: {feature: frseh}}}\n", "no feature is called \"frseh\""),
        (
            "  switches: {s: {do: {refuse: {access: [write]}}, where: {service: web}}}\n",
            "no endpoint here does this with its row",
        ),
        (
            "  switches: {s: {do: refuse, where: {feature: fresh}}}\n  people: {ann: {}}\n  runbooks: {r: {trigger: {alert: web}, by: ann, actions: [{do: {throw: {switch: s}}}]}}\n",
            "ann may not throw s",
        ),
        ("  runbooks: {r: {trigger: {alert: web}, actions: [{do: look}]}}\n", "who looks for no time sees nothing"),
        (
            "  runbooks: {r: {trigger: {alert: web}, actions: [{do: rollback, where: {service: web, version: v9}}]}}\n",
            "v9",
        ),
    ] {
        let found = problems(&system(control));
        assert!(found.iter().any(|problem| problem.contains(says)), "{control}: {found:#?}");
    }
    let wrong = system("").replace("where: {service: news}", "where: {control: main}");
    let found = problems(&wrong);
    assert!(
        found.iter().any(|p| p.contains("this strikes instances or messages, and not what controls them")),
        "{found:?}"
    );
}
