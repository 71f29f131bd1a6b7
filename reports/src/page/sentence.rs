//! Sentences in pieces, strong and plain.

/// A piece of a sentence, strong or plain.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Piece {
    /// Whether it is set in bold.
    pub strong: bool,
    /// The words; no blank at either end.
    pub text: String,
    /// Whether a blank stands before it.
    pub spaced: bool,
}

/// The pieces as one text.
pub fn join(pieces: &[Piece]) -> String {
    pieces.iter().fold(String::new(), |all, p| all + if p.spaced { " " } else { "" } + &p.text)
}

/// Sentences as an answer: what stands before the first comma, semicolon, colon or full stop is what one has to know.
pub fn sentences(text: &str) -> Vec<Piece> {
    let ends = |(at, c): (usize, char)| {
        let next = text[at + c.len_utf8()..].chars().next();
        (matches!(c, ',' | ';' | ':' | '.') && next.is_none_or(char::is_whitespace)).then_some(at)
    };
    let at = text.char_indices().find_map(ends).unwrap_or(text.len());
    let (first, rest) = text.split_at(at);
    let piece = |strong, text: &str| Piece { strong, text: text.to_owned(), spaced: false };
    let all = [piece(true, first), piece(false, rest)];
    all.into_iter().filter(|p| !p.text.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_has_to_know_stands_first() {
        let pieces = sentences("12 of 21 settings keep every promise, and 9 do not at 1.5 s.");
        assert_eq!(pieces[0].text, "12 of 21 settings keep every promise");
        assert_eq!(pieces[1].text, ", and 9 do not at 1.5 s.");
        assert_eq!(sentences("All hold").len(), 1);
    }
}
