//! What is worth looking at, as a block of a page.

use std::borrow::Cow;

/// A finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What happens, how much and when: one sentence.
    pub what: String,
    /// Why, or what to know; may be empty.
    pub why: String,
    /// A command worth typing.
    pub command: Option<String>,
    /// The figure where it is seen.
    pub figure: Option<Cow<'static, str>>,
    /// How much it matters; the greatest comes first.
    pub weight: f64,
}
