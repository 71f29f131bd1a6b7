//! Each kind of study leaves its report in its folder: a page, Markdown, and the figures that it shows.

use super::cli::small;
use super::program::Folder;
use std::path::Path;

/// Runs the program and checks the report in the folder that it wrote to.
fn report(at: &Folder, args: &[&str], kind: &str, figures: &[&str]) {
    let all = [args, &["--out", kind, "--plain"]].concat();
    let (status, out, err) = at.run(&all);
    assert_eq!(status, 0, "{args:?}: {err}");
    assert!(out.contains(&format!("Report   {kind}/report.html\n")), "{args:?}: {out}");
    let folder = at.0.join(kind);
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(page.contains(&format!("<span>{kind} report</span>")), "{kind}");
    let text = std::fs::read_to_string(folder.join("report.md")).unwrap();
    let shown = shown(&text, &folder);
    for figure in figures {
        assert!(shown.iter().any(|path| path == &format!("figures/{figure}.svg")), "{kind} shows {shown:?}");
    }
    let drawn = page.matches("<p class=\"num_\">Figure ").count();
    assert_eq!(text.matches("\n### Figure ").count(), drawn, "{kind}: page and Markdown show as many figures");
    let next = [args, &["--out", "again", "--plain"]].concat();
    assert_eq!(at.run(&next).0, 0);
    for file in ["report.html", "report.md"] {
        let again = std::fs::read_to_string(at.0.join("again").join(file)).unwrap();
        assert!(again == std::fs::read_to_string(folder.join(file)).unwrap(), "{kind}: {file} differs from run to run");
    }
    std::fs::remove_dir_all(at.0.join("again")).unwrap();
}

/// Figures of a text in Markdown, all of which lie where it says, as a picture too.
fn shown(text: &str, folder: &Path) -> Vec<String> {
    let paths =
        text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|p| p.starts_with("figures/"));
    let all: Vec<String> = paths.map(str::to_owned).collect();
    for path in &all {
        let svg = std::fs::read_to_string(folder.join(path)).unwrap();
        assert!(svg.starts_with("<svg xmlns=") && svg.contains("<title "), "{path}");
        let png = std::fs::read(folder.join(path.replace(".svg", ".png"))).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{path}");
    }
    all
}

#[test]
fn every_study_leaves_its_report() {
    let at = Folder::new("reports");
    at.write("small.yaml", &small("100ms", 8));
    at.write("other.yaml", &small("100ms", 8).replace("workers: 4", "workers: 2"));
    report(&at, &["run", "small.yaml"], "run", &["availability", "latency"]);
    let knob = ["--set", "services.web.workers=1..3", "--show", "p99(web.get)"];
    report(&at, &[&["sweep", "small.yaml"], &knob[..]].concat(), "sweep", &["kept", "metric-1"]);
    let search = ["--for", "services.web.workers=1..3", "--no-knee", "--budget", "48"];
    report(&at, &[&["capacity", "small.yaml"], &search[..]].concat(), "capacity", &["ladder-1"]);
    report(&at, &["compare", "small.yaml", "other.yaml"], "comparison", &["times"]);
}
