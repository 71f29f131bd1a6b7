//! One wrong thing at a time, and then several.

use super::{SMALL, problems, read, shown};
use crate::files::{Disk, Memory};
use crate::loaded::load;
use crate::overlay::Set;

/// Replaces `from` in the small scenario by `to`, and compares all problems.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(from.is_empty() || SMALL.contains(from), "{from}");
    let text = if from.is_empty() { format!("{SMALL}{to}") } else { SMALL.replacen(from, to, 1) };
    assert_eq!(problems(&text), expected, "\n{text}");
}

#[test]
fn small_scenario_has_no_problems() {
    check("", "", &[]);
}

#[test]
fn unknown_keys_are_shown_with_the_nearest() {
    check("workers: 4", "wrokers: 4", &["7:5 wrokers: unknown key \"wrokers\""]);
    let report = read(&SMALL.replace("workers", "wrokers")).expect_err("has a problem");
    assert_eq!(report.problems[0].problem.hint.as_deref(), Some("did you mean workers?"));
}

#[test]
fn words_of_the_field_that_others_say_are_refused_with_what_to_write() {
    let report =
        read(&format!("{SMALL}faults: {{f: {{inject: {{reorder: {{probability: 2%}}}}, where: {{service: web}}}}}}\n"))
            .expect_err("is no kind");
    let problem = &report.problems[0].problem;
    assert_eq!(problem.message, "\"reorder\" is not known here");
    assert!(problem.hint.as_deref().is_some_and(|hint| hint.ends_with("{delay: {add: 5ms, probability: 2%}}")));
    for (word, write) in crate::reader::otherwise::SAID_OTHERWISE {
        assert_eq!(crate::explain::explain(word).expect_err("is no word").hint.as_deref(), Some(*write));
    }
}

#[test]
fn quantities_need_their_units() {
    check("10/s", "800", &["4:49 800: a rate needs a unit"]);
    check("5ms", "5", &["9:28 5: a duration needs a unit"]);
    check("5ms", "5parsec", &["9:28 5parsec: \"parsec\" is not a unit of time"]);
    check("{work: 5ms}", "{fail: {probability: 0.5}}", &["9:42 0.5: a probability needs a unit"]);
    check("{work: 5ms}", "{fail: {probability: 150%}}", &["9:42 150%: a probability is from 0% to 100%"]);
}

#[test]
fn retries_and_throttles_that_make_no_sense_are_errors() {
    let retry = |settings: &str| format!("to: web.get, retry: {{{settings}}}");
    let at = |to: &str, expected: &str| check("to: web.get", to, &[expected]);
    at(&retry("max_attempts: 2M"), "4:46 2M: more than a million attempts of one call");
    check("to: web.get", &retry("max_attempts: 1M"), &[]);
    let none = retry("max_attempts: 101, backoff: {fixed: {delay: 0s}}");
    at(&none, "4:46 101: more than 100 attempts of one call without a wait between them");
    let tokens = retry("budget: {token_bucket: {max: 1}}");
    at(&tokens, "4:61 1: a retry needs more tokens than fit, so that there is never one");
    at(&retry("budget: {breaker: {failure_rate: 0%}}"), "4:65 0%: a threshold of 0% allows no retry");
    let throttle = |settings: &str| format!("to: web.get, throttle: {{sre: {{{settings}}}}}");
    at(&throttle("ratio: 0.5"), "4:48 0.5: below 1 calls are turned away that the callee would accept");
    at(&throttle("window: {time: 0s}"), "4:41 window: a window of no time holds no call");
}

#[test]
fn bursts_that_never_end_or_never_come_are_errors() {
    let at = |burst: &str, expected: &str| check("poisson: {rate: 10/s}", &format!("burst: {{{burst}}}"), &[expected]);
    at("size: 0", "4:47 0: without requests nothing ever comes");
    at("size: 1, every: 0s", "4:57 0s: bursts that follow without a pause never end");
    at("size: 1, times: 3", "4:57 3: repetitions need a period");
    at("size: 1, every: 1m, times: 0", "4:68 0: a burst that never happens is none");
}

