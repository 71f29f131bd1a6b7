//! Lays a page out as one HTML file that works offline: styles, figures, tables and the page's own script are all inside.

#[cfg(test)]
mod contrast;

use crate::ReportError;
use crate::arrows::arrows;
use crate::figures::{DataTable, Figure};
use crate::numbers::kept;
use crate::page::{Block, CellForm, Judged, LoneTable, Page, Section, Windows};
use minijinja::{Environment, Value, context};
use sim_core::results::{Estimate, Verdict};

const TEMPLATE: &str = include_str!("page.html.jinja");
const CSS: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The file.
///
/// # Errors
/// If the template cannot be filled.
pub fn render(page: &Page) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.add_filter("nb", unbroken);
    environment.add_filter("coded", coded);
    environment.add_filter("command", command);
    environment.add_template("page.html", TEMPLATE)?;
    let text = environment.get_template("page.html")?.render(context! {
        css => Value::from_safe_string(CSS.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        data => Value::from_safe_string(data(page).replace('<', "\\u003c")),
        kind => page.kind,
        title => page.title,
        question => page.question,
        answer => page.answer,
        meta => page.meta,
        sections => Layout { page, tables: std::cell::Cell::new(0) }.sections(),
    })?;
    Ok(text)
}

/// Text as HTML in which no interval breaks over lines, be it `(a–b)` or `(a to b)`.
fn unbroken(text: &str) -> Value {
    let mut parts: Vec<String> = Vec::new();
    let mut words = text.split(' ').peekable();
    while let Some(word) = words.next() {
        let mut whole = crate::figures::escape(word);
        let opens = word.rfind('(').is_some_and(|at| !word[at..].contains(')'));
        let mut ahead = words.clone();
        let closes = ahead.next() == Some("to") && ahead.next().is_some_and(|last| last.contains(')'));
        if opens && closes {
            for part in words.by_ref().take(2) {
                whole.push('\u{a0}');
                whole.push_str(&crate::figures::escape(part));
            }
        }
        let unbroken = (opens && closes) || word.contains('–');
        parts.push(if unbroken { format!("<span class=\"nb\">{whole}</span>") } else { whole });
    }
    Value::from_safe_string(parts.join(" "))
}

/// A command as HTML, which breaks over lines before its options and never within their names.
fn command(text: &str) -> Value {
    let words = text.split(' ').map(|word| {
        let word = crate::figures::escape(word);
        if word.starts_with('-') { format!("<span class=\"nb\">{word}</span>") } else { word }
    });
    Value::from_safe_string(words.collect::<Vec<_>>().join(" "))
}

/// Text as HTML in which words between backticks are code.
fn coded(text: &str) -> Value {
    let parts = text.split('`').map(crate::figures::escape).enumerate();
    let parts = parts.map(|(i, part)| if i % 2 == 1 { format!("<code>{part}</code>") } else { part });
    Value::from_safe_string(parts.collect())
}

/// Blocks as the template reads them; counts the tables that have a title.
struct Layout<'a> {
    page: &'a Page,
    tables: std::cell::Cell<usize>,
}

impl Layout<'_> {
    fn sections(&self) -> Vec<Value> {
        let section = |s: &Section| {
            context! { id => s.id, contents => s.contents, head => s.head, blocks => self.blocks(&s.blocks) }
        };
        self.page.sections.iter().map(section).collect()
    }

    fn blocks(&self, blocks: &[Block]) -> Vec<Value> {
        blocks.iter().map(|block| self.block(block)).collect()
    }

    fn block(&self, block: &Block) -> Value {
        match block {
            Block::Lede(text) => context! { kind => "lede", text => text },
            Block::Usage(text) => context! { kind => "usage", text => text },
            Block::Remark(text) => context! { kind => "remark", text => text },
            Block::Verdicts(list) => {
                context! { kind => "verdicts", list => list.iter().map(judgement).collect::<Vec<_>>() }
            }
            Block::Findings(list) => context! {
                kind => "findings",
                list => list.iter().map(|f| context! {
                    what => arrows(&f.what), why => arrows(&f.why), command => f.command,
                    figure => f.figure.as_deref().and_then(|id| self.page.number(id)),
                }).collect::<Vec<_>>(),
            },
            Block::Figure(f) => figure(f, self.page.number(&f.id).unwrap_or(0)),
            Block::Table(t) => self.standing(t),
            Block::Facts(facts) => context! {
                kind => "facts",
                list => facts.iter().map(|f| context! { name => f.name, value => f.value, code => f.code }).collect::<Vec<_>>(),
            },
            Block::Folded(says, blocks) => context! { kind => "folded", says => says, blocks => self.blocks(blocks) },
            Block::Text(file, text) => {
                context! { kind => "text", file => file, text => text, lines => text.lines().count() }
            }
        }
    }

    fn standing(&self, t: &LoneTable) -> Value {
        let title = t.title.as_ref().map(|(title, caption)| {
            self.tables.set(self.tables.get() + 1);
            context! { number => self.tables.get(), title => title, bold => caption.0, caption => caption.1 }
        });
        let cells = match t.cells {
            CellForm::Numbers => "numbers",
            CellForm::Calls => "calls",
            CellForm::Reasons => "reasons",
        };
        context! { kind => "table", title => title, cells => cells, table => table(&t.table) }
    }
}

