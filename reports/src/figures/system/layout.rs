//! Places boxes in layers, so that calls lead from one layer to the next, by the crate `dagre`; and routes calls so that none crosses a box.
//!
//! Each part of a system that hangs together is laid out alone, and the parts stand in rows. A drawing is made downwards and to the
//! right, and the one that suits the page is taken. All ids are numbers in the order of the system, so that the same system always
//! gives the same drawing.

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};
use std::collections::BTreeMap;

/// Room between boxes [px].
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Between two boxes of a layer.
    apart: f64,
    /// Between a box and a call that passes it.
    beside: f64,
    /// Between a layer of boxes and the labels behind it, and from there to the next layer.
    gap: f64,
}

/// As much room as looks well.
const ROOMY: Room = Room { apart: 22.0, beside: 14.0, gap: 26.0 };
/// As little as can be told apart, for drawings that would be wider than the page.
const TIGHT: Room = Room { apart: 10.0, beside: 7.0, gap: 24.0 };
/// Between parts that no call joins [px].
const PARTS: f64 = 28.0;
/// How far a call to the caller itself reaches out of its box [px].
const LOOP: f64 = 24.0;

/// A rectangle by its left upper corner and its size [px].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Whether two rectangles have an area in common.
    #[cfg(test)]
    pub fn meets(&self, other: &Self) -> bool {
        let within = |a: f64, wide: f64, b: f64, other: f64| a + wide > b + 0.05 && b + other > a + 0.05;
        within(self.x, self.w, other.x, other.w) && within(self.y, self.h, other.y, other.h)
    }

    fn turned(self) -> Self {
        Self { x: self.y, y: self.x, w: self.h, h: self.w }
    }

    fn moved(self, x: f64, y: f64) -> Self {
        Self { x: self.x + x, y: self.y + y, ..self }
    }
}

/// A call that is to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Arrow {
    /// Place of the caller's box.
    pub from: usize,
    /// Place of the called box.
    pub to: usize,
    /// Width and height of its label [px].
    pub label: (f64, f64),
}

/// The way of a call: from the caller's box to the called one.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// Points that it passes; from each odd one (counted from 0) to the next it bends, else it is straight.
    pub points: Vec<(f64, f64)>,
    /// Where its label stands.
    pub label: Rect,
    /// Whether it bends to the right or left, and goes straight upwards or downwards; else the other way round.
    pub upright: bool,
}

/// A finished layout.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Layout {
    /// One for each box, in their order.
    pub boxes: Vec<Rect>,
    /// One for each arrow, in their order.
    pub routes: Vec<Route>,
    /// Width and height of all.
    pub size: (f64, f64),
}

/// Lays boxes of given sizes and arrows between them out: downwards or to the right, whichever is lower within the first of `limits` of
/// width that one of both keeps, or narrower where none does.
pub fn lay_out(sizes: &[(f64, f64)], arrows: &[Arrow], limits: &[f64]) -> Layout {
    let first = limits.first().copied().unwrap_or(f64::MAX);
    let both = |room: Room| [false, true].map(|right| directed(sizes, arrows, room, right, first));
    let fits = |all: &[Layout]| {
        let fitting = |limit: &f64| {
            let within = all.iter().filter(|layout| layout.size.0 <= *limit);
            within.min_by(|a, b| a.size.1.total_cmp(&b.size.1)).cloned()
        };
        limits.iter().find_map(fitting)
    };
    fits(&both(ROOMY)).unwrap_or_else(|| {
        let tight = both(TIGHT);
        let narrowest = || tight.iter().min_by(|a, b| a.size.0.total_cmp(&b.size.0)).cloned();
        fits(&tight).or_else(narrowest).unwrap_or_default()
    })
}

