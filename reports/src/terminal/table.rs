//! A table of names and numbers in so many columns: at least two blanks between columns, and no line wider than the terminal.

use super::Style;
use super::text::{pad, pad_left, widest, wrap};
use std::fmt::Write;

/// Blanks between two columns; where there is no room for so many, one fewer.
const GAP: usize = 3;
/// A name of up to so many columns stays in the line of its numbers, even if columns on the right have to go for that.
const NAME: usize = 34;

/// How many columns of these widths fit beside so many others, and with how many blanks between them; one column always.
pub(crate) fn fitting(widths: &[usize], beside: usize, room: usize) -> (usize, usize) {
    let needed = |(count, gap): (usize, usize)| widths[..count].iter().map(|width| width + gap).sum::<usize>();
    let mut ways = (1..=widths.len()).rev().flat_map(|count| [(count, GAP), (count, GAP - 1)]);
    ways.find(|way| needed(*way) + beside <= room).unwrap_or((1, GAP - 1))
}

/// A name in lines of its own: one without blanks is cut where a line is full.
pub(crate) fn in_lines(name: &str, indent: &str, width: usize) -> String {
    let mut text = String::new();
    for word in name.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        letters.chunks(width.max(1)).for_each(|part| text.extend(part.iter().chain([&' '])));
    }
    wrap(&text, indent, width)
}

/// A table. Columns that do not fit are left out from the right, and a name that does not fit stands in a line of its own.
pub(crate) struct TextTable<'a> {
    /// Above the names.
    pub title: &'a str,
    /// Columns of what stands before the names.
    pub lead: usize,
    /// Above the other columns.
    pub heads: &'a [&'a str],
    /// Lines.
    pub rows: Vec<TextRow>,
}

/// A line of a table.
pub(crate) struct TextRow {
    /// What stands before the name, coloured, with the blanks that it needs.
    pub lead: String,
    /// What the numbers are of.
    pub name: String,
    /// A number for each head.
    pub cells: Vec<String>,
}

impl TextTable<'_> {
    /// Columns of numbers that there is room for.
    pub(crate) fn columns(&self, style: Style) -> usize {
        self.layout(style).1.0
    }

    /// The width of each column, and how many of them there is room for with how many blanks between them.
    fn layout(&self, style: Style) -> (Vec<usize>, (usize, usize)) {
        let room = style.columns().saturating_sub(self.lead);
        let widths: Vec<usize> = (0..self.heads.len())
            .map(|place| widest(self.rows.iter().map(|row| &row.cells[place]), self.heads[place]))
            .collect();
        let longest = widest(self.rows.iter().map(|row| &row.name), "");
        let fits = fitting(&widths, longest.min(NAME.min(room / 2)), room);
        (widths, fits)
    }

    /// Adds the table behind an empty line; nothing without rows.
    pub(crate) fn write(&self, style: Style, out: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        let room = style.columns().saturating_sub(self.lead);
        let (widths, (count, gap)) = self.layout(style);
        let needed = widths[..count].iter().map(|width| width + gap).sum::<usize>();
        let most = room.saturating_sub(needed);
        let inline = self.rows.iter().map(|row| &row.name).filter(|name| name.chars().count() <= most);
        let title = self.title.chars().count().saturating_sub(self.lead);
        let name = widest(inline, "").max(title.min(most));
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).take(count);
            cells.map(|(cell, width)| " ".repeat(gap) + &pad_left(cell, *width)).collect::<String>()
        };
        let heads: Vec<String> = self.heads.iter().map(|head| (*head).to_owned()).collect();
        out.push('\n');
        if title <= name {
            out.push_str(&style.bold(&pad(self.title, self.lead + name)));
        } else {
            let own_line = wrap(self.title, "", style.columns());
            out.push_str(&format!("{}\n{}", style.bold(own_line.trim_end()), " ".repeat(self.lead + name)));
        }
        let _ = writeln!(out, "{}", style.dim(line(&heads).trim_end()));
        let indent = " ".repeat(self.lead);
        for row in &self.rows {
            if row.name.chars().count() <= name {
                let _ = writeln!(out, "{}{}{}", row.lead, pad(&row.name, name), line(&row.cells));
                continue;
            }
            let _ = write!(out, "{}{}", row.lead, in_lines(&row.name, &indent, room).trim_start());
            if needed <= room {
                let _ = writeln!(out, "{indent}{}{}", pad("", name), line(&row.cells));
            } else {
                let _ = write!(out, "{indent}{}", in_lines(&row.cells[0], &indent, room));
            }
        }
    }
}

/// Cells of a line, which two blanks or more keep apart.
#[cfg(test)]
pub(crate) fn cells_of(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of every length in every width: the same cells are read back from each line.
    #[test]
    fn columns_never_run_together_and_no_line_is_wider_than_the_terminal() {
        let long = |length: usize| "abcde fghij klmno ".repeat(9).chars().take(length).collect::<String>();
        for width in [60, 72, 80, 100] {
            for length in [1, 9, 20, 33, 50, 120] {
                for digits in [1, 7, 15, 30] {
                    let cells: Vec<String> = (1..=4).map(|n| "7".repeat(digits * n / 2 + 1)).collect();
                    let row = |length: usize| TextRow {
                        lead: pad("BROKEN", 14),
                        name: long(length).trim().to_owned(),
                        cells: cells.clone(),
                    };
                    let rows = vec![row(length), row(3)];
                    let table = TextTable { title: "Promises", lead: 14, heads: &["a", "b", "c", "d"], rows };
                    let mut out = String::new();
                    table.write(Style { colour: false, plain: true, width }, &mut out);
                    assert!(out.lines().all(|line| line.chars().count() <= width), "{width}\n{out}");
                    let (head, last) = (out.lines().nth(1).unwrap(), out.lines().last().unwrap());
                    let shown = cells_of(head).len() - 1;
                    assert!(shown >= 1, "{out}");
                    if !cells_of(last).contains(&"BROKEN") {
                        continue;
                    }
                    assert_eq!(cells_of(last)[2..], cells[..shown], "{width} {length} {digits}\n{out}");
                }
            }
        }
    }
}
