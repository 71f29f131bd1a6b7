//! How long a call may take at most, by its own timeouts, attempts and waits between them.
//!
//! Attempt k asks to be sent when the k - 1 before it have used their timeouts and the longest waits after them are over. It is sent when its
//! caller's rate limit, limit of concurrency and pool let it go, and its timeout begins then. The whole call ends with the last attempt, or with
//! `total_timeout` or a `deadline` where that comes first. What the callee does itself never makes it longer, so that the worst case needs to know
//! nothing of the callee.

use sim_core::call::limit::LimitSettings;
use sim_core::call::rate_limit::RateLimitSettings;
use sim_core::call::retry::RetrySettings;
use sim_core::model::Model;
use sim_core::outcome::Outcome;
use sim_core::topology::{Edge, Guard};

/// The slowest course of a call.
pub struct Course<'a> {
    /// Timeout of an attempt [ns].
    pub attempt_ns: f64,
    /// How long an attempt may wait before it is sent [ns].
    wait_ns: f64,
    /// Attempts where each runs into its timeout.
    pub attempts: u32,
    /// `total_timeout` [ns]; infinite without.
    total_ns: f64,
    retry: Option<&'a RetrySettings>,
}

/// How long a call may take with all its attempts, as it says itself [ns]: `total_timeout`, or `deadline` where that is shorter.
fn whole_ns(edge: &Edge) -> Option<f64> {
    let ends = [edge.total_timeout, edge.deadline].into_iter().flatten().map(|end| end.ns() as f64);
    ends.reduce(f64::min)
}

/// How long an attempt may wait at its caller before it is sent [ns].
fn wait_ns(guard: &Guard) -> f64 {
    let limit = guard.limit.as_ref().map_or(0, LimitSettings::max_wait_ns);
    let rate = guard.rate_limit.as_ref().map_or(0, RateLimitSettings::longest_wait_ns);
    let pool = guard.pool.as_ref().map_or(0, |pool| pool.max_wait.ns());
    (limit as f64) + (rate as f64) + (pool as f64)
}

/// How long an attempt of a call may take once it is sent [ns]; `None` where nothing ends it, or a timeout is drawn.
pub fn patience_ns(edge: &Edge) -> Option<f64> {
    let total = whole_ns(edge);
    let timeout = match &edge.timeout {
        Some(timeout) => Some(timeout.build().is_constant()? as f64),
        None => None,
    };
    match (timeout, total) {
        (Some(timeout), Some(total)) => Some(timeout.min(total)),
        (timeout, total) => timeout.or(total),
    }
}

/// The slowest course of a call; `None` where nothing ends it, or a timeout is drawn.
pub fn course<'m>(model: &Model, edge: &'m Edge) -> Option<Course<'m>> {
    // A retry that does not try timeouts again is no part of the slowest course.
    let retry = edge.retry.as_ref().filter(|retry| retry.outcomes.contains(&Outcome::Timeout));
    // Without a timeout of its own the attempt is ended by the total, and there is none after it.
    let retry = retry.filter(|_| edge.timeout.is_some());
    Some(Course {
        attempt_ns: patience_ns(edge)?,
        wait_ns: wait_ns(&model.guards[edge.guard.index()]),
        attempts: retry.map_or(1, RetrySettings::attempts),
        total_ns: whole_ns(edge).unwrap_or(f64::INFINITY),
        retry,
    })
}

impl Course<'_> {
    /// The same where a deadline from above ends it [ns].
    #[must_use]
    pub fn by(self, deadline_ns: f64) -> Self {
        Self { total_ns: self.total_ns.min(deadline_ns), ..self }
    }

    /// When each attempt asks to be sent [ns from the begin of the call]: the slowest, one after the other.
    fn starts(&self) -> impl Iterator<Item = f64> + '_ {
        let mut at = 0.0;
        (1..=self.attempts).map(move |attempt| {
            let start = at;
            at += self.each_ns() + self.retry.map_or(0.0, |retry| retry.backoff.longest_ns(attempt));
            start
        })
    }

    /// How long an attempt takes at most, with the wait before it is sent [ns].
    fn each_ns(&self) -> f64 {
        self.wait_ns + self.attempt_ns
    }

    /// When the first attempt is over at the latest [ns].
    pub fn first_ends_ns(&self) -> f64 {
        self.each_ns().min(self.total_ns)
    }

    /// How long the call takes at most [ns].
    pub fn longest_ns(&self) -> f64 {
        let last = self.starts().take_while(|start| *start < self.total_ns).last().unwrap_or(0.0);
        (last + self.each_ns()).min(self.total_ns)
    }

    /// Attempts that can be made within `total_timeout`.
    pub fn possible(&self) -> usize {
        self.starts().take_while(|start| *start < self.total_ns).count()
    }

    /// Attempts that are over by a time [ns].
    pub fn over_by(&self, ns: f64) -> usize {
        self.starts().take_while(|start| start + self.each_ns() <= ns).count()
    }

    /// The waits before and between the attempts that can be made, together [ns].
    pub fn waits_ns(&self) -> f64 {
        let possible = self.possible();
        let last = self.starts().nth(possible.saturating_sub(1)).unwrap_or(0.0);
        last + self.wait_ns - self.attempt_ns * possible.saturating_sub(1) as f64
    }
}
