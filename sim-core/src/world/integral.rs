//! Integrals over time, kept as sums.

/// An integral over time as a sum: entering subtracts now, leaving adds now, and the reading adds `n` times now.
#[derive(Debug, Clone, Copy, Default)]
pub struct Integral {
    sum: u64,
    /// How many are in.
    pub now: u64,
}

impl Integral {
    /// One more.
    #[inline]
    pub fn enter(&mut self, now_ns: u64) {
        self.sum = self.sum.wrapping_sub(now_ns);
        self.now += 1;
    }

    /// One less.
    #[inline]
    pub fn leave(&mut self, now_ns: u64) {
        debug_assert!(self.now > 0, "nobody is in");
        self.sum = self.sum.wrapping_add(now_ns);
        self.now -= 1;
    }

    /// `n` more or less at once.
    pub fn change(&mut self, now_ns: u64, by: i64) {
        self.sum = self.sum.wrapping_sub(now_ns.wrapping_mul(by as u64));
        self.now = self.now.wrapping_add(by as u64);
    }

    /// The integral up to now [ns].
    pub fn read(&self, now_ns: u64) -> u64 {
        self.sum.wrapping_add(self.now.wrapping_mul(now_ns))
    }
}
