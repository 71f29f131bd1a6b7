//! Broken files are reported, never a panic: shipped scenarios are cut, flipped, thinned and filled with what does not belong there by a
//! seeded loop, and what is still valid is run for a moment. `MANGLE=5000` makes so many of each file instead of the suite's.
//!
//! `fuzz/` looks for more, guided by coverage.

use crate::files::{Files, Memory};
use crate::loaded::load;
use sim_core::model::Model;
use sim_core::units::SimDuration;
use std::collections::BTreeMap;

/// A small generator of its own, so that the loop is the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % below.max(1)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }
}

/// Values of every type and size, for places that want another.
const VALUES: &[&str] = &[
    "{}",
    "[]",
    "null",
    "~",
    "true",
    "on",
    "''",
    "0",
    "-1",
    "1",
    "1e400",
    "-0.0",
    "NaN",
    ".inf",
    "0x7f",
    "1_000",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999",
    "0s",
    "1ns",
    "10000year",
    "99999999999year",
    "-5ms",
    "0/s",
    "1/year",
    "999T/s",
    "0%",
    "100%",
    "101%",
    "-3%",
    "0.0000000001%",
    "$0",
    "$-1/h",
    "$9999999999G",
    "5G",
    "100k",
    "1M",
    "0B",
    "9EiB",
    "unlimited",
    "all",
    "web",
    "web.get",
    "a.b.c",
    "{a: 1, a: 2}",
    "[[[[1]]]]",
    "{exponential: {mean: 0s}}",
    "{exponential: {mean: 1ns}}",
    "{pareto: {min: 1ns, shape: 0.0001}}",
    "{lognormal: {p50: 1ns, p99: 10000year}}",
    "{weibull: {shape: 0.001, mean: 1s}}",
    "{gamma: {mean: 1s, cv: 100000}}",
    "{mixture: []}",
    "&a 1",
    "*a",
    "!!binary x",
    "!x {}",
    "|",
    ">-",
    "? x",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "ｗｅｂ",
    "🦀🦀",
    "\u{202e}tegw",
    "e\u{301}\u{301}\u{301}",
    "\u{200b}",
    "\u{feff}",
    "- - - 1",
    "1 < 2",
    "p99(web.get) < 1s",
    "a + * b",
    "((((1))))",
    "\t",
];

/// The place and length of a word of the text that `is` holds of, the `roll`th of them.
fn words(text: &str, is: impl Fn(char) -> bool) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, c) in text.char_indices().filter(|(_, c)| is(*c)) {
        match found.last_mut() {
            Some(last) if last.0 + last.1 == at => last.1 += c.len_utf8(),
            _ => found.push((at, c.len_utf8())),
        }
    }
    found
}

/// Puts something else in the place of a word, if there is one.
fn replace(text: &str, dice: &mut Dice, is: impl Fn(char) -> bool, by: impl Fn(&mut Dice) -> String) -> String {
    let words = words(text, is);
    let Some((at, length)) = words.get(dice.roll(words.len())).copied() else { return String::new() };
    format!("{}{}{}", &text[..at], by(dice), &text[at + length..])
}

/// Mangles the bytes, whatever they mean.
fn mangle_bytes(text: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = text.to_vec();
    match dice.roll(4) {
        0 => bytes.truncate(dice.roll(text.len())),
        1 => {
            for _ in 0..=dice.roll(8) {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
        }
        2 => {
            let (from, to) = (dice.roll(text.len()), dice.roll(text.len()));
            let length = dice.roll(40).min(text.len() - from);
            let piece = text[from..from + length].to_vec();
            bytes.splice(to..to, piece);
        }
        _ => {
            let at = dice.roll(bytes.len());
            bytes[at] = b"{}[]:,&*!|>'\"%@`#-? \n0\t\r"[dice.roll(24)];
        }
    }
    bytes
}

/// Mangles what is written, so that more of it is still understood.
fn mangle_text(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = dice.roll(lines.len());
    match dice.roll(9) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(dice.roll(text.lines().count()), lines[at].clone()),
        2 => lines[at].insert_str(0, dice.pick(&["  ", "\t", "      ", "- ", "? ", "---\n", "%YAML 9.9\n"])),
        3 => lines[at] = lines[at].trim_start().to_owned(),
        4 => {
            if let Some((key, _)) = lines[at].clone().split_once(": ") {
                lines[at] = format!("{key}: {}", dice.pick(VALUES));
            }
        }
        5 => {
            let (open, close) = *[("[", "]"), ("{a: ", "}"), ("{", ""), ("- ", "")].get(dice.roll(4)).expect("four");
            let deep = 1 << dice.roll(14);
            lines[at].push_str(&format!(" {}1{}", open.repeat(deep), close.repeat(deep)));
        }
        6 => {
            return replace(
                text,
                dice,
                |c| c.is_ascii_digit(),
                |dice| dice.pick(&["0", "1", "7", "99999", "1000000000", "0.001", "5e9"]).into(),
            );
        }
        7 => {
            return replace(
                text,
                dice,
                |c| c.is_ascii_alphanumeric() || "._%/$-".contains(c),
                |dice| dice.pick(VALUES).into(),
            );
        }
        _ => {
            let other = dice.roll(lines.len());
            lines.swap(at, other);
        }
    }
    lines.join(dice.pick(&["\n", "\n", "\n", "\r\n"]))
}

