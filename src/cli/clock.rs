//! The date and the memory of this process: what only the outermost layer may ask the system for.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the time in UTC: `2026-02-28 09:30:00`.
pub(super) fn now() -> String {
    stamp(seconds_now())
}

/// Returns the seconds since 1970.
pub(super) fn seconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

fn stamp(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// Days since 1970 to year, month and day (Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Reads a stamp back, to tell a run's age; none if it is not one.
pub(super) fn seconds_of(stamp_text: &str) -> Option<u64> {
    let numbers: Vec<u64> =
        stamp_text.split([' ', '-', ':']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [year, month, day, hour, minute, second] = numbers.try_into().ok()?;
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    // The inverse of `civil`, from the same source.
    let y = year - u64::from(month <= 2);
    let (era, year_of_era) = (y / 400, y % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Returns the most memory this process has held, in MiB, where the system tells.
pub(super) fn peak_rss_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib / 1024.0 * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(stamp(0), "1970-01-01 00:00:00");
        assert_eq!(stamp(951_782_400 + 3661), "2000-02-29 01:01:01"); // date -u -d @951786061
        assert_eq!(stamp(4_102_444_799), "2099-12-31 23:59:59"); // date -u -d @4102444799
        for seconds in [0, 951_786_061, 4_102_444_799, 1_772_271_000] {
            assert_eq!(seconds_of(&stamp(seconds)), Some(seconds));
        }
        assert!(
            ["", "yesterday", "2026-13-01 00:00:00", "2026-00-01 00:00:00"]
                .iter()
                .all(|s| seconds_of(s).is_none())
        );
    }
}
