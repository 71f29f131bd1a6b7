//! A clause as a person reads a table: what is measured in one column, what is expected of it in the next.

use super::Clause;
use super::lexer::{Token, Word, words};

/// The signs that compare.
const COMPARE: [&str; 6] = ["<=", ">=", "==", "!=", "<", ">"];

impl Clause {
    /// What stands before and after the comparison, as written; of `==` the sign is left out. `None` where there is no comparison or
    /// several.
    ///
    /// `mean(api.get) == 20ms within 2%` is `mean(api.get)` and `20ms within 2%`; of `p99(api.get) < 1s` the second is `< 1s`.
    pub fn halves(&self) -> Option<(String, String)> {
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
        let expected = if sign == "==" { right.to_owned() } else { format!("{sign} {right}") };
        Some((left.trim().to_owned(), expected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, halves: Option<(&str, &str)>) {
        let found = Clause::parse(text).unwrap().halves();
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
    fn several_or_none_have_no_halves() {
        check("p99(a.b) > 1s and p99(a.b) < 2s", None);
        check("not p99(a.b) > 1s", None);
        check("held(works)", None);
        check("(p99(a.b) > 1s)", None);
    }
}
