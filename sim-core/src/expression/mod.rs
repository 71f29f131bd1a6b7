//! Conditions in text: the same grammar in alerts, scaling metrics and `expect`.
//!
//! ```text
//! clause  := [always | never] or [with probability PERCENT]
//! or      := and {"or" and}      and := not {"and" not}      not := ["not"] compare
//! compare := sum [(< <= > >= == !=) sum [within (PERCENT | QUANTITY | NUMBER points)]]
//! sum, product: + - * / with blanks around; parentheses
//! value   := quantity | number | metric {scope}              metric := name [ "(" subject ")" ]
//! scope   := over DURATION | over last COUNT | during NAME | after NAME | before NAME | from T to T | of NAME | in VARIANT
//! ```
//!
//! Reading a text checks the grammar, the metrics and the units of both sides, and says where in the text it went wrong. Names are
//! resolved later ([`MetricRef::resolve`]), and values come from whoever evaluates: telemetry for what acts, the truth for `expect`.
//! `within 2%` is relative to the right side, `within 5ms` and, of shares, `within 0.5 points` are not. `==` with a written number that has
//! decimals allows half of its last decimal.

mod doc;
mod error;
mod halves;
mod intended;
mod lexer;
mod links;
mod listed;
mod meant;
mod measure;
mod metric;
mod named;
mod parser;
mod quantity;
mod resolve;
mod scope;
mod sentence;
mod tree;
mod written;

pub use doc::MetricDoc;
pub use error::ExpressionError;
pub use halves::Halves;
pub use listed::METRICS;
pub use meant::{Group, LevelSubject, Resolved, ScopeMeant, Subject, View};
pub use measure::{Dimension, Measure};
pub use metric::{Metric, MetricRef, Scope, SubjectKind, Window};
pub use quantity::{Quantity, read as read_quantity};
pub use tree::{CompareOp, Leaf, Quantifier, Sides, Tree, Within};

use crate::names::{Names, Objective};
use crate::problem::Problems;
use crate::units::SimDuration;
use std::fmt;

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
    /// The condition as it was read.
    pub tree: Tree<MetricRef>,
    /// The share of replications that have to keep it, from 0 to 1; without, the interval of the mean decides.
    pub probability: Option<f64>,
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
        resolve_delivered(&self.tree, names, &[], problems)
    }

    /// The condition with ids, of metrics that telemetry delivers, and of those that the reader knows by itself.
    pub fn compile_knowing(&self, knows: &[Metric], names: &Names, problems: &mut Problems) -> Option<Tree<Resolved>> {
        resolve_delivered(&self.tree, names, knows, problems)
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

    /// The tree as written.
    pub fn tree(&self) -> &Tree<MetricRef> {
        &self.tree
    }

    /// The number itself, where nothing is measured.
    pub fn literal(&self) -> Option<f64> {
        if self.tree.metrics().is_empty() { self.tree.number(&mut |_| None) } else { None }
    }

    /// Names of the variants that it speaks of, besides `base`.
    pub fn variants(&self) -> Vec<&str> {
        self.tree.variants()
    }

    /// The value with ids, of metrics that telemetry delivers.
    pub fn compile(&self, names: &Names, problems: &mut Problems) -> Option<Tree<Resolved>> {
        resolve_delivered(&self.tree, names, &[], problems)
    }
}

impl Clause {
    /// Whether it says, alone or beside other conditions, that a promise of the scenario itself is not held.
    pub fn denies(&self, promise: &str) -> bool {
        self.quantifier.is_none() && denies(&self.tree, promise)
    }

    /// The same clause, with other metrics in its tree: its text stays as written.
    #[must_use]
    pub fn scoped(&self, metric: &dyn Fn(&MetricRef) -> MetricRef) -> Self {
        let tree = self.tree.try_map(&mut |one| Some(metric(one)));
        Self { tree: tree.unwrap_or_else(|| self.tree.clone()), ..self.clone() }
    }

    /// Reads a clause.
    ///
    /// # Errors
    /// What is wrong, and where in the text.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let (quantifier, tree, probability) = parser::Parser::new(text)?.clause()?;
        Ok(Self { text: text.trim().to_owned(), quantifier, tree, probability })
    }

    /// Names of the variants that it speaks of, besides `base`.
    pub fn variants(&self) -> Vec<&str> {
        self.tree.variants()
    }
}

