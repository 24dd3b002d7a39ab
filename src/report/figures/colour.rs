//! Colours: of classes and series, and the scales of maps.

use plotters::style::{BLACK, RGBColor, WHITE};

/// Colours of classes and series that people with any colour vision can tell apart (Okabe and Ito).
pub(in crate::report) const SERIES: [RGBColor; 8] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x8c, 0x56, 0x4b),
    RGBColor(0x7f, 0x7f, 0x7f),
];

/// The colour of a class; with more classes than colours they come round again.
pub(in crate::report) fn of_class(class: usize) -> RGBColor {
    SERIES[class % SERIES.len()]
}

/// Fields are paler than the points on top of them.
pub(in crate::report) fn light(c: RGBColor) -> RGBColor {
    blend(c, WHITE, 0.22)
}

/// Points are darker than the fields below them.
pub(in crate::report) fn dark(c: RGBColor) -> RGBColor {
    blend(c, BLACK, 0.35)
}

fn blend(a: RGBColor, b: RGBColor, t: f64) -> RGBColor {
    let mix = |x: u8, y: u8| (f64::from(x) + (f64::from(y) - f64::from(x)) * t.clamp(0.0, 1.0)).round() as u8;
    RGBColor(mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

/// From one colour through nearly white at one half to the other.
pub(in crate::report) fn diverging(p: f64, low: RGBColor, high: RGBColor) -> RGBColor {
    let middle = RGBColor(0xf8, 0xf8, 0xf8);
    if p < 0.5 { blend(middle, low, 1.0 - 2.0 * p) } else { blend(middle, high, 2.0 * p - 1.0) }
}

/// From nearly white to deep violet.
pub(in crate::report) fn sequential(v: f64) -> RGBColor {
    let stops = [
        RGBColor(0xfb, 0xfa, 0xff),
        RGBColor(0xda, 0xd3, 0xee),
        RGBColor(0xa8, 0x96, 0xd3),
        RGBColor(0x76, 0x57, 0xb0),
        RGBColor(0x46, 0x1d, 0x7c),
    ];
    let at = v.clamp(0.0, 1.0) * 4.0;
    let i = (at.floor() as usize).min(3);
    blend(stops[i], stops[i + 1], at - i as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_end_where_they_should() {
        assert_eq!(diverging(0.0, SERIES[0], SERIES[1]), SERIES[0]);
        assert_eq!(diverging(1.0, SERIES[0], SERIES[1]), SERIES[1]);
        assert_eq!(sequential(0.0), RGBColor(0xfb, 0xfa, 0xff));
        assert_eq!(sequential(2.0), RGBColor(0x46, 0x1d, 0x7c));
    }
}
