//! What a year loses: the share of years that lose more than an amount, with the value at risk and the expected shortfall.

use super::axis::Axis;
use super::chart::{Look, Plot};
use super::svg::{Svg, colour, shortened};
use super::ticks::{log_ticks, round_values};
use super::{DataTable, Figure, both};
use crate::numbers::{grouped, plain};
#[cfg(any(test, feature = "sample"))]
use sim_core::engine::math::exp;
use sim_core::engine::math::{log10, pow};
use sim_core::results::{BrokenPromises, LossYears, StudyResult, Unit};

/// Below which share of years the curve ends: it is known in steps of half a percent.
const LEAST: f64 = 0.005;

pub(super) fn draw(study: &StudyResult) -> Option<Figure> {
    let year = study.summary.wrongness.year.as_ref()?;
    let (first, last) = (year.exceeded.first()?.0, year.exceeded.last()?.0);
    // Where all years lose the same there is nothing to see.
    if last.max(year.shortfall_95) <= first {
        return None;
    }
    let hundred = format!("one in a hundred more than {}", money(year.value_at_risk_99));
    let title = if year.value_at_risk_95 > 0.0 {
        format!("One year in twenty loses more than {}, {hundred}", money(year.value_at_risk_95))
    } else if year.value_at_risk_99 > 0.0 {
        format!("Most years lose nothing, {hundred}")
    } else {
        format!("Hardly a year loses anything, and the worst twentieth {} on average", money(year.shortfall_95))
    };
    let desc = "Share of years that lose more than an amount; the shares are on a logarithmic axis.";
    Some(Figure {
        id: "losses".into(),
        panels: vec![both(&title, desc, (318.0, 300.0), None, |svg| curve(svg, year))],
        title,
        caption: (
            "Share of years that lose more than an amount".into(),
            format!(
                "shares on a log axis. {} years, each put together of what {} replications lost: time without incidents as it varies between them, whole periods of promises whose \
                 breach has a price, and of each fault as many occurrences as chance makes of how often the file says it happens. Value at risk: what one year in twenty, or in a hundred, \
                 exceeds. Expected shortfall: the mean of the worst twentieth. What the replications leave uncertain is not in it.{}",
                grouped(f64::from(year.years), 0),
                study.summary.replications,
                year.broken_promises.as_ref().map_or_else(String::new, broken_promises)
            ),
        ),
        tables: vec![a_year(year), shares(year)],
        readings: Vec::new(),
        format: "",
    })
}

/// That the bill has another mean for broken promises, and why.
fn broken_promises(of: &BrokenPromises) -> String {
    format!(
        " Broken promises come to {} a year here and to {} on the bill: the bill takes the incidents of one replication for all of a year, and where \
         only some replications' incidents break a promise, it has these break the same periods again.",
        money(of.of_years),
        money(of.billed)
    )
}

/// Money to three digits: of what was drawn at random more are not known.
fn money(value: f64) -> String {
    let step = if value >= 1000.0 { pow(10.0, log10(value).floor() - 2.0) } else { 1.0 };
    plain(if value >= 1000.0 { (value / step).round() * step } else { value }, Unit::Money)
}

