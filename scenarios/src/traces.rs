//! The files that a scenario replays, so that its results can keep them: under which names they lie beside the scenario in an out folder,
//! and the text of the scenario with these names.

use crate::reader::{FileId, Node, Sources, Span, Value, flow_word};

/// Names that an out folder has for its results. A trace that is called so gets another name there.
pub const RESERVED: [&str; 18] = [
    "asked.json",
    "capacity.csv",
    "capacity.json",
    "compare.csv",
    "compare.json",
    "figures",
    "files.json",
    "journal.csv",
    "points.jsonl",
    "report.html",
    "report.md",
    "results.json",
    "scenario.yaml",
    "sweep.csv",
    "sweep.json",
    "sweep.parquet",
    "timeseries.csv",
    "timeseries.parquet",
];

/// The folder of traces that cannot keep the name by which the scenario calls them.
const FOLDER: &str = "traces";

/// A file whose arrivals a load replays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where it was read, seen from where the program runs.
    pub path: String,
    /// The name by which the text of the loaded scenario calls it, relative to that text.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// A place in a file that names a trace.
#[derive(Debug, Clone)]
pub(crate) struct Named {
    /// Where the name is written.
    pub span: Span,
    /// The name as it is written.
    pub written: String,
    /// Where the trace was read.
    pub path: String,
    /// What stands in it.
    pub text: String,
}

/// The traces that a scenario and its variants name, and under which name each place calls its trace.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Each trace once.
    pub all: Vec<Trace>,
    /// Places whose name is another one than what is written.
    renamed: Vec<(Span, String)>,
}

impl Traces {
    /// Names all traces, so that no two have the same name and none has that of a result.
    pub fn of(named: Vec<Named>) -> Self {
        let mut traces = Self::default();
        for place in named {
            let known = traces.all.iter().find(|trace| trace.path == place.path).map(|trace| trace.name.clone());
            let name = known.unwrap_or_else(|| traces.add(&place));
            if name != place.written && !traces.renamed.iter().any(|(span, _)| *span == place.span) {
                traces.renamed.push((place.span, name));
            }
        }
        traces
    }

    /// Adds a trace under a name that is free, and gives the name.
    fn add(&mut self, place: &Named) -> String {
        let last = place.path.rsplit('/').next().unwrap_or_default();
        let others = (1..).map(|n| if n == 1 { format!("{FOLDER}/{last}") } else { format!("{FOLDER}/{n}-{last}") });
        let written = Some(place.written.clone()).filter(|name| stays(name));
        let is_free = |name: &String| !self.all.iter().any(|trace| trace.name == *name);
        let name = written.into_iter().chain(others).find(is_free).unwrap_or_default();
        self.all.push(Trace { path: place.path.clone(), name: name.clone(), text: place.text.clone() });
        name
    }

    /// The text of a file, with the new names.
    pub fn in_text(&self, file: FileId, sources: &Sources) -> String {
        let mut text = sources.text(file).to_owned();
        let mut places: Vec<&(Span, String)> = self.renamed.iter().filter(|(span, _)| span.file == file).collect();
        places.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        for (span, name) in places {
            text.replace_range(span.start..span.end, &flow_word(name));
        }
        text
    }

    /// A tree with the new names.
    pub fn in_tree(&self, tree: &Node) -> Node {
        let mut tree = tree.clone();
        self.rename(&mut tree);
        tree
    }

    fn rename(&self, node: &mut Node) {
        let name = self.renamed.iter().find(|(span, _)| *span == node.span).map(|(_, name)| name);
        match (&mut node.value, name) {
            (Value::Scalar(scalar), Some(name)) => scalar.text.clone_from(name),
            (Value::Scalar(_), None) => {}
            (Value::List(nodes), _) => nodes.iter_mut().for_each(|node| self.rename(node)),
            (Value::Map(entries), _) => entries.iter_mut().for_each(|entry| self.rename(&mut entry.value)),
        }
    }
}

