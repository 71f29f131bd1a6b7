//! Verdicts as `JUnit` XML: a suite a file, a case a promise or clause. Broken is a failure, inconclusive an error.

use crate::ReportError;
use crate::numbers::{kept, optional};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sim_core::results::{PromiseSummary, StudyResult, Verdict};

/// The XML.
///
/// # Errors
/// If it cannot be written.
pub fn xml(results: &[(String, StudyResult)]) -> Result<String, ReportError> {
    let mut report = Report::new("windtunnel");
    for (file, study) in results {
        let mut suite = TestSuite::new(file);
        for promise in study.summary.judged() {
            suite.add_test_case(case(file, promise));
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| ReportError::Table(error.to_string()))
}

fn case(file: &str, promise: &PromiseSummary) -> TestCase {
    let observed = optional(promise.observed.as_ref(), promise.unit);
    let share = promise.probability.as_ref().map_or_else(|| "no data".to_owned(), kept);
    let says = format!("{}: observed {observed}, kept in {share} of runs", promise.says);
    let status = match promise.verdict {
        Verdict::Held => TestCaseStatus::success(),
        Verdict::Broken | Verdict::Inconclusive => {
            let kind = if promise.verdict == Verdict::Broken { NonSuccessKind::Failure } else { NonSuccessKind::Error };
            let mut status = TestCaseStatus::non_success(kind);
            status.set_message(says);
            status.set_type(crate::findings::word(promise.verdict));
            status
        }
    };
    let mut case = TestCase::new(&promise.name, status);
    case.set_classname(file);
    case
}