/// All parts, in rows of at most `limit` px, or as wide as the widest part.
fn directed(sizes: &[(f64, f64)], arrows: &[Arrow], room: Room, right: bool, limit: f64) -> Layout {
    let mut whole = Layout { boxes: vec![Rect::default(); sizes.len()], routes: Vec::new(), size: (0.0, 0.0) };
    let mut routes: Vec<Option<Route>> = vec![None; arrows.len()];
    let (mut x, mut y, mut tall) = (0.0, 0.0, 0.0_f64);
    for (nodes, edges) in parts(sizes.len(), arrows) {
        let part = layered(sizes, arrows, &nodes, &edges, room, right);
        if x > 0.0 && x + part.size.0 > limit {
            (x, y, tall) = (0.0, y + tall + PARTS, 0.0);
        }
        for (place, rect) in nodes.iter().zip(part.boxes) {
            whole.boxes[*place] = rect.moved(x, y);
        }
        for (place, mut route) in edges.iter().zip(part.routes) {
            route.points.iter_mut().for_each(|point| *point = (point.0 + x, point.1 + y));
            route.label = route.label.moved(x, y);
            routes[*place] = Some(route);
        }
        whole.size = (whole.size.0.max(x + part.size.0), whole.size.1.max(y + part.size.1));
        (x, tall) = (x + part.size.0 + PARTS, tall.max(part.size.1));
    }
    whole.routes = routes.into_iter().flatten().collect();
    whole
}

/// Boxes and arrows that hang together, in the order of their first boxes.
fn parts(count: usize, arrows: &[Arrow]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut part: Vec<usize> = (0..count).collect();
    for arrow in arrows {
        let (a, b) = (part[arrow.from].min(part[arrow.to]), part[arrow.from].max(part[arrow.to]));
        part.iter_mut().filter(|p| **p == b).for_each(|p| *p = a);
    }
    let mut all: BTreeMap<usize, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    part.iter().enumerate().for_each(|(place, p)| all.entry(*p).or_default().0.push(place));
    arrows.iter().enumerate().for_each(|(place, a)| all.entry(part[a.from]).or_default().1.push(place));
    all.into_values().collect()
}

/// One part. Where it grows to the right it is laid out downwards with all sizes turned, and turned back.
fn layered(
    sizes: &[(f64, f64)],
    arrows: &[Arrow],
    nodes: &[usize],
    edges: &[usize],
    room: Room,
    right: bool,
) -> Layout {
    let turn = |(w, h): (f64, f64)| if right { (h, w) } else { (w, h) };
    let mut graph: Graph<NodeLabel, EdgeLabel> =
        Graph::with_options(GraphOptions { directed: true, multigraph: true, compound: false });
    for place in nodes {
        let (width, height) = turn(sizes[*place]);
        graph.set_node(place.to_string(), Some(NodeLabel { width, height, ..NodeLabel::default() }));
    }
    let name = |place: &usize| place.to_string();
    for place in edges {
        let arrow = &arrows[*place];
        let (mut width, height) = turn(arrow.label);
        // A call to itself stands beside its box, behind its bow.
        width += if arrow.from == arrow.to { LOOP } else { 0.0 };
        let label = EdgeLabel { width, height, labelpos: LabelPos::Center, ..EdgeLabel::default() };
        graph.set_edge(name(&arrow.from), name(&arrow.to), Some(label), Some(&name(place)));
    }
    let Room { apart, beside, gap } = room;
    let options = LayoutOptions { nodesep: apart, edgesep: beside, ranksep: gap * 2.0, ..LayoutOptions::default() };
    dagre::layout(&mut graph, Some(options));
    let centred = |x: Option<f64>, y: Option<f64>, (w, h): (f64, f64)| Rect {
        x: x.unwrap_or_default() - w / 2.0,
        y: y.unwrap_or_default() - h / 2.0,
        w,
        h,
    };
    let rect = |place: &usize| {
        let node = graph.node(&name(place));
        centred(node.and_then(|n| n.x), node.and_then(|n| n.y), turn(sizes[*place]))
    };
    let boxes: Vec<Rect> = nodes.iter().map(rect).collect();
    let found: Vec<EdgeLabel> = edges
        .iter()
        .map(|place| {
            let arrow = &arrows[*place];
            graph.edge(&name(&arrow.from), &name(&arrow.to), Some(&name(place))).cloned().unwrap_or_default()
        })
        .collect();
    let labels: Vec<Rect> =
        edges.iter().zip(&found).map(|(place, e)| centred(e.x, e.y, turn(arrows[*place].label))).collect();
    let way = Ways { arrows, nodes, edges, boxes: &boxes, labels: &labels, found: &found };
    let routes = way.routes();
    finish(boxes, routes, right)
}