/// Runs a valid model for a moment, within narrow bounds.
fn run_briefly(mut model: Model) {
    let instances: u64 = model.services.iter().map(|s| u64::from(s.max_instances)).sum();
    if instances > 2000 {
        return;
    }
    model.run.warm_up = SimDuration::ZERO;
    model.run.duration = model.run.duration.min(SimDuration::from_ns(2_000_000_000));
    model.run.window = SimDuration::from_ns((model.run.duration.ns() / 20).max(1));
    (model.run.max_events, model.run.max_backlog) = (50_000, 5_000);
    let run = sim_core::world::simulate(&model, 1, 0);
    assert!(run.measured_ns <= model.run.duration.ns());
}

/// Reads a file and runs it if it is valid; its problems are rendered if it is not.
fn try_out(bytes: Vec<u8>) -> bool {
    let files = Memory(BTreeMap::from([("m.yaml".to_owned(), bytes)]));
    let _ = files.text("m.yaml");
    match load(&files, "m.yaml", &[], None) {
        Ok(loaded) => {
            let _ = loaded.warnings.render(true);
            run_briefly(loaded.model);
            true
        }
        Err(report) => {
            assert!(report.counts().0 > 0);
            let rendered = report.render(false);
            assert!(rendered.starts_with("error: ") || rendered.starts_with("warning: "), "{rendered}");
            false
        }
    }
}

#[test]
fn mangled_scenarios_never_panic() {
    let times = std::env::var("MANGLE").ok().and_then(|text| text.parse().ok()).unwrap_or(60);
    let mut dice = Dice(20);
    let (mut valid, mut all) = (0, 0);
    for path in super::shipped::files() {
        let text = std::fs::read_to_string(&path).expect("can be read");
        for time in 0..times {
            let bytes = if time % 3 == 0 {
                mangle_bytes(text.as_bytes(), &mut dice)
            } else {
                mangle_text(&text, &mut dice).into_bytes()
            };
            let name = std::env::temp_dir().join("windtunnel-mangled.yaml");
            let tried = std::panic::catch_unwind(|| try_out(bytes.clone()));
            let Ok(was_valid) = tried else {
                std::fs::write(&name, &bytes).expect("can be written");
                panic!("{}, mangled, panics: it is in {}", path.display(), name.display());
            };
            valid += u32::from(was_valid);
            all += 1;
        }
    }
    assert!(valid > all / 20, "only {valid} of {all} are still valid: what is run is too little");
}

#[test]
fn files_that_extend_each_other_end() {
    let small = super::SMALL;
    let a = format!("extends: b.yaml\n{small}");
    for (b, path) in [(format!("extends: a.yaml\n{small}"), "a.yaml"), (format!("extends: b.yaml\n{small}"), "b.yaml")]
    {
        let files = Memory::of("a.yaml", &a).and("b.yaml", &b);
        let report = load(&files, path, &[], None).expect_err("it has no end");
        assert!(report.render(false).contains("extends"), "{}", report.render(false));
    }
    let mut chain = Memory::of("0.yaml", small);
    for number in 1..2000 {
        chain = chain.and(&format!("{number}.yaml"), &format!("extends: {}.yaml\nquestion: Is it long?\n", number - 1));
    }
    // Long, and with an end: read or refused, as long as it does not overflow the stack.
    if let Err(report) = load(&chain, "1999.yaml", &[], None) {
        assert!(report.counts().0 > 0);
    }
    for path in ["/", "..", "../../../..", "", "\0", "a.yaml/b", "http://x/y.yaml"] {
        let text = format!("extends: {path:?}\n{small}");
        assert!(load(&Memory::of("a.yaml", &text), "a.yaml", &[], None).is_err(), "{path:?}");
    }
}

#[test]
fn bombs_are_defused() {
    let long = "x".repeat(1 << 20);
    let level = |n: usize| format!("a{n}: &a{n} {{x: *a{m}, y: *a{m}, z: *a{m}}}\n", m = n - 1);
    let bombs = [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(50_000),
        "? ".repeat(50_000),
        (0..3000).map(|n| format!("{}k{n}:\n", " ".repeat(n))).collect(),
        "a0: &a0 {x: 1}\n".to_owned() + &(1..40).map(level).collect::<String>(),
        "a: &a [*a, *a]\n".to_owned(),
        format!("{long}: {long}\n"),
        format!("scenario: {long}\nquestion: {long}\n{long}: 1\n"),
        (0..5_000).map(|n| format!("k{n}: 1\n")).collect(),
        "k: 1\n".repeat(5_000),
        format!("expect: [\"{}1{}\"]\n", "(".repeat(50_000), ")".repeat(50_000)),
        format!("expect: [\"{}1\"]\n", "not ".repeat(50_000)),
        format!("expect: [\"1{}\"]\n", " + 1".repeat(50_000)),
        format!("expect: [\"1 < 2{}\"]\n", " and 1 < 2".repeat(20_000)),
        format!(
            "services: {{web: {{workers: 1, endpoints: {{get: {{steps: {}work: 1ms{}}}}}}}}}\n",
            "[{steps: ".repeat(300),
            "}]".repeat(300)
        ),
        "\u{feff}\u{feff}\u{0}\u{85}\u{2028}".repeat(1000),
    ];
    for (number, bomb) in bombs.into_iter().enumerate() {
        assert!(!try_out(format!("{}{bomb}", super::SMALL).into_bytes()), "bomb {number}");
        assert!(!try_out(bomb.into_bytes()), "bomb {number}, alone");
    }
}
