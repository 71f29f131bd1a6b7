//! Exponential and logarithm for draws: a table and a short polynomial, good to a few units of the last place.
//!
//! A draw is rounded to whole nanoseconds and needs no function that is correct to the last bit, and those of `engine::math` cost many
//! times as much. Only sums, products and shifts happen here, so the bits are the same on every machine; the tables are filled through
//! `engine::math`. Method: Tang, "Table-driven implementation of the exponential function in IEEE floating-point arithmetic", ACM
//! TOMS 15(2), 1989, and "... of the logarithm function ...", TOMS 16(4), 1990.

use super::math;
use std::sync::LazyLock;

/// Steps of the exponential's table between 1 and 2.
const STEPS: usize = 64;
/// Cells of the logarithm's table between 1 and 2.
const CELLS: usize = 128;
/// Adding it rounds to a whole number, which then stands in the lowest bits.
const SHIFT: f64 = 6755399441055744.0;
/// ln 2 in two parts: the first has 32 bits, so that its products with numbers of up to 21 bits are exact.
const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
/// Beyond it, e to the power of it is no length of time any more.
const MOST: f64 = 700.0;

struct Tables {
    /// 2^(j/64), as bits.
    powers: [u64; STEPS],
    /// About 1/c of the centre c of each cell, in 10 bits after the point, and -ln of it.
    centres: [(f64, f64); CELLS],
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    powers: std::array::from_fn(|j| math::exp2(j as f64 / STEPS as f64).to_bits()),
    centres: std::array::from_fn(|i| {
        let centre = 1.0 + (i as f64 + 0.5) / CELLS as f64;
        let inverse = (1024.0 / centre).round() / 1024.0;
        (inverse, -math::ln(inverse))
    }),
});

/// Exponential: relative error under 2^-52. Above 700 it is that of 700, below -700 that of -700.
#[inline]
pub fn exp(x: f64) -> f64 {
    const STEPS_A_FOLD: f64 = STEPS as f64 / std::f64::consts::LN_2;
    let x = x.clamp(-MOST, MOST);
    let shifted = x * STEPS_A_FOLD + SHIFT;
    let step = i64::from(shifted.to_bits() as u32 as i32);
    let whole = shifted - SHIFT;
    let r = x - whole * (LN2_HIGH / STEPS as f64) - whole * (LN2_LOW / STEPS as f64);
    let power = TABLES.powers[(step & (STEPS as i64 - 1)) as usize];
    let scale = f64::from_bits(power.wrapping_add(((step >> 6) << 52) as u64));
    // |r| < 0.0055: the next term is under 2^-54.
    let rest = r + r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0))));
    scale + scale * rest
}

/// Natural logarithm of a number that is not negative: error under 2^-52 of it, and near 1 under 2^-52 itself. Of zero, about -709.
#[inline]
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = (bits >> 52) as i32 - 1023;
    let z = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    let (inverse, of_centre) = TABLES.centres[(bits >> 45) as usize & (CELLS - 1)];
    // z/c - 1 without an error: both parts of z have so few bits that their products are exact.
    let high = f64::from_bits(z.to_bits() & !((1 << 27) - 1));
    let r = (high * inverse - 1.0) + (z - high) * inverse;
    // |r| < 0.0043: the next term is under 2^-57.
    let rest = r * r * (-0.5 + r * (1.0 / 3.0 + r * (-0.25 + r * (0.2 - r * (1.0 / 6.0)))));
    let fold = f64::from(exponent);
    (fold * LN2_HIGH + of_centre) + (r + (rest + fold * LN2_LOW))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers all over a range, not on the grid of the tables.
    fn over(from: f64, to: f64) -> impl Iterator<Item = f64> {
        (0..200_001u32).map(move |i| from + (to - from) * (f64::from(i) * 0.618_033_988_749_894_9).fract())
    }

    #[test]
    fn exponential_is_good_to_the_last_place() {
        let worst = over(-60.0, 60.0).chain(over(-0.01, 0.01)).map(|x| (exp(x) / math::exp(x) - 1.0).abs());
        let worst = worst.fold(0.0, f64::max);
        assert!(worst <= f64::EPSILON, "{worst}");
        assert_eq!(exp(0.0), 1.0);
    }

    #[test]
    fn logarithm_is_good_to_the_last_place() {
        let all = over(1e-9, 1.0).chain(over(0.98, 1.02)).chain(over(1.0, 50.0)).chain(over(1e15, 1e18));
        let worst = all.map(|x| (ln(x) - math::ln(x)).abs() / math::ln(x).abs().max(1.0)).fold(0.0, f64::max);
        assert!(worst <= f64::EPSILON, "{worst}");
        assert!(ln(1.0).abs() < 1e-17, "{}", ln(1.0));
    }

    #[test]
    fn the_ends_are_finite() {
        for x in [1e9, f64::INFINITY, -1e9, f64::NEG_INFINITY] {
            assert!(exp(x).is_finite() && exp(x) > 0.0, "{x}: {}", exp(x));
        }
        assert!((-710.0..-708.0).contains(&ln(0.0)), "{}", ln(0.0));
    }
}
