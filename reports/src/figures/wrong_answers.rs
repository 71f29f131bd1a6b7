//! Wrong answers over time: the share of answers that look right and are not, which no availability shows.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::{colour, shortened};
use super::ticks::{nice, steps};
use super::{DataTable, Figure, Reading, both, how, response, table_windows};
use crate::numbers::{clock, optional, plain};
use sim_core::results::{EndpointSeries, Estimate, StudyResult, Unit};

/// Endpoints in the figure, those with the most wrong answers; the table of the page has all.
const MOST: usize = 3;
/// Their colours.
const COLOURS: [(&str, &str); MOST] = [(colour::VERM, "verm"), (colour::BLUE, "blue"), (colour::OCHRE, "ochre")];

/// The greatest share in a window, with that.
fn worst(series: &EndpointSeries) -> Option<(usize, f64)> {
    let shares = series.wrong.iter().enumerate().filter_map(|(window, share)| Some((window, (*share)?.mean)));
    shares.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, share)| *share > 0.0)
}

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let mut harmed: Vec<(f64, usize, &EndpointSeries)> = study
        .endpoint_series
        .iter()
        .filter_map(|series| worst(series).map(|(window, share)| (share, window, series)))
        .collect();
    harmed.sort_by(|a, b| b.0.total_cmp(&a.0));
    let &(most, window, first) = harmed.first()?;
    harmed.truncate(MOST);
    let at = clock(study.windows.get(window)?.from_s);
    let title = format!("At worst, at {at}, {} of the answers of {} are wrong", plain(most, Unit::Share), first.name);
    let desc =
        "Share of answers in each window that look right and are wrong, for the endpoints with the most of them.";
    let high = nice(most);
    let drawing = both(&title, desc, (240.0, 210.0), Some("wrong-answers"), |svg| {
        let plot = Plot::over_time(svg, study, Axis::linear(0.0, high).at(steps(high), |v| plain(v, Unit::Share)));
        svg.time_frame(study);
        plot.grid(svg);
        let mut labels = Vec::new();
        for ((_, _, series), (stroke, _)) in harmed.iter().zip(COLOURS) {
            plot.series(svg, study, series.wrong.iter().copied(), Look::of(stroke, ""));
            let last = series.wrong.iter().rev().flatten().next().map_or(svg.bottom, |share| plot.y(share.mean));
            labels.push((last, shortened(&series.name, svg.width - svg.right - 8.0), stroke));
        }
        response::draw(svg, study);
        svg.time_axis(study);
        svg.end_labels(&labels);
    });
    let cells = |i: usize| harmed.iter().map(move |(_, _, series)| optional(series.wrong[i].as_ref(), Unit::Share));
    let rows = table_windows(study).into_iter().map(|(i, window)| std::iter::once(window).chain(cells(i)).collect());
    let rows = rows.collect();
    let part = |share: &Option<Estimate>, of: fn(&Estimate) -> f64| share.as_ref().map(of);
    let readings = harmed.iter().zip(COLOURS).map(|((_, _, series), (_, token))| Reading {
        label: series.name.clone(),
        token,
        values: vec![
            series.wrong.iter().map(|share| part(share, |e| e.mean)).collect(),
            series.wrong.iter().map(|share| part(share, |e| e.low)).collect(),
            series.wrong.iter().map(|share| part(share, |e| e.high)).collect(),
        ],
        unit: "",
        whole: whole(study, &series.name).map_or_else(|| "none".to_owned(), |share| plain(share, Unit::Share)),
    });
    let heads = std::iter::once("Window".to_owned()).chain(harmed.iter().map(|(_, _, series)| series.name.clone()));
    Some(Figure {
        id: "wrong-answers".into(),
        title,
        caption: (
            "Wrong answers over time".into(),
            format!(
                "answers that count as given and are wrong: stale, doubled in effect, lost or falsified. {}{}",
                how(study),
                response::says(study)
            ),
        ),
        panels: vec![drawing],
        tables: vec![DataTable { says: "share of wrong answers by window".into(), heads: heads.collect(), rows }],
        readings: readings.collect(),
        format: "pct",
    })
}

/// The share of all answers of the run that are wrong.
fn whole(study: &StudyResult, name: &str) -> Option<f64> {
    let endpoint = study.summary.endpoints.get(name)?;
    let answered: f64 = ["ok", "degraded"].iter().filter_map(|o| endpoint.outcomes.get(o)).map(|e| e.mean).sum();
    (answered > 0.0).then(|| endpoint.wrong.mean / answered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::studies::run::sample;

    #[test]
    fn it_is_drawn_where_answers_are_wrong_and_nowhere_else() {
        let mut study = sample::study();
        let series = &mut study.endpoint_series[0];
        series.wrong.iter_mut().for_each(|share| *share = Some(Estimate::exact(0.0)));
        assert!(draw(&study).is_none());
        let series = &mut study.endpoint_series[0];
        let share = |window: usize| if window == 7 { 0.125 } else { 0.0 };
        series.wrong = (0..series.availability.len()).map(|window| Some(Estimate::exact(share(window)))).collect();
        let (name, from_s) = (series.name.clone(), study.windows[7].from_s);
        let figure = draw(&study).unwrap();
        assert_eq!(
            figure.title,
            format!("At worst, at {}, 12.5\u{a0}% of the answers of {name} are wrong", clock(from_s))
        );
        assert_eq!(figure.tables[0].heads, ["Window".to_owned(), name]);
        assert!(figure.tables[0].rows.iter().any(|row| row[1] == "12.5\u{a0}%"), "{:?}", figure.tables[0].rows);
    }
}
