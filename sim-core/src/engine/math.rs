//! Logarithms, exponentials and the like: the only place for them.
//!
//! The platform's math library differs from machine to machine in the last bit, and a simulation that branches on such a bit takes
//! another course. So all of it comes from `pxfm`, pure Rust and pinned.

/// Natural logarithm.
#[inline]
pub fn ln(x: f64) -> f64 {
    pxfm::f_log(x)
}

/// Logarithm to base 10.
pub fn log10(x: f64) -> f64 {
    pxfm::f_log10(x)
}

/// e to the power of a number.
#[inline]
pub fn exp(x: f64) -> f64 {
    pxfm::f_exp(x)
}

/// Two to the power of `x`.
pub fn exp2(x: f64) -> f64 {
    pxfm::f_exp2(x)
}

/// `x` to the power of `y`.
pub fn pow(x: f64, y: f64) -> f64 {
    pxfm::f_pow(x, y)
}

/// Sine of radians.
pub fn sin(x: f64) -> f64 {
    pxfm::f_sin(x)
}

/// Cosine of radians.
pub fn cos(x: f64) -> f64 {
    pxfm::f_cos(x)
}

/// The gamma function's logarithm.
pub fn ln_gamma(x: f64) -> f64 {
    pxfm::f_lgamma(x)
}

/// The gamma function.
pub fn gamma(x: f64) -> f64 {
    exp(ln_gamma(x))
}

/// Probability that a standard normal variable is at most `x`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * pxfm::f_erfc(-x / std::f64::consts::SQRT_2)
}

/// The `p`-quantile of the standard normal distribution, to double precision: a rational start (Acklam) and two Halley steps.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let mut x = normal_start(p);
    for _ in 0..2 {
        let error = normal_cdf(x) - p;
        let step = error * (2.0 * std::f64::consts::PI).sqrt() * exp(x * x / 2.0);
        x -= step / (1.0 + x * step / 2.0);
    }
    x
}

fn normal_start(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    // Abramowitz and Stegun 26.2.23: error under 4.5e-4.
    let t = (-2.0 * ln(tail)).sqrt();
    let numerator = 2.515517 + t * (0.802853 + t * 0.010328);
    let denominator = 1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308));
    let x = t - numerator / denominator;
    if p < 0.5 { -x } else { x }
}

/// The regularised lower incomplete gamma function P(a, x), by its series or continued fraction (Numerical Recipes 6.2).
pub fn gamma_p(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    let front = exp(a * ln(x) - x - ln_gamma(a));
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-16 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return front * sum;
    }
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut h = d;
    for i in 1..1000 {
        let an = -f64::from(i) * (f64::from(i) - a);
        b += 2.0;
        d = 1.0 / near(an * d + b, tiny);
        c = near(b + an / c, tiny);
        let delta = d * c;
        h *= delta;
        if (delta - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 - front * h
}

fn near(x: f64, tiny: f64) -> f64 {
    if x.abs() < tiny { tiny } else { x }
}

/// Whole nanoseconds, the nearest, from a float that is not negative: adding 2^52 leaves the integer in the mantissa.
#[inline(always)]
pub fn whole_ns(ns: f64) -> u64 {
    const SHIFT: f64 = 4503599627370496.0;
    if ns < SHIFT { (ns + SHIFT).to_bits() & ((1 << 52) - 1) } else { ns.min(9.0e18) as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((ln(std::f64::consts::E) - 1.0).abs() < 1e-15);
        assert!((gamma(5.0) - 24.0).abs() < 1e-10);
        assert!((normal_cdf(1.959963984540054) - 0.975).abs() < 1e-15);
        // An exponential is a gamma of shape 1; chi-squared with 2 degrees of freedom.
        assert!((gamma_p(1.0, 2.0) - (1.0 - exp(-2.0))).abs() < 1e-14);
        assert!((gamma_p(5.0, 10.0) - 0.970747311923039).abs() < 1e-13);
    }

    #[test]
    fn normal_quantile_inverts_the_cdf() {
        for p in [1e-9, 0.001, 0.025, 0.3, 0.5, 0.9, 0.99, 0.999999] {
            assert!((normal_cdf(normal_quantile(p)) / p - 1.0).abs() < 1e-12, "at {p}");
        }
    }
}
