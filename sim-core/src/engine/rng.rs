//! Random numbers: a stream for each component and purpose, and keyed draws for each request.
//!
//! Streams are seeded from names, never from ids, so that a new component or knob shifts nobody else's draws. Work and the like are
//! drawn from the *identity of the request* ([`Keyed`]), so that the k-th request has the same work at the same step and attempt in
//! every variant of a scenario, whatever the order of service. All is integer arithmetic and so the same everywhere.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// Mixes two words to one in which every bit depends on every bit of both (the finaliser of `SplitMix64`; Steele, Lea, Flood 2014).
#[inline(always)]
pub fn mix(a: u64, b: u64) -> u64 {
    finish(a ^ b.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32))
}

#[inline(always)]
fn finish(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A hash of a name (FNV-1a, finished): the same on every machine.
pub fn hash_name(name: &str) -> u64 {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    finish(hash)
}

/// A float in [0, 1) from the upper 53 bits of a word.
#[inline(always)]
fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// What gives random words.
pub trait Draw {
    /// The next 64 random bits.
    fn next_u64(&mut self) -> u64;

    /// A float in [0, 1).
    #[inline(always)]
    fn unit(&mut self) -> f64 {
        unit(self.next_u64())
    }

    /// A float in (0, 1], whose logarithm exists.
    #[inline(always)]
    fn unit_open(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * (1.0 / (1u64 << 53) as f64)
    }
}

/// The stream of one component for one purpose in one replication.
#[derive(Debug, Clone)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of `component` (by its name) for `purpose`, in replication `replication` of a study with `seed`.
    pub fn new(seed: u64, replication: u32, component: &str, purpose: &str) -> Self {
        let key = mix(mix(seed, u64::from(replication)), mix(hash_name(component), hash_name(purpose)));
        Self(Xoshiro256PlusPlus::seed_from_u64(key))
    }

    /// The next 64 random bits.
    #[inline(always)]
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A float in [0, 1).
    #[inline(always)]
    pub fn unit(&mut self) -> f64 {
        unit(self.0.next_u64())
    }
}

impl Draw for Stream {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }
}

/// The step of `SplitMix64`: the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// Draws that derive from a key: `SplitMix64` begun at it.
#[derive(Debug, Clone)]
pub struct Keyed(u64);

impl Keyed {
    /// The draws of a key; the key should come from [`mix`].
    #[inline(always)]
    pub fn new(key: u64) -> Self {
        Self(key)
    }

    /// The draws of a key from its n-th on, counted from 0.
    #[inline(always)]
    pub fn nth(key: u64, n: u64) -> Self {
        Self(key.wrapping_add(STEP.wrapping_mul(n)))
    }

    /// The draws of a key for one purpose: cheaper than mixing both, where the key comes from [`mix`] already. Purposes have to
    /// differ in more than a few bits only after the multiplication, so that any small numbers do.
    #[inline(always)]
    pub fn of(key: u64, purpose: u64) -> Self {
        Self(key ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// The next 64 random bits.
    #[inline(always)]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        finish(self.0)
    }

    /// A float in [0, 1).
    #[inline(always)]
    pub fn unit(&mut self) -> f64 {
        unit(self.next_u64())
    }
}

impl Draw for Keyed {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        Keyed::next_u64(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_golden() {
        // Made by a program of its own (xoshiro256++ seeded by SplitMix64, FNV-1a names). Any change here changes every result: it has to be in
        // the CHANGELOG.
        let words = |component: &str, purpose: &str, replication| {
            let mut s = Stream::new(42, replication, component, purpose);
            s.next_u64() ^ s.next_u64().rotate_left(1)
        };
        let all = [
            words("web", "arrivals", 0),
            words("web", "arrivals", 1),
            words("web", "work", 0),
            words("api", "arrivals", 0),
        ];
        let golden: [u64; 4] =
            [0x5d40_6561_191b_f3c8, 0xae41_4516_3b67_3eac, 0xa8b1_5fbe_d2ef_d0a9, 0x020f_df10_74a2_ca32];
        assert_eq!(all, golden, "{all:#x?}");
    }

    #[test]
    fn keyed_draws_of_neighbouring_keys_are_independent() {
        let n = 200_000u64;
        let draws: Vec<f64> = (0..n).map(|k| Keyed::new(mix(7, k)).unit() - 0.5).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let lag = draws.windows(2).map(|w| w[0] * w[1]).sum::<f64>() / n as f64 * 12.0;
        assert!(mean.abs() < 0.003, "mean {mean}");
        assert!(lag.abs() < 0.01, "correlation {lag}");
    }

    #[test]
    fn purposes_of_a_key_are_independent() {
        let n = 100_000u64;
        let pairs = |a: u64, b: u64| {
            let draw = |k: u64, purpose: u64| Keyed::of(mix(7, k), purpose).unit() - 0.5;
            (0..n).map(|k| draw(k, a) * draw(k, b)).sum::<f64>() / n as f64 * 12.0
        };
        for (a, b) in [(1, 2), (0x01, 0x101), (0x32, 0x35), (1, 1 << 40)] {
            assert!(pairs(a, b).abs() < 0.015, "purposes {a:x} and {b:x}: correlation {}", pairs(a, b));
        }
    }

    #[test]
    fn open_unit_is_never_zero() {
        struct Zero;
        impl Draw for Zero {
            fn next_u64(&mut self) -> u64 {
                0
            }
        }
        assert!(Zero.unit_open() > 0.0);
    }
}
