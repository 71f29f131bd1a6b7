//! The baseline: numbers of an earlier `check`, with which those of now are compared.
//!
//! A worsening counts when the whole interval of the difference lies on the worse side. All intervals of a check hold together at 95 %
//! (Bonferroni), so that a folder of a hundred numbers does not cry wolf twice a day. Where seed and replications are those of the baseline the
//! difference is taken pair by pair on the same random numbers: a system that has not changed has no difference at all and never
//! fails. Otherwise two independent studies are compared (Welch, Newcombe). What is not worse for sure is no verdict: a small study
//! that sees nothing is not held against the change; but a number of which the baseline has data and the scenario none any more is
//! inconclusive, for without data nothing is held.

use super::interval::Confidence;
use super::paired::{self, Difference, PairCounts, Sample};
use serde::{Deserialize, Serialize};
use sim_core::results::compare::Change;
use sim_core::results::gate::{Against, Checked, Measured, Number, Standing};
use sim_core::results::{Estimate, Unit};
use sim_core::visible::visible;
use std::collections::BTreeMap;

/// The form that is read and written.
const FORM: u32 = 1;

/// A baseline file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The form of the file: 1.
    pub windtunnel_baseline: u32,
    /// Version of windtunnel that wrote it.
    pub version: String,
    /// By the path of the scenario file, as seen from the folder of this file.
    pub scenarios: BTreeMap<String, Stored>,
}

/// What is stored of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Its title.
    pub scenario: String,
    /// Seed of the study.
    pub seed: u64,
    /// The numbers that promises and clauses are judged by.
    pub measured: Vec<Measured>,
}

impl Default for Baseline {
    fn default() -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { windtunnel_baseline: FORM, version, scenarios: BTreeMap::new() }
    }
}

impl Baseline {
    /// Whether a text is a baseline file, whole or not.
    pub fn is_one(text: &str) -> bool {
        text.trim_start().starts_with('{')
            && text.chars().take(200).collect::<String>().contains("\"windtunnel_baseline\"")
    }

    /// Reads a baseline file.
    ///
    /// # Errors
    /// What is wrong with it, one sentence without a full stop.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut baseline: Self = serde_json::from_str(text).map_err(|error| {
            // What stands there is not quoted: the file may be any file.
            format!(
                "this is not a baseline: {:?} error at line {}, column {}",
                error.classify(),
                error.line(),
                error.column()
            )
        })?;
        for measured in baseline.scenarios.values_mut().flat_map(|stored| &mut stored.measured) {
            measured.name = visible(&measured.name).into_owned();
        }
        if baseline.windtunnel_baseline != FORM {
            let form = baseline.windtunnel_baseline;
            return Err(format!("this baseline has form {form}, and this windtunnel knows form {FORM} only"));
        }
        for (file, stored) in &baseline.scenarios {
            if let Some(bad) = stored.measured.iter().find(|m| m.group == 0 || !m.values.iter().all(|v| v.is_finite()))
            {
                return Err(format!("the values of {} in {file} are none that a study has", bad.name));
            }
        }
        Ok(baseline)
    }

    /// The text of the file. Values stand in one line each number, so that a change shows in few lines.
    pub fn text(&self) -> String {
        let mut out = format!(
            "{{\n  \"windtunnel_baseline\": {FORM},\n  \"version\": {},\n  \"scenarios\": {{",
            quoted(&self.version)
        );
        for (number, (file, stored)) in self.scenarios.iter().enumerate() {
            out.push_str(if number > 0 { ",\n" } else { "\n" });
            out.push_str(&format!("    {}: {{\n      \"scenario\": {},\n", quoted(file), quoted(&stored.scenario)));
            out.push_str(&format!("      \"seed\": {},\n", stored.seed));
            let lines: Vec<String> = stored.measured.iter().map(|m| format!("        {}", quoted(m))).collect();
            out.push_str(&format!("      \"measured\": [\n{}\n      ]\n    }}", lines.join(",\n")));
        }
        out + "\n  }\n}\n"
    }

    /// Stores the numbers of a scenario in the place of those that were stored.
    pub fn put(&mut self, file: &str, checked: &Checked) {
        let stored =
            Stored { scenario: checked.scenario.clone(), seed: checked.seed, measured: checked.measured.clone() };
        env!("CARGO_PKG_VERSION").clone_into(&mut self.version);
        self.scenarios.insert(file.to_owned(), stored);
    }
}