fn judgement(p: &Judged) -> Value {
    let class = match p.verdict {
        Verdict::Broken => "broken",
        Verdict::Held => "held",
        Verdict::Inconclusive => "open",
    };
    context! {
        class => class, word => p.word, says => p.says, name => p.name, facts => p.facts, note => p.note,
        kept => p.kept.0, judged => p.kept.1,
        share => p.share.as_ref().map(kept),
        mini => Value::from_safe_string(p.share.as_ref().map_or_else(String::new, |e| mini(p, e))),
    }
}

/// The probability of keeping a promise with its interval, from 0 to 100 %, and the share that is needed.
fn mini(p: &Judged, e: &Estimate) -> String {
    let x = |v: f64| 8.0 + 192.0 * v;
    let (stroke, mark) = match p.verdict {
        Verdict::Broken => (
            "#B04600",
            format!(
                "<path d=\"M{:.1} 8l10 10m0 -10l-10 10\" stroke=\"#B04600\" stroke-width=\"2.5\" fill=\"none\"/>",
                x(e.mean) - 5.0
            ),
        ),
        Verdict::Held => ("#00795A", format!("<circle cx=\"{:.1}\" cy=\"13\" r=\"5.5\" fill=\"#00795A\"/>", x(e.mean))),
        Verdict::Inconclusive => (
            "#876100",
            format!(
                "<circle cx=\"{:.1}\" cy=\"13\" r=\"5\" fill=\"#FDFCFA\" stroke=\"#876100\" stroke-width=\"2\"/>",
                x(e.mean)
            ),
        ),
    };
    let (kept, judged) = p.kept;
    let (needed, percent) = (x(p.needed), p.needed * 100.0);
    format!(
        "<svg viewBox=\"0 0 208 40\" width=\"208\" height=\"40\" role=\"img\"><title>kept in {kept} of {judged} runs</title>\
         <desc>Probability of keeping it with its 95 percent interval, from 0 to 100 percent, and a mark at the {percent:.0} percent \
         needed.</desc><rect x=\"{needed:.1}\" y=\"4\" width=\"{:.1}\" height=\"18\" fill=\"#F0EBE0\"/>\
         <line x1=\"8\" y1=\"13\" x2=\"200\" y2=\"13\" stroke=\"#8B8983\"/>\
         <line x1=\"{needed:.1}\" y1=\"4\" x2=\"{needed:.1}\" y2=\"22\" stroke=\"#1C1D21\" stroke-width=\"1.25\"/>\
         <line x1=\"{:.1}\" y1=\"13\" x2=\"{:.1}\" y2=\"13\" stroke=\"{stroke}\" stroke-width=\"4\"/>{mark}\
         <text x=\"5\" y=\"37\" fill=\"#55565E\" font-size=\"11.5\">0</text>\
         <text x=\"{:.1}\" y=\"37\" fill=\"#55565E\" font-size=\"11.5\" text-anchor=\"end\">needed {percent:.0} %</text></svg>",
        200.0 - needed,
        x(e.low),
        x(e.high),
        needed + 4.0
    )
}

