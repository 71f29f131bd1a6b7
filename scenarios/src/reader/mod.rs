//! From text to checked values: a tree with places, and a serde deserializer that walks it.
//!
//! `parse` makes a [`Node`] tree in which every key and value knows its place; `scalar` says what a bare word means; `de` feeds
//! the tree to the settings of the families; `gather` does so again and again, leaving out what was wrong, until all problems
//! are known; `diagnostics` prints them under the line that they are about.
//!
//! The tree is made from the events of `granit-parser`, the parser under serde-saphyr, and not by serde-saphyr itself: the
//! latter gives the beginning of a value but not its end, no place for keys, stops at the first duplicate key, and hands over
//! numbers whose text is lost. A caret under the exact characters, and all problems at once, need all four.

pub mod de;
pub mod diagnostics;
pub mod gather;
pub mod node;
pub mod otherwise;
pub mod parse;
pub mod read_error;
pub mod scalar;

pub use diagnostics::{Placed, Report, SET, Sources};
pub use gather::{Gathered, gather};
pub use node::{Entry, FileId, Node, Scalar, Span, Value, flow_word};
pub use parse::parse;
