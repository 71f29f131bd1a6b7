//! Why a report could not be made.

use std::fmt;

/// Why a report could not be made.
#[derive(Debug)]
pub enum ReportError {
    /// The results cannot be written as JSON.
    Json(serde_json::Error),
    /// The page's template failed.
    Page(minijinja::Error),
    /// A figure cannot be made a picture.
    Picture(String),
    /// A table cannot be written.
    Table(String),
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(_) => f.write_str("the results cannot be written as JSON"),
            Self::Page(_) => f.write_str("the page cannot be laid out"),
            Self::Picture(why) => write!(f, "a figure cannot be made a picture: {why}"),
            Self::Table(why) => write!(f, "a table cannot be written: {why}"),
        }
    }
}

impl std::error::Error for ReportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Json(error) => Some(error),
            Self::Page(error) => Some(error),
            Self::Picture(_) | Self::Table(_) => None,
        }
    }
}

impl From<serde_json::Error> for ReportError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

impl From<minijinja::Error> for ReportError {
    fn from(error: minijinja::Error) -> Self {
        Self::Page(error)
    }
}
