//! Axes: which part of the numbers a picture shows, where its ticks are, and what of a line is inside.

use serde::{Deserialize, Serialize};

use super::{Mark, Picture, Series};

/// An axis as an author asks for it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Axis {
    /// What stands beside it: the quantity and its unit.
    pub label: String,
    /// Whether equal steps are equal differences or equal factors.
    pub scale: Scale,
    /// What it shows; unless this is given, all that the reference computed, and what is near to that.
    pub range: Option<(f64, f64)>,
    /// Where its ticks are and what they say, if round numbers would not do.
    pub ticks: Option<Vec<(f64, String)>>,
}

/// How numbers become places on an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scale {
    /// Equal steps are equal differences.
    Linear,
    /// Equal steps are equal factors.
    Log,
}

impl Axis {
    /// A linear axis that shows all that the reference computed.
    pub fn new(label: &str) -> Self {
        Self { label: label.to_owned(), scale: Scale::Linear, range: None, ticks: None }
    }

    /// The same axis, showing this range and nothing else.
    pub fn from(mut self, low: f64, high: f64) -> Self {
        self.range = Some((low, high));
        self
    }

    /// The same axis, logarithmic: for positive numbers of very different sizes.
    pub fn log(mut self) -> Self {
        self.scale = Scale::Log;
        self
    }

    /// The same axis with these ticks: where they are, and what they say.
    pub fn ticks<T: ToString>(mut self, ticks: impl IntoIterator<Item = (f64, T)>) -> Self {
        self.ticks = Some(ticks.into_iter().map(|(at, text)| (at, text.to_string())).collect());
        self
    }
}

/// Both axes of a picture, ready to be drawn.
pub struct Axes {
    /// From left to right.
    pub x: Shown,
    /// From bottom to top.
    pub y: Shown,
}

/// The part of an axis that is shown. Positions on it are numbers, or their logarithms on a logarithmic axis.
pub struct Shown {
    /// The position of the left or lower end.
    pub low: f64,
    /// The position of the right or upper end.
    pub high: f64,
    /// Positions of the ticks, and what they say.
    pub ticks: Vec<(f64, String)>,
    scale: Scale,
}

/// Room above and below the numbers, as a share of their range.
const MARGIN: f64 = 0.06;

/// On either side the learner's numbers may add so many times the reference's range.
const STRETCH: f64 = 1.5;

impl Axes {
    /// With about `n_ticks` ticks an axis.
    pub fn of(picture: &Picture, n_ticks: usize) -> Self {
        let x = Shown::new(&picture.x, numbers(picture, |point| point.0), n_ticks, 0.0, false);
        let mut y = numbers(picture, |point| point.1);
        let has_bars = picture.series.iter().any(|series| matches!(series.mark, Mark::Bars(_)));
        if has_bars {
            y.given.push(0.0);
        }
        // An image fills its frame.
        let margin = if picture.rasters.is_empty() { MARGIN } else { 0.0 };
        Self { x, y: Shown::new(&picture.y, y, n_ticks, margin, has_bars) }
    }

    /// How many units of height the plot has for one of width, if steps along both axes are to be equally long.
    pub fn aspect(&self) -> f64 {
        (self.y.high - self.y.low) / (self.x.high - self.x.low)
    }

    /// The corners of a rectangle, cut at the edges; nothing if none of it is inside.
    pub fn rectangle(&self, x: (f64, f64), y: (f64, f64)) -> Option<[(f64, f64); 2]> {
        let (left, right) = self.x.cut(x)?;
        let (bottom, top) = self.y.cut(y)?;
        Some([(left, bottom), (right, top)])
    }

    /// The parts of the line through `points` that are inside the picture, as positions.
    pub fn line(&self, points: &[(f64, f64)]) -> Vec<Vec<(f64, f64)>> {
        let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut connected = false;
        let places: Vec<_> = points.iter().map(|point| self.place(*point)).collect();
        for pair in places.windows(2) {
            let clipped = pair[0].zip(pair[1]).and_then(|(from, to)| self.clip(from, to));
            let Some((from, to)) = clipped else {
                connected = false;
                continue;
            };
            match parts.last_mut() {
                Some(part) if connected && part.last() == Some(&from) => part.push(to),
                _ => parts.push(vec![from, to]),
            }
            connected = true;
        }
        parts
    }

