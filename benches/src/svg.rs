//! Pictures of results, as SVG text: curves over percentiles, and bars.

use std::fmt::Write as _;

/// A contender's line in a picture.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name.
    pub name: String,
    /// Shares below 1, and nanoseconds.
    pub points: Vec<(f64, f64)>,
}

/// A bar in a picture.
#[derive(Clone, Debug)]
pub struct Bar {
    /// What it is of.
    pub name: String,
    /// How long it is.
    pub value: f64,
    /// Whose it is.
    pub kind: BarKind,
}

/// Whose a bar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarKind {
    /// This library's.
    Ours,
    /// Another's.
    Other,
    /// No contender's, what could be at best.
    Measure,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 190.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 52.0;
/// For the first, ours, then the others; they can be told apart without colour vision.
const COLORS: [&str; 11] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#8c6d31",
    "#999999", "#000000", "#b8860b",
];
/// Shares at which the axis has a mark.
const MARKS: [(f64, &str); 6] = [
    (0.0, "0"),
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
];

/// The place of a share on an axis on which each nine takes as much as the one before.
fn nines(share: f64) -> f64 {
    -(1.0 - share.min(0.9999)).log10() / 4.0
}

/// Curves of nanoseconds over percentiles, both axes logarithmic; the first is drawn bold.
#[must_use]
pub fn curves(curves: &[Curve], caption: &str) -> String {
    let all = || curves.iter().flat_map(|curve| &curve.points).map(|(_, ns)| ns.max(0.5).log10());
    let low = all().fold(f64::INFINITY, f64::min).floor();
    let high = all().fold(f64::NEG_INFINITY, f64::max).ceil().max(low + 1.0);
    let x = |share: f64| LEFT + nines(share) * (WIDTH - LEFT - RIGHT);
    let y = |ns: f64| {
        let part = (ns.max(0.5).log10() - low) / (high - low);
        HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)
    };
    let mut svg = open(HEIGHT);
    for (share, word) in MARKS {
        let x = x(share);
        line(&mut svg, (x, TOP), (x, HEIGHT - BOTTOM));
        text(&mut svg, (x, HEIGHT - BOTTOM + 18.0), "middle", word);
    }
    let mut power = low;
    while power <= high {
        let ns = 10f64.powf(power);
        line(&mut svg, (LEFT, y(ns)), (WIDTH - RIGHT, y(ns)));
        text(&mut svg, (LEFT - 6.0, y(ns) + 4.0), "end", &time(ns));
        power += 1.0;
    }
    text(&mut svg, ((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 6.0), "middle", caption);
    // Names stand where their curves end, pushed apart.
    let mut names: Vec<(f64, usize)> = Vec::new();
    for (index, curve) in curves.iter().enumerate() {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|(share, ns)| format!("{:.1},{:.1}", x(*share), y(*ns)))
            .collect();
        let _ = write!(
            svg,
            "<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" points=\"{}\"/>",
            color(index),
            if index == 0 { "3.5" } else { "1.5" },
            points.join(" ")
        );
        names.push((curve.points.last().map_or(HEIGHT, |(_, ns)| y(*ns)), index));
    }
    names.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut last = f64::NEG_INFINITY;
    for (wanted, index) in names {
        last = wanted.max(last + 15.0);
        let _ = write!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" fill=\"{}\">{}</text>",
            WIDTH - RIGHT + 8.0,
            last + 4.0,
            color(index),
            escaped(&curves[index].name)
        );
    }
    svg + "</svg>"
}

/// Bars beside each other, each with its value behind it.
#[must_use]
pub fn bars(bars: &[Bar], unit: &str) -> String {
    const STEP: f64 = 26.0;
    const NAMES: f64 = 210.0;
    let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let mut svg = open(bars.len() as f64 * STEP + 10.0);
    for (index, bar) in bars.iter().enumerate() {
        let top = index as f64 * STEP + 6.0;
        let width = bar.value / longest * (WIDTH - NAMES - 130.0);
        text(&mut svg, (NAMES - 8.0, top + 14.0), "end", &bar.name);
        let fill = match bar.kind {
            BarKind::Ours => color(0),
            BarKind::Other => color(1),
            BarKind::Measure => "#bbbbbb",
        };
        let _ = write!(
            svg,
            "<rect x=\"{NAMES}\" y=\"{top}\" width=\"{width:.1}\" height=\"18\" fill=\"{fill}\"/>"
        );
        let value = format!("{:.2} {unit}", bar.value);
        text(&mut svg, (NAMES + width + 6.0, top + 14.0), "start", &value);
    }
    svg + "</svg>"
}

fn open(height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\">\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>"
    )
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = write!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#dddddd\"/>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = escaped(text);
    let _ = write!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#333333\">{text}</text>"
    );
}

fn color(index: usize) -> &'static str {
    COLORS[index % COLORS.len()]
}

fn time(ns: f64) -> String {
    match ns {
        ns if ns < 1e3 => format!("{ns:.0} ns"),
        ns if ns < 1e6 => format!("{:.0} us", ns / 1e3),
        ns => format!("{:.0} ms", ns / 1e6),
    }
}

/// Text as it stands in SVG and HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_nine_takes_as_much_as_the_one_before() {
        assert!((nines(0.99) - 2.0 * nines(0.9)).abs() < 1e-9);
        assert!((nines(0.999) - 3.0 * nines(0.9)).abs() < 1e-9);
        assert!(nines(1.0).is_finite());
        let svg =
            curves(&[Curve { name: "a<b".into(), points: vec![(0.0, 5.0), (0.99, 80.0)] }], "ns");
        assert!(svg.contains("a&lt;b") && svg.ends_with("</svg>"));
    }
}
