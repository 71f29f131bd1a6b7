//! Why a text is no expression, and where in it.

use std::fmt;

/// Why a text is no expression, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// Place in the text [bytes from its start].
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected.
    pub label: String,
    /// What to type instead.
    pub hint: Option<String>,
}

impl ExpressionError {
    /// An error at a place of a text, which is quoted from there on.
    pub fn new(text: &str, at: usize, message: impl Into<String>) -> Self {
        let rest: String = text.get(at..).unwrap_or_default().chars().take(24).collect();
        let label = if rest.is_empty() { "at the end of the text".to_owned() } else { format!("at \"{rest}\"") };
        Self { at, message: message.into(), label, hint: None }
    }

    /// The same error in a text of which its own is a part, which begins so many bytes from the start.
    #[must_use]
    pub fn moved(mut self, by: usize) -> Self {
        self.at += by;
        self
    }

    /// Says what was expected.
    #[must_use]
    pub fn label(mut self, label: &str) -> Self {
        self.label = format!("{label}, {}", self.label);
        self
    }

    /// Says what to type instead.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for ExpressionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}", self.message, self.label)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n{hint}"))
    }
}

impl std::error::Error for ExpressionError {}