    /// The position of a point, far outside of the picture at most; nothing if it is not finite.
    pub fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        Some((self.x.place(x)?, self.y.place(y)?))
    }

    /// The positions of those points that are inside.
    pub fn inside(&self, points: &[(f64, f64)]) -> Vec<(f64, f64)> {
        let inside = |&(x, y): &(f64, f64)| self.x.contains(x) && self.y.contains(y);
        points.iter().filter_map(|point| self.place(*point)).filter(inside).collect()
    }

    /// A bar from 0 to `y` as two opposite corners, cut at the edges.
    pub fn bar(&self, (x, y): (f64, f64), width: f64) -> Option<[(f64, f64); 2]> {
        let (left, right) = (self.x.place(x - width / 2.0)?, self.x.place(x + width / 2.0)?);
        let (foot, top) = (self.y.place(0.0)?, self.y.place(y)?);
        let x = |at: f64| at.clamp(self.x.low, self.x.high);
        let y = |at: f64| at.clamp(self.y.low, self.y.high);
        Some([(x(left), y(foot)), (x(right), y(top))])
    }

    /// Whether anything of `series` is inside.
    pub fn shows(&self, series: &Series) -> bool {
        match series.mark {
            Mark::Line => !self.line(&series.points).is_empty(),
            Mark::Points => !self.inside(&series.points).is_empty(),
            Mark::Bars(width) => series.points.iter().any(|&at| self.bar(at, width).is_some()),
        }
    }

    /// The part of a straight line that is inside (Liang and Barsky 1984).
    fn clip(&self, from: (f64, f64), to: (f64, f64)) -> Option<((f64, f64), (f64, f64))> {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let (mut begin, mut end) = (0.0_f64, 1.0_f64);
        for (step, room) in [
            (-dx, from.0 - self.x.low),
            (dx, self.x.high - from.0),
            (-dy, from.1 - self.y.low),
            (dy, self.y.high - from.1),
        ] {
            if step == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if step < 0.0 {
                begin = begin.max(room / step);
            } else {
                end = end.min(room / step);
            }
        }
        let at = |t: f64| (from.0 + t * dx, from.1 + t * dy);
        let begins_inside = begin == 0.0;
        (begin <= end).then(|| (if begins_inside { from } else { at(begin) }, if end == 1.0 { to } else { at(end) }))
    }
}

impl Shown {
    fn new(axis: &Axis, numbers: Numbers, n_ticks: usize, margin: f64, stands: bool) -> Self {
        let scaled = |numbers: &[f64]| numbers.iter().filter_map(|&number| scale(axis.scale, number)).collect();
        let (given, learners): (Vec<f64>, Vec<f64>) = (scaled(&numbers.given), scaled(&numbers.learners));
        let asked_for = axis.range.and_then(|(low, high)| {
            let range = (scale(axis.scale, low)?, scale(axis.scale, high)?);
            (range.0 < range.1).then_some(range)
        });
        let (low, high) = asked_for.unwrap_or_else(|| {
            let (low, high) = range(&given, &learners);
            let room = margin * (high - low);
            // Bars stand on the floor.
            (if stands && low == 0.0 { low } else { low - room }, high + room)
        });
        let ticks = match &axis.ticks {
            Some(ticks) => {
                ticks.iter().filter_map(|(at, text)| Some((scale(axis.scale, *at)?, text.clone()))).collect()
            }
            None if axis.scale == Scale::Log => powers_of_ten(low, high, n_ticks),
            None => round_numbers(low, high, n_ticks),
        };
        let ticks = ticks.into_iter().filter(|(at, _)| (low..=high).contains(at)).collect();
        Self { low, high, ticks, scale: axis.scale }
    }

    /// The position of `number`, at most some thousand times the range away: more is all the same to the eye, and less
    /// is kind to the arithmetic.
    pub fn place(&self, number: f64) -> Option<f64> {
        let far = 1e4 * (self.high - self.low);
        match scale(self.scale, number) {
            Some(at) => Some(at.clamp(self.low - far, self.high + far)),
            // 0 on a logarithmic axis is below everything.
            None if number == 0.0 => Some(self.low - far),
            None => None,
        }
    }

