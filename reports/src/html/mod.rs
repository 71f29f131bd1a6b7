//! The report of a run: one HTML file that works offline, in the order of `look`: question, answer, promises, what to look at next,
//! figures with their tables, calls, money, arithmetic, how sure we are, the scenario.

use crate::figures::{Figure, Section, Table};
use crate::findings::{find, margin, word, worst_first};
use crate::numbers::{clock, estimate, grouped, kept, length, optional, plain};
use crate::{ReportError, Source};
use minijinja::{Environment, Value, context};
use sim_core::results::{PromiseSummary, StudyResult, Unit, Verdict};
use sim_core::units::Probability;

const TEMPLATE: &str = include_str!("report.html.jinja");
const CSS: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The page.
///
/// # Errors
/// If the template cannot be filled.
pub fn page(study: &StudyResult, source: &Source, figures: &[Figure]) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.add_filter("nb", unbroken);
    environment.add_template("report.html", TEMPLATE)?;
    let s = &study.summary;
    let number =
        |section| figures.iter().filter(|f| f.section == section).map(|f| figure(f, figures)).collect::<Vec<_>>();
    let judged = worst_first(study);
    let page = environment.get_template("report.html")?.render(context! {
        css => Value::from_safe_string(CSS.to_owned()),
        script => Value::from_safe_string(SCRIPT.to_owned()),
        data => Value::from_safe_string(data(study, figures).replace('<', "\\u003c")),
        title => s.scenario,
        question => source.question,
        expected => source.answer,
        answer => crate::answer::answer(study),
        meta => meta(study),
        promises_head => promises_head(study),
        promises => judged.iter().map(|p| promise(p)).collect::<Vec<_>>(),
        expectations => s.expectations.iter().map(promise).collect::<Vec<_>>(),
        findings => find(study, source).into_iter().take(5).map(|f| context! {
            what => arrows(&f.what), why => arrows(&f.why), command => f.command,
            figure => f.figure.and_then(|id| figures.iter().position(|x| x.id == id)).map(|i| i + 1),
        }).collect::<Vec<_>>(),
        over_time => number(Section::OverTime),
        money => number(Section::Money),
        sure => number(Section::Sure),
        calls => calls(study),
        calls_title => arrows(&calls_title(study)),
        arithmetic => s.arithmetic.iter().map(|row| context! {
            of => row.of, why => row.why, arithmetic => plain(row.arithmetic, row.unit), simulated => estimate(&row.simulated, row.unit),
        }).collect::<Vec<_>>(),
        facts => facts(study, source),
        file => source.file.rsplit('/').next().unwrap_or_default(),
        lines => source.text.lines().count(),
        text => source.text,
    })?;
    Ok(page)
}

/// Text as HTML in which no interval breaks over lines.
fn unbroken(text: &str) -> Value {
    let words = text.split(' ').map(|word| {
        let word = crate::figures::escape(word);
        if word.contains('–') { format!("<span class=\"nb\">{word}</span>") } else { word }
    });
    Value::from_safe_string(words.collect::<Vec<_>>().join(" "))
}

/// Calls as people read them, which break over lines at the arrow only.
fn arrows(text: &str) -> String {
    text.replace("->", " \u{2192}\u{a0}")
}

fn meta(study: &StudyResult) -> String {
    let s = &study.summary;
    format!(
        "{} replications of {}, intervals of 95\u{a0}%, warm-up of {} cut, {} requests judged. Every figure below is the mean or the merged quantile of all {}.",
        s.replications,
        length(s.simulated_s),
        length(s.warm_up_s),
        grouped(study.requests_judged as f64, 0),
        s.replications
    )
}

fn promises_head(study: &StudyResult) -> String {
    let of = |v| study.summary.promises.iter().filter(|p| p.verdict == v).count();
    let words = [(Verdict::Broken, "broken"), (Verdict::Inconclusive, "undecided"), (Verdict::Held, "held")];
    let parts: Vec<String> = words.iter().filter(|(v, _)| of(*v) > 0).map(|(v, w)| format!("{} {w}", of(*v))).collect();
    if parts.is_empty() { "No promise is made".into() } else { format!("Promises: {}", parts.join(", ")) }
}

