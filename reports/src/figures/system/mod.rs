//! The system that was simulated: loads, services, stores and queues as boxes, their calls as arrows with their rates.
//!
//! `groups` decides what is a box, `layout` where it stands, and here it is painted, at the size that it takes: a page lets large ones scroll
//! in their own box. `text` writes the same for other programs.

mod groups;
mod layout;
mod text;

pub use text::{dot, mermaid};

use super::svg::{Svg, colour, shortened, width_of};
use super::{DataTable, Drawing, Figure};
use crate::numbers::{grouped, plain};
use groups::{By, FARTHEST, Group};
use layout::{Arrow, Layout, Rect, Route, lay_out};
use sim_core::results::{NodeKind, StudyResult, System, SystemCall, SystemNode, Unit};
use std::fmt::Write;

/// From line to line [px].
const LINE: f64 = 15.0;
/// Around all [px].
const MARGIN: f64 = 10.0;
/// Endpoints of one called node that have a line of their own at their arrow.
const MOST_LINES: usize = 3;
/// The share of workers held from which on a box has a colour, and how much of it.
const TINTS: [(f64, &str, f64); 5] = [
    (0.0, colour::BLUE, 0.05),
    (0.25, colour::BLUE, 0.18),
    (0.5, colour::BLUE, 0.34),
    (0.7, colour::OCHRE, 0.36),
    (0.9, colour::VERM, 0.40),
];

/// The colour of a box, and how much of it lies over the page.
fn tint(utilisation: f64) -> (&'static str, f64) {
    let (_, fill, part) = TINTS.iter().rev().find(|tint| utilisation >= tint.0).unwrap_or(&TINTS[0]);
    (fill, *part)
}

/// The figure that a report begins with; `None` of an empty system.
pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    figure(&study.system)
}

/// The figure of a system; `None` if there is nothing in it.
pub fn figure(system: &System) -> Option<Figure> {
    if system.nodes.is_empty() {
        return None;
    }
    let (groups, by) = groups::groups(system);
    let arrows = if system.simulated {
        "attempts a second, mean of the whole run"
    } else {
        "calls a second at the rates that the loads are written with, where these say it"
    };
    let colours = if system.simulated { " Colour: share of workers held." } else { "" };
    let marked = system.nodes.iter().any(|node| !node.faults.is_empty());
    let faults = if marked { " Thick frame: struck by a fault." } else { "" };
    let grouped = note(system, &groups, by).map_or_else(String::new, |note| format!(" {note}."));
    let what = if system.simulated { "The system that was simulated" } else { "The system as it is written" };
    Some(Figure {
        id: "system".into(),
        title: title(system),
        caption: (what.into(), format!("arrows: {arrows}.{colours}{faults}{grouped}")),
        panels: vec![drawing(system)],
        tables: tables(system),
        readings: Vec::new(),
        format: "",
    })
}

/// The drawing of a system for a screen and for a phone.
pub fn drawing(system: &System) -> Drawing {
    let wide = painted(system, 168.0, &[700.0, 1172.0]);
    Drawing { wide, narrow: painted(system, 112.0, &[322.0]), natural: true }
}

/// What is worth saying of all of it.
fn title(system: &System) -> String {
    let busiest = system.nodes.iter().filter_map(|node| Some((node, node.utilisation?)));
    match busiest.max_by(|a, b| a.1.total_cmp(&b.1)) {
        Some((node, share)) => format!("{} is the busiest: {} of its workers are held", node.name, percent(share)),
        None => counts(system),
    }
}

/// How many of each kind there are: `2 loads, 1 service and 3 stores`.
fn counts(system: &System) -> String {
    let of = |kind| system.nodes.iter().filter(|node| node.kind == kind).count();
    let kinds = [NodeKind::Load, NodeKind::Service, NodeKind::Store, NodeKind::Cache, NodeKind::Queue];
    let some: Vec<String> = kinds.into_iter().filter(|kind| of(*kind) > 0).map(|kind| number(of(kind), kind)).collect();
    match some.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => some.concat(),
    }
}