/// Moves a part to the corner, and turns it.
fn finish(mut boxes: Vec<Rect>, mut routes: Vec<Route>, right: bool) -> Layout {
    let rects = || boxes.iter().chain(routes.iter().map(|route| &route.label));
    let points = || routes.iter().flat_map(|route| route.points.iter().copied());
    let ends = rects().flat_map(|r| [(r.x, r.y), (r.x + r.w, r.y + r.h)]).chain(points());
    let all: Vec<(f64, f64)> = ends.collect();
    let least = all.iter().fold((f64::MAX, f64::MAX), |m, p| (m.0.min(p.0), m.1.min(p.1)));
    let most = all.iter().fold((f64::MIN, f64::MIN), |m, p| (m.0.max(p.0), m.1.max(p.1)));
    let place = |rect: Rect| {
        let rect = rect.moved(-least.0, -least.1);
        if right { rect.turned() } else { rect }
    };
    boxes.iter_mut().for_each(|rect| *rect = place(*rect));
    for route in &mut routes {
        route.label = place(route.label);
        route.upright = !right;
        for point in &mut route.points {
            let (x, y) = (point.0 - least.0, point.1 - least.1);
            *point = if right { (y, x) } else { (x, y) };
        }
    }
    let (w, h) = (most.0 - least.0, most.1 - least.1);
    Layout { boxes, routes, size: if right { (h, w) } else { (w, h) } }
}

/// What the ways of the calls of a part are found from; all of it as laid out downwards.
struct Ways<'a> {
    arrows: &'a [Arrow],
    nodes: &'a [usize],
    edges: &'a [usize],
    boxes: &'a [Rect],
    labels: &'a [Rect],
    found: &'a [EdgeLabel],
}