fn promise(p: &PromiseSummary) -> Value {
    let class = match p.verdict {
        Verdict::Broken => "broken",
        Verdict::Held => "held",
        Verdict::Inconclusive => "open",
    };
    let mut note = p.note.clone();
    if let Some(settle) = p.would_settle {
        note = format!("{settle} replications would settle it, if the share stays.");
    }
    context! {
        class => class, word => word(p.verdict), says => p.says, name => if p.name == p.says { String::new() } else { p.name.clone() },
        observed => optional(p.observed.as_ref(), p.unit), margin => margin(p), note => note,
        kept => p.kept, judged => p.judged,
        share => p.probability.as_ref().map(kept),
        mini => Value::from_safe_string(p.probability.as_ref().map_or_else(String::new, |e| mini(p, e))),
    }
}

/// The probability of keeping a promise with its interval, from 0 to 100 %, and the 90 % needed.
fn mini(p: &PromiseSummary, e: &sim_core::results::Estimate) -> String {
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
    format!(
        "<svg viewBox=\"0 0 208 40\" width=\"208\" height=\"40\" role=\"img\"><title>kept in {} of {} runs</title>\
         <rect x=\"180.8\" y=\"4\" width=\"19.2\" height=\"18\" fill=\"#F0EBE0\"/><line x1=\"8\" y1=\"13\" x2=\"200\" y2=\"13\" stroke=\"#8B8983\"/>\
         <line x1=\"180.8\" y1=\"4\" x2=\"180.8\" y2=\"22\" stroke=\"#1C1D21\" stroke-width=\"1.25\"/>\
         <line x1=\"{:.1}\" y1=\"13\" x2=\"{:.1}\" y2=\"13\" stroke=\"{stroke}\" stroke-width=\"4\"/>{mark}\
         <text x=\"5\" y=\"37\" fill=\"#55565E\" font-size=\"11.5\">0</text>\
         <text x=\"184.8\" y=\"37\" fill=\"#55565E\" font-size=\"11.5\" text-anchor=\"end\">needed 90 %</text></svg>",
        p.kept,
        p.judged,
        x(e.low),
        x(e.high)
    )
}

fn figure(f: &Figure, all: &[Figure]) -> Value {
    let number = all.iter().position(|x| x.id == f.id).unwrap_or(0) + 1;
    let readings: Vec<Value> =
        f.readings.iter().map(|r| context! { label => r.label, token => r.token, whole => r.whole }).collect();
    context! {
        id => f.id, number => number, title => arrows(&f.title), bold => f.caption.0, caption => f.caption.1,
        panels => f.panels.iter().map(|p| context! {
            wide => Value::from_safe_string(p.wide.clone()), narrow => Value::from_safe_string(p.narrow.clone()),
        }).collect::<Vec<_>>(),
        tables => f.tables.iter().map(table).collect::<Vec<_>>(),
        readings => readings,
    }
}

fn table(t: &Table) -> Value {
    context! { says => t.says, heads => t.heads, rows => t.rows }
}

fn calls(study: &StudyResult) -> Vec<Value> {
    let count =
        |e: &sim_core::results::Estimate| if e.mean == 0.0 { "0".to_owned() } else { plain(e.mean, Unit::Count) };
    study
        .summary
        .calls
        .iter()
        .map(|(name, c)| {
            let (from, to) = name.split_once("->").unwrap_or(("", name));
            context! {
                from => from, to => to,
                cells => vec![
                    count(&c.calls), count(&c.attempts), count(&c.retries),
                    c.amplification.map_or_else(|| "–".into(), |a| grouped(a.mean, 3)),
                    count(&c.timeouts), count(&c.rejected), count(&c.breaker_opened), count(&c.abandoned),
                ],
            }
        })
        .collect()
}

fn calls_title(study: &StudyResult) -> String {
    let of = |c: &sim_core::results::CallSummary| c.amplification.map_or(1.0, |a| a.mean);
    match study.summary.calls.iter().max_by(|a, b| of(a.1).total_cmp(&of(b.1))) {
        Some((name, c)) if of(c) > 1.001 => {
            format!("Retries add {:.1}\u{a0}% to the attempts of {name}, more than to any other", (of(c) - 1.0) * 100.0)
        }
        _ => "No call is retried to speak of".into(),
    }
}

