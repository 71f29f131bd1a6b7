//! What the serde and schema code of all quantities shares.

/// What the serde and schema code shares: how a quantity is called, and what its text looks like.
pub(super) trait Quantity: Sized {
    /// With its article: `a rate`.
    const NAME: &'static str;
    /// Follows "expected": `a rate such as 800/s, 48000/min`.
    const EXPECTED: &'static str;

    /// Reads the text of a scenario file; the error has up to three lines.
    fn read(text: &str) -> Result<Self, String>;
}