#[test]
fn unknown_names_are_shown_with_the_nearest() {
    check("web.get", "wbe.get", &["4:15 wbe: no service is called \"wbe\""]);
    check("web.get", "web.gett", &["4:19 gett: web has no endpoint called \"gett\""]);
    check("web.get", "web", &["4:15 web: web is a service, not an endpoint"]);
    check("to: web.get", "to: web.get, policy: crad", &["4:32 crad: no policy is called \"crad\""]);
    check("to: web.get", "to: web.get, from: mars", &["4:30 mars: no zone or region is called \"mars\""]);
    check("workers: 4", "workers: 4\n    zones: [b]", &["8:13 b: no zone is called \"b\""]);
    check("workers: 4", "workers: 4\n    zones: {b: 3}", &["8:13 b: no zone is called \"b\""]);
    let standing = |zones: &str| {
        let text = SMALL.replacen("workers: 4", &format!("workers: 4\n    zones: {zones}"), 1);
        problems(&format!("{text}regions: {{here: {{zones: [b, c]}}}}\n"))
    };
    assert_eq!(standing("{b: 3, c: 1}"), [""; 0]);
    assert_eq!(standing("[b, b]"), ["8:16 b: the zone \"b\" stands here twice"]);
    assert_eq!(standing("{b: 0}"), ["8:16 0: a share is a count from 1 to 1000"]);
    assert_eq!(standing("{}"), ["8:5 zones: the map of zones is empty"]);
    assert_eq!(
        standing("{b: 999999999, c: 1}"),
        ["8:5 zones: the shares add up to more than 10000", "8:16 999999999: a share is a count from 1 to 1000"]
    );
    let hint = |share: &str| {
        let text = SMALL.replacen("workers: 4", &format!("workers: 4\n    zones: {{b: {share}}}"), 1);
        let report = read(&format!("{text}regions: {{here: {{zones: [b, c]}}}}\n")).unwrap_err();
        report.problems[0].problem.hint.clone().unwrap_or_default()
    };
    assert_eq!(hint("0"), "leave a zone out in which none stands");
    assert_eq!(hint("1001"), "write smaller shares in the same proportion");
    assert_eq!(standing("b"), ["8:12 b: the text \"b\" does not fit here"]);
    let age = "expect: [mean(web.age) < 1s]\n";
    check(
        "",
        age,
        &[
            "10:15 web.age: no endpoint or service or load class or call or timed part or probe matrix or named link or route is called \"web.age\"",
        ],
    );
    let promise = "promises: {p: {keep: {age: {p99: 1s}}, of: web}}\n";
    check("", promise, &["10:44 web: no queue is called \"web\""]);
    check("", "faults: {f: {inject: crash, where: {service: wbe}}}\n", &["10:46 wbe: no service is called \"wbe\""]);
    check("to: web.get", "mix: {web.get: 50%, web.put: 50%}", &["4:35 put: web has no endpoint called \"put\""]);
    check("poisson", "poison", &["4:33 poison: \"poison\" is not known here"]);
}

#[test]
fn cycles_without_exit_are_errors() {
    check("{work: 5ms}", "{call: {to: web.get}}", &["9:33 web.get: this endpoint calls itself forever"]);
    let two = "{call: {to: web.b}}]}\n      b: {steps: [{parallel: {branches: [{call: {to: web.get}}]}}";
    check("{work: 5ms}", two, &["10:54 web.get: these endpoints call each other forever"]);
    let choice = "{choose: [{probability: 10%, steps: [{work: 1ms}]}, {steps: [{forward: {to: web.get}}]}]}";
    check("{work: 5ms}", choice, &[]);
    let no_choice =
        "{choose: [{probability: 10%, steps: [{call: {to: web.get}}]}, {steps: [{forward: {to: web.get}}]}]}";
    check("{work: 5ms}", no_choice, &["9:70 web.get: this endpoint calls itself forever"]);
}