/// The command that gives the same results.
fn repeat(study: &StudyResult, source: &Source) -> String {
    let s = &study.summary;
    let command = format!("windtunnel run {} --seed {}", source.file, s.seed);
    let Some(precision) = &s.precision else { return format!("{command} --replications {}", s.replications) };
    let (batch, cap) = (precision.batch, precision.cap);
    let within = Probability::new(precision.within).unwrap_or_default();
    let named = precision.of.iter().filter(|p| p.path.starts_with("run."));
    let of: String = named.map(|p| format!(" --precision-of '{}'", p.name)).collect();
    format!("{command} --replications {batch} --precision {within}{of} --precision-cap {cap}")
}

fn facts(study: &StudyResult, source: &Source) -> Vec<(String, String, bool)> {
    let s = &study.summary;
    let digest: Vec<String> = s.digest.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect();
    let fact = |a: &str, b: String, code: bool| (a.to_owned(), b, code);
    let mut facts = vec![
        fact("Replications", format!("{}, of {} simulated each", s.replications, length(s.simulated_s)), false),
        fact("Requests judged", grouped(study.requests_judged as f64, 0), false),
        fact("Warm-up", format!("{}, cut from every number", length(s.warm_up_s)), false),
        fact("In flight at the end", format!("{} a run, counted in no share", grouped(study.in_flight, 0)), false),
        fact("Seed", format!("{}, replications 0 to {}", s.seed, s.replications.saturating_sub(1)), false),
        fact(
            "Intervals",
            "95 %: Student\u{2019}s t on means and on the replications\u{2019} quantiles, ratio estimates on shares, Wilson on shares of runs".into(),
            false,
        ),
        fact("Version", format!("windtunnel {}", s.version), false),
        fact("Digest of the results", digest.join(" "), true),
        fact("To repeat it, byte for byte", repeat(study, source), true),
    ];
    if let Some(precision) = &s.precision {
        let within = plain(precision.within, Unit::Share);
        let says = if precision.reached { "reached" } else { "not reached" };
        facts.push(fact("Precision asked for", format!("{within} of each estimate, {says}"), false));
    }
    if !s.stopped.is_empty() {
        facts.push(fact("Stopped by a bound", format!("{} of {} runs", s.stopped.len(), s.replications), false));
    }
    for fault in study.faults.iter().filter(|f| f.from_s > 0.0).take(3) {
        facts.push(fact(
            "Fault",
            format!("{}, {} to {}: {}", fault.name, clock(fault.from_s), clock(fault.to_s), fault.says),
            false,
        ));
    }
    facts
}

/// What the cursor reads, as JSON.
fn data(study: &StudyResult, figures: &[Figure]) -> String {
    let round = |v: Option<f64>| v.filter(|v| v.is_finite()).map(|v| format!("{v:.6e}").parse::<f64>().unwrap_or(v));
    let mut figs = serde_json::Map::new();
    for f in figures.iter().filter(|f| !f.readings.is_empty()) {
        let series: Vec<serde_json::Value> = f
            .readings
            .iter()
            .map(|r| {
                let lists: Vec<Vec<Option<f64>>> =
                    r.values.iter().map(|l| l.iter().map(|v| round(*v)).collect()).collect();
                serde_json::json!([r.label, r.token, lists, r.unit])
            })
            .collect();
        figs.insert(f.id.to_owned(), serde_json::json!({"f": f.format, "s": series}));
    }
    let times: Vec<f64> = study.windows.iter().map(|w| w.from_s).collect();
    let step = study.windows.first().map_or(1.0, |w| w.to_s - w.from_s);
    serde_json::json!({"t": times, "w": step, "figs": figs}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    fn sample_page() -> String {
        let study = sample::study();
        page(&study, &sample::source(), &crate::figures::all(&study)).expect("a page")
    }

    #[test]
    fn the_page_asks_nothing_of_the_network() {
        let page = sample_page();
        for asks in ["http://", "https://", "<link rel=\"stylesheet\"", "@import", "url(", " src="] {
            assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(asks), "the page has {asks}");
        }
    }

    #[test]
    fn what_the_user_wrote_is_escaped() {
        let page = sample_page();
        assert!(page.contains("# &lt;&amp;&gt;") && !page.contains("# <&>"));
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
    fn no_interval_of_the_answer_breaks_over_lines() {
        assert!(sample_page().contains("<b><span class=\"nb\">98.31\u{a0}%\u{a0}(98.29–98.33)</span></b>"));
    }
}
