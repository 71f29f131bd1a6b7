//! What a report says, before it is laid out: a page of sections, and sections of blocks.
//!
//! `studies` has one for each kind of study; `html` and `markdown` lay it out. So both say the same, and a new kind of page needs no
//! template. All text here is plain: who lays it out escapes it. Figures have no numbers yet; they are numbered in the order in which
//! they stand on the page.

pub mod finding;
pub mod section;
pub mod sentence;

use crate::figures::{DataTable, Figure};
use finding::Finding;
use sentence::Piece;
use sim_core::results::{Estimate, Verdict};
use std::borrow::Cow;

/// A report.
#[derive(Debug, Clone)]
pub struct Page {
    /// What kind of report it is, in its head: `run report`.
    pub kind: &'static str,
    /// What it is about.
    pub title: String,
    /// What is asked.
    pub question: String,
    /// The answer, a sentence.
    pub answer: Vec<Piece>,
    /// How it was found: replications, intervals.
    pub meta: String,
    /// From top to bottom.
    pub sections: Vec<Section>,
    /// The windows that one cursor reads in all figures over time; `None` if there are none.
    pub time: Option<Windows>,
}

impl Page {
    /// Puts a section behind the last of those that have one of these ids, and at the end where none has.
    pub fn put_behind(&mut self, ids: &[&str], section: Section) {
        let last = self.sections.iter().rposition(|section| ids.contains(&&*section.id));
        self.sections.insert(last.map_or(self.sections.len(), |place| place + 1), section);
    }
}

/// Windows of one length, one behind the other.
#[derive(Debug, Clone)]
pub struct Windows {
    /// Where each begins [s].
    pub from_s: Vec<f64>,
    /// Length [s].
    pub length_s: f64,
}

/// A section with its heading.
#[derive(Debug, Clone)]
pub struct Section {
    /// Its anchor.
    pub id: Cow<'static, str>,
    /// As the list of contents names it.
    pub contents: Cow<'static, str>,
    /// Its heading.
    pub head: String,
    /// From top to bottom.
    pub blocks: Vec<Block>,
}

/// A part of a section.
#[derive(Debug, Clone)]
pub enum Block {
    /// What to know before one reads on.
    Lede(String),
    /// How the page is used, where it can be: not in print, not in Markdown.
    Usage(String),
    /// A remark.
    Remark(String),
    /// Verdicts, the worst first.
    Verdicts(Vec<Judged>),
    /// What is worth looking at.
    Findings(Vec<Finding>),
    /// A figure with its tables.
    Figure(Box<Figure>),
    /// A table that stands for itself.
    Table(LoneTable),
    /// Names and values.
    Facts(Vec<Fact>),
    /// Folded away under a line in which words between backticks are code.
    Folded(String, Vec<Block>),
    /// A file as it was read: its name and its text.
    Text(String, String),
}

/// A promise, clause or setting, and what became of it.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Held, broken or inconclusive.
    pub verdict: Verdict,
    /// The word for it.
    pub word: &'static str,
    /// What was to be, as a sentence.
    pub says: String,
    /// Its name; empty where that says no more.
    pub name: String,
    /// What was seen, and how far that is from what was promised: names and values.
    pub facts: Vec<(String, String)>,
    /// One sentence of context; may be empty.
    pub note: String,
    /// Runs that keep it, and runs that could be judged.
    pub kept: (u32, u32),
    /// The probability that a run keeps it; `None` without data.
    pub share: Option<Estimate>,
    /// The share of runs that has to keep it, from 0 to 1.
    pub needed: f64,
}

/// A table that is not part of a figure.
#[derive(Debug, Clone)]
pub struct LoneTable {
    /// Its title and what it lists: the first words in bold, and the rest; `None` where the section's heading says it.
    pub title: Option<(String, (String, String))>,
    /// How its cells are read.
    pub cells: CellForm,
    /// What it holds.
    pub table: DataTable,
}

/// How the cells of a table are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellForm {
    /// Numbers behind a name.
    Numbers,
    /// Numbers behind a call, `caller->callee`.
    Calls,
    /// Numbers behind a name, and words in the last column.
    Reasons,
}

/// A name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What it has.
    pub value: String,
    /// Whether the value is something to type or to compare letter by letter.
    pub code: bool,
}

impl Fact {
    /// A value in words.
    pub fn new(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into(), code: false }
    }

    /// A value letter by letter.
    pub fn code(name: &str, value: impl Into<String>) -> Self {
        Self { code: true, ..Self::new(name, value) }
    }
}

impl Page {
    /// All blocks, those that are folded away too, from top to bottom.
    pub fn blocks(&self) -> Vec<&Block> {
        fn walk<'a>(blocks: &'a [Block], all: &mut Vec<&'a Block>) {
            for block in blocks {
                all.push(block);
                if let Block::Folded(_, inside) = block {
                    walk(inside, all);
                }
            }
        }
        let mut all = Vec::new();
        self.sections.iter().for_each(|section| walk(&section.blocks, &mut all));
        all
    }

    /// All figures, in the order of their numbers.
    pub fn figures(&self) -> Vec<&Figure> {
        self.blocks()
            .into_iter()
            .filter_map(|block| match block {
                Block::Figure(figure) => Some(figure.as_ref()),
                _ => None,
            })
            .collect()
    }

    /// The number of a figure, from 1.
    pub fn number(&self, id: &str) -> Option<usize> {
        self.figures().iter().position(|f| f.id == id).map(|at| at + 1)
    }
}