impl Ways<'_> {
    fn routes(&self) -> Vec<Route> {
        let ports = self.ports();
        let bands = self.bands();
        (0..self.edges.len()).map(|i| self.route(i, ports[i], &bands)).collect()
    }

    fn ends(&self, i: usize) -> (Rect, Rect) {
        let arrow = &self.arrows[self.edges[i]];
        let rect = |place: usize| self.boxes[self.nodes.iter().position(|node| *node == place).unwrap_or(0)];
        (rect(arrow.from), rect(arrow.to))
    }

    /// Whether a call leads upwards: it closes a circle.
    fn is_up(&self, i: usize) -> bool {
        let (from, to) = self.ends(i);
        from.y + from.h / 2.0 > to.y + to.h / 2.0
    }

    /// Points within the way, without those at the boxes, from the upper box to the lower one.
    fn inner(&self, i: usize) -> Vec<(f64, f64)> {
        let points = &self.found[i].points;
        let within = points.get(1..points.len().saturating_sub(1)).unwrap_or_default();
        let mut within: Vec<(f64, f64)> = within.iter().map(|p| (p.x, p.y)).collect();
        if self.is_up(i) {
            within.reverse();
        }
        within
    }

    /// Where each call leaves the upper box and arrives at the lower one, side by side in the order of where they come from or go to.
    fn ports(&self) -> Vec<(f64, f64)> {
        let mut ports = vec![(0.0, 0.0); self.edges.len()];
        for (node, rect) in self.nodes.iter().zip(self.boxes) {
            for lower in [false, true] {
                let at = |i: &usize| {
                    let arrow = &self.arrows[self.edges[*i]];
                    arrow.from != arrow.to && *node == if self.is_up(*i) == lower { arrow.from } else { arrow.to }
                };
                let next = |i: &usize| {
                    let inner = self.inner(*i);
                    let point = if lower { inner.last() } else { inner.first() };
                    point.map_or(rect.x, |p| p.0)
                };
                let mut here: Vec<(f64, usize)> = (0..self.edges.len()).filter(at).map(|i| (next(&i), i)).collect();
                here.sort_by(|a, b| a.0.total_cmp(&b.0));
                let step = (rect.w * 0.7 / here.len().max(1) as f64).min(16.0);
                for (k, (_, i)) in here.iter().enumerate() {
                    let x = rect.x + rect.w / 2.0 + (k as f64 - (here.len() as f64 - 1.0) / 2.0) * step;
                    *(if lower { &mut ports[*i].1 } else { &mut ports[*i].0 }) = x;
                }
            }
        }
        ports
    }

    /// By the middle of a layer in tenths of a pixel: half of its height.
    fn bands(&self) -> BTreeMap<i64, f64> {
        let mut bands: BTreeMap<i64, f64> = BTreeMap::new();
        for rect in self.boxes.iter().chain(self.labels) {
            let half = bands.entry(tenths(rect.y + rect.h / 2.0)).or_default();
            *half = half.max(rect.h / 2.0);
        }
        bands
    }

    /// Within a layer a call goes straight down; between two layers, where no box is, it bends.
    fn route(&self, i: usize, port: (f64, f64), bands: &BTreeMap<i64, f64>) -> Route {
        let (from, to) = self.ends(i);
        let label = self.labels[i];
        if self.arrows[self.edges[i]].from == self.arrows[self.edges[i]].to {
            return bow(from, self.found[i].x.unwrap_or_default() + LOOP / 2.0, label);
        }
        let half = |y: f64| bands.get(&tenths(y)).copied().unwrap_or(0.0);
        let (upper, lower) = if self.is_up(i) { (to, from) } else { (from, to) };
        let (above, below) = (upper.y + upper.h / 2.0, lower.y + lower.h / 2.0);
        let mut points = vec![(port.0, upper.y + upper.h), (port.0, above + half(above))];
        for (x, y) in self.inner(i) {
            points.extend([(x, y - half(y)), (x, y + half(y))]);
        }
        points.extend([(port.1, below - half(below)), (port.1, lower.y)]);
        if self.is_up(i) {
            points.reverse();
        }
        Route { points, label, upright: true }
    }
}

/// A call to the caller itself: out of the right side of its box and in again, the label behind it.
fn bow(of: Rect, middle: f64, label: Rect) -> Route {
    let (right, y) = (of.x + of.w, of.y + of.h / 2.0);
    let label = Rect { x: middle - label.w / 2.0, y: y - label.h / 2.0, ..label };
    let out = label.x - 4.0;
    let points = vec![(right, y - 8.0), (out, y - 8.0), (out, y + 8.0), (right, y + 8.0)];
    Route { points, label, upright: true }
}