#[test]
fn probabilities_have_to_add_up() {
    let choose = |choices: &str| SMALL.replace("{work: 5ms}", &format!("{{choose: [{choices}]}}"));
    let p = |percent: &str| format!("{{probability: {percent}, steps: [reply]}}");
    let rest = "{steps: [reply]}";
    let found = |choices: &[&str]| problems(&choose(&choices.join(", ")));
    assert_eq!(found(&[&p("60%"), &p("60%")]), ["9:22 choose: the probabilities add up to 120%"]);
    assert_eq!(found(&[&p("60%"), &p("30%")]), ["9:22 choose: the probabilities add up to 90%"]);
    assert_eq!(found(&[&p("60%"), &p("40%"), rest]).len(), 1);
    assert_eq!(found(&[&p("60%"), rest, rest]).len(), 1);
    assert_eq!(found(&[&p("10%"), &p("20%"), &p("70%")]), [""; 0]);
    assert_eq!(found(&[&p("10%"), rest]), [""; 0]);
    check("to: web.get", "mix: {web.get: 90%}", &["4:11 mix: the shares add up to 90%"]);
}

#[test]
fn zero_and_huge_are_errors() {
    check("10/s", "0/s", &["4:49 0/s: at a rate of zero no request ever comes"]);
    check("", "run: {duration: 0s}\n", &["10:17 0s: nothing is simulated in no time"]);
    check("", "run: {duration: 200year}\n", &["10:17 200year: more than a hundred years are too long for a run"]);
    check("to: web.get", "to: web.get, timeout: 0s", &["4:33 0s: a timeout of zero lets every call fail"]);
    check("workers: 4", "workers: 0", &["7:14 0: an instance without workers answers nothing"]);
    check("workers: 4", "workers: 4\n    need: 0", &["8:11 0: what needs no instance is never down"]);
    check("workers: 4", "workers: 4\n    need: 2", &["8:11 2: needs 2 instances and has 1, so that it is never up"]);
    check(
        "workers: 4",
        "workers: 99999999999999999999999",
        &["7:14 99999999999999999999999: \"99999999999999999999999\" is too large for a count"],
    );
    check("workers: 4", "workers: 4\n    instances: 5G", &["8:16 5G: more than 100,000 instances are too many"]);
    check(
        "",
        "run: {seed: 99999999999999999999999}\n",
        &["10:13 99999999999999999999999: this number is too large here"],
    );
}

#[test]
fn precision_is_of_something_and_of_some_width() {
    let precision = |text: &str| format!("run: {{precision: {{{text}}}}}\n");
    check("", &precision("within: 2%, of: [p99(web.get)]"), &[]);
    check(
        "",
        &precision("within: 2%, of: [p99(web.gett)]"),
        &[
            "10:40 web.gett: no endpoint or service or load class or call or timed part or probe matrix or named link or route is called \"web.gett\"",
        ],
    );
    check(
        "",
        &precision("within: 2%"),
        &["10:7 precision: nothing is promised or expected, so nothing has to be precise"],
    );
    check(
        "",
        &precision("within: 0%, of: [p99(web.get)]"),
        &["10:27 0%: no number of replications makes an interval of no width"],
    );
    check("", &precision("within: 2%, of: [3]"), &["10:36 3: a written number is precise already"]);
    check("", &precision("within: 2%, of: [p99(web.get)], cap: 8"), &["10:56 8: a batch already has 40 replications"]);
    check(
        "",
        &precision("within: 2%, of: [p99(web.get) < 3s]"),
        &["10:36 p99(web.get) < 3s: the expression should have ended here"],
    );
}

