//! How text is printed: its colours, its characters, and how wide it is.

use super::fit;
use super::text::{ascii, wrap};
use crate::words;
use sim_core::results::Verdict;

/// Sentences wrap here.
const WRAP: usize = 96;
/// Columns that are used of a wide terminal.
const WIDEST: usize = 100;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether escape codes colour verdicts, headings and paths.
    pub colour: bool,
    /// Draws bars in ASCII.
    pub plain: bool,
    /// Columns; at most 100 are used, and where there are few, columns of tables are dropped from the right.
    pub width: usize,
}

impl Style {
    pub(crate) fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn verdict(self, verdict: Verdict, width: usize) -> String {
        self.verdict_as(verdict, words::word(verdict), width)
    }

    /// A verdict in another word, in capitals.
    pub(crate) fn verdict_as(self, verdict: Verdict, word: &str, width: usize) -> String {
        self.word_as(verdict, &word.to_uppercase(), width)
    }

    /// A word in the colour of a verdict, as it is written.
    pub(crate) fn word_as(self, verdict: Verdict, word: &str, width: usize) -> String {
        let pad = " ".repeat(width.saturating_sub(word.chars().count()));
        self.paint(code_of(verdict), word) + &pad
    }

    /// Columns that a line may have.
    pub(crate) fn columns(self) -> usize {
        WIDEST.min(self.width.max(20))
    }

    pub(crate) fn sentence_width(self) -> usize {
        WRAP.min(self.width.max(20))
    }

    /// Levels from 0 to 1 as bars, each a character.
    pub(crate) fn bars(self, levels: &[Option<f64>]) -> String {
        let bars = if self.plain {
            ['_', '.', '-', '=', '+', '*', '#']
        } else {
            ['▁', '▂', '▃', '▄', '▅', '▆', '▇']
        };
        levels.iter().map(|l| l.map_or(' ', |l| bars[((l.clamp(0.0, 1.0) * 6.0).round()) as usize])).collect()
    }

    /// What is full of a bar, and what is empty.
    pub(crate) fn full_and_empty(self) -> (char, char) {
        if self.plain { ('#', '.') } else { ('█', '░') }
    }

    /// What a terminal shows: without no-break spaces and true minuses, and with no line longer than it is wide.
    pub(crate) fn finish(self, text: &str) -> String {
        fit::fit(&ascii(text), self.width)
    }
}

fn code_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Broken => "1;38;5;130",
        Verdict::Inconclusive => "33",
        Verdict::Held => "32",
    }
}

/// A sentence at the width of the terminal.
pub fn say(text: &str, style: &Style) -> String {
    style.finish(&wrap(text, "", style.sentence_width()))
}
