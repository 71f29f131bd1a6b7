//! Text from outside, made visible: what comes from files, file names and the command line shows what it holds, and does nothing else.
//!
//! A control character moves a cursor, colours a terminal or begins a line that another program takes for a command; a bidirectional override shows
//! letters in another order than they stand. Names, keys and texts are therefore made visible where they are read, so that everything that is made of
//! them later (terminal, log, Markdown, JSON, SVG) is safe without knowing. What is printed passes [`printable`] once more.

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character is not seen, or changes how others are seen: control characters, marks of direction, separators of lines.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The text with each hidden character as its escape: `\n`, `\t`, `\u001b`. What has none stays as it is.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, is_hidden)
}

/// As [`visible`], and lines stay lines.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character != '\n' && is_hidden(character))
}

/// What may be written to a terminal or log: as [`visible_lines`], and no line begins with a command of a build system, unless `colour`
/// escape sequences that set colours stay. GitHub looks for `::` at the begin of a line and for `##[` anywhere, Azure and `TeamCity` for
/// `##vso[` and `##teamcity[`.
pub fn printable(text: &str, colour: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let start = line.trim_start_matches(|c: char| c.is_whitespace() || is_hidden(c));
        let start_at = line.len() - start.len();
        if start.starts_with("::") {
            out.push_str(&seen(&line[..start_at], colour));
            out.push('\\');
            out.push_str(&without_marks(&seen(start, colour)));
        } else {
            out.push_str(&without_marks(&seen(line, colour)));
        }
    }
    out
}

/// Commands of a build system that the program itself means, a line each: what is quoted in them is as harmless as in [`printable`].
pub fn commands(lines: &str) -> String {
    without_marks(&visible_lines(lines)).into_owned()
}

/// The text with its colours, where they are wanted, and all else that is hidden escaped.
fn seen(text: &str, colour: bool) -> Cow<'_, str> {
    if !colour || !text.contains('\u{1b}') {
        return visible_lines(text);
    }
    let mut out = String::with_capacity(text.len());
    for (number, part) in text.split('\u{1b}').enumerate() {
        let is_colour = part.strip_prefix('[').and_then(|codes| codes.split_once('m'));
        match is_colour.filter(|(codes, _)| codes.bytes().all(|b| b.is_ascii_digit() || b == b';')) {
            _ if number == 0 => out.push_str(&visible_lines(part)),
            Some((codes, rest)) => {
                let _ = write!(out, "\u{1b}[{codes}m{}", visible_lines(rest));
            }
            None => {
                let _ = write!(out, "\\u001b{}", visible_lines(part));
            }
        }
    }
    Cow::Owned(out)
}

/// Marks that build systems look for within a line, taken apart.
fn without_marks(text: &str) -> Cow<'_, str> {
    let marks = ["##[", "##vso[", "##teamcity["];
    if !text.contains("##") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(marks.iter().fold(text.to_owned(), |text, mark| text.replace(mark, &format!("#\\{}", &mark[1..]))))
}

fn escaped(text: &str, hidden: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            c if !hidden(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_escaped_and_all_else_stays() {
        assert_eq!(visible("a\u{1b}[31mb\n\t\r\u{0}\u{9b}\u{7f}"), "a\\u001b[31mb\\n\\t\\r\\u0000\\u009b\\u007f");
        assert_eq!(visible("\u{202e}cba\u{2066}\u{feff}"), "\\u202ecba\\u2066\\ufeff");
        assert_eq!(visible_lines("a\nb\t"), "a\nb\\t");
        for plain in ["", "gateway.checkout", "Zürich – 東京 µs\u{a0}95 %", "👩‍💻"] {
            assert!(matches!(visible(plain), Cow::Borrowed(same) if same == plain));
        }
    }

    #[test]
    fn no_line_begins_with_a_command() {
        assert_eq!(
            printable("::error::x\n  ::warning::y\n \u{1b}\t::a", false),
            "\\::error::x\n  \\::warning::y\n \\u001b\\t\\::a"
        );
        assert_eq!(printable("a::b ##[error]c ##vso[x]", false), "a::b #\\#[error]c #\\#vso[x]");
        assert_eq!(printable("\u{1b}[1;38;5;166m::x\u{1b}[0m", true), "\u{1b}[1;38;5;166m::x\u{1b}[0m");
    }

    #[test]
    fn only_colours_pass() {
        let text = "\u{1b}[2mdim\u{1b}[0m \u{1b}]0;title\u{7} \u{1b}[2J";
        assert_eq!(printable(text, true), "\u{1b}[2mdim\u{1b}[0m \\u001b]0;title\\u0007 \\u001b[2J");
        assert_eq!(printable("\u{1b}[2m", false), "\\u001b[2m");
    }
}
