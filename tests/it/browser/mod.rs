//! Each kind of page in a real headless Chromium, at the widths of phones and screens, light and dark: nothing on the console, no
//! request, every figure there, no label over another or outside its figure, all of it reachable by keyboard.
//!
//! Where there is no Chromium the test says so and is skipped. `PAGES=folder` keeps the pages there, to be looked at.

mod devtools;

use super::{root, run};
use devtools::Browser;
use reports::page::Page;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};

const CHECK: &str = include_str!("check.js");
const WIDTHS: [u32; 6] = [320, 390, 640, 768, 1024, 1440];

/// A folder with a page of each kind, gone when done unless one asked for it.
struct Pages {
    folder: PathBuf,
    kept: bool,
    files: Vec<(&'static str, PathBuf)>,
}

impl Pages {
    fn write() -> Self {
        let asked = std::env::var_os("PAGES").map(PathBuf::from);
        let kept = asked.is_some();
        let folder =
            asked.unwrap_or_else(|| std::env::temp_dir().join(format!("windtunnel-pages-{}", std::process::id())));
        std::fs::create_dir_all(&folder).unwrap();
        let page = |(kind, page): (&'static str, Page)| {
            let path = folder.join(format!("{kind}.html"));
            std::fs::write(&path, reports::html::render(&page).unwrap()).unwrap();
            std::fs::write(folder.join(format!("{kind}.md")), reports::markdown::render(&page)).unwrap();
            (kind, path)
        };
        let mut all = reports::studies::pages();
        all.push(("experiment", experiment()));
        let files = all.into_iter().map(page).collect();
        Self { folder, kept, files }
    }
}

/// The page of a shipped experiment.
fn experiment() -> Page {
    let file = root().join("scenarios/shipped/experiments/kill-80-percent.yaml");
    let study = run(&file, &["run.replications=3"], 2);
    let source = reports::Source {
        file: "kill-80-percent.yaml".into(),
        text: std::fs::read_to_string(&file).unwrap(),
        question: study.summary.question.clone(),
        answer: None,
        asked: String::new(),
        traces: Vec::new(),
        known: sim_core::results::Known::default(),
    };
    reports::studies::run::experiment_page::page(&study, &source)
}

impl Drop for Pages {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

#[test]
fn pages_are_whole_in_a_browser() {
    let program = match devtools::program() {
        Ok(program) => program,
        Err(why) => {
            // Not by a macro, whose output the harness keeps to itself. Where there has to be a browser, it is a failure.
            let (pages, layouts) = (reports::studies::pages().len() + 1, WIDTHS.len() + 2);
            let skipped =
                format!("SKIPPED: {pages} pages in {layouts} layouts each were not looked at in a browser, for {why}");
            let _ = writeln!(std::io::stderr(), "\n{skipped}");
            assert!(std::env::var_os("BROWSER_REQUIRED").is_none_or(|v| v.is_empty() || v == "0"), "{skipped}");
            return;
        }
    };
    let pages = Pages::write();
    let mut browser = Browser::start(&program);
    let mut problems = what_is_wrong_is_found(&mut browser, &pages.folder);
    for (kind, file) in &pages.files {
        let mut found = layouts(&mut browser, file);
        found.extend(keyboard(&mut browser, file));
        found.extend(closer(&mut browser, file));
        found.extend(without_script(&mut browser, file));
        found.extend(browser.complaints());
        problems.extend(found.into_iter().map(|problem| format!("{kind}: {problem}")));
    }
    problems.dedup();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// A page with one of each fault: a check that finds nothing in it finds nothing at all.
fn what_is_wrong_is_found(browser: &mut Browser, folder: &Path) -> Vec<String> {
    let page = "<!doctype html><meta charset=utf-8><section class=fig id=x><div class=plot><svg width=99 height=99><text x=9 y=50>one</text>\
                <text x=12 y=52>two</text><text x=80 y=90>outside</text></svg></div></section><div style='width:2000px'>wide</div>\
                <a href='#nowhere'>a</a><script>console.error('said')</script><img src='http://127.0.0.1:9/x.png'>";
    let file = folder.join("wrong.html");
    std::fs::write(&file, page).unwrap();
    browser.open(&file, 390, false, true);
    let mut found = check(browser, "");
    found.extend(browser.complaints());
    let expected = [
        "scrolls sideways",
        "has no table",
        "has no title or description",
        "\"outside\" leaves its figure",
        "\"one\" lies over \"two\"",
        "a link leads nowhere: #nowhere",
        "said",
        "asked for http://127.0.0.1:9/x.png",
    ];
    let missed = expected.iter().filter(|words| !found.iter().any(|problem| problem.contains(*words)));
    missed.map(|words| format!("the check is blind: {words}")).collect()
}

fn check(browser: &mut Browser, at: &str) -> Vec<String> {
    let found = browser.evaluate(CHECK);
    let list = found.as_array().expect("a list").iter();
    list.map(|problem| format!("{at}: {}", problem.as_str().unwrap_or_default())).collect()
}

fn layouts(browser: &mut Browser, file: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for dark in [false, true] {
        browser.open(file, WIDTHS[0], dark, true);
        // Colours move nothing: in the dark a phone and a screen will do.
        for width in WIDTHS.into_iter().filter(|width| !dark || [390, 1440].contains(width)) {
            browser.resize(width);
            problems.extend(check(browser, &format!("{width} px, dark {dark}")));
        }
        let page = browser.evaluate("getComputedStyle(document.body).backgroundColor");
        let expected = if dark { "rgb(21, 24, 28)" } else { "rgb(253, 252, 250)" };
        if page != expected {
            problems.push(format!("dark {dark}: the page is {page}"));
        }
        browser.print(true);
        browser.resize(720);
        problems.extend(check(browser, "in print"));
    }
    problems
}

/// Names of what has the focus, in the order of the tab key.
fn tabs(browser: &mut Browser) -> Vec<String> {
    let name = "(function (e) { return !e || e === document.body ? '' : e.className.baseVal || e.className || e.tagName + ' ' + (e.name || ''); })(document.activeElement)";
    let mut order = Vec::new();
    loop {
        browser.press("Tab");
        let at = browser.evaluate(name).as_str().unwrap_or_default().to_owned();
        // Behind the last comes the browser itself, or the first again.
        if at.is_empty() || order.first() == Some(&at) || order.len() > 200 {
            return order;
        }
        order.push(at);
    }
}

fn keyboard(browser: &mut Browser, file: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    browser.open(file, 1440, false, true);
    let order = tabs(browser);
    if order.first().is_none_or(|first| first != "skip") || order.get(1).is_none_or(|second| second != "INPUT th") {
        problems.push(format!("the tab key does not reach the skip link and then the theme: {order:?}"));
    }
    let sliders = "[].slice.call(document.querySelectorAll('svg.time')).filter(function (s) { return s.getBoundingClientRect().width > 0; })";
    let count = browser.evaluate(&format!("{sliders}.length")).as_u64().unwrap_or(0);
    let reached = order.iter().filter(|name| name.split(' ').any(|class| class == "time")).count() as u64;
    if count != reached {
        problems.push(format!("the tab key reaches {reached} of {count} figures over time"));
    }
    for figure in 0..count {
        let at = format!("{sliders}[{figure}]");
        let read = format!("{at}.getAttribute('aria-valuetext')");
        browser.evaluate(&format!("{at}.focus()"));
        if browser.evaluate(&format!("{at}.getAttribute('role')")) != "slider" {
            problems.push(format!("figure over time {figure} is no slider"));
        }
        let idle = browser.evaluate(&read);
        browser.press("ArrowRight");
        let first = browser.evaluate(&read);
        browser.press("ArrowRight");
        let second = browser.evaluate(&read);
        if idle == first || first == second || second.as_str().is_none_or(str::is_empty) {
            problems.push(format!("figure over time {figure} says {first} and then {second}"));
        }
        browser.press("Escape");
        if browser.evaluate(&read) != idle {
            problems.push(format!("figure over time {figure} does not let go"));
        }
    }
    problems
}

/// Looking closer: by keys, by dragging, and back.
fn closer(browser: &mut Browser, file: &Path) -> Vec<String> {
    let mut problems = Vec::new();
    for width in [390, 1440] {
        browser.open(file, width, false, true);
        if browser.evaluate("!!document.querySelector('svg.time')") != true {
            continue;
        }
        let slider = if width < 640 { ".n svg.time" } else { ".w svg.time" };
        let shown = "document.querySelector('.timebar output').textContent";
        browser.evaluate(&format!("document.querySelector('{slider}').focus()"));
        let whole = browser.evaluate(shown);
        for key in ["+", "+", "ArrowRight"] {
            browser.press(key);
        }
        problems.extend(check(browser, &format!("{width} px, closer by keys")));
        let near = browser.evaluate(shown);
        browser.press("Escape");
        let again = browser.evaluate(shown);
        if whole == near || whole != again {
            problems.push(format!("{width} px: keys show {near}, then {again}"));
        }
        let place = format!(
            "(function (s) {{ s.scrollIntoView({{block: 'center'}}); var r = s.getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; }})(document.querySelector('{slider}'))"
        );
        let place = browser.evaluate(&place);
        let number = |i: usize| place.get(i).and_then(Value::as_f64).unwrap_or(0.0);
        let at = |part: f64| (number(0) + number(2) * part, number(1) + number(3) * 0.5);
        browser.drag(at(0.35), at(0.6));
        problems.extend(check(browser, &format!("{width} px, closer by dragging")));
        let near = browser.evaluate(shown);
        if near == whole {
            problems.push(format!("{width} px: dragging shows {near}"));
        }
        browser.evaluate("window.dispatchEvent(new Event('beforeprint'))");
        if browser.evaluate(shown) != whole {
            problems.push(format!("{width} px: print shows {near}"));
        }
    }
    problems
}

fn without_script(browser: &mut Browser, file: &Path) -> Vec<String> {
    browser.open(file, 390, false, false);
    let mut problems = check(browser, "without script");
    let offers = "[].slice.call(document.querySelectorAll('.theme, .keys')).filter(function (e) { return e.getBoundingClientRect().height > 0; }).length";
    if browser.evaluate(offers) != 0 {
        problems.push("without script the page offers what it cannot do".into());
    }
    problems
}
