//! Lays a page out as GitHub-flavoured Markdown: tables, figures by their path, no HTML. What users wrote is escaped, so that it reads
//! as they wrote it and makes no link, code, formula or table.

use crate::arrows::arrows;
use crate::figures::{DataTable, Figure};
use crate::numbers::kept;
use crate::page::finding::Finding;
use crate::page::sentence::Piece;
use crate::page::{Block, Fact, Judged, LoneTable, Page};
use std::fmt::Write;

/// Rows that a table of a figure has here, where it cannot be folded away.
const MOST_ROWS: usize = 40;

/// The text of `report.md`.
pub fn render(page: &Page) -> String {
    let mut out = format!("# {}\n\n", line(&page.title));
    if !page.question.is_empty() {
        let _ = write!(out, "*{}*\n\n", line(&page.question));
    }
    let _ = write!(out, "{}\n\n{}\n", answer(&page.answer), line(&page.meta));
    let mut tables = 0;
    for section in &page.sections {
        let _ = write!(out, "\n## {}\n", line(&section.head));
        for block in &section.blocks {
            self::block(page, block, &mut tables, &mut out);
        }
    }
    out
}

fn block(page: &Page, block: &Block, tables: &mut usize, out: &mut String) {
    let _ = match block {
        Block::Lede(text) | Block::Remark(text) => writeln!(out, "\n{}", line(text)),
        Block::Usage(_) => Ok(()),
        Block::Verdicts(list) => writeln!(out, "\n{}", grid(&verdicts(list))),
        Block::Findings(list) => {
            list.iter().enumerate().try_for_each(|(i, f)| write!(out, "\n{}", finding(page, i + 1, f)))
        }
        Block::Figure(f) => write!(out, "\n{}", figure(f, page.number(&f.id).unwrap_or(0))),
        Block::Table(t) => write!(out, "\n{}", standing(t, tables)),
        Block::Facts(facts) => writeln!(out, "\n{}", facts.iter().map(fact).collect::<Vec<_>>().join("\n")),
        Block::Folded(says, blocks) => {
            let _ = writeln!(out, "\n{says}:");
            blocks.iter().for_each(|inner| self::block(page, inner, tables, out));
            Ok(())
        }
        Block::Text(file, text) => {
            let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
            let end = if text.ends_with('\n') { "" } else { "\n" };
            write!(out, "\n{}:\n\n{fence}yaml\n{text}{end}{fence}\n", line(file))
        }
    };
}

fn answer(pieces: &[Piece]) -> String {
    let mut out = String::new();
    for piece in pieces {
        if piece.spaced {
            out.push(' ');
        }
        // The full stop that ends the answer stands outside the bold words.
        let (text, stop) = piece.text.strip_suffix('.').map_or((piece.text.as_str(), ""), |text| (text, "."));
        let text = inline(text);
        out.push_str(&if piece.strong { format!("**{text}**{stop}") } else { text + stop });
    }
    out
}

fn verdicts(list: &[Judged]) -> DataTable {
    let notes = list.iter().any(|p| !p.note.is_empty());
    let mut heads = vec!["Verdict".to_owned(), "What".to_owned()];
    heads.extend(list.first().iter().flat_map(|p| p.facts.iter().map(|(name, _)| name.clone())));
    heads.push("Kept in".to_owned());
    heads.extend(notes.then(|| "To know".to_owned()));
    let row = |p: &Judged| {
        let name = if p.name.is_empty() { String::new() } else { format!(" ({})", p.name) };
        let share = p.share.as_ref().map_or_else(|| "no data".to_owned(), kept);
        let mut row = vec![p.word.to_owned(), format!("{}{name}", p.says)];
        row.extend(p.facts.iter().map(|(_, value)| value.clone()));
        row.push(format!("{} of {} runs, {share}", p.kept.0, p.kept.1));
        row.extend(notes.then(|| p.note.clone()));
        row
    };
    DataTable { says: String::new(), heads, rows: list.iter().map(row).collect() }
}

fn finding(page: &Page, number: usize, f: &Finding) -> String {
    let mut out = format!("{number}. **{}**", inline(&arrows(&f.what)));
    if !f.why.is_empty() {
        let _ = write!(out, " {}", inline(&arrows(&f.why)));
    }
    if let Some(figure) = f.figure.as_deref().and_then(|id| page.number(id)) {
        let _ = write!(out, " Figure {figure}.");
    }
    if let Some(command) = &f.command {
        let _ = write!(out, "\n   Try {}", code(command));
    }
    out + "\n"
}

fn figure(f: &Figure, number: usize) -> String {
    let title = arrows(&f.title);
    let mut out = format!("### Figure {number}. {}\n\n", inline(&title));
    for path in f.files() {
        let _ = write!(out, "![{}]({path}.svg)\n\n", inline(&title));
    }
    let _ = writeln!(out, "**{}**, {}", inline(&f.caption.0), inline(&f.caption.1));
    for table in &f.tables {
        let step = table.rows.len().div_ceil(MOST_ROWS).max(1);
        let some = if step == 1 { String::new() } else { format!(" (one row of {step}; all are on the page)") };
        let rows = table.rows.iter().step_by(step).cloned().collect();
        let table = DataTable { rows, ..table.clone() };
        let _ = write!(out, "\n{}{some}:\n\n{}\n", line(&capital(&table.says)), grid(&table));
    }
    out
}

