//! The rankings of a finished sweep, from its points alone.

use super::{Head, design, rank};
use sim_core::results::{Design, Knob, Point, RankMethod, RankedKnob, Ranking, Shown};

/// The rankings for all metrics that the design can rank for.
pub fn rankings(head: &Head, points: &[Point]) -> Vec<Ranking> {
    let wanted = |shown: &Shown| head.rank_of.as_ref().is_none_or(|of| *of == shown.name);
    let all = head.shown.iter().enumerate().filter(|(_, shown)| wanted(shown));
    all.filter_map(|(place, shown)| ranking(head, points, place, shown)).collect()
}

/// The ranking for one metric; `None` where the design cannot tell, a point has no data, or nothing varies.
fn ranking(head: &Head, points: &[Point], metric: usize, shown: &Shown) -> Option<Ranking> {
    let values = |point: &Point| -> Option<Vec<f64>> { point.rows.iter().map(|row| row.shown[metric]).collect() };
    let rows: Vec<Vec<f64>> = points.iter().map(values).collect::<Option<_>>()?;
    let y: Vec<f64> = rows.iter().map(|row| row.iter().sum::<f64>() / row.len().max(1) as f64).collect();
    let knobs = head.knobs.len();
    let (method, ranked) = match head.design {
        Design::Grid if knobs > 1 => {
            let sizes: Vec<usize> = head.knobs.iter().map(|knob| knob.values.len()).collect();
            (RankMethod::GridVariance, rank::grid(&sizes, &rows, head.seed))
        }
        Design::Saltelli => (RankMethod::TotalSobol, rank::saltelli(knobs, &y, head.seed)),
        Design::Morris => {
            let places = design::morris(points.len() / (knobs + 1), knobs, head.seed);
            (RankMethod::Morris, rank::morris(knobs, &places, &y))
        }
        _ => return None,
    };
    let (variance, importance) = ranked?;
    let mut ranked: Vec<RankedKnob> = importance
        .iter()
        .enumerate()
        .map(|(knob, importance)| {
            let (at_low, at_high) = ends(points, &y, knob, &head.knobs[knob]);
            let path = head.knobs[knob].path.clone();
            RankedKnob { path, total: importance.total, alone: Some(importance.alone), at_low, at_high }
        })
        .collect();
    ranked.sort_by(|a, b| b.total.mean.total_cmp(&a.total.mean));
    Some(Ranking { of: shown.name.clone(), unit: shown.unit, method, variance, knobs: ranked })
}

/// Means of the metric over the lowest and the highest quarter of the points by the value of a knob, and all that have the same
/// value as those at the ends of the quarters.
fn ends(points: &[Point], y: &[f64], knob: usize, of: &Knob) -> (Option<f64>, Option<f64>) {
    let value = |point: &Point| {
        let setting = &point.settings[knob];
        let place = || of.values.iter().position(|v| *v == setting.text).map(|p| p as f64);
        setting.number.or_else(place)
    };
    let mut all: Vec<(f64, f64)> = points.iter().zip(y).filter_map(|(p, y)| Some((value(p)?, *y))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let quarter = (all.len() / 4).max(1);
    let (Some(low), Some(high)) = (all.get(quarter - 1), all.len().checked_sub(quarter).and_then(|at| all.get(at)))
    else {
        return (None, None);
    };
    let (low, high) = (low.0, high.0);
    let mean = |part: &mut dyn Iterator<Item = f64>| {
        let values: Vec<f64> = part.collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    };
    let at_low = mean(&mut all.iter().filter(|v| v.0 <= low).map(|v| v.1));
    let at_high = mean(&mut all.iter().filter(|v| v.0 >= high).map(|v| v.1));
    (at_low, at_high)
}
