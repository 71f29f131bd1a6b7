//! A 64-bit hash of all events in their order: two runs with the same digest did the same things in the same order.

/// The running hash.
#[derive(Debug, Clone, Copy)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Digest {
    /// Takes in two words: an event's time, and its order, kind and index.
    #[inline(always)]
    pub fn add(&mut self, a: u64, b: u64) {
        // One multiplication a word is enough to make every later word see every earlier one.
        self.0 = (self.0 ^ a).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29);
        self.0 = (self.0 ^ b).wrapping_mul(0xc4ce_b9fe_1a85_ec53).rotate_left(31);
    }

    /// The hash so far.
    pub fn value(self) -> u64 {
        let x = self.0 ^ (self.0 >> 33);
        let x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
        x ^ (x >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_matters() {
        let hash = |words: &[(u64, u64)]| {
            let mut digest = Digest::default();
            words.iter().for_each(|&(a, b)| digest.add(a, b));
            digest.value()
        };
        assert_ne!(hash(&[(1, 2), (3, 4)]), hash(&[(3, 4), (1, 2)]));
        assert_ne!(hash(&[(1, 2)]), hash(&[(2, 1)]));
        assert_eq!(hash(&[(1, 2)]), hash(&[(1, 2)]));
    }
}