fn curve(svg: &mut Svg, year: &LossYears) {
    (svg.top, svg.bottom) = (44.0, svg.height - 46.0);
    svg.right = svg.width - if svg.is_narrow() { 96.0 } else { 150.0 };
    let (first, last) = (year.exceeded.first().map_or(0.0, |p| p.0), year.exceeded.last().map_or(1.0, |p| p.0));
    let high = last.max(year.shortfall_95) * 1.02;
    let low = if first < 0.5 * high { 0.0 } else { first };
    let share = |v: f64| plain(v, Unit::Share);
    let across = Axis::linear(low, high).at(round_values(low, high), |v| plain(v, Unit::Money));
    let plot = Plot::new(svg, across, Axis::log(LEAST, 1.0).at(log_ticks(LEAST, 1.0), share));
    plot.grid(svg);
    let marks = [
        (year.mean, "mean", colour::INK2, 30.0),
        (year.shortfall_95, "expected shortfall (95\u{a0}%)", colour::VERM, 14.0),
    ];
    for (value, _, stroke, row) in marks {
        svg.line(plot.x(value), row + 5.0, plot.x(value), svg.bottom, stroke, 1.25, "5 3");
    }
    plot.line(svg, year.exceeded.iter().copied(), Look::of(colour::BLUE, ""));
    plot.axis(svg, "lost in a year");
    for (value, name, fill, row) in marks {
        // The words of the mean end before the line of the shortfall.
        let room = if value < year.shortfall_95 { plot.x(year.shortfall_95) } else { svg.width };
        above(svg, (plot.x(value), row), &format!("{name} {}", money(value)), fill, room);
    }
    for (share, value, level) in
        [(0.05, year.value_at_risk_95, "95\u{a0}%"), (0.01, year.value_at_risk_99, "99\u{a0}%")]
    {
        at_risk(svg, (plot.x(value), plot.y(share)), value, level);
    }
}

/// Words above the plot at a line: right of it as far as `room`, or left of it where there is none.
fn above(svg: &mut Svg, (x, y): (f64, f64), words: &str, fill: &str, room: f64) {
    let wide = words.chars().count() as f64 * 6.6;
    let (at, anchor) = match x + wide < room {
        true => (x, "start"),
        false if x - wide > 0.0 => (x, "end"),
        false => ((x + wide).min(svg.width - 2.0), "end"),
    };
    svg.text_over(at, y, words, fill, anchor, false);
}

/// A value at risk: a dot on the curve, and what it is at the right of the plot.
fn at_risk(svg: &mut Svg, (x, y): (f64, f64), value: f64, level: &str) {
    let right = svg.right;
    svg.line(x, y, right + 4.0, y, colour::AXIS, 1.0, "");
    svg.dot(x, y, 4.0, colour::BLUE);
    let amount = shortened(&money(value), svg.width - right - 8.0);
    svg.text(right + 8.0, y + 4.0, &amount, colour::INK, "start", true);
    let rest: &[String] = &if svg.is_narrow() {
        vec!["value at risk,".to_owned(), level.to_owned()]
    } else {
        vec![format!("value at risk, {level}")]
    };
    for (line, words) in rest.iter().enumerate() {
        svg.text(right + 8.0, y + 18.0 + 14.0 * line as f64, words, colour::INK2, "start", false);
    }
}

/// What a year loses: not only on average.
fn a_year(year: &LossYears) -> DataTable {
    let rows = [
        ("Mean", year.mean),
        ("5 % lose less than", year.p5),
        ("50 % lose less than", year.p50),
        ("Value at risk, 95 %", year.value_at_risk_95),
        ("Value at risk, 99 %", year.value_at_risk_99),
        ("Expected shortfall, 95 %", year.shortfall_95),
    ];
    DataTable {
        says: format!(
            "what a year loses, over {} years put together of the replications",
            grouped(f64::from(year.years), 0)
        ),
        heads: ["A year", "Loss"].map(String::from).into(),
        rows: rows.into_iter().map(|(name, loss)| vec![name.to_owned(), money(loss)]).collect(),
    }
}

/// The curve in numbers.
fn shares(year: &LossYears) -> DataTable {
    let row = |(loss, share): &(f64, f64)| vec![plain(*loss, Unit::Money), plain(*share, Unit::Share)];
    DataTable {
        says: "share of years that lose more than each amount".into(),
        heads: ["Lost in a year", "Years that lose more"].map(String::from).into(),
        rows: year.exceeded.iter().map(row).collect(),
    }
}

