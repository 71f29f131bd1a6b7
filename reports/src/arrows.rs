//! Arrows of calls.

/// A call as people read it, which breaks over lines at the arrow only.
pub fn arrows(text: &str) -> String {
    text.replace("->", " \u{2192}\u{a0}")
}
