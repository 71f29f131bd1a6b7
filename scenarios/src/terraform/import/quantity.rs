//! Quantities as Kubernetes writes them (kubernetes.io, reference of the API, Quantity): a decimal number and a suffix, of thousands (`128M`,
//! `500m`), of 1024 (`512Ki`), or an exponent (`1e3`).

/// Suffixes and what they multiply by, those of two letters first.
const SUFFIXES: [(&str, f64); 15] = [
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
    ("Pi", 1_125_899_906_842_624.0),
    ("Ei", 1_152_921_504_606_846_976.0),
    ("n", 1e-9),
    ("u", 1e-6),
    ("m", 1e-3),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("E", 1e18),
];

/// The number that a quantity is; `None` if it is none, or negative.
fn quantity(text: &str) -> Option<f64> {
    let found = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (number, factor) = found.unwrap_or((text, 1.0));
    // Not `inf`, nor `nan`, which are numbers of Rust.
    let is_digits = number.chars().all(|c| c.is_ascii_digit() || ".+-eE".contains(c));
    let value = number.parse::<f64>().ok().filter(|_| is_digits)? * factor;
    (value >= 0.0 && value.is_finite()).then_some(value)
}

/// Whole units that hold a number; `None` if there are more than are counted exactly.
fn whole(value: f64) -> Option<u64> {
    // `500m` is 0.5 times 1000 and must not become 501: what is beyond the digits of a number is no part of it.
    let near = value.round();
    let whole = if (value - near).abs() <= near * 1e-12 { near } else { value.ceil() };
    (whole <= 9_007_199_254_740_992.0).then_some(whole as u64)
}

/// A quantity of processors in thousandths, rounded up: `500m`, `2`, `0.1`.
pub(super) fn millicores(text: &str) -> Option<u64> {
    whole(quantity(text)? * 1000.0)
}

/// A quantity of memory in bytes, rounded up: `512Mi`, `1G`, `1073741824`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    whole(quantity(text)?)
}

/// The sum of quantities; `None` if one is none, or the sum is too large.
pub(super) fn sum(all: &[&str], read: fn(&str) -> Option<u64>) -> Option<u64> {
    all.iter().try_fold(0_u64, |sum, text| sum.checked_add(read(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_what_kubernetes_says_they_are() {
        for (text, is) in [
            ("1073741824", Some(1 << 30)),
            ("1G", Some(1_000_000_000)),
            ("128M", Some(128_000_000)),
            ("512Ki", Some(512 << 10)),
            ("1Ti", Some(1 << 40)),
            ("1.5Gi", Some(3 << 29)),
            ("1e3", Some(1000)),
            ("2E3", Some(2000)),
            ("128974848000m", Some(128_974_848)),
            ("1k", Some(1000)),
            ("0", Some(0)),
            ("1Ei", None),
            ("9e99", None),
            ("1GB", None),
            ("-1", None),
            ("inf", None),
            ("nan", None),
            ("Gi", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), is, "{text}");
        }
        for (text, is) in [("500m", Some(500)), ("2", Some(2000)), ("0.1", Some(100)), ("1500u", Some(2)), ("x", None)]
        {
            assert_eq!(millicores(text), is, "{text}");
        }
        assert_eq!(sum(&["1", "500m"], millicores), Some(1500));
        assert_eq!(sum(&["1", "x"], millicores), None);
        let most = u64::MAX.to_string();
        assert_eq!(sum(&[&most, &most], |text| text.parse().ok()), None);
    }
}
