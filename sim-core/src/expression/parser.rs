//! From words to the tree: the grammar, and the units of both sides, with the place of what is wrong.

use super::error::ExpressionError;
use super::lexer::{Token, Word, words};
use super::measure::Measure;
use super::metric::{Metric, MetricRef, Scope, Window};
use super::quantity;
use super::tree::Quantifier;
use super::tree::{CompareOp, JoinOp, Tree, Within};
use crate::units::SimDuration;

/// Deeper nesting than this is no expression of a person.
const DEPTH_MAX: usize = 64;
/// Longer texts are none either [bytes].
const LENGTH_MAX: usize = 2_000;

type Parsed<T> = Result<T, ExpressionError>;
type Typed = (Tree<MetricRef>, Measure);

/// Reads one expression.
pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// Cuts the text into words.
    pub fn new(text: &'a str) -> Parsed<Self> {
        if text.len() > LENGTH_MAX {
            return Err(ExpressionError::new(text, 0, "this expression is too long").label("at most 2000 characters"));
        }
        Ok(Self { text, tokens: words(text)?, next: 0, depth: 0 })
    }

    /// A whole clause.
    pub fn clause(mut self) -> Parsed<(Option<Quantifier>, Tree<MetricRef>, Option<f64>)> {
        let quantifier = if self.takes_name("always") {
            Some(Quantifier::Always)
        } else if self.takes_name("never") {
            Some(Quantifier::Never)
        } else {
            None
        };
        let tree = self.truth()?;
        let probability = if self.takes_name("with") {
            self.wants_name("probability")?;
            Some(self.share("a probability such as 95%")?)
        } else {
            None
        };
        self.end()?;
        Ok((quantifier, tree, probability))
    }

    /// A whole condition.
    pub fn condition(mut self) -> Parsed<Tree<MetricRef>> {
        let tree = self.truth()?;
        self.end()?;
        Ok(tree)
    }

    /// A whole value.
    pub fn value(mut self) -> Parsed<Typed> {
        let at = self.at();
        let (tree, measure) = self.sum()?;
        self.end()?;
        if measure == Measure::Truth {
            return Err(self.error_at(at, "a value was expected, and this is a condition"));
        }
        Ok((tree, measure))
    }

    fn truth(&mut self) -> Parsed<Tree<MetricRef>> {
        let at = self.at();
        let (tree, measure) = self.or()?;
        self.is_truth(at, measure)?;
        Ok(tree)
    }

    fn is_truth(&self, at: usize, measure: Measure) -> Parsed<()> {
        if measure == Measure::Truth {
            return Ok(());
        }
        Err(self
            .error_at(at, format!("a condition was expected, and this is {measure}"))
            .hint(format!("compare it, as in < {}", measure.example().rsplit(' ').next().unwrap_or_default())))
    }

    fn or(&mut self) -> Parsed<Typed> {
        let at = self.at();
        let (mut tree, mut measure) = self.and()?;
        while self.takes_name("or") {
            self.is_truth(at, measure)?;
            let right_at = self.at();
            let (right, right_measure) = self.and()?;
            self.is_truth(right_at, right_measure)?;
            (tree, measure) = (Tree::Or(Box::new(tree), Box::new(right)), Measure::Truth);
        }
        Ok((tree, measure))
    }

    fn and(&mut self) -> Parsed<Typed> {
        let at = self.at();
        let (mut tree, mut measure) = self.not()?;
        while self.takes_name("and") {
            self.is_truth(at, measure)?;
            let right_at = self.at();
            let (right, right_measure) = self.not()?;
            self.is_truth(right_at, right_measure)?;
            (tree, measure) = (Tree::And(Box::new(tree), Box::new(right)), Measure::Truth);
        }
        Ok((tree, measure))
    }

    fn not(&mut self) -> Parsed<Typed> {
        if !self.takes_name("not") {
            return self.compare();
        }
        let at = self.at();
        let (inner, measure) = self.compare()?;
        self.is_truth(at, measure)?;
        Ok((Tree::Not(Box::new(inner)), Measure::Truth))
    }

    fn compare(&mut self) -> Parsed<Typed> {
        let (left, left_measure) = self.sum()?;
        let Some(op) = self.compare_sign() else { return Ok((left, left_measure)) };
        let right_at = self.at();
        let (right, right_measure) = self.sum()?;
        self.same(right_at, left_measure, right_measure)?;
        let within = if self.takes_name("within") { Some(self.tolerance(left_measure)?) } else { None };
        Ok((Tree::Compare { op, left: Box::new(left), right: Box::new(right), within }, Measure::Truth))
    }

    /// `2%` of the right side, or so much: a quantity of what is compared, which for shares are `points` (of a percent).
    fn tolerance(&mut self, compared: Measure) -> Parsed<Within> {
        const EXPECTED: &str = "a tolerance such as 5%, 2ms or, of shares, 0.5 points";
        let at = self.at();
        let (size, measure) = self.written(EXPECTED)?;
        let points = compared == Measure::Share && measure == Measure::NUMBER && self.takes_name("points");
        match measure {
            _ if size < 0.0 => Err(self.error_at(at, "a tolerance is not negative")),
            Measure::Share if size <= 1.0 => Ok(Within::Share(size)),
            Measure::NUMBER if points && size <= 100.0 => Ok(Within::Absolute(size / 100.0)),
            of if of == compared => Ok(Within::Absolute(size)),
            of => Err(self
                .error_at(at, format!("{compared} has no tolerance of {of}"))
                .label(&format!("expected {EXPECTED}"))),
        }
    }

    fn compare_sign(&mut self) -> Option<CompareOp> {
        let Some(Word::Sign(sign)) = self.peek() else { return None };
        let op = match *sign {
            "<" => CompareOp::Less,
            "<=" => CompareOp::AtMost,
            ">" => CompareOp::Greater,
            ">=" => CompareOp::AtLeast,
            "==" => CompareOp::Equal,
            "!=" => CompareOp::NotEqual,
            _ => return None,
        };
        self.next += 1;
        Some(op)
    }

    /// Both sides must measure the same.
    fn same(&self, at: usize, left: Measure, right: Measure) -> Parsed<()> {
        if left == right && left != Measure::Truth {
            return Ok(());
        }
        let error = self.error_at(at, format!("{left} cannot be compared or joined with {right}"));
        let written = self.text[at.min(self.text.len())..].split_whitespace().next().unwrap_or_default();
        Err(match (left, right, written.parse::<f64>()) {
            (Measure::Share, Measure::NUMBER, Ok(number)) if (0.0..=1.0).contains(&number) => {
                error.hint(format!("write {}%", in_percent(number)))
            }
            _ => error.label(&format!("expected {}", left.example())),
        })
    }

    fn sum(&mut self) -> Parsed<Typed> {
        let (mut tree, measure) = self.product()?;
        loop {
            let op = match self.peek() {
                Some(Word::Sign("+")) => JoinOp::Plus,
                Some(Word::Sign("-")) => JoinOp::Minus,
                _ => return Ok((tree, measure)),
            };
            self.next += 1;
            let at = self.at();
            let (right, right_measure) = self.product()?;
            self.same(at, measure, right_measure)?;
            tree = Tree::Join(op, Box::new(tree), Box::new(right));
        }
    }

    fn product(&mut self) -> Parsed<Typed> {
        let (mut tree, mut measure) = self.primary()?;
        loop {
            let op = match self.peek() {
                Some(Word::Sign("*")) => JoinOp::Times,
                Some(Word::Sign("/")) => JoinOp::Over,
                _ => return Ok((tree, measure)),
            };
            self.next += 1;
            let at = self.at();
            let (right, right_measure) = self.primary()?;
            let joined = if op == JoinOp::Times { measure.times(right_measure) } else { measure.over(right_measure) };
            measure = joined.ok_or_else(|| {
                self.error_at(at, format!("{measure} and {right_measure} have no product or quotient"))
            })?;
            tree = Tree::Join(op, Box::new(tree), Box::new(right));
        }
    }

    fn primary(&mut self) -> Parsed<Typed> {
        let at = self.at();
        let Some(word) = self.tokens.get(self.next).map(|t| t.word.clone()) else {
            return Err(self.error_at(at, "the expression ends too soon").label("expected a metric or a quantity"));
        };
        self.next += 1;
        match word {
            Word::Quantity(written) => {
                let read = quantity::read(&written).map_err(|message| self.said_by_quantity(at, &message))?;
                let quantity::Quantity { value, measure, tolerance } = read;
                Ok((Tree::Number { value, tolerance, measure }, measure))
            }
            Word::Name(name) => self.metric(at, &name, None),
            Word::Call(name, subject) => self.metric(at, &name, Some(subject)),
            Word::Sign("(") => self.parenthesis(at),
            Word::Sign(sign) => Err(self
                .error_at(at, format!("`{sign}` stands where a value was expected"))
                .label("expected a metric or a quantity")),
        }
    }

    fn parenthesis(&mut self, at: usize) -> Parsed<Typed> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error_at(at, "too many parentheses in each other"));
        }
        let inner = self.or()?;
        self.depth -= 1;
        match self.peek() {
            Some(Word::Sign(")")) => self.next += 1,
            _ => return Err(self.error_at(at, "this parenthesis is not closed")),
        }
        Ok(inner)
    }

    fn metric(&mut self, at: usize, name: &str, subject: Option<String>) -> Parsed<Typed> {
        if let ("zscore", Some(of)) = (name, &subject) {
            return self.score(at, of);
        }
        let metric = Metric::parse(name).ok_or_else(|| self.unknown_metric(at, name))?;
        let scope = self.scope()?;
        let metric = MetricRef { metric, subject, scope };
        let measure = metric.measure();
        Ok((Tree::Metric(metric), measure))
    }

    /// `zscore(METRIC) over 1h`: how unusual a metric is beside its readings of that time.
    fn score(&mut self, at: usize, of: &str) -> Parsed<Typed> {
        let inside = at + "zscore(".len();
        let mut inner = Parser::new(of).map_err(|error| error.moved(inside))?;
        let (tree, _) = inner.primary().map_err(|error| error.moved(inside))?;
        inner.end().map_err(|error| error.moved(inside))?;
        let Tree::Metric(mut metric) = tree else {
            return Err(self.error_at(inside, "a metric was expected").label("expected a metric such as rps(api.get)"));
        };
        let scope_at = self.at();
        let scope = self.scope()?;
        let Some(Window::Over(baseline)) = scope.window else {
            return Err(self
                .error_at(scope_at, "a z-score compares with the time before, and nothing says how much of it")
                .hint(format!("write zscore({of}) over 1h")));
        };
        if (Scope { window: None, ..scope }) != Scope::default() || metric.scope.baseline.is_some() {
            return Err(self
                .error_at(scope_at, "a z-score has the time before, by `over`, and nothing else")
                .hint("write the rest inside: zscore(rps(api.get) of crawlers) over 1h".to_owned()));
        }
        metric.scope.baseline = Some(baseline);
        Ok((Tree::Metric(metric), Measure::NUMBER))
    }

    fn unknown_metric(&self, at: usize, name: &str) -> ExpressionError {
        let error = self.error_at(at, format!("no metric is called \"{name}\""));
        match crate::problem::nearest(name, Metric::names().iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => {
                error.label("expected a metric such as availability, error_rate, p99, rps, queue_length, utilisation")
            }
        }
    }

    fn scope(&mut self) -> Parsed<Scope> {
        let mut scope = Scope::default();
        loop {
            let at = self.at();
            let Some(Word::Name(word)) = self.peek() else { return Ok(scope) };
            let twice = match word.as_str() {
                "over" => self.over(&mut scope)?,
                "offset" => self.offset(&mut scope)?,
                "during" => self.named(|name| scope.during.replace(name).is_some())?,
                "after" => self.named(|name| scope.after.replace(name).is_some())?,
                "before" => self.named(|name| scope.before.replace(name).is_some())?,
                "of" => self.named(|name| scope.of.replace(name).is_some())?,
                "in" => self.named(|name| scope.variant.replace(name).is_some())?,
                "from" => self.stretch(&mut scope)?,
                _ => return Ok(scope),
            };
            if twice {
                return Err(self.error_at(at, "this is said twice of one metric"));
            }
        }
    }

    fn named(&mut self, put: impl FnOnce(String) -> bool) -> Parsed<bool> {
        self.next += 1;
        let at = self.at();
        match self.tokens.get(self.next).map(|t| t.word.clone()) {
            Some(Word::Name(name)) => {
                self.next += 1;
                Ok(put(name))
            }
            _ => Err(self.error_at(at, "a name was expected")),
        }
    }

    fn over(&mut self, scope: &mut Scope) -> Parsed<bool> {
        self.next += 1;
        let window = if self.takes_name("last") {
            let at = self.at();
            let (count, measure) = self.written("a number such as 1000")?;
            if measure != Measure::NUMBER || count < 1.0 {
                return Err(self.error_at(at, "a number was expected").label("expected a number such as 1000"));
            }
            Window::Last(count as u64)
        } else {
            let at = self.at();
            let seconds = self.time()?;
            if seconds <= 0.0 {
                return Err(self.error_at(at, "a window of no time holds nothing"));
            }
            Window::Over(SimDuration::from_secs_f64(seconds))
        };
        Ok(scope.window.replace(window).is_some())
    }

    fn offset(&mut self, scope: &mut Scope) -> Parsed<bool> {
        self.next += 1;
        let at = self.at();
        let seconds = self.time()?;
        if seconds <= 0.0 {
            return Err(self.error_at(at, "no time ago is now"));
        }
        Ok(scope.offset.replace(SimDuration::from_secs_f64(seconds)).is_some())
    }

    fn stretch(&mut self, scope: &mut Scope) -> Parsed<bool> {
        self.next += 1;
        let from = self.time()?;
        self.wants_name("to")?;
        let at = self.at();
        let to = self.time()?;
        if to <= from {
            return Err(self.error_at(at, "this stretch of time ends before it begins"));
        }
        Ok(scope.from_to.replace(((from * 1e9) as i64, (to * 1e9) as i64)).is_some())
    }

    fn time(&mut self) -> Parsed<f64> {
        let at = self.at();
        match self.written("a duration such as 5m")? {
            (seconds, Measure::TIME) => Ok(seconds),
            (_, measure) => Err(self
                .error_at(at, format!("a duration was expected, and this is {measure}"))
                .label("expected a duration such as 5m")),
        }
    }

    fn share(&mut self, expected: &str) -> Parsed<f64> {
        let at = self.at();
        match self.written(expected)? {
            (share, Measure::Share) if (0.0..=1.0).contains(&share) => Ok(share),
            _ => Err(self.error_at(at, "a percentage was expected").label(&format!("expected {expected}"))),
        }
    }

    fn written(&mut self, expected: &str) -> Parsed<(f64, Measure)> {
        let at = self.at();
        match self.tokens.get(self.next).map(|t| t.word.clone()) {
            Some(Word::Quantity(text)) => {
                self.next += 1;
                let read = quantity::read(&text).map_err(|message| self.said_by_quantity(at, &message))?;
                Ok((read.value, read.measure))
            }
            _ => Err(self.error_at(at, format!("expected {expected}"))),
        }
    }

    fn peek(&self) -> Option<&Word> {
        self.tokens.get(self.next).map(|t| &t.word)
    }

    /// Where the next word stands, or the end.
    fn at(&self) -> usize {
        self.tokens.get(self.next).map_or(self.text.len(), |t| t.at)
    }

    fn takes_name(&mut self, name: &str) -> bool {
        let is = matches!(self.peek(), Some(Word::Name(word)) if word == name);
        self.next += usize::from(is);
        is
    }

    fn wants_name(&mut self, name: &str) -> Parsed<()> {
        if self.takes_name(name) { Ok(()) } else { Err(self.error_at(self.at(), format!("expected `{name}`"))) }
    }

    fn end(&self) -> Parsed<()> {
        if self.next == self.tokens.len() {
            return Ok(());
        }
        Err(self
            .error_at(self.at(), "the expression should have ended here")
            .label("expected and, or, a comparison or a scope such as over 1m"))
    }

    fn error_at(&self, at: usize, message: impl Into<String>) -> ExpressionError {
        ExpressionError::new(self.text, at, message)
    }

    /// An error from the lines of a quantity's own message.
    fn said_by_quantity(&self, at: usize, message: &str) -> ExpressionError {
        let mut lines = message.lines();
        let mut error = self.error_at(at, lines.next().unwrap_or_default());
        if let Some(label) = lines.next() {
            error = error.label(label);
        }
        match lines.next() {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// A share as the percentage that was meant: 0.995 is 99.5.
fn in_percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}