#[test]
fn fan_out_has_bounds() {
    let fork = |settings: &str| format!("{{parallel: {{{settings}, branches: [{{work: 5ms}}]}}}}");
    check("{work: 5ms}", &fork("repeat: {count: 100}, need: {percent: 99%}"), &[]);
    let never = "9:33 repeat: branches that are never there do nothing";
    check("{work: 5ms}", &fork("repeat: {count: 0}"), &[never]);
    let many = "9:22 parallel: 20000 branches are more than one request can have";
    check("{work: 5ms}", &fork("repeat: {count: 20k}"), &[many]);
    let more = "9:53 need: 5 of 3 branches can not be what is needed";
    check("{work: 5ms}", &fork("repeat: {count: 3}, need: {count: 5}"), &[more]);
}

#[test]
fn steps_of_no_time_and_too_many_instances_are_errors() {
    check("5ms", "0ms", &["9:28 0ms: a step of no time does nothing"]);
    check("5ms", "{exponential: {mean: 0s}}", &["9:49 0s: a mean of zero is the constant 0s"]);
    let scaler = "control: {scalers: {s: {of: web, use: {target: {metrics: {cpu(web): 50%}}}, max: 4G}}}\n";
    check("", scaler, &["10:82 4G: more than 100,000 instances are too many"]);
}

#[test]
fn alias_bomb_is_defused() {
    let row = |i: usize| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", "));
    let bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned() + &(1..20).map(row).collect::<String>();
    assert_eq!(problems(&bomb).len(), 1);
}

#[test]
fn nothing_to_simulate_is_an_error() {
    assert_eq!(
        problems("scenario: a\nquestion: b\n"),
        [
            "1:1 scenario: there is nothing to simulate: no service",
            "1:1 scenario: there is nothing to simulate: no load",
        ]
    );
    assert_eq!(problems("{}").len(), 4);
    check(
        "    endpoints:\n      get: {steps: [{work: 5ms}]}\n",
        "",
        &["4:19 get: web has no endpoint called \"get\"", "6:3 web: web has no endpoints"],
    );
    check("    workers: 4\n", "", &["6:3 web: web does not say how many workers it has"]);
    check("scenario: Small\n", "", &["1:1 question: the key \"scenario\" is missing"]);
}

#[test]
fn names_are_used_once() {
    check(
        "",
        "stores: {web: {workers: 1, endpoints: {r: {access: read, steps: [{work: 1ms}]}}}}\n",
        &["10:10 web: the name \"web\" is used twice"],
    );
    check("users:", "web:", &["4:3 web: the name \"web\" is used twice"]);
    check("", "regions: {web: {zones: [a]}}\n", &["6:3 web: the name \"web\" is used twice"]);
    check("", "regions: {a: {zones: [a]}}\n", &["10:23 a: the name \"a\" is used twice"]);
    check("      get:", "      get: {steps: [{work: 1ms}]}\n      get:", &["10:7 get: \"get\" is written twice"]);
    check("  web:\n", "  web.x:\n", &["4:15 web: no service is called \"web\"", "6:3 web.x: \"web.x\" is not a name"]);
}

#[test]
fn files_that_are_none_are_errors() {
    assert_eq!(problems(""), ["1:1 : the file is empty"]);
    assert_eq!(problems("a: 1\n---\nb: 1\n").len(), 1);
    let read = |files: &dyn crate::files::Files, path: &str| {
        let report = load(files, path, &[], None).expect_err("is no scenario");
        super::shown(&report)
    };
    let binary = Memory([("b".to_owned(), vec![0x7f, b'E', b'L', b'F', 0xff])].into());
    assert_eq!(read(&binary, "b"), ["this is not a text file"]);
    assert_eq!(read(&Disk, env!("CARGO_MANIFEST_DIR")), ["this is a directory, not a file"]);
    assert_eq!(read(&Disk, "/no/such/file"), ["there is no such file"]);
}