    /// The number at this share of the axis, from 0 to 1.
    pub fn number(&self, share: f64) -> f64 {
        let at = self.low + share * (self.high - self.low);
        if self.scale == Scale::Log { 10_f64.powf(at) } else { at }
    }

    /// Whether a position is shown.
    pub fn contains(&self, position: f64) -> bool {
        (self.low..=self.high).contains(&position)
    }

    /// What is inside of the stretch between two numbers.
    fn cut(&self, (from, to): (f64, f64)) -> Option<(f64, f64)> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        let (low, high) = (from.min(to), from.max(to));
        (low <= self.high && high >= self.low).then(|| (low.max(self.low), high.min(self.high)))
    }

    /// Whether a number is shown.
    pub fn holds(&self, number: f64) -> bool {
        self.place(number).is_some_and(|at| self.contains(at))
    }
}

/// The position of a number, if it is finite and has one.
fn scale(scale: Scale, number: f64) -> Option<f64> {
    let at = match scale {
        Scale::Linear => number,
        Scale::Log => number.log10(),
    };
    at.is_finite().then_some(at)
}

/// All numbers along one axis.
struct Numbers {
    given: Vec<f64>,
    learners: Vec<f64>,
}

fn numbers(picture: &Picture, coordinate: impl Fn(&(f64, f64)) -> f64) -> Numbers {
    let (learners, given): (Vec<_>, Vec<_>) = picture.series.iter().partition(|series| series.role.is_learners());
    let all = |series: Vec<&Series>| series.into_iter().flat_map(|series| &series.points).map(&coordinate).collect();
    let mut given: Vec<f64> = all(given);
    for cells in picture.rasters.iter().map(|raster| raster.cells) {
        given.extend([(cells.x.0, cells.y.0), (cells.x.1, cells.y.1)].iter().map(&coordinate));
    }
    Numbers { given, learners: all(learners) }
}

/// A range for the reference's numbers, and for the learner's as far as they are near.
fn range(given: &[f64], learners: &[f64]) -> (f64, f64) {
    let ends = |numbers: &[f64]| {
        let low = numbers.iter().copied().reduce(f64::min)?;
        Some((low, numbers.iter().copied().reduce(f64::max)?))
    };
    // A tenth of the largest possible number: sums of a few of them stay finite.
    let limit = f64::MAX / 1e9;
    let limited = |(low, high): (f64, f64)| (low.clamp(-limit, limit), high.clamp(-limit, limit));
    let (given, learners) = (ends(given).map(limited).map(widened), ends(learners).map(limited).map(widened));
    match (given, learners) {
        (Some((low, high)), Some(theirs)) => {
            let reach = STRETCH * (high - low);
            (theirs.0.max(low - reach).min(low), theirs.1.min(high + reach).max(high))
        }
        (Some(ends), None) | (None, Some(ends)) => ends,
        (None, None) => (0.0, 1.0),
    }
}

/// One number alone, or numbers that only rounding tells apart, would blow up dust.
fn widened((low, high): (f64, f64)) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > 1e-9 * size {
        return (low, high);
    }
    let room = if size > 0.0 { size / 2.0 } else { 1.0 };
    (low - room, high + room)
}

/// Round numbers from `low` to `high`, about `count` of them.
fn round_numbers(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / count.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0].into_iter().map(|factor| factor * power).find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    // A tick at the very end is one, whatever the last digit of the division says.
    let (first, last) = ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor());
    if !(step > 0.0 && step.is_finite() && last - first < 100.0) {
        return Vec::new();
    }
    let size = low.abs().max(high.abs());
    let tick = |n: f64| {
        let at = (n * step + 0.0).clamp(low, high);
        let text = if size < 1e6 && step >= 1e-4 {
            let decimals = (-step.log10() - 1e-9).ceil().max(0.0) as usize;
            with_separators(&format!("{at:.decimals$}"))
        } else if at == 0.0 {
            "0".to_owned()
        } else {
            number(at)
        };
        (at, text)
    };
    (0..=(last - first) as i32).map(|n| tick(first + f64::from(n))).collect()
}

