//! The activator of a service that is scaled to none: attempts wait until an instance is up.
//!
//! Nobody writes it: a scaler that may go to none and whose kind has an activator puts one before all calls of its service.

use super::doorman::{Answer, Doorman, Ended, Knock, Marks};
use crate::metrics::{counters, levels, timed};

counters! {
    CallSite {
        ACTIVATED = "activated", "attempts that came while the service had no instance, and waited at its activator", sampled;
    }
}

timed! {
    CallSite {
        WAIT = "activator_wait", "the time that attempts are at the activator of a service that may have no instance";
    }
}

levels! {
    Calls {
        HELD = "activator_queue", "attempts that wait at an activator for the first instance of a service";
    }
}

/// One that lets attempts go while the service has an instance.
#[derive(Debug)]
pub struct Activator {
    is_open: bool,
    at_most_ns: u64,
}

impl Activator {
    /// An activator at which an attempt waits so long at most [ns]. It is closed until it is told of an instance.
    pub fn new(at_most_ns: u64) -> Self {
        Self { is_open: false, at_most_ns }
    }

    /// The service has instances from now on, or none.
    pub fn opens(&mut self, is_open: bool) {
        self.is_open = is_open;
    }
}

impl Doorman for Activator {
    fn ask(&mut self, _: Knock) -> Answer {
        if self.is_open { Answer::Go } else { Answer::Wait { at_most_ns: self.at_most_ns } }
    }

    fn ended(&mut self, _: Ended) {}

    fn withdrawn(&mut self, _: u64, _: u32) {}

    fn marks(&self) -> Marks {
        Marks { waits: Some(ACTIVATED), wait: Some(WAIT), ..Marks::default() }
    }
}