fn number(count: usize, kind: NodeKind) -> String {
    format!("{} {}{}", grouped(count as f64, 0), kind.word(), if count == 1 { "" } else { "s" })
}

/// What groups stand for, in words; `None` where each box is a node.
fn note(system: &System, groups: &[Group], by: By) -> Option<String> {
    let how = match by {
        By::Nothing => return None,
        By::Part => "each holds what calls and is called by the same groups",
        By::Distance => "each holds nodes of one kind that are as many calls away from a load",
    };
    Some(format!("{} drawn as {} groups: {how}", counts(system), groups.len()))
}

fn percent(share: f64) -> String {
    format!("{:.0}\u{a0}%", share * 100.0)
}

/// A rate in as many digits as an arrow has room for.
fn rate(per_s: f64) -> String {
    let decimals = if per_s >= 10.0 || per_s == 0.0 { 0 } else { 2 - usize::from(per_s >= 1.0) };
    if per_s > 0.0 && per_s < 0.01 { "<0.01/s".into() } else { format!("{}/s", grouped(per_s, decimals)) }
}

/// What stands in the box of a node, its name first.
fn node_lines(node: &SystemNode) -> Vec<String> {
    let instances = match node.instances {
        1 => "1 instance".to_owned(),
        many => format!("{} instances", grouped(f64::from(many), 0)),
    };
    let what = match node.kind {
        NodeKind::Service => instances,
        NodeKind::Store => format!("store, {instances}"),
        NodeKind::Cache if node.instances > 0 => format!("cache, {instances}"),
        NodeKind::Cache => "cache in memory".to_owned(),
        NodeKind::Load | NodeKind::Queue => node.kind.word().to_owned(),
    };
    let mut lines = vec![node.name.clone(), what];
    lines.extend(node.utilisation.map(|share| format!("{} busy", percent(share))));
    if node.kind == NodeKind::Queue {
        lines.extend(node.waiting.map(|waiting| format!("{} waiting", plain(waiting, Unit::Count))));
    }
    lines.extend(faults(&node.faults));
    lines
}

fn faults(names: &[String]) -> Option<String> {
    match names {
        [] => None,
        [one] => Some(format!("fault {one}")),
        many => Some(format!("{} faults", many.len())),
    }
}

/// A call as text formats name it: `charge 572/s`.
fn call_label(call: &SystemCall) -> String {
    call.per_s.map_or_else(|| call.endpoint.clone(), |per_s| format!("{} {}", call.endpoint, rate(per_s)))
}

/// A box as it is painted.
#[derive(Debug, Clone, PartialEq)]
struct Shown {
    kind: NodeKind,
    /// The first `bold` ones are its name.
    lines: Vec<String>,
    bold: usize,
    utilisation: Option<f64>,
    struck: bool,
    /// How many more boxes stand behind it.
    stacked: bool,
}

/// An arrow as it is painted: all calls from one box to another.
#[derive(Debug, Clone, PartialEq)]
struct Calls {
    from: usize,
    to: usize,
    lines: Vec<String>,
    struck: bool,
}

fn shown(system: &System, group: &Group, most: f64) -> Shown {
    let nodes: Vec<&SystemNode> = group.members.iter().map(|member| &system.nodes[*member]).collect();
    let (kind, busiest) = (nodes[0].kind, nodes.iter().filter_map(|node| node.utilisation).reduce(f64::max));
    let mut struck: Vec<String> = nodes.iter().flat_map(|node| node.faults.clone()).collect();
    struck.sort();
    struck.dedup();
    let (bold, lines) = if let [node] = nodes[..] {
        let mut lines = node_lines(node);
        let name = wrapped(&lines.remove(0), most);
        (name.len(), name.into_iter().chain(lines).collect())
    } else {
        let names: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
        let mut lines = vec![number(nodes.len(), kind), some_of(&names, most)];
        lines.extend(group.distance.filter(|calls| *calls > 0).map(|calls| match calls {
            1 => "1 call from a load".to_owned(),
            FARTHEST => format!("{calls} or more calls away"),
            _ => format!("{calls} calls from a load"),
        }));
        lines.extend(busiest.map(|share| format!("up to {} busy", percent(share))));
        lines.extend(faults(&struck));
        (1, lines)
    };
    let lines: Vec<String> = lines.iter().map(|line| shortened(line, most)).collect();
    Shown { kind, lines, bold, utilisation: busiest, struck: !struck.is_empty(), stacked: nodes.len() > 1 }
}