/// Years of a distribution whose quantiles are `at`, for tests and samples.
#[cfg(any(test, feature = "sample"))]
fn years(at: impl Fn(f64) -> f64) -> LossYears {
    let all: Vec<f64> = (0..1000).map(|n| at((f64::from(n) + 0.5) / 1000.0)).collect();
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    LossYears {
        years: 10_000,
        mean: mean(&all),
        p5: at(0.05),
        p50: at(0.5),
        value_at_risk_95: at(0.95),
        value_at_risk_99: at(0.99),
        shortfall_95: mean(&all[950..]),
        broken_promises: None,
        exceeded: (1..200).map(|n| f64::from(n) / 200.0).map(|share| (at(share), 1.0 - share)).collect(),
    }
}

/// Four brown-outs a year on average, each of about the price of one.
#[cfg(any(test, feature = "sample"))]
pub fn sample() -> LossYears {
    years(|share| {
        let (mut chance, mut below, mut often) = (exp(-4.0), 0.0, 0.0);
        while below + chance < share && often < 40.0 {
            below += chance;
            often += 1.0;
            chance *= 4.0 / often;
        }
        89_500.0 * often + 4000.0 * often * ((share - below) / chance - 0.5)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::studies::run::sample;
    use sim_core::engine::math::ln;

    /// Figures of years of all shapes: nearly the same, nothing in most, a heavy tail, large and small sums.
    pub fn shapes() -> Vec<Figure> {
        let shapes: [&dyn Fn(f64) -> f64; 8] = [
            &|share| 1e6 + 1e4 * share,
            &|share| if share > 0.97 { 2e5 * share } else { 0.0 },
            &|share| if share > 0.992 { 2e5 } else { 0.0 },
            &|share| 1000.0 * pow(1.0 - share, -1.5),
            &|share| -123_456_789.0 * ln(1.0 - share),
            &|share| 0.004 * share,
            &|share| 7e12 * exp(share),
            &|share| if share > 0.5 { 1e9 } else { 999_999_999.0 },
        ];
        let of = |at: &&dyn Fn(f64) -> f64| {
            let mut study = sample::study();
            study.summary.wrongness.year = Some(years(at));
            draw(&study).unwrap()
        };
        shapes.iter().map(of).collect()
    }

    #[test]
    fn the_title_says_what_is_known_and_the_tables_have_the_curve() {
        let titles: Vec<String> = shapes().into_iter().map(|figure| figure.title).collect();
        assert!(titles[0].starts_with("One year in twenty loses more than $1,010,000"), "{}", titles[0]);
        assert!(titles[1].starts_with("Most years lose nothing, one in a hundred more than $198,000"), "{}", titles[1]);
        assert!(titles[2].starts_with("Hardly a year loses anything"), "{}", titles[2]);
        let figure = draw(&sample::study()).unwrap();
        assert_eq!((figure.tables[0].rows.len(), figure.tables[1].rows.len()), (6, 199));
        let year = sample::study().summary.wrongness.year.unwrap();
        for value in [year.value_at_risk_95, year.value_at_risk_99, year.shortfall_95, year.mean] {
            assert!(figure.panels[0].wide.contains(&money(value)) && figure.panels[0].narrow.contains(&money(value)));
        }
    }

    #[test]
    fn the_caption_says_where_the_bill_has_another_mean_of_broken_promises() {
        let mut study = sample::study();
        let says = |study: &StudyResult| draw(study).unwrap().caption.1;
        assert!(!says(&study).contains("on the bill"));
        let year = study.summary.wrongness.year.as_mut().unwrap();
        year.broken_promises = Some(BrokenPromises { of_years: 106_000.0, billed: 59_200.0 });
        assert!(says(&study).contains("Broken promises come to $106,000 a year here and to $59,200 on the bill"));
    }

    #[test]
    fn years_that_are_all_the_same_have_no_figure() {
        let mut study = sample::study();
        study.summary.wrongness.year = Some(years(|_| 5.0));
        assert!(draw(&study).is_none());
        study.summary.wrongness.year = None;
        assert!(draw(&study).is_none());
    }
}
