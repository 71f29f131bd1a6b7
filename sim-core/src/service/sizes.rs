//! Sizes of machines between which the instances of a service change, and how many there are of each. Who changes them is a scaler
//! (`control/scaling/vertical.rs`).

use crate::metrics::levels;
use crate::units::{Bytes, Cores};
use std::fmt;

/// As many sizes a service may have.
pub const MOST: usize = 4;

levels! {
    Service {
        RUNNING_2 = "running_at_size_2", "instances that run on machines of the second size of a vertical scaler";
        RUNNING_3 = "running_at_size_3", "instances that run on machines of the third size of a vertical scaler";
        RUNNING_4 = "running_at_size_4", "instances that run on machines of the fourth size of a vertical scaler";
        PAID_2 = "paid_at_size_2", "instances that are paid for, on machines of the second size of a vertical scaler";
        PAID_3 = "paid_at_size_3", "instances that are paid for, on machines of the third size of a vertical scaler";
        PAID_4 = "paid_at_size_4", "instances that are paid for, on machines of the fourth size of a vertical scaler";
    }
}

/// The sizes between which the machines of a service change, and the place among them of those at the start. Few services have some, so that all
/// others carry a pointer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sizes(Option<Box<(Vec<Size>, usize)>>);

impl Sizes {
    /// These sizes, from the smallest to the largest, and the place of that at the start.
    pub fn new(all: Vec<Size>, first: usize) -> Self {
        Self(Some(Box::new((all, first))))
    }

    /// From the smallest to the largest; empty where machines have one size.
    pub fn all(&self) -> &[Size] {
        self.0.as_ref().map_or(&[], |sizes| &sizes.0)
    }

    /// The place of the size that machines have at the start.
    pub fn first(&self) -> usize {
        self.0.as_ref().map_or(0, |sizes| sizes.1)
    }
}

/// A size of machines.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Type of machine, for the bill.
    pub kind: Option<String>,
    /// Cores that the work of an instance shares.
    pub cores: Option<Cores>,
    /// What an instance has of memory.
    pub memory: Option<Bytes>,
}

impl fmt::Display for Size {
    /// Its type, or what it has.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let cores = self.cores.map(|cores| format!("{cores} cores"));
        let memory = self.memory.map(|memory| memory.to_string());
        let has: Vec<String> = cores.into_iter().chain(memory).collect();
        f.pad(&self.kind.clone().unwrap_or_else(|| has.join(", ")))
    }
}