/// Powers of ten between two exponents; where there are few of them also numbers between.
fn powers_of_ten(low: f64, high: f64, count: usize) -> Vec<(f64, String)> {
    let exponents = high - low;
    if exponents < 1.5 {
        let numbers = round_numbers(10_f64.powf(low), 10_f64.powf(high), count);
        return numbers.into_iter().filter(|(at, _)| *at > 0.0).map(|(at, text)| (at.log10(), text)).collect();
    }
    let step = (exponents / count.max(1) as f64).ceil().max(1.0);
    let (first, last) = ((low / step).ceil() as i32, (high / step).floor() as i32);
    (first..=last)
        .map(|n| f64::from(n) * step)
        .map(|exponent| (exponent, number(10_f64.powi(exponent as i32))))
        .collect()
}

/// A number with at most three significant digits.
pub fn number(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return format!("{}", number + 0.0);
    }
    let rounded: f64 = format!("{number:.2e}").parse().unwrap_or(number);
    if (1e-4..1e6).contains(&rounded.abs()) { with_separators(&format!("{rounded}")) } else { format!("{rounded:e}") }
}

/// `1234567.5` as `1,234,567.5`.
pub fn with_separators(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let (sign, whole) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut text = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    format!("{sign}{text}{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Role;

    fn picture(x: Axis, y: Axis, points: &[(f64, f64)]) -> Picture {
        let mut picture = Picture::new("id", "title", x, y);
        picture.add("", Mark::Line, Role::Reference(0), points.to_vec());
        picture
    }

    fn said(axis: &Shown) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let axes = Axes::of(&picture(Axis::new(""), Axis::new(""), &[(0.0, -1.0), (10.0, 2400.0)]), 5);
        assert_eq!(said(&axes.x), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(said(&axes.y), ["0", "1,000", "2,000"]);
        let axes = Axes::of(&picture(Axis::new("").from(0.0, 0.3), Axis::new("").log(), &[(0.0, 1e-4), (0.3, 1e4)]), 5);
        assert_eq!(said(&axes.x), ["0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(said(&axes.y), ["0.0001", "0.01", "1", "100", "10,000"]);
    }

    #[test]
    fn a_line_is_cut_where_it_leaves_the_picture_and_where_a_number_is_missing() {
        let square = picture(Axis::new("").from(0.0, 1.0), Axis::new("").from(0.0, 1.0), &[]);
        let axes = Axes::of(&square, 5);
        assert_eq!(axes.line(&[(-1.0, 0.5), (2.0, 0.5)]), [[(0.0, 0.5), (1.0, 0.5)]]);
        assert_eq!(axes.line(&[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]), [[(0.0, 0.0), (0.5, 1.0), (1.0, 0.0)]]);
        assert_eq!(axes.line(&[(0.0, 0.0), (0.5, 2.0), (1.0, 0.0)]).len(), 2);
        assert_eq!(axes.line(&[(0.0, 0.0), (0.5, 0.5), (0.7, f64::NAN), (0.8, 0.8), (1.0, 1.0)]).len(), 2);
        assert!(axes.line(&[(0.0, 2.0), (1.0, 2.0)]).is_empty());
    }

    #[test]
    fn wild_numbers_do_not_flatten_the_reference() {
        let mut wild = picture(Axis::new(""), Axis::new(""), &[(0.0, 0.0), (1.0, 1.0)]);
        wild.add("", Mark::Line, Role::Learner(0), vec![(0.0, 0.5), (1.0, 1e300)]);
        let axes = Axes::of(&wild, 5);
        assert!(axes.y.high < 3.0 && axes.y.low > -0.5, "{} to {}", axes.y.low, axes.y.high);
    }

    #[test]
    fn dust_is_not_blown_up() {
        let mut dusty = picture(Axis::new(""), Axis::new(""), &[(0.0, 1.0), (1.0, 1.0 + 1e-12)]);
        dusty.add("", Mark::Line, Role::Learner(0), vec![(0.0, 1.0), (1.0, 1.1)]);
        let axes = Axes::of(&dusty, 5);
        assert!(axes.y.low < 0.6 && axes.y.high > 1.4, "{} to {}", axes.y.low, axes.y.high);
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(with_separators("1234567"), "1,234,567");
        assert_eq!(with_separators("-1234.5678"), "-1,234.5678");
        assert_eq!(with_separators("123"), "123");
    }
}
