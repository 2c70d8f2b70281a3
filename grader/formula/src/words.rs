//! Formulas as text: what a learner would write.

use std::f64::consts::{E, FRAC_1_SQRT_2, FRAC_PI_2, LN_2, LN_10, LOG2_E, LOG10_E, PI, SQRT_2, TAU};

use crate::{Aggregate, Binary, Count, Function, Num, Op, Over};

/// How many significant digits a number is shown with.
pub const DIGITS: usize = 6;

/// A number with [`DIGITS`] significant digits, or fewer if they say the same. Whole numbers have all their digits.
pub fn number(real: f64) -> String {
    digits(real, DIGITS)
}

/// A number with `count` significant digits, or fewer if they say the same. Whole numbers have all their digits.
pub fn digits(real: f64, count: usize) -> String {
    if !real.is_finite() {
        return if real.is_nan() { "NaN".to_owned() } else { format!("{real}") };
    }
    // Whole numbers are exact: 10000001 and 10000002 are two numbers.
    let is_whole = real.fract() == 0.0 && real.abs() < 1e9;
    let rounded: f64 = if is_whole { real } else { format!("{real:.*e}", count - 1).parse().unwrap_or(real) };
    if rounded == 0.0 {
        return "0".to_owned(); // not "-0", which tells a learner nothing
    }
    if !(1e-4..1e9).contains(&rounded.abs()) { format!("{rounded:e}") } else { format!("{rounded}") }
}

/// A piece of a formula as text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    /// What a learner reads.
    pub words: String,
    /// How loosely it holds together: 0 a name, 1 a product, 2 a sum, 3 a comparison.
    level: u8,
}

/// Longer pieces are cut: nobody would read them.
const MAX_LENGTH: usize = 80;

impl Text {
    pub(crate) fn name(name: &str) -> Self {
        Self { words: name.to_owned(), level: 0 }
    }

    fn new(words: String, level: u8) -> Self {
        // What is too long is never shown.
        let words = if words.chars().count() > MAX_LENGTH { "…".to_owned() } else { words };
        Self { words, level }
    }

    pub(crate) fn call(name: &str, args: &[&Self]) -> Self {
        Self::new(format!("{name}({})", args.iter().map(|arg| &*arg.words).collect::<Vec<_>>().join(", ")), 0)
    }

    /// With parentheses if it holds together more loosely than `level`.
    fn within(&self, level: u8) -> String {
        if self.level > level { format!("({})", self.words) } else { self.words.to_string() }
    }

    /// Whether it is short enough to be shown.
    pub fn is_whole(&self) -> bool {
        !self.words.contains('…') && !self.words.is_empty()
    }

    /// Whether it fits into a sentence.
    pub fn is_short(&self) -> bool {
        self.is_whole() && self.words.chars().count() <= 40
    }

    /// Whether it is one name or constant.
    pub fn is_name(&self) -> bool {
        self.level == 0 && !self.words.contains(['(', '|', '²']) && self.is_whole()
    }
}

impl Op {
    pub(crate) fn text(self, args: &[Num]) -> Text {
        self.words(&args.iter().map(|arg| &arg.0.text).collect::<Vec<_>>())
    }

