//! The values of a knob: a list, or a range from which values are taken.
//!
//! What stands in a list is kept as text in YAML's flow style, which is put at the knob's path and read there like anything else in
//! the file. The ends of a range are quantities of one measure; values between them are rounded to six digits and written in the
//! unit of the ends where both have the same.

use crate::reader::flow_word;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use sim_core::engine::math;
use sim_core::expression::{Measure, Quantity, read_quantity};
use sim_core::problem::Problems;
use sim_core::units::{Bytes, Count, SimDuration};
use std::fmt;

/// Values of a knob in a grid at most.
pub const MOST: u64 = 10_000;

/// The values of a knob.
#[derive(Debug, Clone, PartialEq, Serialize, DeriveDeserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OverSettings {
    /// These.
    List(Vec<Flow>),
    /// Quantities between two ends.
    Range(RangeSettings),
}

/// Quantities between two ends.
#[derive(Debug, Clone, PartialEq, Serialize, DeriveDeserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RangeSettings {
    /// One end, such as 500/s. Required.
    pub from: Flow,
    /// The other end, of the same measure. Required.
    pub to: Flow,
    /// How many values a grid takes, with both ends; default, of whole numbers, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Count>,
    /// Whether steps are equal differences (`linear`) or equal factors (`log`); default linear.
    #[serde(default)]
    pub scale: Scale,
}

/// How values are spread over a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, DeriveDeserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// In equal differences.
    #[default]
    Linear,
    /// In equal factors.
    Log,
}

/// Any value, as text in YAML's flow style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow(String);

