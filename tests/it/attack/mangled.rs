//! The whole path from a mangled file to its report: scenarios over the whole language and files that extend them, damaged by words and bytes,
//! through every study. The program is built with overflow checks here. It may refuse, hold or break; it may not crash.
//!
//! `MANGLE_SECONDS=3600` goes on as long, from `MANGLE_SEED=1` on or any other; a failure prints the command that repeats it.

use crate::program::Folder;
use crate::swarm::dice::Dice;
use crate::swarm::scenario;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Seconds that the suite spends on it.
const SECONDS: u64 = 25;

/// A command that takes longer is stopped, and counted: what is slow is no crash.
const PATIENCE: Duration = Duration::from_secs(10);

/// Values of every kind, for places that want another.
const VALUES: &[&str] = &[
    "{}",
    "[]",
    "null",
    "~",
    "true",
    "''",
    "0",
    "-1",
    "1",
    "2",
    "1e400",
    "NaN",
    "18446744073709551616",
    "0s",
    "1ns",
    "10000year",
    "0/s",
    "1/year",
    "999T/s",
    "0%",
    "100%",
    "$0",
    "$-1/h",
    "5G",
    "100k",
    "unlimited",
    "all",
    "web",
    "web.get",
    "a.b.c",
    "[[1]]",
    "{exponential: {mean: 0s}}",
    "{exponential: {mean: 1ns}}",
    "{pareto: {min: 1ns, shape: 0.0001}}",
    "{lognormal: {p50: 1ns, p99: 10000year}}",
    "&a 1",
    "*a",
    "!x {}",
    "|",
    ">-",
    "\"\\u0000\"",
    "\u{202e}x",
    "1 < 2",
    "p99(web.get) < 1s",
    "99999999999999s",
    "1s",
    "3",
    "random",
    "crash",
    "0.5",
    "1ms",
    "10",
    "50%",
];

/// A damaged text.
fn mangled(text: &str, dice: &mut Dice) -> Vec<u8> {
    let mut text = text.to_owned();
    for _ in 0..=dice.below(3) {
        let is_word = |c: char| c.is_alphanumeric() || "._-%/$".contains(c);
        let words: Vec<&str> = text.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).collect();
        let places: Vec<(usize, usize)> =
            words.iter().map(|w| (w.as_ptr() as usize - text.as_ptr() as usize, w.len())).collect();
        let (at, length) = *dice.pick(&places);
        let other = if dice.chance(50) { (*dice.pick(VALUES)).to_owned() } else { (*dice.pick(&words)).to_owned() };
        text.replace_range(at..at + length, &other);
    }
    let mut bytes = text.into_bytes();
    if dice.chance(15) {
        let (at, bit) = (dice.below(bytes.len()), dice.below(8));
        bytes[at] ^= 1 << bit;
    }
    if dice.chance(5) {
        bytes.truncate(dice.below(bytes.len()));
    }
    bytes
}

const OVER: &str = "\
extends: base.yaml
run: {duration: 2s, warm_up: 1s, replications: 2, bounds: {events: 200k}}
variants:
  other: {run.duration: 3s, run.seed: 5}
studies:
  knob: {ask: {sweep: {over: {run.warm_up: {list: [0s, 1s]}, run.seed: {range: {from: 1, to: 3}}}}}}
  two: {ask: {compare: {baseline: base, against: [other]}}}
";

/// Runs the program; `None` where it took too long.
fn run(folder: &Folder, arguments: &[&str]) -> Option<(Option<i32>, String)> {
    let err = std::fs::File::create(folder.join("stderr")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_windtunnel"));
    command.args(arguments).current_dir(&folder.0).stdout(Stdio::null()).stderr(err);
    let mut child = command.spawn().unwrap();
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            break None;
        }
        std::thread::sleep(Duration::from_millis(4));
    };
    let said = String::from_utf8_lossy(&std::fs::read(folder.join("stderr")).unwrap()).into_owned();
    status.map(|status| (status.code(), said))
}

#[test]
fn no_damage_crashes_any_study() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seconds, first) = (number("MANGLE_SECONDS").unwrap_or(SECONDS), number("MANGLE_SEED").unwrap_or(1));
    let folder = Folder::new("attack-mangled");
    let (begun, mut tried, mut ran, mut slow) = (Instant::now(), 0_u32, 0_u32, 0_u32);
    let mut seed = first;
    while begun.elapsed() < Duration::from_secs(seconds) || seed == first {
        let mut dice = Dice::new(seed ^ 0x3a3a_0000);
        let base = scenario(1 + dice.number(0, 499)).text();
        let (damaged_base, damaged_over) = match dice.below(3) {
            0 => (mangled(&base, &mut dice), OVER.as_bytes().to_vec()),
            1 => (base.into_bytes(), mangled(OVER, &mut dice)),
            _ => (mangled(&base, &mut dice), mangled(OVER, &mut dice)),
        };
        std::fs::write(folder.join("base.yaml"), damaged_base).unwrap();
        std::fs::write(folder.join("over.yaml"), damaged_over).unwrap();
        let few = ["--replications", "2", "--threads", "1"];
        let knob = ["--for", "services.web.workers=1..2", "--no-knee", "--budget", "4", "--out", "o/c"];
        let commands: [(&[&str], &[&str]); 7] = [
            (&["run", "over.yaml", "--out", "o/r"], &few),
            (&["report", "o/r"], &[]),
            (
                &[
                    "check",
                    ".",
                    "--junit",
                    "o/j.xml",
                    "--sarif",
                    "o/s.sarif",
                    "--baseline",
                    "b.json",
                    "--update-baseline",
                ],
                &few,
            ),
            (&["sweep", "over.yaml", "--study", "knob", "--out", "o/s", "--fresh"], &few),
            (&["report", "o/s"], &[]),
            (&["compare", "over.yaml", "--study", "two", "--out", "o/p"], &few),
            (&["capacity", "over.yaml"], &[&knob[..], &few].concat()),
        ];
        for (command, more) in commands {
            let arguments = [command, more].concat();
            tried += 1;
            let Some((status, said)) = run(&folder, &arguments) else {
                slow += 1;
                continue;
            };
            let is_well = status.is_some_and(|status| (0..=3).contains(&status)) && !said.contains("panicked");
            let again =
                format!("MANGLE_SEED={seed} MANGLE_SECONDS=0 cargo test -p windtunnel --test it attack::mangled");
            let files = || {
                ["base.yaml", "over.yaml"]
                    .map(|name| String::from_utf8_lossy(&std::fs::read(folder.join(name)).unwrap()).into_owned())
            };
            assert!(is_well, "{again}\n{arguments:?}: {status:?}\n{said}\n{}", files().join("\n---\n"));
            ran += u32::from(status != Some(2));
        }
        let _ = std::fs::remove_dir_all(folder.join("o"));
        let _ = std::fs::remove_file(folder.join("b.json"));
        seed += 1;
    }
    assert!(seconds < 30 || ran > 0, "{tried} commands, of which none was run");
    eprintln!("{tried} commands on seeds {first} to {}: {ran} ran, {slow} were stopped after {PATIENCE:?}", seed - 1);
}
