//! Bandwidths: bits a second for links, bytes a second for disks.

use super::{bytes, quantity, text};
use std::fmt;

/// How much goes through in a second [bytes/s]; remembers whether it was written in bits or bytes.
#[derive(Debug, Clone, Copy)]
pub struct Bandwidth {
    bytes_per_second: f64,
    in_bits: bool,
}

/// Units of bits a second, from the largest to the smallest.
const BITS: [(&str, i32, f64); 5] =
    [("Tbps", 12, 1e12), ("Gbps", 9, 1e9), ("Mbps", 6, 1e6), ("kbps", 3, 1e3), ("bps", 0, 1.0)];

impl Bandwidth {
    /// So many bytes a second; what is negative or not finite is none.
    pub fn from_bytes_per_second(bytes_per_second: f64) -> Self {
        let finite = if bytes_per_second.is_finite() { bytes_per_second.max(0.0) } else { 0.0 };
        Self { bytes_per_second: finite, in_bits: false }
    }

    /// So many bits a second; what is negative or not finite is none.
    pub fn from_bits_per_second(bits_per_second: f64) -> Self {
        Self { in_bits: true, ..Self::from_bytes_per_second(bits_per_second / 8.0) }
    }

    /// How much goes through [bytes/s].
    pub fn bytes_per_second(self) -> f64 {
        self.bytes_per_second
    }

    /// Reads `10Gbps` and `200MB/s`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<Self>(text))?;
        let too_large = || text::too_large::<Self>(text);
        let bits = BITS.iter().find(|(word, ..)| *word == rest);
        let bytes_per_second = match (bits, rest.strip_suffix("/s").and_then(bytes::unit)) {
            (Some((_, exponent, _)), _) => number.to_f64(*exponent).ok_or_else(too_large)? / 8.0,
            (None, Some(unit)) => number.to_f64(0).ok_or_else(too_large)? * unit as f64,
            (None, None) => return Err(unknown_unit(text, rest)),
        };
        if !bytes_per_second.is_finite() {
            return Err(too_large());
        }
        if bytes_per_second < 0.0 {
            return Err(text::negative::<Self>());
        }
        Ok(Self { bytes_per_second, in_bits: bits.is_some() })
    }

    fn candidates(self) -> Vec<String> {
        let show = |word: &str, unit: f64| format!("{}{word}", text::rounded(self.bytes_per_second / unit));
        if self.in_bits {
            BITS.iter().map(|(word, _, bits)| show(word, bits / 8.0)).collect()
        } else {
            bytes::UNITS.iter().map(|(word, unit)| show(&format!("{word}/s"), *unit as f64)).collect()
        }
    }
}

fn unknown_unit(text: &str, word: &str) -> String {
    let number = text.trim().strip_suffix(word).map(text::shown).unwrap_or_default();
    if word.is_empty() {
        return text::needs_unit::<Bandwidth>(&format!("{0}Mbps or {0}MB/s", text::shown(text.trim())));
    }
    let message = text::wrong::<Bandwidth>(&format!("\"{}\" is not a unit of bandwidth", text::shown(word)));
    match word.chars().next() {
        Some(c @ ('k' | 'M' | 'G' | 'T')) => {
            format!("{message}\nwrite {number}{c}bps (bits) or {number}{c}B/s (bytes)")
        }
        _ => message,
    }
}

impl PartialEq for Bandwidth {
    fn eq(&self, other: &Self) -> bool {
        self.bytes_per_second == other.bytes_per_second
    }
}

impl fmt::Display for Bandwidth {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let same = |text: &String| Self::parse(text).is_ok_and(|parsed| parsed == *self) && !text.starts_with("0.");
        let shortest = self.candidates().into_iter().filter(same).min_by_key(String::len);
        f.pad(&shortest.unwrap_or_else(|| format!("{}B/s", text::decimal(self.bytes_per_second, 0))))
    }
}

quantity!(
    Bandwidth,
    "a bandwidth",
    "a bandwidth such as 10Gbps (bits) or 200MB/s (bytes)",
    "string",
    r"^[0-9]+(\.[0-9]+)?([kMGT]?bps|([KMGTP]iB|[kMGTP]?B)/s)$",
    ["10Gbps", "100Mbps", "200MB/s"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bandwidths_parse_and_print() {
        for (text, bytes_per_second) in [
            ("10Gbps", 1.25e9),
            ("100Mbps", 12.5e6),
            ("1.5Gbps", 187.5e6),
            ("200MB/s", 200e6),
            ("1MiB/s", 1_048_576.0),
            ("0bps", 0.0),
        ] {
            let bandwidth = Bandwidth::parse(text).unwrap();
            assert_eq!(bandwidth.bytes_per_second(), bytes_per_second);
            assert_eq!(bandwidth.to_string(), text);
        }
        assert_eq!(Bandwidth::from_bytes_per_second(1.0 / 3.0).to_string(), "0.3333333333333333B/s");
    }

    #[test]
    fn wrong_bandwidths_say_why() {
        for (text, line, hint) in [
            ("10", "a bandwidth needs a unit", Some("write 10Mbps or 10MB/s")),
            ("10Gb", "\"Gb\" is not a unit of bandwidth", Some("write 10Gbps (bits) or 10GB/s (bytes)")),
            ("10MB", "\"MB\" is not a unit of bandwidth", Some("write 10Mbps (bits) or 10MB/s (bytes)")),
            ("-1Gbps", "a bandwidth cannot be negative", None),
        ] {
            let message = Bandwidth::parse(text).unwrap_err();
            assert_eq!(message.lines().next(), Some(line));
            assert_eq!(message.lines().nth(2), hint, "{text}");
        }
    }
}
