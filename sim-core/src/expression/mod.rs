//! Conditions in text: the same grammar in alerts, scaling metrics and `expect`.
//!
//! ```text
//! clause  := [always | never] or [with probability PERCENT]
//! or      := and {"or" and}      and := not {"and" not}      not := ["not"] compare
//! compare := sum [(< <= > >= == !=) sum [within PERCENT]]    sum, product: + - * / with blanks around; parentheses
//! value   := quantity | number | metric {scope}              metric := name [ "(" subject ")" ]
//! scope   := over DURATION | over last COUNT | during NAME | after NAME | before NAME | from T to T | of NAME | in VARIANT
//! ```
//!
//! Reading a text checks the grammar, the metrics and the units of both sides, and says where in the text it went wrong. Names are
//! resolved later ([`MetricRef::resolve`]), and values come from whoever evaluates: telemetry for what acts, the truth for `expect`.
//! `within` is relative to the right side. `==` with a written number that has decimals allows half of its last decimal.

mod lexer;
mod measure;
mod metric;
mod observed;
mod parser;
mod quantity;
mod resolve;
pub mod run_metrics;
mod tree;

pub use measure::{Dimension, Measure};
pub use metric::{METRICS, Metric, MetricDoc, MetricRef, Scope, SubjectKind, Window};
pub use observed::{Observed, edges_of, observe};
pub use resolve::{Group, Resolved, ScopeMeant, Subject, TimedPart, View};
pub use tree::{CompareOp, Leaf, Sides, Tree};

use crate::names::Names;
use crate::problem::Problems;
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

/// A condition: what an alert waits for.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    text: String,
    tree: Tree<MetricRef>,
}

/// A value: what a scaler holds at its target.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    text: String,
    tree: Tree<MetricRef>,
    measure: Measure,
}

/// A clause of `expect`: a condition that holds always, never, or with a probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    text: String,
    /// Whether it is judged window by window.
    pub quantifier: Option<Quantifier>,
    /// The condition.
    pub tree: Tree<MetricRef>,
    /// The share of replications that have to keep it, from 0 to 1; without, the interval of the mean decides.
    pub probability: Option<f64>,
}

/// How a clause is judged over the windows of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// True in every window.
    Always,
    /// True in no window.
    Never,
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let tree = parser::Parser::new(text)?.condition()?;
        Ok(Self { text: text.trim().to_owned(), tree })
    }

    /// The condition with ids, of metrics that telemetry delivers.
    pub fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Tree<Resolved>> {
        resolve_delivered(&self.tree, names, problems)
    }

    /// The tree as written.
    pub fn tree(&self) -> &Tree<MetricRef> {
        &self.tree
    }
}

impl Value {
    /// Reads a value.
    ///
    /// # Errors
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let (tree, measure) = parser::Parser::new(text)?.value()?;
        Ok(Self { text: text.trim().to_owned(), tree, measure })
    }

    /// What it measures.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The number itself, where nothing is measured.
    pub fn literal(&self) -> Option<f64> {
        if self.tree.metrics().is_empty() { self.tree.number(&mut |_| None) } else { None }
    }

    /// The value with ids, of metrics that telemetry delivers.
    pub fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Tree<Resolved>> {
        resolve_delivered(&self.tree, names, problems)
    }
}

impl Clause {
    /// Reads a clause.
    ///
    /// # Errors
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let (quantifier, tree, probability) = parser::Parser::new(text)?.clause()?;
        Ok(Self { text: text.trim().to_owned(), quantifier, tree, probability })
    }

    /// Checks all names against those of the scenario, and of its variants where a scope says `in`.
    pub fn check<'a>(
        &self,
        names: &'a Names,
        variant: impl Fn(&str) -> Option<&'a Names>,
        variants: &[&str],
        problems: &mut Problems,
    ) {
        for metric in self.tree.metrics() {
            let names = match metric.scope.variant.as_deref() {
                None | Some("base") => Some(names),
                Some(name) => {
                    if !variants.contains(&name) {
                        problems.unknown("", "variant", name, variants.iter().copied());
                        continue;
                    }
                    variant(name)
                }
            };
            if let Some(names) = names {
                metric.resolve(names, problems);
            }
        }
    }

    /// Names of the variants that it speaks of, besides `base`.
    pub fn variants(&self) -> Vec<&str> {
        let mut all: Vec<&str> = self.tree.metrics().iter().filter_map(|m| m.scope.variant.as_deref()).collect();
        all.retain(|name| *name != "base");
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn resolve_delivered(tree: &Tree<MetricRef>, names: &Names, problems: &mut Problems) -> Option<Tree<Resolved>> {
    tree.try_map(&mut |metric: &MetricRef| {
        metric.check_delivered(problems)?;
        metric.resolve(names, problems)
    })
}

macro_rules! text_form {
    ($type:ident, $expected:literal, $($example:literal),*) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.text)
            }
        }

        impl std::str::FromStr for $type {
            type Err = ExpressionError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(TextVisitor { read: Self::parse, expected: $expected })
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $expected, "examples": [$($example),*] })
            }
        }
    };
}

text_form!(Condition, "a condition such as error_rate(api.get) over 1m > 1%", "error_rate(api.get) over 1m > 1%");
text_form!(Value, "a metric such as cpu(api)", "cpu(api)", "rps(api) over 1m");
text_form!(
    Clause,
    "a condition such as p99(api.get) < 300ms",
    "p99(api.get) < 300ms",
    "recovery(api.get) after cut < 60s with probability 95%"
);

/// Reads text; a bare number is the text that it would be.
struct TextVisitor<T> {
    read: fn(&str) -> Result<T, ExpressionError>,
    expected: &'static str,
}

impl<T> serde::de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}