/// As many names as a line has room for [px], at least one.
fn some_of(names: &[&str], room: f64) -> String {
    let line = |count: usize| names[..count].join(", ") + if count < names.len() { ", \u{2026}" } else { "" };
    let fits = (1..=names.len()).rev().map(line).find(|line| width_of(line) <= room);
    fits.unwrap_or_else(|| names[0].to_owned())
}

/// A name on at most two lines, broken where a word of it ends.
fn wrapped(name: &str, most: f64) -> Vec<String> {
    if width_of(name) <= most {
        return vec![name.to_owned()];
    }
    let mut ends = name.char_indices().filter(|(_, c)| "-_. /:".contains(*c)).map(|(at, c)| at + c.len_utf8());
    match ends.rfind(|end| width_of(&name[..*end]) <= most) {
        Some(end) if end < name.len() => vec![name[..end].trim_end().to_owned(), name[end..].to_owned()],
        _ => {
            let fits = name.char_indices().map(|(at, _)| at).rfind(|at| width_of(&name[..*at]) <= most);
            let (first, rest) = name.split_at(fits.unwrap_or(0));
            [first, rest].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect()
        }
    }
}

/// All calls from box to box, in the order of the system.
fn all_calls(system: &System, groups: &[Group]) -> Vec<Calls> {
    let mut place = vec![0; system.nodes.len()];
    groups.iter().enumerate().for_each(|(i, group)| group.members.iter().for_each(|member| place[*member] = i));
    let mut pairs: Vec<(usize, usize, Vec<&SystemCall>)> = Vec::new();
    for call in &system.calls {
        let (from, to) = (place[call.from], place[call.to]);
        match pairs.iter_mut().find(|pair| (pair.0, pair.1) == (from, to)) {
            Some(pair) => pair.2.push(call),
            None => pairs.push((from, to, vec![call])),
        }
    }
    let lines = |to: usize, calls: &[&SystemCall]| {
        let sum = |calls: &[&SystemCall]| calls.iter().map(|call| call.per_s).sum::<Option<f64>>().map(rate);
        let total = sum(calls);
        let whole =
            groups[to].members.len() > 1 || system.nodes[groups[to].members[0]].endpoints < 2 && total.is_some();
        if whole {
            return total.into_iter().collect();
        }
        let own = if calls.len() > MOST_LINES { MOST_LINES - 1 } else { calls.len() };
        let mut lines: Vec<String> = calls[..own].iter().map(|call| shortened(&call_label(call), 130.0)).collect();
        if calls.len() > own {
            lines.push(format!("{} more {}", calls.len() - own, sum(&calls[own..]).unwrap_or_default()));
        }
        lines
    };
    let arrow = |(from, to, calls): (usize, usize, Vec<&SystemCall>)| Calls {
        from,
        to,
        lines: lines(to, &calls),
        struck: calls.iter().any(|call| !call.faults.is_empty()),
    };
    pairs.into_iter().map(arrow).collect()
}

/// Width and height of a box: a load is round, a store has a lid, a queue has bars, a cache has points, and each takes its room.
fn size(shown: &Shown) -> (f64, f64) {
    let (more_x, more_y) = match shown.kind {
        NodeKind::Load => (26.0, 10.0),
        NodeKind::Service => (18.0, 12.0),
        NodeKind::Store => (18.0, 24.0),
        NodeKind::Queue | NodeKind::Cache => (32.0, 12.0),
    };
    let stack = if shown.stacked { 8.0 } else { 0.0 };
    let wide = shown.lines.iter().map(|line| width_of(line)).fold(48.0, f64::max);
    (wide + more_x + stack, shown.lines.len() as f64 * LINE + more_y + stack)
}

