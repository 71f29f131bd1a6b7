//! A clause as a person reads a table: what is measured in one column, what is expected of it in the next.

use super::Clause;
use super::lexer::{Token, Word, words};

/// A clause of one comparison in its parts, as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Halves {
    /// What is measured: `mean(api.get)`.
    pub measured: String,
    /// What is expected of it: `20ms within 2%`, `< 1s`.
    pub expected: String,
    /// Of what is equal within a tolerance, the value and the tolerance: `20ms` and `2%`.
    pub band: Option<(String, String)>,
}

/// The signs that compare.
const COMPARE: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];

impl Clause {
    /// What stands before and after the comparison, as written; of `==` the sign is left out. `None` where there is no comparison or
    /// several.
    ///
    /// `mean(api.get) == 20ms within 2%` is `mean(api.get)` and `20ms within 2%`; of `p99(api.get) < 1s` the second is `< 1s`.
    pub fn halves(&self) -> Option<Halves> {
        let tokens = words(&self.text).ok()?;
        let joined = |token: &Token| matches!(&token.word, Word::Name(name) if ["and", "or", "not"].contains(&&**name));
        let compares = |token: &&Token| matches!(token.word, Word::Sign(sign) if COMPARE.contains(&sign));
        let mut found = tokens.iter().filter(compares);
        let (Some(token), None) = (found.next(), found.next()) else { return None };
        let Word::Sign(sign) = token.word else { return None };
        let (left, right) = (&self.text[..token.at], &self.text[token.at + sign.len()..]);
        if tokens.iter().any(joined) || left.matches('(').count() != left.matches(')').count() {
            return None;
        }
        let right = right.trim();
        let within = tokens.iter().rfind(|token| matches!(&token.word, Word::Name(name) if *name == "within"));
        let band = within.filter(|_| sign == "==").map(|within| {
            let (bound, tolerance) =
                (&self.text[token.at + sign.len()..within.at], &self.text[within.at + "within".len()..]);
            (bound.trim().to_owned(), tolerance.trim().to_owned())
        });
        let expected = if sign == "==" { right.to_owned() } else { format!("{sign} {right}") };
        Some(Halves { measured: left.trim().to_owned(), expected, band })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, halves: Option<(&str, &str)>) {
        let found = Clause::parse(text).unwrap().halves().map(|halves| (halves.measured, halves.expected));
        assert_eq!(found, halves.map(|(left, right)| (left.to_owned(), right.to_owned())), "{text}");
    }

    #[test]
    fn comparison_has_two_halves() {
        check("mean(a.b) == 20ms within 2%", Some(("mean(a.b)", "20ms within 2%")));
        check("p99(a.b)>1s", Some(("p99(a.b)", "> 1s")));
        check(
            "p99(a.b) / (p50(a.b) + 1s) <= 3 with probability 90%",
            Some(("p99(a.b) / (p50(a.b) + 1s)", "<= 3 with probability 90%")),
        );
        check("never queue_length(a) over 10s > 3", Some(("never queue_length(a) over 10s", "> 3")));
    }

    #[test]
    fn a_tolerance_stands_by_itself() {
        let band = |text: &str| Clause::parse(text).unwrap().halves().unwrap().band;
        assert_eq!(band("mean(a.b) == 20ms within 2%"), Some(("20ms".into(), "2%".into())));
        assert_eq!(band("p99(within.within) == 20ms within 0.5ms").unwrap().1, "0.5ms");
        assert_eq!(band("p99(within.within) < 20ms"), None);
    }

    #[test]
    fn several_or_none_have_no_halves() {
        check("p99(a.b) > 1s and p99(a.b) < 2s", None);
        check("not p99(a.b) > 1s", None);
        check("held(works)", None);
        check("(p99(a.b) > 1s)", None);
    }
}