    pub(crate) fn words(self, args: &[&Text]) -> Text {
        let first = args[0];
        match self {
            Self::Input | Self::Named(_) => first.clone(),
            Self::Binary(binary) => binary.words(first, args[1]),
            Self::Function(function) => function.words(first),
            Self::Aggregate(how, over) => Text::new(format!("{}({}{})", how.name(), first.words, over.words()), 0),
            Self::Count(Count::Entries) => Text::new(format!("{}.len()", first.within(0)), 0),
            Self::Count(Count::Rows) => Text::new(format!("{}.nrows()", first.within(0)), 0),
            Self::Count(Count::Columns) => Text::new(format!("{}.ncols()", first.within(0)), 0),
            Self::Transpose => Text::new(format!("{}ᵀ", first.within(0)), 0),
            Self::Reverse => Text::call("reversed", args),
            Self::Rolled(_) => Text::call("shifted", args),
            Self::Softmax => Text::call("softmax", args),
            Self::Entry(index) | Self::Row(index) => Text::new(format!("{}[{index}]", first.within(0)), 0),
            Self::Choose => Text::new(format!("{} if {}, else {}", args[1].words, first.words, args[2].words), 3),
            Self::Plus(number) if number < 0.0 => Text::new(format!("{} - {}", first.within(2), constant(-number)), 2),
            Self::Plus(number) => Text::new(format!("{} + {}", first.within(2), constant(number)), 2),
            Self::Times(factor) => Text::new(format!("{} * {}", constant(factor), first.within(0)), 1),
            Self::AtLeast(least) => Text::new(format!("max({}, {})", first.words, constant(least)), 0),
            Self::Raised(exponent) => Text::new(format!("{}^{}", first.within(0), constant(exponent)), 0),
            Self::Constant(number) => Text::name(&constant(number)),
        }
    }
}

/// Constants that are known by a name.
const CONSTANTS: [(&str, f64); 19] = [
    ("π", PI),
    ("2π", TAU),
    ("π/2", FRAC_PI_2),
    ("π/180", PI / 180.0),
    ("180/π", 180.0 / PI),
    ("e", E),
    ("1/e", 1.0 / E),
    ("ln(2)", LN_2),
    ("ln(10)", LN_10),
    ("log2(e)", LOG2_E),
    ("log10(e)", LOG10_E),
    ("√2", SQRT_2),
    ("√(1/2)", FRAC_1_SQRT_2),
    ("√3", 1.732_050_807_568_877_2),
    ("√(1/3)", 0.577_350_269_189_625_8),
    ("√(2π)", 2.506_628_274_631_000_5),
    ("√(2/π)", 0.797_884_560_802_865_4),
    ("2/3", 2.0 / 3.0),
    ("1/255", 1.0 / 255.0),
];

/// The constant that somebody may have written where about `number` comes out: one with a name, one of two digits, or 1
/// divided by one of two digits. `precision` is how far off `number` may be, as a fraction of it.
pub fn recognised(number: f64, precision: f64) -> Option<f64> {
    let is_near = |known: &f64| (number.abs() - known.abs()).abs() <= precision * known.abs();
    if let Some((_, known)) = CONSTANTS.iter().find(|(_, known)| is_near(known)) {
        return Some(known.copysign(number));
    }
    let rounded: f64 = format!("{number:.1e}").parse().ok()?;
    let is_usual = (1e-15..1e6).contains(&rounded.abs());
    let usual = [rounded, 255.0, 256.0].into_iter().find(is_near).filter(|_| is_usual);
    usual.or_else(|| Some(number.recip().round().recip()).filter(is_near).filter(|known| divisor(*known).is_some()))
}

/// The whole number of up to two digits by which 1 is divided there.
fn divisor(number: f64) -> Option<f64> {
    let divisor = number.abs().recip().round();
    (divisor.recip() == number.abs() && (3.0..100.0).contains(&divisor)).then_some(divisor)
}

/// A constant as it is written.
pub fn constant(number: f64) -> String {
    let sign = if number < 0.0 { "-" } else { "" };
    let name = CONSTANTS.iter().find(|(_, known)| *known == number.abs()).map(|(name, _)| (*name).to_owned());
    let has_few_digits = format!("{number:.1e}").parse() == Ok(number);
    let share = || divisor(number).filter(|_| !has_few_digits).map(|divisor| format!("1/{divisor}"));
    name.or_else(share).map_or_else(|| self::number(number), |name| format!("{sign}{name}"))
}

impl Over {
    fn words(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Samples => ", column by column",
            Self::Row => ", row by row",
        }
    }

    /// What an aggregate is taken of; `None` if it is everything.
    pub(crate) fn each(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Samples => Some("column"),
            Self::Row => Some("row"),
        }
    }
}

