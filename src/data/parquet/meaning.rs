//! What the values of a column mean: from the types of Parquet to numbers and texts.
//!
//! | in the file | becomes |
//! | --- | --- |
//! | boolean, integers, floats, decimals | a number |
//! | strings, enumerations, JSON, fixed bytes | a text |
//! | dates, points in time | a text as in ISO 8601: `2024-02-29`, `2024-02-29 12:30:00.5` |
//!
//! Lists, maps, times of day, intervals and identifiers (UUID) have no place in a table and are refused by name.

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type};
use parquet::schema::types::ColumnDescriptor;

/// How the stored values of a column are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// an integer, with so many decimal places
    Integer(i32),
    /// an integer of 32 bits without a sign
    Unsigned32,
    /// an integer of 64 bits without a sign
    Unsigned64,
    /// `true`, `false`, a float
    Number,
    /// two bytes: a float of 16 bits
    Half,
    /// bytes, most significant first: an integer with so many decimal places
    Decimal(i32),
    /// bytes of a text
    Text,
    /// days since 1970-01-01
    Date,
    /// time since 1970-01-01 00:00, so many units a second
    Instant(i64),
}

impl Meaning {
    /// Whether values become numbers; else texts.
    pub fn is_number(self) -> bool {
        match self {
            Meaning::Integer(_)
            | Meaning::Unsigned32
            | Meaning::Unsigned64
            | Meaning::Number
            | Meaning::Half
            | Meaning::Decimal(_) => true,
            Meaning::Text | Meaning::Date | Meaning::Instant(_) => false,
        }
    }

    /// The meaning of a column, or what it holds that cannot be read.
    pub fn of(column: &ColumnDescriptor) -> Result<Meaning, &'static str> {
        use LogicalType as L;
        if column.max_rep_level() > 0 {
            return Err("lists");
        }
        let places = match column.logical_type_ref() {
            Some(L::Decimal(decimal)) => Some(decimal.scale),
            None if column.converted_type() == ConvertedType::DECIMAL => Some(column.type_scale().max(0)),
            _ => None,
        };
        let is_float16 = matches!(column.logical_type_ref(), Some(L::Float16));
        match (column.logical_type_ref(), column.converted_type()) {
            (Some(L::Time(_)), _) | (_, ConvertedType::TIME_MILLIS | ConvertedType::TIME_MICROS) => {
                return Err("times of day");
            }
            (Some(L::Uuid), _) => return Err("identifiers (UUID)"),
            (Some(L::Variant(_)), _) => return Err("variants"),
            (Some(L::Geometry(_) | L::Geography(_)), _) => return Err("geometries"),
            (_, ConvertedType::INTERVAL) => return Err("intervals of time"),
            (_, ConvertedType::BSON) => return Err("BSON"),
            _ => {}
        }
        let is_wide = column.physical_type() == Type::INT64;
        let unsigned = if is_wide { Meaning::Unsigned64 } else { Meaning::Unsigned32 };
        Ok(match column.physical_type() {
            Type::BOOLEAN | Type::FLOAT | Type::DOUBLE => Meaning::Number,
            Type::INT96 => Meaning::Instant(1_000_000_000),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY => match places {
                Some(places) => Meaning::Decimal(places),
                None if is_float16 => Meaning::Half,
                None => Meaning::Text,
            },
            Type::INT32 | Type::INT64 => match (column.logical_type_ref(), column.converted_type()) {
                _ if places.is_some() => Meaning::Integer(places.unwrap_or(0)),
                (Some(L::Date), _) | (_, ConvertedType::DATE) => Meaning::Date,
                (Some(L::Timestamp(stamp)), _) => Meaning::Instant(match stamp.unit {
                    TimeUnit::MILLIS => 1_000,
                    TimeUnit::MICROS => 1_000_000,
                    TimeUnit::NANOS => 1_000_000_000,
                }),
                (_, ConvertedType::TIMESTAMP_MILLIS) => Meaning::Instant(1_000),
                (_, ConvertedType::TIMESTAMP_MICROS) => Meaning::Instant(1_000_000),
                (Some(L::Integer(integer)), _) if !integer.is_signed => unsigned,
                (_, ConvertedType::UINT_32 | ConvertedType::UINT_64) => unsigned,
                _ => Meaning::Integer(0),
            },
        })
    }
}

/// An integer with decimal places: 12345 with 2 is 123.45, to the nearest double.
pub fn decimal(integer: i128, places: i32) -> f64 {
    match places {
        0 => integer as f64,
        _ => format!("{integer}e{}", -i64::from(places)).parse().unwrap_or(f64::NAN),
    }
}

/// An integer from its bytes, most significant first, in two's complement; `None` beyond 128 bits.
pub fn big_endian(bytes: &[u8]) -> Option<i128> {
    let start = if bytes.first().is_some_and(|b| *b >= 128) { -1 } else { 0 };
    let needed = bytes.len().saturating_sub(16);
    let fill = if start < 0 { 255 } else { 0 };
    if bytes[..needed].iter().any(|b| *b != fill) {
        return None;
    }
    Some(bytes[needed..].iter().fold(start, |n: i128, b| n << 8 | i128::from(*b)))
}

/// A date as in ISO 8601, from days since 1970-01-01.
///
/// The calendar of 400 years is counted from 1 March of a year 0, so that a leap day is a year's last.
pub fn date(days: i64) -> String {
    let shifted = days.saturating_add(719_468);
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + i64::from(month <= 2))
}

/// A point in time: `2024-02-29 12:30:00`, with the fraction of a second where there is one.
pub fn instant(units: i64, per_second: i64) -> String {
    let (seconds, fraction) = (units.div_euclid(per_second), units.rem_euclid(per_second));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let clock = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
    let places = per_second.ilog10() as usize;
    let fraction = format!(".{fraction:0places$}");
    format!("{} {clock}{}", date(days), fraction.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_nearest_doubles() {
        assert_eq!(decimal(12345, 2), 123.45);
        assert_eq!(decimal(-1, 1), -0.1);
        assert_eq!(decimal(i128::MAX, 38), 1.7014118346046923);
        assert_eq!(big_endian(&[255, 254]), Some(-2));
        assert_eq!(big_endian(&[0; 20]), Some(0));
        assert_eq!(big_endian(&[]), Some(0));
        let mut wide = [0; 17];
        wide[0] = 1;
        assert_eq!(big_endian(&wide), None);
    }

    /// Python's `datetime.date(...) - datetime.date(1970, 1, 1)`.
    #[test]
    fn dates_are_those_of_the_calendar() {
        for (days, text) in [
            (0, "1970-01-01"),
            (19_782, "2024-02-29"),
            (19_783, "2024-03-01"),
            (-1, "1969-12-31"),
            (11_016, "2000-02-29"),
            (-25_508, "1900-03-01"),
            (-719_162, "0001-01-01"),
        ] {
            assert_eq!(date(days), text);
        }
        assert_eq!(instant(1_709_209_800_500, 1_000), "2024-02-29 12:30:00.5");
        assert_eq!(instant(-1, 1_000_000_000), "1969-12-31 23:59:59.999999999");
        date(i64::MAX);
        date(i64::MIN);
        instant(i64::MIN, 1_000);
    }
}
