//! The metrics of what is done on purpose: experiments and operating modes.

use super::doc::{MetricDoc, doc};
use super::measure::Measure;
use super::metric::{Metric, SubjectKind};
use SubjectKind::{Experiment, Mode, Nothing};

/// They stand behind those of what is called and what serves.
pub(super) const INTENDED: &[MetricDoc] = &[
    doc(
        Metric::Hypothesis,
        "hypothesis",
        Measure::Truth,
        &[Experiment],
        false,
        "whether the hypothesis held: never where it was aborted, and no data where it was not run",
    ),
    doc(
        Metric::Aborted,
        "aborted",
        Measure::Truth,
        &[Experiment],
        false,
        "whether it was aborted; no data where it was not run",
    ),
    doc(Metric::Ran, "ran", Measure::Truth, &[Experiment], false, "whether it was run, as all checks before it held"),
    doc(
        Metric::Left,
        "left",
        Measure::Truth,
        &[Mode],
        false,
        "whether the operating mode was left; in conditions of modes, whether it is being left",
    ),
    doc(Metric::TimeIn, "time_in", Measure::TIME, &[Mode], false, "how long the operating mode was in force"),
    doc(
        Metric::ModeChanges,
        "mode_changes",
        Measure::NUMBER,
        &[Nothing],
        false,
        "changes from one operating mode to another; no data without modes",
    ),
];
