//! What every form of the terminal keeps, at every width: no line is wider than the terminal, and columns do not run together.

use super::table::cells_of;
use super::{Style, capacity, compare, run_summary, sentence, sweep};
use crate::check::lines::lines;
use crate::truth::{self, Verified};
use crate::{experiment, sample};
use sim_core::results::Verdict;
use sim_core::results::gate::CheckedFile;

/// Every form, of invented results.
fn forms(style: Style) -> Vec<(&'static str, String)> {
    let source = sample::source();
    let mut with_experiments = sample::study();
    with_experiments.summary.experiments = vec![experiment::tests::experiment(40, 39, 0, Verdict::Broken)];
    let mut odd = sample::study();
    // Numbers of many digits, and names that are longer than a line.
    odd.endpoint_series[0].p99_s.fill(Some(sim_core::results::Estimate::exact(1_234_567.0)));
    odd.tails.clear();
    odd.summary.promises[0].name = "a-name-that-is-longer-than-any-line-of-a-terminal-has-room-for-at-all".into();
    let checked = CheckedFile { file: "scenarios/a-long-folder/checkout.yaml".into(), outcome: Ok(sample::checked()) };
    let mut stopped = sample::study();
    stopped.summary.stopped_early = Some(sim_core::results::StoppedEarly { first: 64, most: 512 });
    let verified = [Verified {
        name: "queueing/mm1".into(),
        file: "a.yaml".into(),
        source: source.question.clone(),
        summary: sample::study().summary,
    }];
    vec![
        ("run", run_summary(&sample::study(), &source, &style)),
        ("run with odd numbers", run_summary(&odd, &source, &style)),
        ("run with experiments", run_summary(&with_experiments, &source, &style)),
        ("sweep by a grid", sweep::summary(&sample::sweep::grid(), &source, &style)),
        ("sweep by points", sweep::summary(&sample::sweep::cloud(), &source, &style)),
        ("capacity", capacity::summary(&sample::capacity::search(), &source, &style)),
        ("compare", compare::summary(&sample::compare::comparison(), &style)),
        ("check", lines(std::slice::from_ref(&checked), None, &style)),
        ("verify", truth::table(&verified, &style)),
        ("run in a sentence", sentence::of_run(&stopped, &style)),
        ("run that was stopped", run_summary(&stopped, &source, &style)),
        ("compare in a sentence", sentence::of_comparison(&sample::compare::comparison(), &style)),
        ("sweep in a sentence", sentence::of_sweep(&sample::sweep::grid(), &style)),
        ("capacity in a sentence", sentence::of_capacity(&sample::capacity::search(), &style)),
        ("check in a sentence", crate::check::in_a_sentence(&[checked], &style)),
        ("verify in a sentence", crate::truth::in_a_sentence(&verified, &style)),
    ]
}

#[test]
fn no_line_of_any_form_is_wider_than_the_terminal() {
    for width in [60, 66, 72, 80, 92, 100, 140] {
        for plain in [true, false] {
            for (form, text) in forms(Style { colour: false, plain, width }) {
                let wide = text.lines().find(|line| line.chars().count() > width.min(100));
                assert_eq!(wide, None, "{form} at {width}:\n{text}");
            }
        }
    }
}

/// Where columns run together, a line has fewer cells than its head.
#[test]
fn columns_of_numbers_do_not_run_together() {
    for width in [60, 80, 100] {
        for (form, text) in forms(Style { colour: false, plain: true, width }) {
            for block in
                text.split("\n\n").filter(|block| block.starts_with("Over time") || block.starts_with("Services"))
            {
                let mut lines = block.lines().skip_while(|line| line.starts_with("Over time"));
                let head = lines.next().unwrap();
                // Two times stand above a picture.
                let head = cells_of(head).len() - usize::from(block.starts_with("Services") || head.contains("0:00"));
                // The name of a fault, and a name in a line of its own, have no numbers behind them.
                let has_numbers = |line: &&str| !line.starts_with("brownout") && cells_of(line).len() > 1;
                for line in lines.filter(has_numbers).filter(|line| !line.starts_with(' ')) {
                    assert!(cells_of(line).len() > head, "{form} at {width}: {line}\n{block}");
                }
            }
        }
    }
}

const PLAIN: Style = Style { colour: false, plain: false, width: 100 };

#[test]
fn no_line_is_longer_than_a_hundred_columns() {
    let text = run_summary(&sample::study(), &sample::source(), &PLAIN);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{} {line}", line.chars().count());
    }
    assert!(text.contains("BROKEN        works"), "{text}");
}

#[test]
fn colour_changes_no_character() {
    let painted = run_summary(&sample::study(), &sample::source(), &Style { colour: true, ..PLAIN });
    let mut stripped = String::new();
    let mut inside = false;
    for c in painted.chars() {
        match (inside, c) {
            (false, '\x1b') => inside = true,
            (true, 'm') => inside = false,
            (false, c) => stripped.push(c),
            _ => {}
        }
    }
    assert_eq!(stripped, run_summary(&sample::study(), &sample::source(), &PLAIN));
}

#[test]
fn plain_draws_in_ascii_and_a_narrow_terminal_has_fewer_columns() {
    let style = Style { colour: false, plain: true, width: 100 };
    let text = run_summary(&sample::study(), &sample::source(), &style);
    assert!(text.contains("****"), "{text}");
    for (form, text) in forms(style) {
        assert!(!text.contains(['▁', '▇', '█', '░']), "{form}: {text}");
    }
    let text = run_summary(&sample::study(), &sample::source(), &Style { width: 70, ..style });
    assert!(!text.contains("kept in runs"), "{text}");
}