impl Binary {
    fn words(self, one: &Text, two: &Text) -> Text {
        let (sign, level) = match self {
            Self::Add => ("+", 2),
            Self::Sub => ("-", 2),
            Self::Mul => ("*", 1),
            Self::Div => ("/", 1),
            Self::Dot => return Text::new(format!("{}·{}", one.within(0), two.within(0)), 1),
            Self::Power => return Text::new(format!("{}^{}", one.within(0), two.within(0)), 0),
            Self::Outer => return Text::call("outer", &[one, two]),
            Self::Pick => return Text::new(format!("{}[{}]", one.within(0), two.words), 0),
            Self::OneHot => return Text::call("one_hot", &[one]),
            Self::Max => return Text::call("max", &[one, two]),
            Self::Min => return Text::call("min", &[one, two]),
            Self::Less => ("<", 3),
            Self::AtMost => ("<=", 3),
            Self::Greater => (">", 3),
            Self::AtLeast => (">=", 3),
            Self::Equal => ("==", 3),
            Self::Unequal => ("!=", 3),
            Self::And => ("&&", 4),
            Self::Or => ("||", 4),
        };
        let right = if matches!(self, Self::Sub | Self::Div) { level - 1 } else { level };
        Text::new(format!("{} {sign} {}", one.within(level), two.within(right)), level)
    }

    /// Its sign or name alone, for codes.
    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

impl Function {
    fn words(self, of: &Text) -> Text {
        match self {
            Self::Same => of.clone(),
            Self::Neg => Text::new(format!("-{}", of.within(1)), 1),
            Self::Square => Text::new(format!("{}²", of.within(0)), 0),
            Self::Cube => Text::new(format!("{}³", of.within(0)), 0),
            Self::Abs => Text::new(format!("|{}|", of.words), 0),
            Self::Recip => Text::new(format!("1 / {}", of.within(0)), 1),
            Self::OneMinus => Text::new(format!("1 - {}", of.within(1)), 2),
            Self::TwiceMinusOne => Text::new(format!("2 * {} - 1", of.within(0)), 2),
            Self::Ones => Text::name("1"),
            Self::Step => Text::call("relu'", &[of]),
            Self::Zeros => Text::name("0"),
            // The root of a square.
            Self::Sqrt if of.level == 0 && of.words.ends_with('²') => {
                let words = of.words.trim_end_matches('²');
                let inner = words.strip_prefix('(').and_then(|words| words.strip_suffix(')')).unwrap_or(words);
                Text::new(format!("|{inner}|"), 0)
            }
            _ => Text::call(&self.name(), &[of]),
        }
    }

    pub(crate) fn name(self) -> String {
        match self {
            Self::Same => "nothing".to_owned(),
            Self::Step => "slope of relu".to_owned(),
            Self::StepFrom0 => "slope of relu from 0".to_owned(),
            Self::SigmoidSlope => "slope of sigmoid".to_owned(),
            Self::TanhSlope => "slope of tanh".to_owned(),
            Self::FloorPlusOne => "floor_plus_1".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        }
    }

