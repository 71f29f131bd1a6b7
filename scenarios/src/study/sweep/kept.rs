//! Whether points that were kept are points of the sweep that their head describes.
//!
//! A hash shows that a line is whole, not that a sweep wrote it: a line that is changed can be hashed again. So everything that the answer and its
//! report take for granted is looked at first: lengths, counts, numbers, and a design that fits the number of points.

use super::{Head, MOST_KNOBS};
use crate::written::studies::sweep::MOST;
use serde_json::Value;
use sim_core::results::{Design, Estimate, Judgement, Point, Setting};
use sim_core::visible::is_hidden;

/// Numbers beyond this size are none that a simulation gives; sums of squares of smaller ones are finite.
const LARGEST: f64 = 1e100;

/// Replications of a point at most, as on the command line.
const MOST_REPLICATIONS: u32 = 1_000_000;

impl Head {
    /// Whether a sweep could have this head.
    ///
    /// # Errors
    /// What does not fit, one phrase without a full stop.
    pub fn check(&self) -> Result<(), String> {
        let knobs = self.knobs.len();
        if knobs == 0 || knobs > MOST_KNOBS {
            return Err(format!("it has {knobs} knobs"));
        }
        if self.points == 0 || u64::from(self.points) > MOST {
            return Err(format!("it has {} points", self.points));
        }
        if self.replications == 0 || self.replications > MOST_REPLICATIONS {
            return Err(format!("it has {} replications of a point", self.replications));
        }
        for knob in &self.knobs {
            let numbers = knob.numbers.as_ref();
            if knob.values.is_empty() || numbers.is_some_and(|n| n.len() != knob.values.len()) {
                return Err(format!("the values of {} do not fit", knob.path));
            }
            if !numbers.into_iter().flatten().all(|number| is_number(*number)) {
                return Err(format!("the numbers of {} are none that a knob has", knob.path));
            }
            if knob.log && numbers.is_some_and(|n| n.iter().any(|number| *number <= 0.0)) {
                return Err(format!("{} has equal factors between values that are not above zero", knob.path));
            }
        }
        // Titles and questions are prose, and may have lines.
        let mut words = serde_json::to_value(self).map_err(|error| error.to_string())?;
        for prose in ["scenario", "question"] {
            words.as_object_mut().map(|head| head.remove(prose));
        }
        if has_hidden(&words) {
            return Err("a name has characters that are not seen".into());
        }
        if !self.is_whole_design() {
            return Err(format!("{} points are no design of this kind", self.points));
        }
        Ok(())
    }

    /// Whether the number of points is one that the design can have.
    fn is_whole_design(&self) -> bool {
        let (points, knobs) = (u64::from(self.points), self.knobs.len() as u64);
        match self.design {
            Design::Grid => {
                let mut sizes = self.knobs.iter().map(|knob| knob.values.len() as u64);
                sizes.try_fold(1_u64, u64::checked_mul) == Some(points)
            }
            Design::Saltelli => points.is_multiple_of(knobs + 2),
            Design::Morris => points.is_multiple_of(knobs + 1),
            Design::LatinHypercube | Design::Sobol => true,
        }
    }

    /// Whether a point can be one of this sweep.
    ///
    /// # Errors
    /// What does not fit, one phrase without a full stop.
    pub fn check_point(&self, point: &Point) -> Result<(), String> {
        let lengths = [
            ("settings", point.settings.len(), self.knobs.len()),
            ("shown values", point.shown.len(), self.shown.len()),
            ("verdicts", point.judged.len(), self.judged.len()),
            ("replications", point.rows.len(), self.replications as usize),
        ];
        if let Some((what, there, wanted)) = lengths.into_iter().find(|(_, there, wanted)| there != wanted) {
            return Err(format!("it has {there} {what} and not {wanted}"));
        }
        let is_row = |row: &sim_core::results::PointRow| {
            row.shown.len() == self.shown.len()
                && row.kept.len() == self.judged.len()
                && row.shown.iter().flatten().all(|value| is_number(*value))
                && is_number(row.cost_per_month)
        };
        if !point.rows.iter().all(is_row) {
            return Err("a replication does not fit".into());
        }
        if !point.settings.iter().zip(&self.knobs).all(|(setting, knob)| self.is_setting(setting, knob)) {
            return Err("its settings are none of the knobs' values".into());
        }
        let most = self.replications;
        let is_judged = |j: &Judgement| {
            j.kept <= j.judged
                && j.judged <= most
                && j.observed.is_none_or(is_estimate)
                && j.promised.is_none_or(is_number)
        };
        let estimates = point.shown.iter().flatten().chain(&point.kept_all).chain([&point.cost_per_month]);
        if !point.judged.iter().all(is_judged) || !estimates.copied().all(is_estimate) || point.stopped > most {
            return Err("its numbers are none that a study has".into());
        }
        if point.digest.len() != 16 || u64::from_str_radix(&point.digest, 16).is_err() {
            return Err("its digest is none".into());
        }
        Ok(())
    }

    /// Whether a knob can have this value: one of those that are listed, or a number between the ends.
    fn is_setting(&self, setting: &Setting, knob: &sim_core::results::Knob) -> bool {
        let is_listed = knob.values.contains(&setting.text);
        !setting.text.contains(is_hidden)
            && setting.number.is_none_or(is_number)
            && (is_listed || self.design != Design::Grid && setting.number.is_some())
    }
}

/// Whether a text within has characters that are not seen.
fn has_hidden(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(is_hidden),
        Value::Array(all) => all.iter().any(has_hidden),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains(is_hidden) || has_hidden(value)),
        _ => false,
    }
}

fn is_number(value: f64) -> bool {
    value.is_finite() && value.abs() <= LARGEST
}

fn is_estimate(estimate: Estimate) -> bool {
    let Estimate { mean, low, high } = estimate;
    [mean, low, high].into_iter().all(is_number) && low <= high
}
