//! What each kind of report says: one kind a file.

pub mod capacity;
pub mod compare;
pub mod experiment;
pub mod run;
pub mod sweep;

use crate::answer::Piece;
use crate::page::{Block, Section};

/// A section.
fn section(id: &'static str, contents: &'static str, head: &str, blocks: Vec<Block>) -> Section {
    Section { id: id.into(), contents: contents.into(), head: head.to_owned(), blocks }
}

/// A section, if there is something in it.
fn some(id: &'static str, contents: &'static str, head: &str, blocks: Vec<Block>) -> Option<Section> {
    (!blocks.is_empty()).then(|| section(id, contents, head, blocks))
}

/// Sentences as an answer: what stands before the first comma, semicolon, colon or full stop is what one has to know.
fn sentences(text: &str) -> Vec<Piece> {
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

/// The last word of a path, which is what people call it, or as many as tell it from the others.
fn short<'a>(path: &'a str, all: &[&str]) -> &'a str {
    let places: Vec<usize> = path.match_indices('.').map(|(at, _)| at + 1).rev().chain([0]).collect();
    let lone = |at: &usize| all.iter().filter(|other| other.ends_with(&path[*at..]) && **other != path).count() == 0;
    places.into_iter().find(lone).map_or(path, |at| &path[at..])
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

    #[test]
    fn paths_are_as_short_as_they_can_be() {
        let all = ["services.api.instances", "services.db.instances", "load.rate"];
        assert_eq!(all.map(|path| short(path, &all)), ["api.instances", "db.instances", "rate"]);
    }
}