#[test]
fn list_or_word_as_a_whole_file_is_an_error() {
    assert_eq!(problems("[1, 2]"), ["1:1 [1, 2]: a list does not fit here"]);
    assert_eq!(problems("hello"), ["1:1 hello: the text \"hello\" does not fit here"]);
}

#[test]
fn breaker_that_can_never_open_is_found_and_keeps_no_scenario_from_running() {
    let breaker = "breaker: {rate: {window: {time: 10s}, minimum_calls: 20k}}";
    let to = format!("to: web.get, {breaker}");
    check("to: web.get", &to, &[]);
    let found = |to: &str| shown(&read(&SMALL.replacen("to: web.get", to, 1)).expect("runs").findings);
    let expected = "4:34 rate: the breaker can never open: minimum_calls is more than the window can hold";
    assert_eq!(found(&to), [expected]);
    assert_eq!(found(&to.replace("20k", "20")), [""; 0]);
}

#[test]
fn promise_about_what_no_load_reaches_is_a_warning() {
    let more = "      put: {steps: [{work: 1ms}]}\npromises:\n  p: {keep: {availability: 99%}, of: web.put}\n";
    check("", more, &["12:38 web.put: a promise is made about an endpoint that no load reaches"]);
    let idle = "  idle: {workers: 1, endpoints: {x: {steps: [{work: 1ms}]}}}\n";
    check("", idle, &["10:3 idle: no load reaches idle"]);
}

#[test]
fn call_without_timeout_to_what_breaks_is_a_warning() {
    let more = "  db: {workers: 1, endpoints: {x: {steps: [{work: 1ms}]}}}\nfaults: {f: {inject: freeze, where: {service: db}, at: 1m}}\n";
    let text = SMALL.replace("{work: 5ms}", "{call: {to: db.x}}") + more;
    assert_eq!(problems(&text), ["9:33 db.x: a call without timeout waits for db.x forever"]);
    assert_eq!(problems(&text.replace("to: db.x", "to: db.x, timeout: 1s")), [""; 0]);
}

#[test]
fn a_counter_is_asked_for_where_it_can_be_counted() {
    let more = "stores:\n  db: {instances: 2, workers: 4, endpoints: {read: {access: read, steps: [{work: 1ms}]}}}\n";
    let with = |clause: &str, more: &str| {
        let text =
            format!("{}{more}expect: [{clause}]\n", SMALL.replace("{work: 5ms}", "{call: {to: db.read, timeout: 1s}}"));
        let loaded = read(&text).unwrap_or_else(|report| panic!("{}", report.render(false)));
        let found = shown(&loaded.warnings);
        found.into_iter().filter(|problem| problem.contains(" never counts ")).collect::<Vec<_>>()
    };
    let clauses = "nic_drops flushes oom_kills gate_conflicts sold escrow_refills own_writes_missed held_back fenced_writes failovers \
                   lost_writes too_few_copies completed messages_lost rebalances relayed_again";
    for counter in clauses.split_whitespace() {
        let found = with(&format!("{counter}(db) == 0"), more);
        assert!(found.len() == 1 && found[0].contains(&format!("db never counts {counter}")), "{counter}: {found:?}");
    }
    assert_eq!(with("duplicates(db) == 0", more), [""; 0]);
    let copied = more.replace("workers: 4", "workers: 4, replication: {primary: {lag: 50ms}}");
    for counter in ["own_writes_missed", "failovers", "lost_writes"] {
        assert_eq!(with(&format!("{counter}(db) == 0"), &copied), [""; 0], "{counter}");
    }
}