fn figure(f: &Figure, number: usize) -> Value {
    let readings: Vec<Value> =
        f.readings.iter().map(|r| context! { label => r.label, token => r.token, whole => r.whole }).collect();
    context! {
        kind => "figure", id => f.id, number => number, title => arrows(&f.title), bold => f.caption.0, caption => f.caption.1,
        panels => f.panels.iter().map(|p| context! {
            natural => p.natural, wide => Value::from_safe_string(p.wide.clone()), narrow => Value::from_safe_string(p.narrow.clone()),
        }).collect::<Vec<_>>(),
        tables => f.tables.iter().map(table).collect::<Vec<_>>(),
        readings => readings,
    }
}

fn table(t: &DataTable) -> Value {
    context! { says => t.says, heads => t.heads, rows => t.rows }
}

/// What the cursor reads, as JSON.
fn data(page: &Page) -> String {
    let round = |v: Option<f64>| v.filter(|v| v.is_finite()).map(|v| format!("{v:.6e}").parse::<f64>().unwrap_or(v));
    let mut figs = serde_json::Map::new();
    for f in page.figures().into_iter().filter(|f| !f.readings.is_empty()) {
        let series: Vec<serde_json::Value> = f
            .readings
            .iter()
            .map(|r| {
                let lists: Vec<Vec<Option<f64>>> =
                    r.values.iter().map(|l| l.iter().map(|v| round(*v)).collect()).collect();
                serde_json::json!([r.label, r.token, lists, r.unit])
            })
            .collect();
        figs.insert(f.id.to_string(), serde_json::json!({"f": f.format, "s": series}));
    }
    let none = Windows { from_s: Vec::new(), length_s: 1.0 };
    let time = page.time.as_ref().unwrap_or(&none);
    serde_json::json!({"t": time.from_s, "w": time.length_s, "figs": figs}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    fn sample_page() -> String {
        render(&crate::studies::run::page::page(&sample::study(), &sample::source())).expect("a page")
    }

    #[test]
    fn the_page_asks_nothing_of_the_network() {
        let page = sample_page();
        for asks in ["http://", "https://", "<link rel=\"stylesheet\"", "@import", "url(", " src="] {
            // The name of a language, and a clip of the page's own.
            let rest = page.replace("http://www.w3.org/2000/svg", "").replace("url(#", "");
            assert!(!rest.contains(asks), "the page has {asks}");
        }
    }

    #[test]
    fn what_the_user_wrote_is_escaped() {
        let page = sample_page();
        assert!(page.contains("# &lt;&amp;&gt;") && !page.contains("# <&>"));
    }

    #[test]
    fn only_names_of_two_ends_have_an_arrow_and_only_edges_call() {
        let mut page = crate::studies::run::page::page(&sample::study(), &sample::source());
        let rows = ["direct.a->b", "west-east"].map(|name| vec![name.to_owned(), "1".to_owned()]).into();
        let table = DataTable { says: "Links".into(), heads: vec!["Link".into(), "Lost".into()], rows };
        let table = Block::Table(LoneTable { title: None, cells: CellForm::Calls, table });
        page.sections.push(crate::page::section::section("links", "Links", "Links", vec![table]));
        let text = render(&page).expect("a page");
        let arrows = |label: &str| text.matches(&format!("class=\"arr\" aria-label=\"{label}\"")).count();
        assert_eq!([arrows("calls"), arrows("to")], [sample::study().summary.calls.len(), 1]);
        assert!(text.contains("<th scope=\"row\">west-east</th>"));
        assert!(!text.contains("<span class=\"to\"></span>"));
    }

    #[test]
    fn the_same_study_gives_the_same_page() {
        assert_eq!(sample_page(), sample_page());
    }

    #[test]
    fn ids_are_unique() {
        let page = sample_page();
        let mut ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn intervals_in_words_do_not_break_either() {
        let text = unbroken("by -3.2\u{a0}s\u{a0}(-3.3 to -3.1), from (5) to 7").to_string();
        assert_eq!(text, "by <span class=\"nb\">-3.2\u{a0}s\u{a0}(-3.3\u{a0}to\u{a0}-3.1),</span> from (5) to 7");
    }

    #[test]
    fn no_interval_of_the_answer_breaks_over_lines() {
        assert!(sample_page().contains("<b><span class=\"nb\">98.31\u{a0}%\u{a0}(98.29–98.33)</span></b>"));
    }
}