/// The JSON Schema of baseline files.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Baseline)
}

/// JSON in one line.
fn quoted(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// How many numbers of a scenario can be compared with those stored.
pub fn comparable(stored: &Stored, measured: &[Measured]) -> usize {
    measured.iter().filter(|now| find(stored, now).is_some_and(|before| !before.values.is_empty())).count()
}

/// By how much a number may be worse and still pass: a share of the baseline's value, and of a share above one half of what it lacks to one.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tolerance(pub f64);

impl Tolerance {
    /// In the number's unit.
    fn of(self, before: &Measured) -> f64 {
        let near_one = before.unit == Unit::Share && before.estimate > 0.5;
        self.0 * if near_one { 1.0 - before.estimate } else { before.estimate.abs() }
    }
}

/// How the numbers of a scenario stand against those stored; `confidence` is that of each interval.
pub fn against(
    stored: &Stored,
    measured: &[Measured],
    seed: u64,
    confidence: Confidence,
    tolerance: Tolerance,
) -> Vec<Against> {
    let of_now = measured.iter().map(|now| match find(stored, now) {
        Some(before) => compared(before, now, stored.seed == seed, confidence, tolerance),
        None => alone(now, Standing::New),
    });
    let gone = stored.measured.iter().filter(|before| !measured.iter().any(|now| now.name == before.name));
    of_now.chain(gone.map(|before| alone(before, Standing::Gone))).collect()
}

fn find<'a>(stored: &'a Stored, now: &Measured) -> Option<&'a Measured> {
    stored.measured.iter().find(|before| before.name == now.name)
}

/// A number that only one side has.
fn alone(number: &Measured, standing: Standing) -> Against {
    let estimate = (!number.values.is_empty()).then_some(number.estimate);
    let (before, now) = if standing == Standing::Gone { (estimate, None) } else { (None, estimate) };
    Against {
        name: number.name.clone(),
        number: number.number.clone().unwrap_or_else(|| Number::stored(&number.name)),
        path: number.path.clone(),
        unit: number.unit,
        less_is_better: number.less_is_better,
        before,
        now,
        difference: None,
        paired: false,
        standing,
    }
}

fn compared(
    before: &Measured,
    now: &Measured,
    same_seed: bool,
    confidence: Confidence,
    tolerance: Tolerance,
) -> Against {
    let base = alone(now, Standing::New);
    if before.values.is_empty() {
        return base;
    }
    let base = Against { before: Some(before.estimate), ..base };
    if now.values.is_empty() {
        return Against { standing: Standing::WithoutData, ..base };
    }
    let difference = difference(before, now, same_seed, confidence);
    let change = change(&difference, now.less_is_better, tolerance.of(before));
    Against {
        difference: Some(difference.estimate),
        paired: difference.paired,
        standing: Standing::Compared(change),
        ..base
    }
}

fn difference(before: &Measured, now: &Measured, same_seed: bool, confidence: Confidence) -> Difference {
    let of_runs =
        |m: &Measured| m.unit == Unit::Share && m.group == 1 && m.values.iter().all(|v| *v == 0.0 || *v == 1.0);
    let sample = |m: &Measured| Sample { estimate: m.estimate, group: m.group, values: m.values.clone() };
    let plain = paired::difference(&sample(before), &sample(now), same_seed, confidence);
    if plain.same || !(of_runs(before) && of_runs(now)) {
        return plain;
    }
    let kept = |m: &Measured| (m.values.iter().filter(|v| **v == 1.0).count() as u32, m.values.len() as u32);
    let estimate = if plain.paired {
        let pairs = before.values.iter().zip(&now.values).map(|(a, b)| (*a == 1.0, *b == 1.0));
        PairCounts::of(pairs).difference(confidence)
    } else {
        paired::shares(kept(before), kept(now), confidence)
    };
    Difference { estimate: estimate.unwrap_or(plain.estimate), ..plain }
}