#[test]
fn wrongness_is_asked_for_where_it_is_counted() {
    let more = "keys: {rows: {uniform: {count: 10k}}}\nstores:\n  db: {instances: 3, workers: 4, key: rows, replication: {primary: {lag: 50ms}}, \
                endpoints: {read: {access: read, steps: [{work: 1ms}]}, pay: {access: write, effect: not_idempotent, steps: [{work: 1ms}]}}}\n";
    let with = |steps: &str, rest: &str| {
        let loaded = read(&format!("{}{more}{rest}", SMALL.replace("{work: 5ms}", steps)));
        let found = shown(&loaded.unwrap_or_else(|report| panic!("{}", report.render(false))).warnings);
        found.into_iter().filter(|problem| problem.contains(" can arise at ")).collect::<Vec<_>>()
    };
    let promise = |kind: &str, of: &str| {
        format!("promises: {{p: {{keep: {{wrongness: {{kind: {kind}, at_most: 1%}}}}, of: {of}}}}}\n")
    };
    let cost = |kind: &str, of: &str| {
        format!("costs: {{c: {{meter: {{wrongness: {{kind: {kind}, of: {of}}}}}, price: $1}}}}\n")
    };
    let clause = |kind: &str, of: &str| format!("expect: [{kind}({of}) < 1%]\n");
    let forms: [&dyn Fn(&str, &str) -> String; 3] = [&promise, &cost, &clause];
    // What is wrong in an answer is wrong above too, where the answer is used.
    for (steps, is_heard) in [
        ("{call: {to: db.read}}", true),
        ("{parallel: {branches: [{call: {to: db.read}}, {work: 1ms}]}}", true),
        (
            "{choose: [{probability: 50%, steps: [{reply: {outcome: ok}}]}, {probability: 50%, steps: [{work: 1ms}]}]}, {call: {to: db.read}}",
            true,
        ),
        ("{background: [{call: {to: db.read}}]}", false),
        ("{reply: {outcome: ok}}, {call: {to: db.read}}", false),
    ] {
        for form in forms {
            let found = with(steps, &form("stale_read", "web.get"));
            assert_eq!(found.len(), usize::from(!is_heard), "{steps}: {found:?}");
            assert!(found.iter().all(|found| found.ends_with("no stale_read can arise at web.get")), "{found:?}");
            assert_eq!(with(steps, &form("stale_read", "db.read")), [""; 0], "{steps}");
        }
    }
    let read = "{call: {to: db.read}}, {call: {to: db.pay}}";
    for (of, wrong) in [("web.get", 0), ("web", 0), ("users", 0), ("db.pay", 1), ("db.read", 0), ("db", 0)] {
        let found = with(read, &clause("stale_read", of));
        assert_eq!(found.len(), wrong, "{of}: {found:?}");
    }
    // A second effect is in no answer.
    for form in forms {
        let found = with(read, &form("duplicate_effect", "web.get"));
        assert!(found.len() == 1 && found[0].ends_with("no duplicate_effect can arise at web.get"), "{found:?}");
        assert_eq!(with(read, &form("duplicate_effect", "db.pay")), [""; 0]);
    }
    // Where a kind arises nowhere, a promise about it is a guard; and a fault may bring it to the endpoint.
    assert_eq!(with(read, &clause("oversold", "web.get")), [""; 0]);
    let fault = "faults: {f: {inject: {wrong: {kind: stale_read}}, where: {service: web}, at: 1s}}\n";
    let background = "{background: [{call: {to: db.read}}]}";
    assert_eq!(with(background, &format!("{fault}{}", clause("stale_read", "web.get"))), [""; 0]);
}

#[test]
fn store_that_is_read_at_replicas_and_written_in_one_row_is_a_warning() {
    let more = "stores:\n  db: {instances: 3, workers: 4, replication: {primary: {lag: 50ms}}, endpoints: {read: {access: read, \
                steps: [{work: 1ms}]}, put: {access: write, steps: [{work: 1ms}]}}}\n";
    let text = SMALL.replace("{work: 5ms}", "{call: {to: db.read}}, {call: {to: db.put}}") + more;
    let found = problems(&text);
    assert!(found.len() == 1 && found[0].ends_with("db: all requests read and write one row of db"), "{found:?}");
    let keyed =
        text.replace("workers: 4, rep", "workers: 4, key: rows, rep") + "keys: {rows: {uniform: {count: 10k}}}\n";
    assert_eq!(problems(&keyed), [""; 0]);
    let primary = text.replace("lag: 50ms", "lag: 50ms, reads: primary");
    assert_eq!(problems(&primary), [""; 0]);
    let only_read = text.replace("access: write", "access: read");
    assert_eq!(problems(&only_read), [""; 0]);
}

