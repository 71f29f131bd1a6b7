//! The error of the deserializer: what is wrong, and the way to it.
//!
//! serde makes an error where it notices one, without a place. On its way up, each map and list adds its step, and the innermost
//! value or key that it passes gives its place. Errors of quantities hold up to three lines: what is wrong, what was expected,
//! what to type instead.

use super::node::{Part, Span};
use super::otherwise::said_otherwise;
use serde::de::{self, Expected, Unexpected};
use sim_core::problem::{Problem, nearest};
use std::fmt;

/// What went wrong with one value.
#[derive(Debug, Clone)]
pub struct ReadError(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    message: String,
    label: Option<String>,
    hint: Option<String>,
    missing: Option<String>,
    span: Option<Span>,
    /// The innermost step first.
    way: Vec<Part>,
}

impl ReadError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            message: message.into(),
            label: None,
            hint: None,
            missing: None,
            span: None,
            way: vec![],
        }))
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.0.label = Some(label.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Gives it a place, unless something deeper has done so.
    pub(crate) fn located(mut self, span: Span) -> Self {
        self.0.span.get_or_insert(span);
        self
    }

    /// Adds a step of the way, seen from above.
    pub(crate) fn within(mut self, part: Part) -> Self {
        self.0.way.push(part);
        self
    }

    /// The way from the root to the faulty node.
    pub fn parts(&self) -> Vec<Part> {
        self.0.way.iter().rev().cloned().collect()
    }

    /// The key that was not written, if that is what is wrong.
    pub fn missing(&self) -> Option<&str> {
        self.0.missing.as_deref()
    }

    /// Where it is.
    pub fn span(&self) -> Option<Span> {
        self.0.span
    }

    /// As a problem at its path.
    pub fn problem(&self) -> Problem {
        let path: Vec<String> = self
            .parts()
            .into_iter()
            .map(|part| match part {
                Part::Key(key) => key,
                Part::Index(index) => index.to_string(),
            })
            .collect();
        let mut problem = Problem::error(path.join("."), self.0.message.clone());
        problem.label.clone_from(&self.0.label);
        problem.hint.clone_from(&self.0.hint);
        problem
    }

    fn choice(message: String, what: &str, name: &str, known: &'static [&'static str]) -> Self {
        let label = match known {
            [] => format!("there are no {what} here"),
            known => format!("{what} here: {}", known.join(", ")),
        };
        if let Some(write) = said_otherwise(name) {
            return Self::new(message).label(label).hint(write);
        }
        let near = nearest(name, known.iter().copied());
        let fault = Self::new(message).label(label);
        match near {
            Some(near) => fault.hint(format!("did you mean {near}?")),
            None => fault,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let text = message.to_string();
        let mut lines = text.splitn(3, '\n').map(str::trim);
        let mut fault = Self::new(lines.next().unwrap_or_default());
        fault.0.label = lines.next().filter(|l| !l.is_empty()).map(str::to_owned);
        fault.0.hint = lines.next().filter(|l| !l.is_empty()).map(str::to_owned);
        fault
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = match unexpected {
            Unexpected::Str(text) if is_whole(text) => "this number is too large here".to_owned(),
            other => format!("{} does not fit here", found(&other)),
        };
        let fault = Self::new(message).label(format!("expected {}", wanted(expected)));
        match (meant(expected), unexpected) {
            (Some((outer, key)), Unexpected::Unsigned(number)) => {
                fault.hint(format!("write {outer}: {{{key}: {number}}}"))
            }
            (Some((outer, key)), Unexpected::Str(text)) if text.chars().next().is_some_and(|c| c.is_ascii_digit()) => {
                fault.hint(format!("write {outer}: {{{key}: {text}}}"))
            }
            _ => fault,
        }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let message = match unexpected {
            Unexpected::Signed(n) if n < 0 => "a negative number does not fit here".to_owned(),
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "this number is too large here".to_owned(),
            other => format!("{} does not fit here", found(&other)),
        };
        Self::new(message).label(format!("expected {}", wanted(expected)))
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        Self::choice(format!("\"{variant}\" is not known here"), "words", variant, known)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        let fault = Self::choice(format!("unknown key \"{field}\""), "keys", field, known);
        if field == "<<" {
            fault.hint("merge keys are not part of the language: use defaults, policies or extends")
        } else {
            fault
        }
    }

    fn missing_field(field: &'static str) -> Self {
        let mut fault = Self::new(format!("the key \"{field}\" is missing")).label(format!("needs {field}"));
        fault.0.missing = Some(field.to_owned());
        fault
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(format!("\"{field}\" is written twice"))
    }
}

/// Whether the text is a whole number; the reader hands over as text what does not fit into 64 bits.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// What was found, in the words of the file.
fn found(unexpected: &Unexpected<'_>) -> String {
    match unexpected {
        Unexpected::Bool(value) => format!("{value} (a truth value)"),
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a bare number".to_owned(),
        Unexpected::Float(_) => "a number with a fraction".to_owned(),
        Unexpected::Str(text) => format!("the text \"{text}\""),
        Unexpected::Unit | Unexpected::Option => "an empty value".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map | Unexpected::NewtypeStruct => "a map".to_owned(),
        Unexpected::UnitVariant => "a bare word".to_owned(),
        Unexpected::NewtypeVariant | Unexpected::TupleVariant | Unexpected::StructVariant => {
            "a kind with settings".to_owned()
        }
        other => other.to_string(),
    }
}

/// The key that a single value in the place of settings is meant for, with the key of the settings: `retry: 3` means attempts.
fn meant(expected: &dyn Expected) -> Option<(&'static str, &'static str)> {
    match expected.to_string().as_str() {
        "struct RetrySettings" => Some(("retry", "max_attempts")),
        _ => None,
    }
}

/// What was expected, in the words of the file: serde's own words name Rust types.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a string" => "text".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if text.starts_with("struct ") || text.starts_with("tuple struct ") => "a map with settings".to_owned(),
        _ if text.starts_with("enum ") => "a word, or a map with one key".to_owned(),
        _ if text.starts_with("unit variant") => "a bare word, without settings".to_owned(),
        _ => text,
    }
}