impl Flow {
    /// From text that is in flow style already, as on the command line.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The quantity that it is, if it is one.
    pub fn quantity(&self) -> Option<Quantity> {
        read_quantity(&self.0).ok()
    }
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A range as meant.
#[derive(Debug, Clone, PartialEq)]
pub struct Range {
    from: f64,
    to: f64,
    log: bool,
    /// What stands before and after the number, where both ends are written in the same unit.
    unit: Option<(String, String)>,
    measure: Measure,
    /// Base units of one of the written unit.
    factor: f64,
    /// Whether only whole numbers make sense: counts without unit, written without decimals.
    whole: bool,
}

/// The number of a quantity and what stands before and after it: `$0.17/h` is `$`, 0.17, `/h`.
fn parts(text: &str) -> Option<(String, f64, String)> {
    let begin = text.find(|c: char| c.is_ascii_digit() || c == '.')?;
    let rest = &text[begin..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (before, after) = (&text[..begin], &rest[end..]);
    // `1h30m` has no single unit.
    let single = !after.trim_start_matches(|c: char| c.is_alphabetic()).contains(|c: char| c.is_ascii_digit());
    (single && !before.contains('-')).then_some(())?;
    Some((before.to_owned(), rest[..end].parse().ok()?, after.to_owned()))
}

/// Rounded to six digits.
fn six(number: f64) -> f64 {
    format!("{number:.5e}").parse().unwrap_or(number)
}

impl RangeSettings {
    /// The range.
    ///
    /// # Errors
    /// The key that is wrong, what is wrong, and what to write instead.
    pub fn meant(&self) -> Result<Range, (&'static str, String, &'static str)> {
        let read = |key, end: &Flow| {
            let hint = "write a quantity such as 500/s, 100ms, 99% or 4";
            read_quantity(end.text()).map_err(|_| (key, format!("{end} is no quantity"), hint))
        };
        let (from, to) = (read("from", &self.from)?, read("to", &self.to)?);
        if from.measure != to.measure {
            let why = format!("a range from {} to {} has two measures", from.measure, to.measure);
            return Err(("to", why, "write both ends in units of one measure"));
        }
        if from.value == to.value {
            return Err(("to", "both ends are the same".into(), "write two ends"));
        }
        let log = self.scale == Scale::Log;
        if log && (from.value <= 0.0 || to.value <= 0.0) {
            return Err(("scale", "equal factors need ends above zero".into(), "write scale: linear"));
        }
        let bare = |end: &Flow| end.text().bytes().all(|c| c.is_ascii_digit());
        let whole = bare(&self.from) && bare(&self.to);
        let unit = match (parts(self.from.text()), parts(self.to.text())) {
            (Some((b, number, a)), Some((b2, _, a2))) if b == b2 && a == a2 => Some((b, a, number)),
            _ => None,
        };
        let simple = matches!(from.measure, Measure::TIME | Measure::RATE | Measure::Share | Measure::BYTES);
        if unit.is_none() && !simple && from.measure != Measure::NUMBER {
            return Err(("to", "the ends are written in different units".into(), "write both ends in the same unit"));
        }
        let factor = match &unit {
            Some((_, _, number)) if *number != 0.0 => from.value / number,
            Some((before, after, _)) => read_quantity(&format!("{before}1{after}")).map_or(1.0, |one| one.value),
            None => 1.0,
        };
        let unit = unit.map(|(before, after, _)| (before, after));
        Ok(Range { from: from.value, to: to.value, log, unit, measure: from.measure, factor, whole })
    }

    /// How many values a grid takes.
    fn in_grid(&self, range: &Range) -> Option<u64> {
        let all = || range.whole.then(|| (range.to - range.from).abs() as u64 + 1);
        self.points.map(Count::get).or_else(all)
    }
}

impl Range {
    /// What it measures.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// Whether steps are equal factors.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The value at a part of the way, from 0 to 1, as text and in base units. Of whole numbers each has an equal part.
    pub fn at(&self, part: f64) -> (String, f64) {
        let value = if self.whole && !self.log {
            let (low, high) = (self.from.min(self.to), self.from.max(self.to));
            let along = if self.from <= self.to { part } else { 1.0 - part };
            (low + (along * (high - low + 1.0)).floor()).min(high)
        } else {
            self.between(part)
        };
        self.written(value)
    }

    /// `points` values, with both ends, as text and in base units; whole numbers are rounded, and none comes twice.
    pub fn grid(&self, points: u64) -> Vec<(String, f64)> {
        let last = points.saturating_sub(1).max(1) as f64;
        let mut all: Vec<(String, f64)> = (0..points).map(|i| self.written(self.between(i as f64 / last))).collect();
        all.dedup_by(|a, b| a.0 == b.0);
        all
    }

    fn between(&self, part: f64) -> f64 {
        if self.log {
            self.from * math::exp(part * math::ln(self.to / self.from))
        } else {
            self.from + part * (self.to - self.from)
        }
    }

    fn written(&self, value: f64) -> (String, f64) {
        if self.whole {
            let whole = value.round();
            return (format!("{whole}"), whole);
        }
        match (&self.unit, self.measure) {
            (Some((before, after)), _) => {
                let number = six(value / self.factor);
                (format!("{before}{number}{after}"), number * self.factor)
            }
            (None, Measure::TIME) => {
                let time = SimDuration::from_ns((six(value) * 1e9).round() as u64);
                (time.to_string(), time.secs())
            }
            (None, Measure::RATE) => (format!("{}/s", six(value)), six(value)),
            (None, Measure::Share) => (format!("{}%", six(value * 100.0)), six(value)),
            (None, Measure::BYTES) => {
                let bytes = Bytes::new(value.round() as u64);
                (bytes.to_string(), bytes.get() as f64)
            }
            _ => (format!("{}", six(value)), six(value)),
        }
    }
}

impl OverSettings {
    /// Problems of the settings; in a `grid` a range needs to know how many values it takes.
    pub fn validate(&self, grid: bool, problems: &mut Problems) {
        match self {
            Self::List(list) => match list.len() {
                0 => {
                    problems.error("list", "a knob without values").hint = Some("write values: [2, 4, 8]".into());
                }
                n if n as u64 > MOST => {
                    problems.error("list", format!("a knob has at most {MOST} values"));
                }
                _ => {}
            },
            Self::Range(range) => problems.at("range", |p| match range.meant() {
                Err((key, why, hint)) => p.error(key, why).hint = Some(hint.to_owned()),
                Ok(meant) => match range.in_grid(&meant) {
                    None if grid => {
                        p.error("", "a range in a grid does not say how many values it takes").hint =
                            Some("write points: 7".into());
                    }
                    Some(points) if !(2..=MOST).contains(&points) => {
                        p.error("points", format!("a range has between 2 and {MOST} values"));
                    }
                    _ => {}
                },
            }),
        }
    }

    /// Problems of values that are searched: they have to be numbers that grow.
    pub fn validate_sizes(&self, problems: &mut Problems) {
        let numbers: Option<Vec<f64>> = self.values().iter().map(|(_, number)| *number).collect();
        match numbers {
            None => {
                problems.error("list", "what is searched has to be numbers").hint =
                    Some("write sizes: [2, 4, 8]".into());
            }
            Some(numbers) if numbers.windows(2).any(|pair| pair[0] >= pair[1]) => {
                let key = if matches!(self, Self::List(_)) { "list" } else { "range" };
                problems.error(key, "sizes have to grow").hint = Some("write the smallest first".into());
            }
            Some(_) => {}
        }
    }

    /// The values of a grid, as text and, where they are quantities, in base units; of a range that is wrong, none.
    pub fn values(&self) -> Vec<(String, Option<f64>)> {
        match self {
            Self::List(list) => list.iter().map(|flow| (flow.to_string(), flow.quantity().map(|q| q.value))).collect(),
            Self::Range(range) => {
                let Ok(meant) = range.meant() else { return Vec::new() };
                let points = range.in_grid(&meant).unwrap_or(2).min(MOST);
                meant.grid(points).into_iter().map(|(text, number)| (text, Some(number))).collect()
            }
        }
    }
}

impl Serialize for Flow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl schemars::JsonSchema for Flow {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Flow".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!(true)
    }
}

impl<'de> Deserialize<'de> for Flow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlowVisitor)
    }
}