fn label_size(lines: &[String]) -> (f64, f64) {
    let wide = lines.iter().map(|line| width_of(line)).fold(0.0, f64::max);
    if lines.is_empty() { (0.0, 0.0) } else { (wide + 6.0, lines.len() as f64 * LINE + 2.0) }
}

/// The drawing with names of at most `most` px, within one of `limits` of width if it can be.
fn painted(system: &System, most: f64, limits: &[f64]) -> String {
    let (groups, by) = groups::groups(system);
    let boxes: Vec<Shown> = groups.iter().map(|group| shown(system, group, most)).collect();
    let calls = all_calls(system, &groups);
    let sizes: Vec<(f64, f64)> = boxes.iter().map(size).collect();
    let arrows: Vec<Arrow> =
        calls.iter().map(|c| Arrow { from: c.from, to: c.to, label: label_size(&c.lines) }).collect();
    let layout = lay_out(&sizes, &arrows, limits);
    let above = note(system, &groups, by).map_or_else(Vec::new, |note| broken(&note, layout.size.0.max(300.0)));
    let top = MARGIN + above.len() as f64 * LINE + if above.is_empty() { 0.0 } else { 8.0 };
    let key = boxes.iter().any(|shown| shown.utilisation.is_some());
    let wide = layout.size.0.max(if key { 296.0 } else { 0.0 }).max(if above.is_empty() { 0.0 } else { 300.0 });
    let width = (wide + 2.0 * MARGIN).ceil();
    let height = (top + layout.size.1 + MARGIN + if key { 48.0 } else { 0.0 }).ceil();
    // The narrow drawing of a small system is the same but for what it says, and elements of one page have names of their own.
    let which = if limits.len() > 1 { "" } else { ", for a narrow page" };
    let says = "boxes are who is called, arrows who calls whom. The tables below say the same.";
    let desc = format!("{}{which}: {says}", counts(system));
    let mut svg = Svg::new(width, height, &title(system), &desc, None);
    for (i, line) in above.iter().enumerate() {
        svg.text(MARGIN, MARGIN + 10.0 + i as f64 * LINE, line, colour::INK2, "start", false);
    }
    paint(&mut svg, &layout, &boxes, &calls, ((width - layout.size.0) / 2.0, top));
    if key {
        paint_key(&mut svg);
    }
    svg.finish().replacen("<svg ", "<svg class=\"natural\" ", 1)
}

