//! Ziggurats of 256 layers for the exponential and the normal distribution.
//!
//! One 64-bit word decides all but 1 to 2 % of draws: 8 bits choose the layer, 53 the place in it. The tables are computed once through
//! `engine::math`, so they are the same everywhere. Marsaglia and Tsang, Journal of Statistical Software 5(8), 2000.

use crate::engine::math::{exp, ln, normal_cdf};
use crate::engine::rng::Draw;
use std::sync::LazyLock;

const LAYERS: usize = 256;
const PLACES: f64 = (1u64 << 53) as f64;

struct LayerTable {
    /// Right edges of the layers, from the lowest; the first is the width of a box with the tail's area.
    x: [f64; LAYERS + 1],
    /// The same by the 2^53 places that a layer has, which is exact.
    step: [f64; LAYERS + 1],
    /// Density at the edges.
    f: [f64; LAYERS + 1],
    /// Where the tail begins.
    r: f64,
}

static EXPONENTIAL: LazyLock<LayerTable> = LazyLock::new(|| {
    // r and the area of a layer for 256 layers, from the paper.
    let r = 7.697_117_470_131_05;
    let tail = exp(-r);
    table(r, r * exp(-r) + tail, |x| exp(-x), |y| -ln(y))
});

static NORMAL: LazyLock<LayerTable> = LazyLock::new(|| {
    let r: f64 = 3.654_152_885_361_009;
    let density = |x: f64| exp(-x * x / 2.0);
    let tail = (2.0 * std::f64::consts::PI).sqrt() * normal_cdf(-r);
    table(r, r * density(r) + tail, density, |y| (-2.0 * ln(y)).sqrt())
});

fn table(r: f64, area: f64, density: impl Fn(f64) -> f64, inverse: impl Fn(f64) -> f64) -> LayerTable {
    let mut x = [0.0; LAYERS + 1];
    let mut f = [0.0; LAYERS + 1];
    x[0] = area / density(r);
    x[1] = r;
    for i in 2..LAYERS {
        x[i] = inverse((area / x[i - 1] + density(x[i - 1])).min(1.0));
    }
    x[LAYERS] = 0.0;
    for i in 0..=LAYERS {
        f[i] = density(x[i]);
    }
    LayerTable { x, step: x.map(|x| x / PLACES), f, r }
}

/// One of the places of a layer, from the upper bits of a word.
#[inline(always)]
fn place(word: u64) -> f64 {
    (word >> 11) as f64
}

/// The exponential distribution of mean 1, its table at hand.
#[derive(Clone, Copy)]
pub(super) struct Exponential(&'static LayerTable);

impl Exponential {
    pub(super) fn new() -> Self {
        Self(&EXPONENTIAL)
    }

    /// A draw.
    #[inline(always)]
    pub(super) fn sample(self, draw: &mut impl Draw) -> f64 {
        exponential(self.0, draw)
    }
}

#[inline(always)]
fn exponential(table: &LayerTable, draw: &mut impl Draw) -> f64 {
    let word = draw.next_u64();
    let layer = (word & 0xff) as usize;
    let x = place(word) * table.step[layer];
    if x < table.x[layer + 1] {
        return x;
    }
    exponential_rare(table, layer, x, draw)
}

#[cold]
fn exponential_rare(table: &LayerTable, mut layer: usize, mut x: f64, draw: &mut impl Draw) -> f64 {
    loop {
        if layer == 0 {
            // The tail of an exponential is an exponential.
            return table.r - ln(draw.unit_open());
        }
        let y = table.f[layer] + draw.unit() * (table.f[layer + 1] - table.f[layer]);
        if y < exp(-x) {
            return x;
        }
        let word = draw.next_u64();
        layer = (word & 0xff) as usize;
        x = place(word) * table.step[layer];
        if x < table.x[layer + 1] {
            return x;
        }
    }
}

/// A draw from the standard normal distribution.
#[inline(always)]
pub(super) fn normal(draw: &mut impl Draw) -> f64 {
    let table = &*NORMAL;
    let word = draw.next_u64();
    let layer = (word & 0xff) as usize;
    let x = place(word) * table.step[layer];
    if x < table.x[layer + 1] {
        return signed(x, word);
    }
    normal_rare(table, word, draw)
}

/// Bit 8 of the word is the sign: half of all draws have it, which is no branch to foretell.
#[inline(always)]
fn signed(x: f64, word: u64) -> f64 {
    f64::from_bits(x.to_bits() ^ ((word & 0x100) << 55))
}

#[cold]
fn normal_rare(table: &LayerTable, mut word: u64, draw: &mut impl Draw) -> f64 {
    loop {
        let layer = (word & 0xff) as usize;
        let x = place(word) * table.step[layer];
        if x < table.x[layer + 1] {
            return signed(x, word);
        }
        if layer == 0 {
            return signed(normal_tail(table.r, draw), word);
        }
        let y = table.f[layer] + draw.unit() * (table.f[layer + 1] - table.f[layer]);
        if y < exp(-x * x / 2.0) {
            return signed(x, word);
        }
        word = draw.next_u64();
    }
}

/// Beyond `r`: Marsaglia, "Generating a Variable from the Tail of the Normal Distribution", 1964.
fn normal_tail(r: f64, draw: &mut impl Draw) -> f64 {
    loop {
        let beyond = -ln(draw.unit_open()) / r;
        let other = -ln(draw.unit_open());
        if 2.0 * other > beyond * beyond {
            return r + beyond;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_equal_areas_and_close_at_the_top() {
        for table in [&*EXPONENTIAL, &*NORMAL] {
            let area = table.x[0] * table.f[1];
            for i in 1..LAYERS {
                let layer = table.x[i] * (table.f[i + 1] - table.f[i]);
                assert!((layer / area - 1.0).abs() < 1e-6, "layer {i}: {layer} of {area}");
            }
        }
    }
}
