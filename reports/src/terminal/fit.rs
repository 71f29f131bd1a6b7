//! The last step of every form: no line is longer than the terminal is wide. Forms lay out their tables by the width themselves; what is
//! too long all the same goes on in the next line, further to the right. A command that is to be typed goes on behind a backslash, so that the
//! shell takes it as it stands.

/// Columns by which a line that goes on is moved to the right.
const FURTHER: usize = 4;

/// How a line begins that holds a command.
const COMMAND: &str = "Next  ";

/// Breaks lines that are longer than `width`: where columns of a table meet, or else at a blank. A word that is longer by itself, such as a
/// path, stays whole.
pub fn fit(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        if columns(line) <= width {
            out.push_str(line);
        } else {
            broken(line, width, &mut out);
        }
        out.push_str(end);
    }
    out
}

/// Characters that are seen: colours take none.
pub fn columns(line: &str) -> usize {
    pieces(line).filter(|piece| !piece.starts_with('\x1b')).map(|piece| piece.chars().count()).sum()
}

/// A line in single characters and whole colours.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let colour = (first == '\x1b').then(|| rest.find('m')).flatten();
        let (piece, left) = rest.split_at(colour.map_or(first.len_utf8(), |end| end + 1));
        rest = left;
        Some(piece)
    })
}

fn broken(line: &str, width: usize, out: &mut String) {
    let indent = pieces(line).filter(|piece| !piece.starts_with('\x1b')).take_while(|piece| *piece == " ").count();
    let indent = (indent + FURTHER).min(width / 2);
    let (mut used, mut first) = (0, true);
    let goes_on = if line.starts_with(COMMAND) { " \\" } else { "" };
    let width = width.saturating_sub(goes_on.len());
    for (gap, word) in words(line) {
        let (wide, is_first_word) = (columns(&word), used == 0 && first);
        if !is_first_word && used + gap + wide > width {
            out.push_str(goes_on);
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = indent;
            first = false;
        } else {
            out.push_str(&" ".repeat(gap));
            used += gap;
        }
        out.push_str(&word);
        used += wide;
    }
}

/// Words, each with the blanks before it. Words of one cell of a table, which a single blank parts, stay together where they are short.
fn words(line: &str) -> Vec<(usize, String)> {
    const CELL: usize = 30;
    let mut words: Vec<(usize, String)> = Vec::new();
    let (mut gap, mut word) = (0, String::new());
    for piece in pieces(line).chain([" "]) {
        if piece != " " {
            word.push_str(piece);
            continue;
        }
        // A colour that begins before blanks begins after them as well.
        if columns(&word) > 0 {
            words.push((gap, std::mem::take(&mut word)));
            gap = 0;
        }
        gap += 1;
    }
    if let Some((_, last)) = words.last_mut() {
        last.push_str(&word);
    }
    let mut cells: Vec<(usize, String)> = Vec::new();
    let is_table = words.iter().skip(1).any(|(gap, _)| *gap > 1);
    for (gap, word) in words {
        match cells.last_mut() {
            Some((_, cell)) if is_table && gap == 1 && columns(cell) + 1 + columns(&word) <= CELL => {
                cell.push(' ');
                cell.push_str(&word);
            }
            _ => cells.push((gap, word)),
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_fit_stay_as_they_are() {
        let text = "  a   b\n\nc d\n";
        assert_eq!(fit(text, 7), text);
        assert_eq!(fit("\x1b[1mbold\x1b[0m x", 6), "\x1b[1mbold\x1b[0m x");
    }

    #[test]
    fn what_is_too_long_goes_on_further_to_the_right() {
        assert_eq!(fit("one two three four\n", 12), "one two\n    three\n    four\n");
        assert_eq!(fit("name     98.5 % (98–99)     held\n", 24), "name     98.5 % (98–99)\n    held\n");
        assert_eq!(fit("  at a/very/long/path/of/a/report.html", 12), "  at\n      a/very/long/path/of/a/report.html");
    }

    #[test]
    fn a_command_can_be_typed_as_it_stands() {
        let text = fit("Next     windtunnel run a/long/path.yaml --set services.web.instances=2", 48);
        assert_eq!(text, "Next     windtunnel run a/long/path.yaml --set \\\n    services.web.instances=2");
        assert!(text.lines().all(|line| columns(line) <= 48), "{text}");
    }

    #[test]
    fn colours_break_nowhere_and_take_no_room() {
        let text = fit("\x1b[32mHELD\x1b[0m          quick          100 % (94–100)", 26);
        assert_eq!(text, "\x1b[32mHELD\x1b[0m          quick\n    100 % (94–100)");
        let text = fit("a name\x1b[2m      observed     kept in runs\x1b[0m", 20);
        assert_eq!(text, "a name\x1b[2m      observed\n    kept in runs\x1b[0m");
    }
}