/// Whether a trace can lie beside the scenario of an out folder under the name that is written: within the folder, and not in the place of
/// a result.
fn stays(name: &str) -> bool {
    let mut parts = name.split('/');
    let first = parts.next().unwrap_or_default().to_lowercase();
    let is_plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':']);
    !RESERVED.contains(&first.as_str()) && name.split('/').all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, Set, load};

    const SYSTEM: &str = "load: {users: {to: web.get, arrive: {replay: {file: NAME}}}}\n\
        services: {web: {workers: 4, endpoints: {get: {steps: [{work: 1ms}]}}}}\n";
    const HEAD: &str = "scenario: s\nquestion: q?\nrun: {duration: 10s, replications: 1, seed: 1}\n";

    fn names(traces: &[Trace]) -> Vec<(&str, &str)> {
        traces.iter().map(|trace| (trace.path.as_str(), trace.name.as_str())).collect()
    }

    #[test]
    fn a_trace_lies_beside_the_file_that_names_it() {
        let files = Memory::of("a/b/over.yaml", &format!("extends: ../base.yaml\n{HEAD}"))
            .and("a/b/../base.yaml", &SYSTEM.replace("NAME", "calls.csv"))
            .and("a/b/../calls.csv", "at\n1\n2\n")
            .and("a/b/own.csv", "at\n3\n");
        let loaded = load(&files, "a/b/over.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
        assert_eq!(names(&loaded.traces), [("a/b/../calls.csv", "calls.csv")]);
        // What is set is seen from the scenario.
        let set = Set::parse("load.users.arrive.replay.file=own.csv").expect("is one");
        let loaded = load(&files, "a/b/over.yaml", &[set], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
        assert_eq!(names(&loaded.traces), [("a/b/own.csv", "own.csv")]);
    }

    #[test]
    fn what_leaves_the_folder_or_is_called_as_a_result_gets_a_name_of_its_own() {
        for written in ["../x/calls.csv", "/x/calls.csv", "'timeseries.csv'", "Figures/a.csv", "./calls.csv"] {
            let text = format!("{HEAD}{}# the end\n", SYSTEM.replace("NAME", written));
            let path = crate::files::beside("s/main.yaml", written.trim_matches('\''));
            let files = Memory::of("s/main.yaml", &text).and(&path, "at\n1\n");
            let loaded = load(&files, "s/main.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
            let name = format!("traces/{}", path.rsplit('/').next().unwrap_or_default());
            assert_eq!(names(&loaded.traces), [(path.as_str(), name.as_str())]);
            assert_eq!(loaded.text, text.replace(written, &name), "all else stays as it is written");
            // The text and its traces are the same scenario, and name their traces as before.
            let mut kept = Memory::of("out/scenario.yaml", &loaded.text);
            for trace in &loaded.traces {
                kept = kept.and(&format!("out/{}", trace.name), &trace.text);
            }
            let again = load(&kept, "out/scenario.yaml", &[], None).unwrap_or_else(|r| panic!("{}", r.render(false)));
            assert_eq!((&again.text, &again.traces[0].name), (&loaded.text, &name));
        }
    }

    #[test]
    fn variants_bring_their_traces_and_two_of_one_name_are_kept_apart() {
        let text = format!(
            "{HEAD}{}variants: {{busy: {{load.users.arrive.replay.file: ../b/calls.csv}}}}\n",
            SYSTEM.replace("NAME", "../a/calls.csv")
        );
        let files =
            Memory::of("s/main.yaml", &text).and("s/../a/calls.csv", "at\n1\n").and("s/../b/calls.csv", "at\n2\n");
        // In the text of a variant nothing names the trace in whose place its own stands.
        for (variant, count) in [(None, 2), (Some("busy"), 1)] {
            let loaded = load(&files, "s/main.yaml", &[], variant).unwrap_or_else(|r| panic!("{}", r.render(false)));
            let mut found = names(&loaded.traces);
            found.sort_unstable_by_key(|(_, name)| *name);
            found.dedup_by_key(|(_, name)| *name);
            assert_eq!(found.len(), count, "{found:?}");
            assert!(found.iter().all(|(_, name)| loaded.text.contains(name)), "{found:?}: {}", loaded.text);
            assert!(!loaded.text.contains(".."), "{}", loaded.text);
        }
    }
}