fn denies(tree: &Tree<MetricRef>, promise: &str) -> bool {
    match tree {
        Tree::And(left, right) => denies(left, promise) || denies(right, promise),
        Tree::Not(inner) => {
            let is_held = |metric: &MetricRef| metric.metric == Metric::Held && metric.scope == Scope::default();
            matches!(&**inner, Tree::Metric(held) if is_held(held) && held.subject.as_deref() == Some(promise))
        }
        _ => false,
    }
}

fn resolve_delivered(
    tree: &Tree<MetricRef>,
    names: &Names,
    knows: &[Metric],
    problems: &mut Problems,
) -> Option<Tree<Resolved>> {
    tree.try_map(&mut |metric: &MetricRef| {
        metric.check_delivered(knows, problems)?;
        let mut resolved = metric.resolve(names, problems)?;
        if matches!(metric.metric, Metric::BudgetLeft | Metric::BudgetSpent) && resolved.scope.window.is_none() {
            resolved.scope.window = Some(Window::Over(budget_period(metric, &resolved, problems)?));
        }
        Some(resolved)
    })
}

/// Over which a budget is reckoned where nothing is said: the period of its promise.
fn budget_period(metric: &MetricRef, resolved: &Resolved, problems: &mut Problems) -> Option<SimDuration> {
    if let Subject::Promise(_, Some(Objective { period: Some(period), .. })) = resolved.subject {
        return Some(period);
    }
    let name = metric.subject.as_deref().unwrap_or_default();
    problems.error("", format!("{name} has no error budget: it is no promise of availability with a period")).hint =
        Some("write period: 30d at the promise".into());
    None
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a clause that is wrong and gives the place and the three lines.
    fn wrong(text: &str) -> (usize, String) {
        let error = Clause::parse(text).expect_err(text);
        (error.at, error.to_string())
    }

    fn check(text: &str, at: usize, part: &str) {
        let (found, message) = wrong(text);
        assert_eq!(found, at, "{text}: {message}");
        assert!(message.contains(part), "{text}: {message}");
    }

    // The clauses of the language's examples whose metrics are built.
    #[test]
    fn clauses_of_the_examples_read() {
        for text in [
            "abandoned(records.find) during slow-store > 50%",
            "always queue_length(gateway) over 10s < 200",
            "amplification(clients->gateway.get) in rate-share < 1.5",
            "availability(api.buy) from 5m to 8m in fifo < 95%",
            "availability(edge.get) in mixed > availability(edge.get) in base",
            "breaker_opened(gateway->payment.charge) during brownout >= 1",
            "budget_spent(works) < budget_spent(works) in no-modes",
            "cost / 300 < $96.58/month",
            "cost(infrastructure) <= $1600/month",
            "false_alarms(nic-drops) < 0.1",
            "never utilisation(payment) over 10s > 95%",
            "p99.9(search.query) in at-p95 < p99.9(search.query) in base / 3",
            "p99(feed.read) in strong > p99(feed.read) in base * 5",
            "recovery(edge.page) after slow-store in deadline < 30s with probability 95%",
            "shed(api.browse) of crawlers from 5m to 8m > 50%",
            "spent(workers) during runaway < spent(workers) during runaway in no-override / 2",
            "availability(entry.get) == 99.7303% within 0.1%",
            "held(works) with probability 60%",
            "p50(back) over 1m > 2 * p50(there) over 1m",
            "p99(ledger.queue_wait) over last 1000 > 100ms",
            "p99(app->users.limit_wait) during bad-plan > 500ms",
            "average(app->users.lookup.places_taken) over 1m > 2 * most(app->users.places_taken)",
            "burn_rate(works) over 1h > 14.4 and burn_rate(works) over 5m > 14.4",
            "not (error_rate(a.b) > 1% or p99(a.b) > 1s)",
            "zscore(goodput(shop.buy)) over 1h > 3",
            "rps(web.sign-up) over 1h < 80% * rps(web.sign-up) over 1h offset 7d",
            "age(main) > 2m",
        ] {
            let clause = Clause::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(clause.to_string(), text);
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        check("availability(a.b) > 0.995", 20, "write 99.5%");
        check("p99(a.b) < 300", 11, "expected a duration");
        check("p99(a.b) < 5/s", 11, "a duration cannot be compared or joined with a rate");
        check("availbility(a.b) > 99%", 0, "did you mean availability?");
        check("zscore(a.b) over 1h > 3", 7, "no metric is called");
        check("zscore(rps(a.b)) > 3", 17, "nothing says how much of it");
        check("zscore(rps(a.b)) over 1h of crawlers > 3", 17, "by `over`, and nothing else");
        check("zscore(rps(a.b)) over 1h > 3s", 27, "a plain number cannot be compared");
        check("rps(a.b) offset 0s > 3/s", 16, "no time ago is now");
        check("p99(a.b)", 0, "a condition was expected, and this is a duration");
        check("p99(a.b) < 3s and", 17, "ends too soon");
        check("p99(a.b) < 3s 4s", 14, "should have ended here");
        check("p99(a.b) over 1m over 2m < 3s", 17, "said twice");
        check("p99(a.b) from 5m to 3m < 3s", 20, "ends before it begins");
        check("(p99(a.b) < 3s", 0, "not closed");
        check("p99(a.b) < 3parsecs", 11, "");
        check("p99(a.b) < 3s with probability 2", 31, "a percentage was expected");
        check("availability(a.b) + 1 > 2", 20, "cannot be compared or joined");
        check("p99(a.b) == 3s within 3", 22, "a duration has no tolerance of a plain number");
        check("availability(a.b) == 3% within 0.5", 31, "0.5 points");
        check("p99(a.b) == 3s within 3 points", 22, "a duration has no tolerance");
    }

    #[test]
    fn a_promise_is_denied_by_saying_that_it_is_not_held() {
        let denies = |text: &str| Clause::parse(text).unwrap().denies("works");
        assert!(denies("not held(works)"));
        assert!(denies("not held(works) with probability 90%"));
        assert!(denies("availability(a.b) < 3% and not held(works)"));
        for text in ["held(works)", "not held(other)", "not held(works) in calm", "not held(works) or held(other)"] {
            assert!(!denies(text), "{text}");
        }
    }

    #[test]
    fn tolerances_are_relative_or_absolute() {
        let of = |text: &str| {
            let clause = Clause::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            clause.tree.leaves()[0].tolerance(0.4)
        };
        for (text, tolerance) in [
            ("availability(a.b) == 40% within 5%", 0.02),
            ("availability(a.b) == 40% within 0.5 points", 0.005),
            ("p99(a.b) == 400ms within 5ms", 0.005),
            ("instances(a) == 0.4 within 0.1", 0.1),
            ("instances(a) == 0.4 within 10%", 0.04),
        ] {
            assert!((of(text) - tolerance).abs() < 1e-12, "{text}: {}", of(text));
        }
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic() {
        let long = "(".repeat(1_000);
        for text in [
            "",
            " ",
            "(",
            ")",
            "<",
            "and",
            "p99(",
            "1 <",
            "ä",
            "𝄞(x) < 1",
            "from",
            "over",
            "$",
            "-",
            "%",
            &long,
            &"x".repeat(5_000),
        ] {
            assert!(Clause::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn control_sees_no_truth() {
        let mut names = Names::default();
        names.endpoints.insert("a.b".into(), crate::ids::EndpointId(0));
        names.faults.insert("cut".into(), crate::ids::FaultId(0));
        let problem = |text: &str| {
            let mut problems = Problems::new();
            assert!(Condition::parse(text).unwrap().compile(&names, &mut problems).is_none(), "{text}");
            problems.into_vec().remove(0).message
        };
        assert!(problem("recovery(a.b) after cut > 1s").contains("telemetry does not deliver"));
        assert!(problem("p99(a.b) during cut > 1s").contains("`during` needs to know the truth"));
        assert!(problem("p99(a.c) > 1s").contains("no endpoint or service"));
        assert!(problem("availability(cut) > 1%").contains("cut is a fault, of which there is no availability"));
        assert!(problem("availability > 1%").contains("availability of what?"));
    }
}
