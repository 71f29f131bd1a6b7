//! Results to figures, findings in sentences, tables and pages. Never runs a simulation.
//!
//! `studies` has a folder for each study: its page, its tables, what a terminal shows of it, and what it finds worth saying. All of them implement
//! what `answer` asks of a study, and stand on the same ground: `numbers` and `words` write numbers and verdicts as people read them, `figures`
//! draws, `page` is a report before `html` and `markdown` lay it out, `terminal` has what every form of a terminal is made of, and `columns` makes
//! tables for other programs.

pub mod answer;
mod arrows;
mod columns;
mod error;
pub mod figures;
pub mod html;
pub mod markdown;
pub mod numbers;
pub mod page;
mod paths;
mod source;
pub mod studies;
pub mod terminal;
pub mod words;

pub use error::ReportError;
pub use source::Source;