/// What a difference comes to: worse or better where the whole interval is, and worse only by more than is tolerated.
fn change(difference: &Difference, less_is_better: bool, tolerated: f64) -> Change {
    if difference.same {
        return Change::Same;
    }
    let Estimate { low, high, .. } = difference.estimate;
    let (worse, better) = if less_is_better { (low, -high) } else { (-high, low) };
    match () {
        () if worse > tolerated && worse > 0.0 => Change::Worse,
        () if better > 0.0 => Change::Better,
        () => Change::NoneSeen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, values: &[f64]) -> Measured {
        let estimate = if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 };
        Measured {
            name: name.to_owned(),
            unit: Unit::Seconds,
            less_is_better: true,
            estimate,
            group: 1,
            values: values.to_vec(),
            number: None,
            path: "promises.quick".to_owned(),
        }
    }

    fn stored(measured: Vec<Measured>) -> Stored {
        Stored { scenario: "s".into(), seed: 1, measured }
    }

    const BEFORE: [f64; 8] = [0.30, 0.35, 0.28, 0.41, 0.33, 0.37, 0.29, 0.32];

    fn standing(before: &[f64], now: &[f64], seed: u64, tolerance: f64) -> Standing {
        let stored = stored(vec![number("x", before)]);
        against(&stored, &[number("x", now)], seed, Confidence::AT_95, Tolerance(tolerance))[0].standing
    }

    #[test]
    fn what_has_not_changed_is_the_same_and_a_shift_is_seen_only_in_pairs() {
        let now = BEFORE.map(|v| v + 0.01);
        assert_eq!(standing(&BEFORE, &BEFORE, 1, 0.0), Standing::Compared(Change::Same));
        assert_eq!(standing(&BEFORE, &now, 1, 0.0), Standing::Compared(Change::Worse));
        assert_eq!(standing(&BEFORE, &now, 2, 0.0), Standing::Compared(Change::NoneSeen));
        assert_eq!(standing(&now, &BEFORE, 1, 0.0), Standing::Compared(Change::Better));
        assert_eq!(standing(&BEFORE, &now, 1, 0.05), Standing::Compared(Change::NoneSeen), "3 % is tolerated");
        assert_eq!(standing(&BEFORE, &[], 1, 0.0), Standing::WithoutData);
        assert_eq!(standing(&[], &BEFORE, 1, 0.0), Standing::New);
    }

    #[test]
    fn new_and_gone_numbers_are_said() {
        let stored = stored(vec![number("old", &BEFORE)]);
        let all = against(&stored, &[number("young", &BEFORE)], 1, Confidence::AT_95, Tolerance(0.0));
        let standings: Vec<(&str, Standing)> = all.iter().map(|a| (a.name.as_str(), a.standing)).collect();
        assert_eq!(standings, [("young", Standing::New), ("old", Standing::Gone)]);
        assert_eq!(comparable(&stored, &[number("young", &BEFORE), number("old", &BEFORE)]), 1);
    }

    #[test]
    fn shares_of_runs_are_compared_as_such() {
        let share = |kept: usize| {
            let values: Vec<f64> = (0..64).map(|i| f64::from(u8::from(i < kept))).collect();
            Measured { unit: Unit::Share, less_is_better: false, ..number("kept", &values) }
        };
        let of = |kept: usize| {
            against(&stored(vec![share(64)]), &[share(kept)], 1, Confidence::AT_95, Tolerance(0.0))[0].clone()
        };
        assert_eq!(of(62).standing, Standing::Compared(Change::NoneSeen));
        assert_eq!(of(52).standing, Standing::Compared(Change::Worse));
        assert!(of(52).difference.is_some_and(|d| d.low > -1.0 && d.high < -0.05));
    }

    #[test]
    fn what_is_written_is_read_and_stays_the_same() {
        let mut baseline = Baseline::default();
        let awkward = [0.1 + 0.2, 1.0 / 3.0, 123_456.789_012_345].map(|v| format!("{v:.8e}").parse().unwrap());
        baseline.scenarios.insert("a \"b\".yaml".into(), stored(vec![number("x", &awkward), number("none", &[])]));
        let text = baseline.text();
        assert!(Baseline::is_one(&text) && !Baseline::is_one("scenario: x\n"));
        let again = Baseline::parse(&text).unwrap();
        for (a, b) in again.scenarios["a \"b\".yaml"].measured.iter().zip(&baseline.scenarios["a \"b\".yaml"].measured)
        {
            assert_eq!((&a.name, &a.values), (&b.name, &b.values));
        }
        assert!(Baseline::parse("{").unwrap_err().starts_with("this is not a baseline: "));
        let newer = text.replace("\"windtunnel_baseline\": 1", "\"windtunnel_baseline\": 2");
        assert!(Baseline::parse(&newer).unwrap_err().contains("form 2"));
    }
}