/// A sentence on lines of a width [px].
fn broken(text: &str, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width_of(line) + width_of(word) + 5.0 <= room => *line = format!("{line} {word}"),
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Arrows first, so that boxes and labels lie over them.
fn paint(svg: &mut Svg, layout: &Layout, boxes: &[Shown], calls: &[Calls], (dx, dy): (f64, f64)) {
    for (route, call) in layout.routes.iter().zip(calls) {
        paint_route(svg, route, call.struck, (dx, dy));
    }
    for (rect, shown) in layout.boxes.iter().zip(boxes) {
        paint_box(svg, Rect { x: rect.x + dx, y: rect.y + dy, ..*rect }, shown);
    }
    for (route, call) in layout.routes.iter().zip(calls) {
        let (x, y) = (route.label.x + dx + route.label.w / 2.0, route.label.y + dy + 12.0);
        if !call.lines.is_empty() {
            svg.rect(x - route.label.w * 0.42, y - 11.0, route.label.w * 0.84, route.label.h - 3.0, "#FDFCFA");
        }
        for (i, line) in call.lines.iter().enumerate() {
            svg.text(x, y + i as f64 * LINE, line, colour::INK2, "middle", false);
        }
    }
}

fn paint_route(svg: &mut Svg, route: &Route, struck: bool, (dx, dy): (f64, f64)) {
    let points: Vec<(f64, f64)> = route.points.iter().map(|(x, y)| (x + dx, y + dy)).collect();
    let mut d = String::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        let before = i.checked_sub(1).map(|before| points[before]);
        let _ = match before {
            None => write!(d, "M{x:.1} {y:.1}"),
            Some((x0, y0)) if i % 2 == 0 && route.upright && (x - x0).abs() > 0.05 => {
                let middle = f64::midpoint(y0, y);
                write!(d, "C{x0:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}")
            }
            Some((x0, y0)) if i % 2 == 0 && (y - y0).abs() > 0.05 => {
                let middle = f64::midpoint(x0, x);
                write!(d, "C{middle:.1} {y0:.1} {middle:.1} {y:.1} {x:.1} {y:.1}")
            }
            Some(_) => write!(d, "L{x:.1} {y:.1}"),
        };
    }
    let (stroke, dash) = if struck { (colour::VERM, " stroke-dasharray=\"5 3\"") } else { (colour::AXIS, "") };
    svg.path(&d, "none", stroke, &format!("class=\"call\" stroke-width=\"1.25\" stroke-linejoin=\"round\"{dash}"));
    let [.., (x0, y0), (x, y)] = points[..] else { return };
    // The head points as the last piece of the way does, which may have no length where a box fills its layer.
    let (ex, ey) = (sign(x - x0), sign(y - y0));
    let (ex, ey) = if (ex, ey) == (0.0, 0.0) { if route.upright { (0.0, 1.0) } else { (1.0, 0.0) } } else { (ex, ey) };
    let (bx, by) = (x - 7.0 * ex, y - 7.0 * ey);
    let head =
        format!("M{x:.1} {y:.1}L{:.1} {:.1}L{:.1} {:.1}Z", bx + 3.5 * ey, by + 3.5 * ex, bx - 3.5 * ey, by - 3.5 * ex);
    svg.path(&head, stroke, "none", "");
}

fn sign(value: f64) -> f64 {
    if value.abs() < 0.05 { 0.0 } else { value.signum() }
}

fn paint_box(svg: &mut Svg, rect: Rect, shown: &Shown) {
    let stack = if shown.stacked { 8.0 } else { 0.0 };
    let front = Rect { w: rect.w - stack, h: rect.h - stack, ..rect };
    let (stroke, width) = if shown.struck { (colour::VERM, 3.0) } else { (colour::AXIS, 1.25) };
    let frame = format!("stroke-width=\"{width}\" stroke-linejoin=\"round\"");
    if shown.stacked {
        for behind in [8.0, 4.0] {
            let back = Rect { x: front.x + behind, y: front.y + behind, ..front };
            svg.path(&outline(back, shown.kind), "#FDFCFA", colour::AXIS, "stroke-width=\"1\"");
        }
    }
    let shape = outline(front, shown.kind);
    svg.path(&shape, "#FDFCFA", "none", "class=\"node\"");
    let (fill, part) = shown.utilisation.map_or(("none", 1.0), tint);
    svg.path(&shape, fill, stroke, &format!("fill-opacity=\"{part}\" {frame}"));
    let lid = if shown.kind == NodeKind::Store { 8.0 } else { 0.0 };
    let high = shown.lines.len() as f64 * LINE;
    let first = front.y + lid + (front.h - lid - high) / 2.0 + 11.5;
    for (i, line) in shown.lines.iter().enumerate() {
        let bold = i < shown.bold || line.starts_with("fault ");
        svg.text(front.x + front.w / 2.0, first + i as f64 * LINE, line, colour::INK, "middle", bold);
    }
}