#[test]
fn all_problems_come_at_once_in_the_order_of_the_file() {
    let text = "\
scenario: Small
question: Does it run?
load:
  users: {to: web.get, arrive: {poisson: {rate: 10}}}
  more: {to: wbe.get, arrive: {constant: {rate: 1/s}}}
services:
  web:
    wrokers: 4
    endpoints:
      get: {steps: [{work: 5ms}, {call: {to: web.put, tiemout: 1s}}]}
      put: {steps: [{work: fast}]}
promises:
  p: {keep: {availability: 99}, of: web.got}
";
    assert_eq!(
        problems(text),
        [
            "4:49 10: a rate needs a unit",
            "5:14 wbe: no service is called \"wbe\"",
            "8:5 wrokers: unknown key \"wrokers\"",
            "10:55 tiemout: unknown key \"tiemout\"",
            "11:28 fast: \"fast\" is not a duration",
            "13:28 99: a probability needs a unit",
        ]
    );
}

#[test]
fn wrong_variants_are_found_without_running_them() {
    let more = "variants:\n  a: {services.web.wrokers: 3}\n  b: {services.wbe.workers: 3}\n  c: {services.web.workers: 0}\n  d: {load.users.to: web.put}\n";
    check(
        "",
        more,
        &[
            "11:20 wrokers: in the variant a: unknown key \"wrokers\"",
            "12:16 wbe: in the variant b: no key is called \"wbe\"",
            "13:29 0: in the variant c: an instance without workers answers nothing",
            "14:26 put: in the variant d: web has no endpoint called \"put\"",
        ],
    );
}

#[test]
fn unknown_variant_and_wrong_set_are_errors() {
    let files = Memory::of("a", SMALL);
    let report = load(&files, "a", &[], Some("x")).expect_err("there is none");
    assert_eq!(report.problems[0].problem.message, "no variant is called \"x\"");
    let set = Set::parse("services.web.workers=many").expect("has a value");
    let report = load(&files, "a", &[set], None).expect_err("is no count");
    assert_eq!(super::shown(&report), ["1:22 many: \"many\" is not a count"]);
    let text = report.render(false);
    assert!(text.contains("--> --set:1:22\n") && text.contains(" 1 | services.web.workers=many\n"), "{text}");
}

#[test]
fn null_is_refused_where_nothing_is_overlaid() {
    check("workers: 4", "workers: null", &["7:14 null: a value is missing"]);
    check("workers: 4", "workers:", &["7:5 workers: a value is missing"]);
}

/// An item that cannot be read is left out, and those after it move up: what is wrong with them is said where they stand all the same.
#[test]
fn what_stands_behind_a_wrong_item_of_a_list_is_told_at_its_place() {
    let steps = "{work: 5ms}, {work: soon}, {call: {to: nowhere.get}}, {wait: later}, \
                 {choose: [{probability: some, steps: []}, {steps: []}]}, {call: {to: web.gone}}";
    // That two branches have no probability follows from that of one which is none, and is not said.
    check(
        "{work: 5ms}",
        steps,
        &[
            "9:41 soon: \"soon\" is not a duration",
            "9:60 nowhere: no service is called \"nowhere\"",
            "9:82 later: \"later\" is not a duration",
            "9:114 some: \"some\" is not a probability",
            "9:163 gone: web has no endpoint called \"gone\"",
        ],
    );
    let open = "{choose: [{steps: []}, {steps: []}]}";
    check("{work: 5ms}", open, &["9:45 steps: two branches without probability"]);
}
