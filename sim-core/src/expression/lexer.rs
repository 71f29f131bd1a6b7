//! Cuts the text of an expression into words, with the place of each.
//!
//! A quantity is one word with its unit (`$0.02/GiB`, `19h30m`, `-30%`), a metric with its subject in parentheses is one too, so
//! that `web->api.get` and `a - b` read one way: operators stand between blanks.

use super::error::ExpressionError;

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    /// A number with or without unit, as written.
    Quantity(String),
    /// A name or keyword: `and`, `over`, `brownout`, `cost`.
    Name(String),
    /// A name directly followed by a subject in parentheses.
    Call(String, String),
    /// `< <= > >= == != + - * / ( )`
    Sign(&'static str),
}

/// A word and where it stands [bytes from the start of the text].
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// The word.
    pub word: Word,
    /// Its first byte.
    pub at: usize,
}

const SIGNS: [&str; 12] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")"];

/// The words of a text.
///
/// # Errors
/// Where a character belongs to no word, or a parenthesis is not closed.
pub fn words(text: &str) -> Result<Vec<Token>, ExpressionError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (word, length) = word(text, at)?;
        tokens.push(Token { word, at });
        at += length;
    }
    Ok(tokens)
}

/// The word at a place that is not blank, and its length [bytes].
fn word(text: &str, at: usize) -> Result<(Word, usize), ExpressionError> {
    let rest = &text[at..];
    if starts_quantity(rest) {
        let length = quantity_length(rest);
        return Ok((Word::Quantity(rest[..length].to_owned()), length));
    }
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return name_or_call(text, at);
    }
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((Word::Sign(sign), sign.len()));
    }
    let c = rest.chars().next().unwrap_or(' ');
    let error = ExpressionError::new(text, at, format!("`{c}` means nothing in an expression"));
    Err(match c {
        '=' => error.hint("compare with =="),
        '&' => error.hint("write and"),
        '|' => error.hint("write or"),
        '!' => error.hint("write not"),
        _ => error.label("expected a metric, a quantity or a comparison"),
    })
}

fn starts_quantity(rest: &str) -> bool {
    let unsigned = rest.strip_prefix('-').unwrap_or(rest);
    let bare = unsigned.strip_prefix('$').unwrap_or(unsigned);
    bare.starts_with(|c: char| c.is_ascii_digit())
}

/// Length of the quantity at the start; a slash belongs to it where a unit follows at once.
fn quantity_length(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut end = usize::from(bytes[0] == b'-');
    while end < bytes.len() {
        let c = bytes[end];
        let inner = c.is_ascii_alphanumeric() || matches!(c, b'.' | b'%' | b'$' | b'_');
        let slash = c == b'/' && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
        if !inner && !slash {
            break;
        }
        end += 1;
    }
    end
}

fn name_or_call(text: &str, at: usize) -> Result<(Word, usize), ExpressionError> {
    let rest = &text[at..];
    let mut end = 0;
    while let Some(&c) = rest.as_bytes().get(end) {
        let inner_dash = c == b'-' && rest.as_bytes().get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
        if !(c.is_ascii_alphanumeric() || c == b'_' || c == b'.' || inner_dash) {
            break;
        }
        end += 1;
    }
    let name = rest[..end].to_owned();
    if rest.as_bytes().get(end) != Some(&b'(') {
        return Ok((Word::Name(name), end));
    }
    let mut depth = 0usize;
    for (i, c) in rest.char_indices().skip(end) {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let subject = rest[end + 1..i].trim().to_owned();
            return Ok((Word::Call(name, subject), i + 1));
        }
    }
    Err(ExpressionError::new(text, at + end, "this parenthesis is not closed").label("expected `)` after the subject"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[Word]) {
        let found: Vec<Word> = words(text).unwrap().into_iter().map(|t| t.word).collect();
        assert_eq!(found, expect, "{text}");
    }

    fn name(text: &str) -> Word {
        Word::Name(text.into())
    }

    fn quantity(text: &str) -> Word {
        Word::Quantity(text.into())
    }

    #[test]
    fn edges_and_differences_read_one_way() {
        let call = Word::Call("p99".into(), "app->users.pool_wait".into());
        check("p99(app->users.pool_wait) - 3ms", &[call, Word::Sign("-"), quantity("3ms")]);
        check("a-b - c", &[name("a-b"), Word::Sign("-"), name("c")]);
    }

    #[test]
    fn quantities_keep_their_units() {
        check("$0.125/GB/month / 3", &[quantity("$0.125/GB/month"), Word::Sign("/"), quantity("3")]);
        check("x < -30%", &[name("x"), Word::Sign("<"), quantity("-30%")]);
    }

    #[test]
    fn percentiles_keep_their_point() {
        check("p99.9(a.b)>1s", &[Word::Call("p99.9".into(), "a.b".into()), Word::Sign(">"), quantity("1s")]);
    }

    #[test]
    fn open_parenthesis_is_an_error_at_its_place() {
        assert_eq!(words("p99(a.b < 3").unwrap_err().at, 3);
        assert!(words("a = 3").unwrap_err().hint.unwrap().contains("=="));
    }
}