fn standing(t: &LoneTable, tables: &mut usize) -> String {
    let Some((title, caption)) = &t.title else { return grid(&t.table) + "\n" };
    *tables += 1;
    let (title, bold, rest) = (inline(title), inline(&caption.0), inline(&caption.1));
    format!("### Table {tables}. {title}\n\n**{bold}**, {rest}\n\n{}\n", grid(&t.table))
}

fn fact(fact: &Fact) -> String {
    let value = if fact.code { code(&fact.value) } else { inline(&fact.value) };
    format!("- {}: {value}", inline(&fact.name))
}

/// A table: names to the left, numbers to the right.
fn grid(table: &DataTable) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| inline(&arrows(cell))).collect();
        format!("| {} |", cells.join(" | "))
    };
    let is_number =
        |cell: &String| cell.is_empty() || cell.starts_with(|c: char| c.is_ascii_digit() || "$+-\u{2212}–".contains(c));
    let right = |column: usize| {
        let filled = |r: &&Vec<String>| r.get(column).is_some_and(|cell| !cell.is_empty() && cell != "no data");
        column > 0 && table.rows.iter().filter(filled).all(|r| is_number(&r[column]))
    };
    let rule: Vec<&str> = (0..table.heads.len()).map(|i| if right(i) { "---:" } else { ":---" }).collect();
    let lines = [row(&table.heads), format!("| {} |", rule.join(" | "))];
    lines.into_iter().chain(table.rows.iter().map(|cells| row(cells))).collect::<Vec<_>>().join("\n")
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

/// Code within a line.
pub fn code(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    let fence = "`".repeat(longest_run(&text, '`') + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Text that stands at the start of a line: what would open a list, a quotation or a heading does not.
pub fn line(text: &str) -> String {
    let text = inline(text);
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if digits > 0 && text[digits..].starts_with(['.', ')']) {
        return format!("{}\\{}", &text[..digits], &text[digits..]);
    }
    let opens = text.starts_with(['#', '+', '-', '=']);
    if opens { format!("\\{text}") } else { text }
}

/// Text within a line: nothing in it is markup, and it stays on its line.
pub fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.trim().chars().filter(|c| *c != '\u{ad}').peekable();
    while let Some(c) = rest.next() {
        // An underscore between letters is none of emphasis, and names are full of them.
        let within = c == '_' && before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        if "\\`*_[]<>&|~$".contains(c) && !within {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
        before = c;
    }
    // Addresses would become links by themselves.
    out.replace("://", ":\\//").replace("www.", "www\\.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    fn text() -> String {
        render(&crate::studies::run::page::page(&sample::study(), &sample::source()))
    }

    #[test]
    fn nothing_that_a_user_writes_is_markup() {
        assert_eq!(
            inline("a_b *c* <i> |x| `y` [z](q) $1 & \\"),
            "a_b \\*c\\* \\<i\\> \\|x\\| \\`y\\` \\[z\\](q) \\$1 \\& \\\\"
        );
        assert_eq!(inline("two\nlines and _one_"), "two lines and \\_one\\_");
        assert_eq!(line("# no heading"), "\\# no heading");
        assert_eq!(line("12. no list"), "12\\. no list");
        assert_eq!(line("- no list"), "\\- no list");
        assert_eq!(inline("see https://x.org"), "see https:\\//x.org");
        assert_eq!(code("a `b`"), "`` a `b` ``");
    }

    #[test]
    fn the_order_is_that_of_the_page() {
        let text = text();
        let order = [
            "# Checkout when",
            "*Does the breaker",
            "**No:**",
            "### Figure 1.",
            "## Promises:",
            "## What to look at next",
            "### Figure 2.",
        ];
        let places: Vec<Option<usize>> = order.iter().map(|words| text.find(words)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{places:?}");
        assert!(text.contains("\n| Broken | gateway.checkout answers at least 99.5 % of requests (works) | 98.31\u{a0}% (98.29–98.33) |") ||
            text.contains("| Broken | gateway.checkout answers at least 99.5 % of requests (works) | 98.31\u{a0}%\u{a0}(98.29–98.33) |"));
    }

    #[test]
    fn every_figure_is_shown_by_its_path() {
        let page = crate::studies::run::page::page(&sample::study(), &sample::source());
        let text = text();
        for figure in page.figures() {
            for path in figure.files() {
                assert!(text.contains(&format!("]({path}.svg)")), "{path}");
            }
        }
    }

    #[test]
    fn every_row_of_a_table_has_as_many_cells_as_its_head() {
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let mut head = None;
        for line in text().lines() {
            let here = line.starts_with('|').then(|| cells(line));
            if let (Some(head), Some(here)) = (head, here) {
                assert_eq!(head, here, "{line}");
            }
            head = here;
        }
    }

    #[test]
    fn a_file_with_fences_stays_in_its_own() {
        let mut source = sample::source();
        source.text = "a: 1\n````\nb: 2".into();
        let text = render(&crate::studies::run::page::page(&sample::study(), &source));
        assert!(text.ends_with("\n`````yaml\na: 1\n````\nb: 2\n`````\n"), "{}", &text[text.len() - 60..]);
    }
}
