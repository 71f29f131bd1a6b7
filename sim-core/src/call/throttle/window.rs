//! The calls that a throttle looks at.

use crate::call::time_window::TimeWindow;
use crate::problem::Problems;
use std::collections::VecDeque;

/// Steps in which a window slides.
const STEPS: u64 = 60;

/// Problems of a throttle's window. `write` is what it may say.
pub(super) fn validate(window: TimeWindow, write: &str, problems: &mut Problems) {
    if window.time.ns() < STEPS {
        problems.error("window", "a window of no time holds no call").hint = Some(format!("write window: {write}"));
    }
}

/// Calls, and those that were answered, in a window that slides.
#[derive(Debug, Clone)]
pub(super) struct Sliding {
    step_ns: u64,
    /// Number of a step, requests and accepts in it; only those of the window.
    steps: VecDeque<(u64, u64, u64)>,
    requests: u64,
    accepts: u64,
}

impl Sliding {
    /// An empty window.
    pub fn new(window: TimeWindow) -> Self {
        Self { step_ns: (window.time.ns() / STEPS).max(1), steps: VecDeque::new(), requests: 0, accepts: 0 }
    }

    /// Calls in the window, and those that were answered.
    pub fn seen(&mut self, now_ns: u64) -> (u64, u64) {
        self.slide(now_ns);
        (self.requests, self.accepts)
    }

    /// So many more calls, and answers.
    pub fn add(&mut self, now_ns: u64, requests: u64, accepts: u64) {
        self.slide(now_ns);
        let step = now_ns / self.step_ns;
        if self.steps.back().is_none_or(|last| last.0 != step) {
            self.steps.push_back((step, 0, 0));
        }
        if let Some(last) = self.steps.back_mut() {
            last.1 += requests;
            last.2 += accepts;
        }
        self.requests += requests;
        self.accepts += accepts;
    }

    /// Forgets the steps that the window has left.
    fn slide(&mut self, now_ns: u64) {
        let oldest = (now_ns / self.step_ns).saturating_sub(STEPS - 1);
        while let Some((_, requests, accepts)) = self.steps.front().copied().filter(|first| first.0 < oldest) {
            self.requests -= requests;
            self.accepts -= accepts;
            self.steps.pop_front();
        }
    }
}