    /// What it is called in a sentence.
    pub(crate) fn noun(self) -> String {
        match self {
            Self::Same => "nothing".to_owned(),
            Self::Neg => "the minus".to_owned(),
            Self::Square => "the square".to_owned(),
            Self::Cube => "the cube".to_owned(),
            Self::Abs => "the absolute value".to_owned(),
            Self::Sqrt => "the square root".to_owned(),
            Self::Ln => "the logarithm".to_owned(),
            Self::Log2 => "the logarithm to base 2".to_owned(),
            Self::Log10 => "the logarithm to base 10".to_owned(),
            Self::Sign => "the sign".to_owned(),
            Self::Signum => "`f64::signum`, which is 1 for 0,".to_owned(),
            Self::Recip => "the reciprocal".to_owned(),
            Self::Round => "the rounding".to_owned(),
            Self::Ceil => "rounding up".to_owned(),
            Self::FloorPlusOne => "rounding down and adding 1".to_owned(),
            Self::Relu => "ReLU".to_owned(),
            Self::LeakyRelu => "the leaky ReLU".to_owned(),
            Self::Step => "the slope of ReLU".to_owned(),
            Self::StepFrom0 => "a slope of ReLU that is 1 at 0".to_owned(),
            Self::SigmoidSlope => "the slope of the sigmoid".to_owned(),
            Self::TanhSlope => "the slope of tanh".to_owned(),
            Self::Exp => "`exp`".to_owned(),
            other => format!("`{}`", other.name()),
        }
    }
}

impl Aggregate {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::MeanOfOneLess => "sum over n - 1",
            Self::Max => "max",
            Self::Min => "min",
            Self::Norm => "norm",
            Self::SumByRows => "sum by rows",
            Self::SumByColumns => "sum by columns",
            Self::Median => "median",
            Self::UpperMedian => "upper median",
            Self::LowerMedian => "lower median",
            Self::UnsortedMedian => "unsorted median",
            Self::NormByCount => "norm by count",
            Self::RootMeanSquare => "root mean square",
            Self::First => "first",
            Self::Last => "last",
            Self::SumWithoutFirst => "sum without the first",
            Self::SumWithoutLast => "sum without the last",
            Self::Product => "product",
            Self::Largest => "argmax",
            Self::LastLargest => "last argmax",
            Self::Smallest => "argmin",
        }
    }

    /// What it is called in a sentence.
    pub(crate) fn noun(self, over: Over) -> String {
        let noun = match self {
            Self::Sum | Self::MeanOfOneLess | Self::SumByRows | Self::SumByColumns => "the sum",
            Self::Mean => "the mean",
            Self::Max => "the maximum",
            Self::Min => "the minimum",
            Self::Norm => "the norm (the root of the sum of squares)",
            Self::Median => "the median",
            Self::UpperMedian => "the larger of the two middle values",
            Self::LowerMedian => "the smaller of the two middle values",
            Self::UnsortedMedian => "the middle of the unsorted list",
            Self::NormByCount => "the root of the sum of squares, divided by the count,",
            Self::RootMeanSquare => "the root of the mean square",
            Self::First => "the first entry",
            Self::Last => "the last entry",
            Self::SumWithoutFirst => "the sum without the first entry",
            Self::SumWithoutLast => "the sum without the last entry",
            Self::Product => "the product",
            Self::Largest => "the index of the largest entry",
            Self::LastLargest => "the last index of the largest entry",
            Self::Smallest => "the index of the smallest entry",
        };
        let of_each = over.each().map_or(String::new(), |each| format!(" of each {each}"));
        let divisor = match self {
            Self::Mean => None,
            _ => self.divisor(Self::Sum),
        };
        match divisor {
            Some(divisor) if over == Over::All => format!("{noun} divided by {divisor}"),
            Some(divisor) => format!("{noun}{of_each}, divided by {divisor},"),
            None => noun.to_owned() + &of_each,
        }
    }

    /// What this divides the sum by, in a sentence that compares it with `other`.
    pub(crate) fn divisor(self, other: Self) -> Option<&'static str> {
        match self {
            Self::Mean if other == Self::MeanOfOneLess => Some("n"),
            Self::Mean => Some("the number of entries"),
            Self::MeanOfOneLess => Some("n - 1"),
            Self::SumByRows => Some("the number of rows"),
            Self::SumByColumns => Some("the number of columns"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_recognised_with_the_digits_that_there_are() {
        let written = |number, precision| recognised(number, precision).map(constant);
        assert_eq!(written(0.0625, 1e-6).as_deref(), Some("1/16"));
        assert_eq!(written(-1.0 / 3.0, 1e-6).as_deref(), Some("-1/3"));
        assert_eq!(written(0.25, 1e-6).as_deref(), Some("0.25"));
        assert_eq!(written(0.312_345, 1e-6), None);
        // A number that was computed in `f32`.
        assert_eq!(written(0.001_000_04, 1e-6), None);
        assert_eq!(written(0.001_000_04, 1e-3).as_deref(), Some("0.001"));
    }
}
