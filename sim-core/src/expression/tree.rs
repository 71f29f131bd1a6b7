//! The tree of an expression, over metrics as written or as meant, and how it is evaluated.
//!
//! A value without data is `None`; conditions follow Kleene's logic: what is unknown stays unknown unless the rest decides. Studies
//! judge the comparisons ([`Leaf`]) each by the interval of its mean, and put them together by [`Tree::decide`].

use super::measure::Measure;

/// An arithmetic operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinOp {
    /// Left plus right.
    Plus,
    /// Left minus right.
    Minus,
    /// Left times right.
    Times,
    /// Left divided by right.
    Over,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareOp {
    /// Left is less than right.
    Less,
    /// Less or equal.
    AtMost,
    /// Left is greater than right.
    Greater,
    /// Greater or equal.
    AtLeast,
    /// Equal, within the tolerance.
    Equal,
    /// Not equal.
    NotEqual,
}

impl CompareOp {
    /// Whether two numbers compare so; `tolerance` counts for (un)equality only.
    pub fn holds(self, left: f64, right: f64, tolerance: f64) -> bool {
        let equal = (left - right).abs() <= tolerance.max(right.abs() * 1e-12);
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::Equal => equal,
            Self::NotEqual => !equal,
        }
    }
}

/// By how much two sides may differ and be equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Within {
    /// A share of the right side: `within 2%`.
    Share(f64),
    /// So much, in base units: `within 5ms`, `within 0.5 points`.
    Absolute(f64),
}

impl Within {
    /// The tolerance [base units] around a right side.
    fn around(self, right: f64) -> f64 {
        match self {
            Self::Share(share) => share * right.abs(),
            Self::Absolute(by) => by,
        }
    }
}

/// An expression over metrics `M`.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree<M> {
    /// A written quantity, in base units.
    Number {
        /// Its value.
        value: f64,
        /// Half of its last decimal.
        tolerance: f64,
        /// What it measures.
        measure: Measure,
    },
    /// Something measured; as a condition, true when it is not 0.
    Metric(M),
    /// A number made of two numbers.
    Join(JoinOp, Box<Tree<M>>, Box<Tree<M>>),
    /// Whether two numbers compare so.
    Compare {
        /// How they are compared.
        op: CompareOp,
        /// Left side.
        left: Box<Tree<M>>,
        /// Right side.
        right: Box<Tree<M>>,
        /// Tolerance as written.
        within: Option<Within>,
    },
    /// True if both are.
    And(Box<Tree<M>>, Box<Tree<M>>),
    /// True if one of them is.
    Or(Box<Tree<M>>, Box<Tree<M>>),
    /// The opposite.
    Not(Box<Tree<M>>),
}

/// A comparison, or a metric that stands as a condition, in the order of the text.
#[derive(Debug, Clone, Copy)]
pub struct Leaf<'a, M> {
    tree: &'a Tree<M>,
}

/// Both sides of a comparison in one replication.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sides {
    /// Left side.
    pub left: f64,
    /// Right side.
    pub right: f64,
}

impl<M> Tree<M> {
    /// The value; `None` without data, where a divisor is 0, or for a condition.
    pub fn number(&self, metric: &mut dyn FnMut(&M) -> Option<f64>) -> Option<f64> {
        match self {
            Self::Number { value, .. } => Some(*value),
            Self::Metric(m) => metric(m),
            Self::Join(op, left, right) => {
                let (left, right) = (left.number(metric)?, right.number(metric)?);
                match op {
                    JoinOp::Plus => Some(left + right),
                    JoinOp::Minus => Some(left - right),
                    JoinOp::Times => Some(left * right),
                    JoinOp::Over => (right != 0.0).then(|| left / right),
                }
            }
            Self::Compare { .. } | Self::And(..) | Self::Or(..) | Self::Not(_) => None,
        }
    }

    /// Whether the condition holds; `None` where data that would decide is missing.
    pub fn truth(&self, metric: &mut dyn FnMut(&M) -> Option<f64>) -> Option<bool> {
        let leaves: Vec<Option<bool>> =
            self.leaves().iter().map(|leaf| leaf.sides(metric).map(|sides| leaf.holds(sides))).collect();
        self.decide(&leaves)
    }

