//! Verdicts as `JUnit` XML: a suite a file, a case a promise, a clause or a number of the baseline. Broken is a failure; inconclusive, and a
//! file that cannot be run, an error.

use super::notices::{Rule, against_name, is_told, notices};
use crate::ReportError;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use sim_core::results::Verdict;
use sim_core::results::gate::{CheckedFile, FilePlace, Standing};

/// The XML.
///
/// # Errors
/// If it cannot be written.
pub fn xml(files: &[CheckedFile]) -> Result<String, ReportError> {
    let mut report = Report::new("windtunnel");
    for file in files {
        let mut suite = TestSuite::new(&file.file);
        suite.add_test_cases(cases(file));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| ReportError::Table(error.to_string()))
}

/// What is held by itself, and all notices as what they are.
fn cases(file: &CheckedFile) -> Vec<TestCase> {
    let mut all = Vec::new();
    if let Ok(checked) = &file.outcome {
        for promise in checked.judged().filter(|p| p.verdict == Verdict::Held) {
            all.push(case(&file.file, &promise.name, TestCaseStatus::success(), checked.places.get(&promise.path)));
        }
        let told = |standing| matches!(standing, Standing::Compared(_)) || standing == Standing::WithoutData;
        for against in checked.against.iter().filter(|a| told(a.standing) && !is_told(a)) {
            let name = format!("Baseline: {}", against_name(against));
            all.push(case(&file.file, &name, TestCaseStatus::success(), checked.places.get(&against.path)));
        }
    }
    for notice in notices(std::slice::from_ref(file)) {
        let failed = notice.broken && notice.rule != Rule::Scenario;
        let mut status =
            TestCaseStatus::non_success(if failed { NonSuccessKind::Failure } else { NonSuccessKind::Error });
        status.set_message(&notice.text);
        status.set_type(notice.rule.id());
        let name = match notice.rule {
            Rule::Baseline => format!("Baseline: {}", notice.name),
            Rule::Scenario => "can be run and judged".to_owned(),
            Rule::Promise | Rule::Experiment | Rule::Clause => notice.name.clone(),
        };
        all.push(case(&file.file, &name, status, notice.place));
    }
    all
}

fn case(file: &str, name: &str, status: TestCaseStatus, place: Option<&FilePlace>) -> TestCase {
    let mut case = TestCase::new(name, status);
    case.set_classname(file);
    case.extra.insert("file".into(), place.map_or(file, |p| &p.file).into());
    if let Some(place) = place {
        case.extra.insert("line".into(), place.line.to_string().into());
    }
    case
}
