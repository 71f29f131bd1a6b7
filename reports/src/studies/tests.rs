//! What every form of the terminal keeps, at every width: no line is wider than the terminal, and columns do not run together.

use super::ALL;
use super::run::{RunAnswer, sample};
use crate::answer::Answer;
use crate::terminal::Style;
use crate::terminal::table::cells_of;

/// Every form, of invented results.
fn forms(style: Style) -> Vec<(&'static str, String)> {
    ALL.iter().flat_map(|kind| (kind.forms)(&style)).collect()
}

/// The summary of the sample of a run.
fn summary(style: Style) -> String {
    RunAnswer { study: &sample::study(), source: &sample::source() }.terminal(&style)
}

#[test]
fn every_study_has_its_forms_and_a_report_that_the_tests_look_at() {
    for kind in ALL {
        assert!((kind.forms)(&Style { colour: false, plain: true, width: 80 }).len() >= 2, "{}", kind.command);
        assert_eq!((kind.pages)().is_empty(), kind.results.is_none(), "{}", kind.command);
    }
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
    let text = summary(PLAIN);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{} {line}", line.chars().count());
    }
    assert!(text.contains("BROKEN        works"), "{text}");
}

#[test]
fn colour_changes_no_character() {
    let painted = summary(Style { colour: true, ..PLAIN });
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
    assert_eq!(stripped, summary(PLAIN));
}

#[test]
fn plain_draws_in_ascii_and_a_narrow_terminal_has_fewer_columns() {
    let style = Style { colour: false, plain: true, width: 100 };
    let text = summary(style);
    assert!(text.contains("****"), "{text}");
    for (form, text) in forms(style) {
        assert!(!text.contains(['▁', '▇', '█', '░']), "{form}: {text}");
    }
    let text = summary(Style { width: 70, ..style });
    assert!(!text.contains("kept in runs"), "{text}");
}

/// What was observed matters more than what is promised, which stands in the file.
#[test]
fn the_narrowest_terminal_shows_what_was_observed_of_a_promise() {
    for width in [60, 72, 80, 100] {
        let text = summary(Style { colour: false, plain: false, width });
        let head = text.lines().find(|line| line.starts_with("Promises")).unwrap_or_else(|| panic!("{text}"));
        assert!(cells_of(head).contains(&"observed"), "{width}: {text}");
    }
}
