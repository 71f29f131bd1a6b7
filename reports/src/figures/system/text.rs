//! A system as text that other programs draw: Mermaid and DOT.

use super::{call_label, node_lines};
use sim_core::results::{NodeKind, System};
use std::fmt::Write;

/// A flowchart of Mermaid.
pub fn mermaid(system: &System) -> String {
    // All that has a meaning in Mermaid, or in the HTML of which it makes labels, is written as the number of its character.
    let text = |text: &str| -> String {
        let plain = |c: char| c.is_alphanumeric() || " -_.,:/%".contains(c);
        text.chars().map(|c| if plain(c) { c.to_string() } else { format!("#{};", u32::from(c)) }).collect()
    };
    let mut out = "flowchart LR\n".to_owned();
    for (place, node) in system.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Load => ("([", "])"),
            NodeKind::Service => ("[", "]"),
            NodeKind::Store => ("[(", ")]"),
            NodeKind::Queue => ("[[", "]]"),
            NodeKind::Cache => ("{{", "}}"),
        };
        let lines: Vec<String> = node_lines(node).iter().map(|line| text(line)).collect();
        let _ = writeln!(out, "    n{place}{open}\"{}\"{close}", lines.join("<br>"));
    }
    for call in &system.calls {
        let dash = if call.faults.is_empty() { "-->" } else { "-.->" };
        let _ = writeln!(out, "    n{} {dash}|\"{}\"| n{}", call.from, text(&call_label(call)), call.to);
    }
    let struck = system.nodes.iter().enumerate().filter(|(_, node)| !node.faults.is_empty());
    let struck: Vec<String> = struck.map(|(place, _)| format!("n{place}")).collect();
    if !struck.is_empty() {
        let _ =
            writeln!(out, "    classDef fault stroke:#B04600,stroke-width:3px\n    class {} fault", struck.join(","));
    }
    out
}

/// A digraph of Graphviz.
pub fn dot(system: &System) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
    let mut out = "digraph system {\n    rankdir=LR;\n    node [fontname=\"Helvetica\", shape=box];\n    edge [fontname=\"Helvetica\"];\n".to_owned();
    for (place, node) in system.nodes.iter().enumerate() {
        let shape = match node.kind {
            NodeKind::Load => "oval",
            NodeKind::Service => "box",
            NodeKind::Store => "cylinder",
            NodeKind::Queue => "cds",
            NodeKind::Cache => "hexagon",
        };
        let lines: Vec<String> = node_lines(node).iter().map(|line| quoted(line)).collect();
        let fault = if node.faults.is_empty() { "" } else { ", color=\"#B04600\", penwidth=3" };
        let _ = writeln!(out, "    n{place} [shape={shape}, label=\"{}\"{fault}];", lines.join("\\n"));
    }
    for call in &system.calls {
        let fault = if call.faults.is_empty() { "" } else { ", color=\"#B04600\", style=dashed" };
        let _ = writeln!(out, "    n{} -> n{} [label=\"{}\"{fault}];", call.from, call.to, quoted(&call_label(call)));
    }
    out + "}\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::system::testing;
    use crate::studies::run::sample;

    #[test]
    fn every_node_and_every_call_is_a_line_of_each() {
        for system in [sample::system(), testing::random(5, 60), System::default()] {
            let (mermaid, dot) = (mermaid(&system), dot(&system));
            for place in 0..system.nodes.len() {
                let of = |text: &str, starts: &[String]| {
                    text.lines().filter(|line| starts.iter().any(|start| line.trim().starts_with(start))).count()
                };
                assert_eq!(of(&mermaid, &[format!("n{place}["), format!("n{place}(")]), 1, "{mermaid}");
                assert_eq!(of(&dot, &[format!("n{place} [")]), 1, "{dot}");
            }
            assert_eq!(mermaid.matches("->|").count(), system.calls.len(), "{mermaid}");
            assert_eq!(dot.matches(" -> ").count(), system.calls.len(), "{dot}");
        }
    }

    #[test]
    fn names_of_users_are_no_markup() {
        let mut system = sample::system();
        system.nodes[1].name = "a\"] --> b; <b>\\".into();
        assert!(mermaid(&system).contains("a#34;#93; --#62; b#59; #60;b#62;#92;"), "{}", mermaid(&system));
        assert!(dot(&system).contains("a\\\"] --> b; <b>\\\\"), "{}", dot(&system));
    }
}
