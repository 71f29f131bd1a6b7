//! Numbers as people read them: units once, intervals after their number, no more digits than are sure.
//!
//! The last digit shown is the first digit of the half-width of the interval (the second if that is 1 or 2). At most four significant
//! digits; shares above 99 % show at most three decimals. A number without spread has no interval.

use sim_core::engine::math::log10;
use sim_core::results::{ClauseValue, Estimate, PromiseSummary, Unit};

/// The width of the first bucket of a histogram of times [s]: what is in it may be zero, and is shown so.
const LEAST_S: f64 = 8e-9;

/// A no-break space, between a number and its unit.
const NB: char = '\u{a0}';

/// Decimals that a value with this half-width of its interval shows.
fn decimals(value: f64, half: f64, most_significant: i32) -> usize {
    let magnitude = if value.abs() > 0.0 { log10(value.abs()).floor() as i32 } else { 0 };
    let most = (most_significant - 1 - magnitude).max(0);
    if half <= value.abs() * 1e-12 {
        return most.clamp(0, 3) as usize;
    }
    let place = log10(half).floor() as i32;
    let leading = half / sim_core::engine::math::pow(10.0, f64::from(place));
    let wanted = if leading < 3.0 { 1 - place } else { -place };
    wanted.clamp(0, most) as usize
}