struct FlowVisitor;

impl<'de> Visitor<'de> for FlowVisitor {
    type Value = Flow;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Flow, E> {
        Ok(Flow(flow_word(text)))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Flow, E> {
        Ok(Flow(value.to_string()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Flow, E> {
        Ok(Flow(value.to_string()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Flow, E> {
        Ok(Flow(value.to_string()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Flow, E> {
        Ok(Flow(value.to_string()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Flow, E> {
        Ok(Flow("null".into()))
    }

    fn visit_none<E: de::Error>(self) -> Result<Flow, E> {
        self.visit_unit()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Flow, A::Error> {
        let mut all: Vec<String> = Vec::new();
        while let Some(Flow(value)) = seq.next_element()? {
            all.push(value);
        }
        Ok(Flow(format!("[{}]", all.join(", "))))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flow, A::Error> {
        let mut all: Vec<String> = Vec::new();
        while let Some((key, Flow(value))) = map.next_entry::<String, Flow>()? {
            all.push(format!("{}: {value}", flow_word(&key)));
        }
        Ok(Flow(format!("{{{}}}", all.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str, scale: Scale) -> Range {
        RangeSettings { from: Flow::new(from), to: Flow::new(to), points: None, scale }.meant().expect("a range")
    }

    fn texts(range: &Range, points: u64) -> Vec<String> {
        range.grid(points).into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn ranges_are_written_in_the_unit_of_their_ends() {
        assert_eq!(texts(&range("500/s", "2000/s", Scale::Linear), 4), ["500/s", "1000/s", "1500/s", "2000/s"]);
        assert_eq!(texts(&range("100ms", "10s", Scale::Log), 3), ["100ms", "1s", "10s"]);
        assert_eq!(texts(&range("2", "16", Scale::Linear), 8), ["2", "4", "6", "8", "10", "12", "14", "16"]);
        assert_eq!(texts(&range("3", "5", Scale::Linear), 5), ["3", "4", "5"]);
        assert_eq!(texts(&range("1.5", "3", Scale::Linear), 3), ["1.5", "2.25", "3"]);
        assert_eq!(texts(&range("90%", "99%", Scale::Linear), 2), ["90%", "99%"]);
        assert_eq!(texts(&range("$0.10/h", "$0.20/h", Scale::Linear), 3), ["$0.1/h", "$0.15/h", "$0.2/h"]);
        assert_eq!(texts(&range("1KiB", "1MiB", Scale::Log), 3), ["1KiB", "32KiB", "1MiB"]);
    }

    #[test]
    fn numbers_are_in_base_units() {
        let (text, number) = range("100ms", "300ms", Scale::Linear).at(0.5);
        assert_eq!(text, "200ms");
        assert!((number - 0.2).abs() < 1e-12);
    }

    #[test]
    fn each_whole_number_has_an_equal_part() {
        let range = range("3", "5", Scale::Linear);
        let at = |part: f64| range.at(part).0;
        assert_eq!([at(0.0), at(0.3), at(0.34), at(0.67), at(0.999)], ["3", "3", "4", "5", "5"]);
    }

    #[test]
    fn ends_that_do_not_fit_are_errors() {
        let wrong = |from: &str, to: &str, scale| {
            RangeSettings { from: Flow::new(from), to: Flow::new(to), points: None, scale }
                .meant()
                .expect_err("wrong")
                .0
        };
        assert_eq!(wrong("5ms", "5/s", Scale::Linear), "to");
        assert_eq!(wrong("five", "5", Scale::Linear), "from");
        assert_eq!(wrong("5", "5", Scale::Linear), "to");
        assert_eq!(wrong("0%", "5%", Scale::Log), "scale");
    }

    #[test]
    fn any_value_is_kept_as_it_would_be_written() {
        let flow = |json: &str| serde_json::from_str::<Flow>(json).expect("a value").0;
        assert_eq!(flow(r#"{"time": "5s", "list": [1, null, true]}"#), "{time: 5s, list: [1, null, true]}");
        assert_eq!(flow(r#""web, api""#), r#""web, api""#);
        assert_eq!(flow(r#""500/s""#), "500/s");
    }
}