    /// The comparisons, in the order of the text.
    pub fn leaves(&self) -> Vec<Leaf<'_, M>> {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                let mut leaves = left.leaves();
                leaves.extend(right.leaves());
                leaves
            }
            Self::Not(inner) => inner.leaves(),
            tree => vec![Leaf { tree }],
        }
    }

    /// The condition from what became of its comparisons, in the order of [`Tree::leaves`].
    pub fn decide(&self, leaves: &[Option<bool>]) -> Option<bool> {
        self.decide_from(&mut leaves.iter().copied())
    }

    fn decide_from(&self, leaves: &mut dyn Iterator<Item = Option<bool>>) -> Option<bool> {
        match self {
            Self::And(left, right) => match (left.decide_from(leaves), right.decide_from(leaves)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(left, right) => match (left.decide_from(leaves), right.decide_from(leaves)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(inner) => inner.decide_from(leaves).map(|truth| !truth),
            _ => leaves.next().flatten(),
        }
    }

    /// All metrics, in the order of the text.
    pub fn metrics(&self) -> Vec<&M> {
        match self {
            Self::Number { .. } => Vec::new(),
            Self::Metric(metric) => vec![metric],
            Self::Not(inner) => inner.metrics(),
            Self::Join(_, left, right)
            | Self::Compare { left, right, .. }
            | Self::And(left, right)
            | Self::Or(left, right) => {
                let mut metrics = left.metrics();
                metrics.extend(right.metrics());
                metrics
            }
        }
    }

    /// The same tree over other metrics; all are tried, so that all problems are found, and `None` if any failed.
    pub fn try_map<N>(&self, map: &mut dyn FnMut(&M) -> Option<N>) -> Option<Tree<N>> {
        let mut both = |left: &Self, right: &Self| {
            let (left, right) = (left.try_map(map), right.try_map(map));
            Some((Box::new(left?), Box::new(right?)))
        };
        Some(match self {
            Self::Number { value, tolerance, measure } => {
                Tree::Number { value: *value, tolerance: *tolerance, measure: *measure }
            }
            Self::Metric(metric) => Tree::Metric(map(metric)?),
            Self::Join(op, left, right) => {
                let (left, right) = both(left, right)?;
                Tree::Join(*op, left, right)
            }
            Self::Compare { op, left, right, within } => {
                let (left, right) = both(left, right)?;
                Tree::Compare { op: *op, left, right, within: *within }
            }
            Self::And(left, right) => {
                let (left, right) = both(left, right)?;
                Tree::And(left, right)
            }
            Self::Or(left, right) => {
                let (left, right) = both(left, right)?;
                Tree::Or(left, right)
            }
            Self::Not(inner) => Tree::Not(Box::new(inner.try_map(map)?)),
        })
    }

    /// How exact the written numbers are; 0 for what is measured.
    fn tolerance(&self) -> f64 {
        match self {
            Self::Number { tolerance, .. } => *tolerance,
            _ => 0.0,
        }
    }
}

impl<'a, M> Leaf<'a, M> {
    /// Both sides, or `None` without data. A metric as a condition is compared with one half.
    pub fn sides(&self, metric: &mut dyn FnMut(&M) -> Option<f64>) -> Option<Sides> {
        match self.tree {
            Tree::Compare { left, right, .. } => {
                Some(Sides { left: left.number(metric)?, right: right.number(metric)? })
            }
            tree => Some(Sides { left: tree.number(metric)?, right: 0.5 }),
        }
    }

    /// The trees of both sides; a metric as a condition has a left one only.
    pub fn trees(&self) -> [Option<&'a Tree<M>>; 2] {
        match self.tree {
            Tree::Compare { left, right, .. } => [Some(left), Some(right)],
            tree => [Some(tree), None],
        }
    }

    /// How the sides are compared.
    pub fn op(&self) -> CompareOp {
        match self.tree {
            Tree::Compare { op, .. } => *op,
            _ => CompareOp::Greater,
        }
    }

    /// By how much the sides may differ and be equal, when the right side is `right`.
    pub fn tolerance(&self, right: f64) -> f64 {
        match self.tree {
            Tree::Compare { left, right: tree, within, .. } => {
                within.map_or(left.tolerance() + tree.tolerance(), |within| within.around(right))
            }
            _ => 0.0,
        }
    }

    /// Whether the comparison holds for these sides.
    pub fn holds(&self, sides: Sides) -> bool {
        self.op().holds(sides.left, sides.right, self.tolerance(sides.right))
    }

    /// The right side, where it is written and not measured.
    pub fn bound(&self) -> Option<f64> {
        match self.tree {
            Tree::Compare { right, .. } if right.metrics().is_empty() => right.number(&mut |_| None),
            _ => None,
        }
    }
}

/// How a clause is judged over the windows of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// True in every window.
    Always,
    /// True in no window.
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: f64) -> Tree<u8> {
        Tree::Number { value, tolerance: 0.0, measure: Measure::NUMBER }
    }

    fn above(metric: u8, value: f64) -> Tree<u8> {
        let left = Box::new(Tree::Metric(metric));
        Tree::Compare { op: CompareOp::Greater, left, right: Box::new(number(value)), within: None }
    }

    fn pair(a: Tree<u8>, b: Tree<u8>) -> (Box<Tree<u8>>, Box<Tree<u8>>) {
        (Box::new(a), Box::new(b))
    }

    #[test]
    fn unknown_stays_unknown_unless_the_rest_decides() {
        let mut get = |m: &u8| (*m > 0).then_some(f64::from(*m));
        let mut and = |a, b| {
            let (a, b) = pair(a, b);
            Tree::And(a, b).truth(&mut get)
        };
        assert_eq!(and(above(0, 1.0), above(1, 2.0)), Some(false));
        assert_eq!(and(above(0, 1.0), above(3, 2.0)), None);
        let (a, b) = pair(above(0, 1.0), above(3, 2.0));
        assert_eq!(Tree::Or(a, b).truth(&mut get), Some(true));
        assert_eq!(Tree::Not(Box::new(above(0, 1.0))).truth(&mut get), None);
    }

    #[test]
    fn nothing_is_divided_by_zero() {
        let (one, zero) = pair(number(1.0), number(0.0));
        assert_eq!(Tree::Join(JoinOp::Over, one, zero).number(&mut |_| None), None);
    }
}