fn tenths(y: f64) -> i64 {
    (y * 10.0).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that follows another.
    fn next(state: &mut u64) -> usize {
        *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*state >> 33) as usize
    }

    /// Random boxes and arrows: circles, calls to itself and parts that nothing joins among them.
    fn random(seed: u64) -> (Vec<(f64, f64)>, Vec<Arrow>) {
        let mut state = seed.wrapping_mul(977).wrapping_add(7);
        let count = 1 + next(&mut state) % 40;
        let sizes = (0..count).map(|_| ((60 + next(&mut state) % 110) as f64, (30 + next(&mut state) % 40) as f64));
        let sizes: Vec<(f64, f64)> = sizes.collect();
        let mut pairs: Vec<(usize, usize)> = (0..next(&mut state) % (2 * count + 1))
            .map(|_| (next(&mut state) % count, next(&mut state) % count))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        let arrow = |(from, to)| Arrow { from, to, label: ((20 + (from * 31 + to * 17) % 60) as f64, 16.0) };
        (sizes, pairs.into_iter().map(arrow).collect())
    }

    /// Points along the straight and bent pieces of a route.
    fn along(route: &Route) -> Vec<(f64, f64)> {
        let mut all = Vec::new();
        for (i, pair) in route.points.windows(2).enumerate() {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            for step in 0..=12 {
                let t = f64::from(step) / 12.0;
                let eased = if i % 2 == 1 { t * t * (3.0 - 2.0 * t) } else { t };
                let (a, b) = if route.upright { (eased, t) } else { (t, eased) };
                all.push((x0 + (x1 - x0) * a, y0 + (y1 - y0) * b));
            }
        }
        all
    }

    fn within(rect: &Rect, (x, y): (f64, f64)) -> bool {
        x > rect.x + 0.1 && x < rect.x + rect.w - 0.1 && y > rect.y + 0.1 && y < rect.y + rect.h - 0.1
    }

    #[test]
    fn no_box_or_label_lies_over_another_and_no_call_crosses_a_box() {
        for seed in 0..60 {
            let (sizes, arrows) = random(seed);
            for limits in [&[720.0, 1192.0][..], &[342.0]] {
                let layout = lay_out(&sizes, &arrows, limits);
                assert_eq!((layout.boxes.len(), layout.routes.len()), (sizes.len(), arrows.len()), "seed {seed}");
                let labels = layout.routes.iter().map(|route| &route.label);
                let rects: Vec<&Rect> = layout.boxes.iter().chain(labels).collect();
                for (i, a) in rects.iter().enumerate() {
                    let inside =
                        a.x > -0.1 && a.y > -0.1 && a.x + a.w < layout.size.0 + 0.1 && a.y + a.h < layout.size.1 + 0.1;
                    assert!(inside, "seed {seed}: {a:?} leaves {:?}", layout.size);
                    for b in &rects[i + 1..] {
                        assert!(!a.meets(b), "seed {seed}: {a:?} lies over {b:?}");
                    }
                }
                for (route, arrow) in layout.routes.iter().zip(&arrows) {
                    for rect in &layout.boxes {
                        let crossed = along(route).into_iter().find(|point| within(rect, *point));
                        assert_eq!(crossed, None, "seed {seed}: {arrow:?} crosses {rect:?}");
                    }
                    let touches = |rect: &Rect, (x, y): (f64, f64)| {
                        x > rect.x - 0.1 && x < rect.x + rect.w + 0.1 && y > rect.y - 0.1 && y < rect.y + rect.h + 0.1
                    };
                    let ends = (route.points[0], route.points[route.points.len() - 1]);
                    let joined = touches(&layout.boxes[arrow.from], ends.0) && touches(&layout.boxes[arrow.to], ends.1);
                    assert!(joined, "seed {seed}: {arrow:?} leads from {:?} to {:?}", ends.0, ends.1);
                }
            }
        }
    }

    #[test]
    fn the_same_system_gives_the_same_layout() {
        for seed in 0..8 {
            let (sizes, arrows) = random(seed);
            let once = lay_out(&sizes, &arrows, &[720.0]);
            for _ in 0..4 {
                // Hash maps have another order in each thread and at each time.
                let (sizes, arrows) = (sizes.clone(), arrows.clone());
                let again = std::thread::spawn(move || lay_out(&sizes, &arrows, &[720.0])).join().expect("a layout");
                assert_eq!(once, again, "seed {seed}");
            }
        }
    }

    #[test]
    fn a_chain_goes_to_the_right_on_a_screen_and_down_on_a_phone() {
        let sizes = [(100.0, 40.0); 3];
        let arrows = [(0, 1), (1, 2)].map(|(from, to)| Arrow { from, to, label: (40.0, 16.0) });
        let (screen, phone) = (lay_out(&sizes, &arrows, &[720.0]), lay_out(&sizes, &arrows, &[342.0]));
        assert!(screen.size.0 > screen.size.1 && phone.size.0 < phone.size.1, "{screen:?} {phone:?}");
    }
}