/// A number with commas between thousands.
pub fn grouped(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let mut out = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    let zero = !value.is_finite() || out.chars().all(|c| c == '0' || c == ',') && fraction.chars().all(|c| c == '0');
    let sign = if zero { "" } else { sign };
    if fraction.is_empty() { format!("{sign}{out}") } else { format!("{sign}{out}.{fraction}") }
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// How a unit is written: factor to what is shown, what stands before and after, most significant digits.
fn shown(unit: Unit, value: f64) -> (f64, &'static str, &'static str, i32) {
    match unit {
        Unit::Seconds if value.abs() < 1.0 => (1000.0, "", "ms", 4),
        Unit::Seconds => (1.0, "", "s", 4),
        Unit::Share if (0.99..1.0).contains(&value) => (100.0, "", "%", 5),
        Unit::Share => (100.0, "", "%", 4),
        Unit::PerSecond => (1.0, "", "/s", 4),
        Unit::Money => (1.0, "$", "", 4),
        Unit::MoneyPerMonth => (1.0, "$", " a month", 4),
        Unit::MoneyPerYear => (1.0, "$", " a year", 4),
        Unit::Bytes => (1e-6, "", "MB", 4),
        Unit::Bandwidth => (8e-6, "", "Mbps", 4),
        Unit::Count => (1.0, "", "", 4),
    }
}

fn joined(before: &str, number: &str, after: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    match after {
        "" => format!("{sign}{before}{number}"),
        "/s" => format!("{sign}{before}{number}{after}"),
        a if a.starts_with(' ') => format!("{sign}{before}{number}{after}"),
        _ => format!("{sign}{before}{number}{NB}{after}"),
    }
}

/// What stands for an infinite number: a time until something that did not happen is never.
fn infinite(value: f64, unit: Unit) -> String {
    let word = if unit == Unit::Seconds { "never" } else { "infinite" };
    if value > 0.0 { word.to_owned() } else { format!("\u{2212}{word}") }
}

/// A number without its interval.
pub fn plain(value: f64, unit: Unit) -> String {
    if value.is_infinite() {
        return infinite(value, unit);
    }
    let value = if unit == Unit::Seconds && value.abs() < LEAST_S { 0.0 } else { value };
    let (factor, before, after, digits) = shown(unit, value);
    let value = value * factor;
    let most = if after == "s" { 2 } else { 3 };
    let decimals = match value.abs() {
        v if before == "$" && v >= 10.0 => 0,
        // What is small shows two digits, and is not zero.
        v if v > 0.0 && v < 0.01 && before.is_empty() => (1 - log10(v).floor() as i32).clamp(0, 9) as usize,
        _ => decimals(value, 0.0, digits).min(most),
    };
    joined(before, &trimmed(&grouped(value, decimals)), after)
}

/// Money with cents.
pub fn dollars(value: f64) -> String {
    joined("$", &grouped(value, 2), "")
}

/// A number with its interval: `412 ms (403–421)`.
pub fn estimate(e: &Estimate, unit: Unit) -> String {
    let (number, interval) = parts(e, unit);
    interval.map_or_else(|| number.clone(), |interval| format!("{number}{NB}({interval})"))
}

/// A number and its interval apart: `412 ms` and `403–421`; a number without spread has none.
pub fn parts(e: &Estimate, unit: Unit) -> (String, Option<String>) {
    if e.mean.is_infinite() {
        let bound = e.low.is_finite().then(|| format!("at least {}", plain(e.low, unit)));
        return (infinite(e.mean, unit), bound);
    }
    if unit == Unit::Seconds && e.low.abs().max(e.high.abs()) < LEAST_S {
        return (plain(0.0, unit), None);
    }
    let (factor, before, after, digits) = shown(unit, e.mean);
    let scaled = e.scale(factor);
    if scaled.half_width() <= scaled.mean.abs() * 1e-12 {
        return (plain(e.mean, unit), None);
    }
    if !scaled.half_width().is_finite() {
        return (plain(e.mean, unit), Some(unbounded(e, unit)));
    }
    let scaled = rounded(&scaled);
    let mut decimals = decimals(scaled.mean, scaled.half_width(), digits);
    // An interval never collapses: a digit more, until its ends differ.
    while decimals < 6 && grouped(scaled.low, decimals) == grouped(scaled.high, decimals) {
        decimals += 1;
    }
    (joined(before, &grouped(scaled.mean, decimals), after), Some(range(&scaled, before, decimals)))
}

/// An interval that has no end to one side, or to both.
fn unbounded(e: &Estimate, unit: Unit) -> String {
    match (e.low.is_finite(), e.high.is_finite()) {
        (true, false) => format!("at least {}", plain(e.low, unit)),
        (false, true) => format!("at most {}", plain(e.high, unit)),
        _ => "too few to know".to_owned(),
    }
}

/// Rounds what is wide to tens, hundreds, thousands: the first digit of the half-width is the last that is shown.
fn rounded(e: &Estimate) -> Estimate {
    let half = e.half_width();
    if half < 10.0 {
        return *e;
    }
    let place = log10(half).floor() as i32;
    let power = sim_core::engine::math::pow(10.0, f64::from(place));
    let unit = if half / power < 3.0 { power / 10.0 } else { power };
    let round = |v: f64| (v / unit).round() * unit;
    Estimate { mean: round(e.mean), low: round(e.low), high: round(e.high) }
}

/// A number with as many digits as its interval leaves, without the interval.
pub fn alone(e: &Estimate, unit: Unit) -> String {
    parts(e, unit).0
}

/// A mean in three digits at most, for tables that give an overview: what is too little to matter is zero.
pub fn short(e: &Estimate, unit: Unit) -> String {
    let least = match unit {
        Unit::Seconds => 1e-5,
        Unit::Share => 5e-4,
        _ => 5e-3,
    };
    if !e.mean.is_finite() || e.mean.abs() < least {
        return plain(if e.mean.is_finite() { 0.0 } else { e.mean }, unit);
    }
    let place = log10(e.mean.abs()).floor() as i32;
    let step = sim_core::engine::math::pow(10.0, f64::from((place - 2).min(0)));
    plain((e.mean / step).round() * step, unit)
}

fn range(e: &Estimate, before: &str, decimals: usize) -> String {
    let (low, high) = (grouped(e.low, decimals), grouped(e.high, decimals));
    if e.low < 0.0 {
        return format!("{} to {}", joined(before, &low, ""), joined(before, &high, ""));
    }
    format!("{low}–{high}")
}

/// A number with its interval, or "no data".
pub fn optional(e: Option<&Estimate>, unit: Unit) -> String {
    e.map_or_else(|| "no data".to_owned(), |e| estimate(e, unit))
}

/// What was observed of a promise or a clause, with its interval: `412 ms (403–421)`, `never in 3 of 64 runs, else 5.3 s (4.1–6.6)`, or
/// "no data".
pub fn observed(promise: &PromiseSummary) -> String {
    match (&promise.observed, &promise.where_it_happened) {
        (Some(_), Some(other)) if promise.never > 0 => {
            format!("never in {} of {} runs, else {}", promise.never, promise.judged, estimate(other, promise.unit))
        }
        (Some(observed), _) if promise.is_recovery() => recovery(observed),
        (observed, _) => optional(observed.as_ref(), promise.unit),
    }
}

/// What was observed in one comparison of a clause.
pub fn observed_value(value: &ClauseValue) -> String {
    match &value.observed {
        Some(observed) if value.is_recovery => recovery(observed),
        observed => optional(observed.as_ref(), value.unit),
    }
}

/// A time until promises are kept again: what was never broken, or not for longer than the fault, takes no time from its end.
fn recovery(e: &Estimate) -> String {
    let text = estimate(e, Unit::Seconds);
    if e.mean == 0.0 { format!("{text} from the end of the fault") } else { text }
}

/// How far an estimate is from a value, with its sign and no more digits than its interval leaves: `+478 ms`, `−1.19 points`.
pub fn difference(from: f64, of: &Estimate, unit: Unit, at_most: bool) -> String {
    if of.mean.is_infinite() {
        return "–".to_owned();
    }
    let room = if at_most { from - of.mean } else { of.mean - from };
    let sign = if room < 0.0 { "\u{2212}" } else { "+" };
    let (factor, before, after, digits) =
        if unit == Unit::Share { (100.0, "", "points", 4) } else { shown(unit, room.abs()) };
    let width = if of.half_width().is_finite() { of.high - of.low } else { 0.0 };
    let scaled = Estimate { mean: room.abs(), low: 0.0, high: width }.scale(factor);
    let rounded = rounded(&scaled);
    let places = decimals(scaled.mean, scaled.half_width(), digits).min(3);
    let number = grouped(rounded.mean, places);
    let number = if of.half_width() > 0.0 { number } else { trimmed(&number) };
    format!("{sign}{}", joined(before, &number, after))
}

/// A difference with its sign and interval: `+1.21 points (1.19–1.23)`, `-135 ms (-155 to -115)`, `+0.2 s (-0.1 to +0.5)`.
pub fn signed(e: &Estimate, unit: Unit) -> String {
    if e.mean.is_infinite() {
        return if e.mean > 0.0 { "+infinite" } else { "\u{2212}infinite" }.to_owned();
    }
    let (factor, before, after, digits) =
        if unit == Unit::Share { (100.0, "", "points", 4) } else { shown(unit, e.mean) };
    let scaled = e.scale(factor);
    let sign = |text: String, value: f64| {
        let is_zero = !text.contains(|c: char| ('1'..='9').contains(&c));
        if value > 0.0 && !is_zero { format!("+{text}") } else { text }
    };
    if scaled.half_width() <= scaled.mean.abs() * 1e-12 {
        let text = trimmed(&grouped(scaled.mean, decimals(scaled.mean, 0.0, digits).min(3)));
        return sign(joined(before, &text, after), scaled.mean);
    }
    let scaled = rounded(&scaled);
    let mut places = decimals(scaled.mean, scaled.half_width(), digits);
    while places < 6 && grouped(scaled.low, places) == grouped(scaled.high, places) {
        places += 1;
    }
    let number = sign(joined(before, &grouped(scaled.mean, places), after), scaled.mean);
    let (low, high) = (grouped(scaled.low, places), grouped(scaled.high, places));
    let range = match (scaled.low < 0.0, scaled.high > 0.0) {
        (true, true) => format!("{} to +{}", joined(before, &low, ""), joined(before, &high, "")),
        (true, false) => format!("{} to {}", joined(before, &low, ""), joined(before, &high, "")),
        _ => format!("{low}–{high}"),
    };
    format!("{number}{NB}({range})")
}

/// A time of the run: `5:07`, `-1:00`, `1:05:00`, and from three days on `90 d` or `90 d 4:05`.
pub fn clock(seconds: f64) -> String {
    let whole = seconds.abs().round() as u64;
    let sign = if seconds < 0.0 && whole > 0 { "-" } else { "" };
    let (h, m, s) = (whole / 3600, whole / 60 % 60, whole % 60);
    if h >= 72 {
        let (days, h) = (h / 24, h % 24);
        return if h + m == 0 { format!("{sign}{days}{NB}d") } else { format!("{sign}{days}{NB}d{NB}{h}:{m:02}") };
    }
    if h > 0 { format!("{sign}{h}:{m:02}:{s:02}") } else { format!("{sign}{m}:{s:02}") }
}

/// A length of time in words: `15 min`, `90 s`, `2 h`.
pub fn length(seconds: f64) -> String {
    let units = [(86400.0, "d"), (3600.0, "h"), (60.0, "min")];
    for (size, unit) in units {
        if seconds >= size && (seconds / size).fract().abs() < 1e-9 {
            return format!("{}{NB}{unit}", grouped(seconds / size, 0));
        }
    }
    format!("{}{NB}s", trimmed(&grouped(seconds, 3)))
}

/// The share of runs that keep a promise: `95 % (87–98)`.
pub fn kept(e: &Estimate) -> String {
    let percent = |v: f64| format!("{:.0}", v * 100.0);
    format!("{}{NB}%{NB}({}–{})", percent(e.mean), percent(e.low), percent(e.high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mean: f64, low: f64, high: f64, unit: Unit, expected: &str) {
        assert_eq!(estimate(&Estimate { mean, low, high }, unit).replace(NB, " "), expected);
    }

    #[test]
    fn intervals_decide_the_digits() {
        check(0.412, 0.403, 0.421, Unit::Seconds, "412 ms (403–421)");
        check(0.9831, 0.9829, 0.9833, Unit::Share, "98.31 % (98.29–98.33)");
        check(54.1, 53.3, 55.0, Unit::Seconds, "54.1 s (53.3–55.0)");
        check(109_400.0, 108_800.0, 110_000.0, Unit::Money, "$109,400 (108,800–110,000)");
        check(0.99941, 0.99940, 0.99943, Unit::Share, "99.941 % (99.940–99.943)");
        check(2.0, -1.0, 5.0, Unit::Count, "2 (-1 to 5)");
    }

    #[test]
    fn what_is_small_is_not_zero() {
        assert_eq!([plain(0.00042, Unit::PerSecond), plain(0.0, Unit::Count)], ["0.00042/s", "0"]);
        assert_eq!([plain(7.9e-9, Unit::Count), plain(8.1e-9, Unit::Seconds)], ["0.000000008", "0.0000081\u{a0}ms"]);
    }

    #[test]
    fn a_time_in_the_first_bucket_is_zero() {
        check(7.9e-9, 7.9e-9, 7.9e-9, Unit::Seconds, "0 ms");
        check(7e-9, 6e-9, 7.9e-9, Unit::Seconds, "0 ms");
        assert_eq!(plain(-7.9e-9, Unit::Seconds), "0\u{a0}ms");
    }

    #[test]
    fn an_overview_has_three_digits_and_zero_for_what_is_too_little() {
        let text = |mean, unit| short(&Estimate::exact(mean), unit).replace(NB, " ");
        assert_eq!(text(0.221_23, Unit::Share), "22.1 %");
        assert_eq!([text(7.9e-9, Unit::Seconds), text(0.000_000_87, Unit::Share)], ["0 ms", "0 %"]);
        assert_eq!([text(2.965, Unit::Seconds), text(0.037_04, Unit::Seconds)], ["2.97 s", "37 ms"]);
        assert_eq!([text(4.300_02, Unit::Count), text(1140.4, Unit::Count)], ["4.3", "1,140"]);
    }

    #[test]
    fn without_spread_there_is_no_interval() {
        check(3410.0, 3410.0, 3410.0, Unit::MoneyPerMonth, "$3,410 a month");
        check(1.0, 1.0, 1.0, Unit::Share, "100 %");
        check(0.0, 0.0, 0.0, Unit::Count, "0");
    }

    #[test]
    fn differences_have_a_sign_and_shares_points() {
        let check = |mean, low, high, unit, expected: &str| {
            assert_eq!(signed(&Estimate { mean, low, high }, unit).replace(NB, " "), expected);
        };
        check(0.0121, 0.0115, 0.0127, Unit::Share, "+1.21 points (1.15–1.27)");
        check(-0.135, -0.155, -0.115, Unit::Seconds, "-135 ms (-155 to -115)");
        check(1.2, -0.1, 2.5, Unit::Seconds, "+1.2 s (-0.1 to +2.5)");
        check(12_400.0, 11_900.0, 12_900.0, Unit::Money, "+$12,400 (11,900–12,900)");
        check(0.0, 0.0, 0.0, Unit::Money, "$0");
    }

    #[test]
    fn what_has_no_end_says_so() {
        check(0.5, 0.25, f64::INFINITY, Unit::Seconds, "500 ms (at least 250 ms)");
        check(0.5, f64::NEG_INFINITY, f64::INFINITY, Unit::Seconds, "500 ms (too few to know)");
    }

    #[test]
    fn clocks_and_lengths() {
        assert_eq!([clock(307.0), clock(-60.0), clock(3905.0)], ["5:07", "-1:00", "1:05:05"]);
        assert_eq!([clock(7_776_000.0), clock(7_790_700.0)].map(|t| t.replace(NB, " ")), ["90 d", "90 d 4:05"]);
        assert_eq!(length(900.0).replace(NB, " "), "15 min");
        assert_eq!(length(90.0).replace(NB, " "), "90 s");
    }
}
