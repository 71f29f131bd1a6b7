//! The machine's memory, of which a study may use half unless it is said.

use sim_core::units::Bytes;

/// What is assumed where the machine does not tell.
const UNKNOWN: u64 = 8 << 30;

/// Half of the memory of the machine, or of the control group (container) where that is allowed less.
pub fn half() -> Bytes {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let there = machine.into_iter().chain(group).min().unwrap_or(UNKNOWN);
    Bytes::new(there / 2)
}

/// The total of a `/proc/meminfo` [bytes].
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_in_units_of_1024_bytes() {
        assert_eq!(total("MemTotal:       24576000 kB\nMemFree:  1 kB\n"), Some(24_576_000 * 1024));
        assert_eq!(total("MemFree:  1 kB\n"), None);
        assert!(half().get() > 0);
    }
}
