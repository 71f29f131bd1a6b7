//! Sizes in bytes. `KiB` is 1024 and `kB` is 1000: prices per GiB and per GB differ by 7 %.

use super::{quantity, text};
use std::fmt;

/// A size [bytes].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Bytes(u64);

/// Units of bytes from the largest to the smallest; where two fit equally well the first is printed.
pub(super) const UNITS: [(&str, u64); 11] = [
    ("PiB", 1 << 50),
    ("PB", 1_000_000_000_000_000),
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

impl Bytes {
    /// No bytes.
    pub const ZERO: Self = Self(0);

    /// So many bytes.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The size [bytes].
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Reads `1460B 64KiB 8GiB 2000GB`.
    ///
    /// # Errors
    /// Up to three lines: what is wrong, what was expected, what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (number, rest) = text::split(text.trim()).ok_or_else(|| text::not_a::<Self>(text))?;
        if rest.is_empty() {
            let number = text::shown(text.trim());
            return Err(text::needs_unit::<Self>(&format!("{number}B or {number}KiB")));
        }
        let unit = unit(rest).ok_or_else(|| unknown_unit(text, rest))?;
        if number.negative && number.to_u64(1) != Some((0, true)) {
            return Err(text::negative::<Self>());
        }
        Ok(Self(number.to_u64(unit).ok_or_else(|| text::too_large::<Self>(text))?.0))
    }
}

/// The bytes of a unit.
pub(super) fn unit(word: &str) -> Option<u64> {
    UNITS.iter().find(|(name, _)| *name == word).map(|(_, bytes)| *bytes)
}

fn unknown_unit(text: &str, word: &str) -> String {
    let message = text::wrong::<Bytes>(&format!("\"{}\" is not a unit of bytes", text::shown(word)));
    let number = text.trim().strip_suffix(word).map(text::shown).unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "k" | "kb" => format!("{message}\nwrite {number}KiB (1024) or {number}kB (1000)"),
        "m" | "mb" => format!("{message}\nwrite {number}MiB (1024 KiB) or {number}MB (1000 kB)"),
        "g" | "gb" => format!("{message}\nwrite {number}GiB (1024 MiB) or {number}GB (1000 MB)"),
        "t" | "tb" => format!("{message}\nwrite {number}TiB (1024 GiB) or {number}TB (1000 GB)"),
        _ => format!("{message}\nunits are B, KiB MiB GiB TiB PiB, kB MB GB TB PB"),
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let text = UNITS
            .into_iter()
            .filter(|(_, unit)| self.0 >= *unit && self.0.is_multiple_of(*unit))
            .map(|(word, unit)| format!("{}{word}", self.0 / unit))
            .min_by_key(String::len);
        f.pad(text.as_deref().unwrap_or("0B"))
    }
}

quantity!(
    Bytes,
    "a size",
    "a size such as 1460B, 64KiB, 2000GB",
    "string",
    r"^[0-9]+(\.[0-9]+)?([KMGTP]iB|[kMGTP]?B)$",
    ["1460B", "64KiB", "8GiB", "2000GB"]
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_parse_and_print() {
        for (text, bytes, printed) in [
            ("0B", 0, "0B"),
            ("1460B", 1460, "1460B"),
            ("64KiB", 65_536, "64KiB"),
            ("8GiB", 8 << 30, "8GiB"),
            ("2000GB", 2_000_000_000_000, "2TB"),
            ("1.5MiB", 1_572_864, "1536KiB"),
            ("500TB", 500_000_000_000_000, "500TB"),
            ("1kB", 1000, "1kB"),
        ] {
            assert_eq!(Bytes::parse(text).unwrap().get(), bytes, "{text}");
            assert_eq!(Bytes::new(bytes).to_string(), printed);
            assert_eq!(Bytes::parse(printed).unwrap().get(), bytes);
        }
    }

    #[test]
    fn wrong_sizes_say_why() {
        for (text, line, hint) in [
            ("64", "a size needs a unit", Some("write 64B or 64KiB")),
            ("64kb", "\"kb\" is not a unit of bytes", Some("write 64KiB (1024) or 64kB (1000)")),
            ("64K", "\"K\" is not a unit of bytes", Some("write 64KiB (1024) or 64kB (1000)")),
            ("-1B", "a size cannot be negative", None),
            ("99999PiB", "\"99999PiB\" is too large for a size", None),
        ] {
            let message = Bytes::parse(text).unwrap_err();
            assert_eq!(message.lines().next(), Some(line));
            assert_eq!(message.lines().nth(2), hint, "{text}");
        }
    }
}
