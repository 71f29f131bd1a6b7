//! A 64-bit hash of what happened in a run: of each thing, what became of it and when.
//!
//! Two runs with the same digest did the same to the same requests at the same times. How the engine computed it does not matter: the hash
//! of a run is the sum of the hashes of its facts, so it depends neither on the order in which they were found out within a run nor on the numbers
//! of internal events. The digests of replications are put together in their order.

/// The running hash.
#[derive(Debug, Clone, Copy)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Digest {
    /// Takes in a fact: `what` happened to `who` at a time [ns]. `who` is an identity of 64 well-mixed bits, or a small number that `what` tells
    /// apart from all others.
    #[inline(always)]
    pub fn fact(&mut self, time_ns: u64, who: u64, what: u64) {
        // Two multiplications, so that facts that differ in a single bit anywhere add up to different sums.
        let x = (who ^ time_ns.rotate_left(24)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let x = (x ^ (x >> 32) ^ what).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        self.0 = self.0.wrapping_add(x ^ (x >> 29));
    }

    /// Takes in the next of an ordered list, such as the digest of a replication behind its number. The order matters.
    pub fn add(&mut self, a: u64, b: u64) {
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

    fn of(facts: &[(u64, u64, u64)]) -> u64 {
        let mut digest = Digest::default();
        facts.iter().for_each(|&(time, who, what)| digest.fact(time, who, what));
        digest.value()
    }

    #[test]
    fn facts_count_in_whatever_order_they_are_found_out() {
        assert_eq!(of(&[(1, 2, 3), (4, 5, 6)]), of(&[(4, 5, 6), (1, 2, 3)]));
    }

    #[test]
    fn each_part_of_a_fact_counts_and_how_often_it_happened() {
        let all = [
            of(&[]),
            of(&[(1, 2, 3)]),
            of(&[(1, 2, 3), (1, 2, 3)]),
            of(&[(2, 2, 3)]),
            of(&[(1, 3, 3)]),
            of(&[(1, 2, 2)]),
            of(&[(2, 1, 3)]),
        ];
        for (place, one) in all.iter().enumerate() {
            assert!(!all[..place].contains(one), "{place} of {all:x?}");
        }
    }

    #[test]
    fn replications_count_in_their_order() {
        let of = |all: &[u64]| {
            let mut digest = Digest::default();
            all.iter().zip(0..).for_each(|(&one, number)| digest.add(number, one));
            digest.value()
        };
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[1]), of(&[2]));
    }
}
