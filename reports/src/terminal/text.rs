//! Text in columns of a terminal.

/// A terminal has neither no-break spaces nor a true minus.
pub fn ascii(text: &str) -> String {
    text.replace('\u{a0}', " ").replace('\u{2212}', "-")
}

/// Breaks a text at blanks.
pub fn wrap(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::new();
    let mut line = String::new();
    // No-break spaces do not break.
    for word in text.split([' ', '\n']).filter(|w| !w.is_empty()) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            out.push_str(&line);
            out.push('\n');
            line = format!("{indent}{word}");
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    out + &line + "\n"
}

/// A text with blanks behind it, up to so many columns.
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

/// A text with blanks before it, up to so many columns.
pub fn pad_left(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{}{text}", " ".repeat(missing))
}

/// Columns of the widest of these cells and their head.
pub fn widest<'a>(cells: impl Iterator<Item = &'a String>, head: &str) -> usize {
    cells.map(|c| c.chars().count()).max().unwrap_or(0).max(head.chars().count())
}