/// The outline of a box: round for a load, with a lid for a store, with bars at its ends for a queue, pointed for a cache.
fn outline(rect: Rect, kind: NodeKind) -> String {
    let Rect { x, y, w, h } = rect;
    let (right, bottom) = (x + w, y + h);
    match kind {
        NodeKind::Service => format!("M{x:.1} {y:.1}H{right:.1}V{bottom:.1}H{x:.1}Z"),
        NodeKind::Load => {
            let r = (h / 2.0).min(16.0);
            let (a, b) = (x + r, right - r);
            format!(
                "M{a:.1} {y:.1}H{b:.1}A{r:.1} {r:.1} 0 0 1 {right:.1} {:.1}V{:.1}A{r:.1} {r:.1} 0 0 1 {b:.1} {bottom:.1}H{a:.1}A{r:.1} {r:.1} 0 0 1 {x:.1} {:.1}V{:.1}A{r:.1} {r:.1} 0 0 1 {a:.1} {y:.1}Z",
                y + r,
                bottom - r,
                bottom - r,
                y + r
            )
        }
        NodeKind::Store => {
            let (rx, ry) = (w / 2.0, 6.0);
            let (top, low) = (y + ry, bottom - ry);
            format!(
                "M{x:.1} {top:.1}A{rx:.1} {ry} 0 0 1 {right:.1} {top:.1}V{low:.1}A{rx:.1} {ry} 0 0 1 {x:.1} {low:.1}ZM{x:.1} {top:.1}A{rx:.1} {ry} 0 0 0 {right:.1} {top:.1}"
            )
        }
        NodeKind::Cache => {
            let (a, b, middle) = (x + 12.0, right - 12.0, y + h / 2.0);
            format!("M{a:.1} {y:.1}H{b:.1}L{right:.1} {middle:.1}L{b:.1} {bottom:.1}H{a:.1}L{x:.1} {middle:.1}Z")
        }
        NodeKind::Queue => format!(
            "M{x:.1} {y:.1}H{right:.1}V{bottom:.1}H{x:.1}ZM{:.1} {y:.1}V{bottom:.1}M{:.1} {y:.1}V{bottom:.1}",
            x + 6.0,
            right - 6.0
        ),
    }
}

/// What the colours mean, below the drawing.
fn paint_key(svg: &mut Svg) {
    let y = svg.height - 16.0;
    svg.text(MARGIN, y - 22.0, "Share of workers held, from", colour::INK2, "start", false);
    for (i, (from, fill, part)) in TINTS.into_iter().enumerate() {
        let x = MARGIN + i as f64 * 56.0;
        let swatch = format!("M{x:.1} {:.1}h14v12h-14Z", y - 11.0);
        svg.path(&swatch, fill, colour::AXIS, &format!("fill-opacity=\"{part}\" stroke-width=\"1\""));
        svg.text(x + 19.0, y, &percent(from), colour::INK2, "start", false);
    }
}

/// All that is drawn, in words.
fn tables(system: &System) -> Vec<DataTable> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".into());
    let node = |node: &SystemNode| {
        let instances = if node.kind == NodeKind::Load { "–".into() } else { grouped(f64::from(node.instances), 0) };
        vec![
            node.name.clone(),
            node.kind.word().to_owned(),
            instances,
            or_none(node.utilisation.map(|share| plain(share, Unit::Share))),
            or_none(node.waiting.map(|waiting| plain(waiting, Unit::Count))),
            or_none((!node.faults.is_empty()).then(|| node.faults.join(", "))),
        ]
    };
    let call = |call: &SystemCall| {
        let name = format!("{}->{}.{}", system.nodes[call.from].name, system.nodes[call.to].name, call.endpoint);
        let faults = (!call.faults.is_empty()).then(|| call.faults.join(", "));
        vec![crate::arrows::arrows(&name), or_none(call.per_s.map(rate)), or_none(faults)]
    };
    let table = |says: &str, heads: &[&str], rows| DataTable {
        says: says.into(),
        heads: heads.iter().map(ToString::to_string).collect(),
        rows,
    };
    vec![
        table(
            "every box",
            &["Name", "What it is", "Instances", "Workers held", "Waiting, mean", "Struck by"],
            system.nodes.iter().map(node).collect(),
        ),
        table("every call", &["Call", "A second", "Struck by"], system.calls.iter().map(call).collect()),
    ]
}

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;
