//! Holds the numbers in a lesson against computed ones.
//!
//! A test of each solution goes through its lesson: what is given, it names with [`Lesson::given`]; what follows from
//! that, it computes and claims with [`Lesson::says`]. [`Lesson::finish`] fails if any number in the lesson was
//! neither. So no number in a lesson can be wrong, go stale, or be added without a computation behind it.
//!
//! Numbers with a decimal point, an exponent or at least three digits count. Smaller whole numbers, years, and
//! whatever is part of a word (`f64`) or a link's address do not.

use std::{env, fs, ops::Range, path::Path};

/// A lesson, and which of its numbers have been accounted for.
#[derive(Debug)]
pub struct Lesson {
    text: String,
    numbers: Vec<Number>,
    covered: Vec<Range<usize>>,
}

/// A number as it stands in the text.
#[derive(Clone, Debug, PartialEq)]
struct Number {
    at: Range<usize>,
    value: f64,
    /// Half a unit of the last digit that is shown.
    precision: f64,
    /// Whether it has to be accounted for.
    counts: bool,
}

impl Lesson {
    /// The lesson of the exercise that the tested solution is of: `exercises/NN_name/README.md`.
    ///
    /// # Panics
    ///
    /// If it cannot be read, or if the test is not one of a crate in `solutions/`.
    #[must_use]
    pub fn of_this_exercise() -> Self {
        Self::read("exercises", "README.md")
    }

    /// The same for the questions of the exercise: `grader/hidden/NN_name/quiz.toml`, as it stands in the file.
    ///
    /// # Panics
    ///
    /// As [`Lesson::of_this_exercise`].
    #[must_use]
    pub fn of_this_quiz() -> Self {
        Self::read("grader/hidden", "quiz.toml")
    }

    fn read(place: &str, file: &str) -> Self {
        let solution = env::var("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let name = Path::new(&solution).file_name().expect("a solution has a folder");
        let path = Path::new(&solution).join("../..").join(place).join(name).join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        Self::new(text)
    }

    fn new(text: String) -> Self {
        // U+2212 is the minus sign of typography; it has three bytes, so it is replaced before anything is counted.
        let text = text.replace('\u{2212}', "-");
        let numbers = numbers(&text);
        Self { text, numbers, covered: Vec::new() }
    }

    /// Accounts for the numbers in `passage` as given: inputs of an example, figures with a source beside them.
    ///
    /// # Panics
    ///
    /// If the lesson has no such passage.
    pub fn given(&mut self, passage: &str) {
        self.cover(passage);
    }

    /// Accounts for the numbers in `passage`: they have to be `computed`, as precisely as they are shown, in order.
    ///
    /// # Panics
    ///
    /// If the lesson has no such passage, or its numbers are others.
    pub fn says(&mut self, passage: &str, computed: &[f64]) {
        self.cover(passage);
        let shown = numbers(&passage.replace('\u{2212}', "-"));
        let values: Vec<f64> = shown.iter().map(|number| number.value).collect();
        assert_eq!(values.len(), computed.len(), "{passage:?} shows {values:?}, computed are {computed:?}");
        for (number, &computed) in shown.iter().zip(computed) {
            let close = (number.value - computed).abs() <= number.precision * (1.0 + 1e-9);
            assert!(close, "{passage:?} shows {}, but {computed} is computed", number.value);
        }
    }

    /// Checks that every number is accounted for.
    ///
    /// # Panics
    ///
    /// If one is not: it is named with its line.
    pub fn finish(self) {
        let open: Vec<String> = self
            .numbers
            .iter()
            .filter(|number| number.counts)
            .filter(|number| {
                !self.covered.iter().any(|range| range.start <= number.at.start && number.at.end <= range.end)
            })
            .map(|number| {
                let line = self.text[..number.at.start].matches('\n').count() + 1;
                format!("line {line}: {}", &self.text[number.at.clone()])
            })
            .collect();
        assert!(open.is_empty(), "numbers that no test computes:\n{}", open.join("\n"));
    }

    fn cover(&mut self, passage: &str) {
        let (text, places) = unwrapped(&self.text);
        let (wanted, _) = unwrapped(passage.replace('\u{2212}', "-").trim());
        let before = self.covered.len();
        self.covered
            .extend(text.match_indices(&wanted).map(|(start, _)| places[start]..places[start + wanted.len() - 1] + 1));
        assert!(self.covered.len() > before, "the lesson does not say {passage:?}");
    }
}

/// `text` on one line, without the indentation of its lines, and where each byte of that stands in `text`. So a passage
/// is found however the lesson is wrapped.
fn unwrapped(text: &str) -> (String, Vec<usize>) {
    let (mut line, mut places) = (String::new(), Vec::new());
    for (at, c) in text.char_indices() {
        if c == ' ' && text[..at].trim_end_matches(' ').ends_with('\n') {
            continue;
        }
        line.push(if c == '\n' { ' ' } else { c });
        places.extend(at..at + c.len_utf8());
    }
    (line, places)
}

/// All numbers in `text` that are not part of a word or of a link's address.
fn numbers(text: &str) -> Vec<Number> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if text[at..].starts_with("](") {
            at += text[at..].find(')').unwrap_or(text.len() - at);
            continue;
        }
        let glued = at > 0 && (is_word(text[..at].chars().next_back()) || bytes[at - 1] == b'.');
        if !bytes[at].is_ascii_digit() || glued {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let end = at + number_length(&text[at..]);
        if is_word(text[end..].chars().next()) {
            at = end;
            continue;
        }
        // A minus is a sign unless it stands between two things, as in `784-128` and `2 - 1`.
        let negative = text[..at].ends_with('-') && {
            let before = text[..at - 1].chars().next_back();
            !(is_word(before) || before == Some(')') || before == Some('-'))
        };
        let start = if negative { at - 1 } else { at };
        found.extend(parse(&text[start..end]).map(|number| Number { at: start..end, ..number }));
        at = end;
    }
    found
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// How long the number is that `text` begins with: digits, thousands after commas, a fraction, an exponent.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(0);
    while text[end..].starts_with(',') && digits(end + 1) == 3 {
        end += 4;
    }
    if text[end..].starts_with('.') && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    for exponent in ["e-", "e"] {
        if text[end..].starts_with(exponent) && digits(end + exponent.len()) > 0 {
            end += exponent.len() + digits(end + exponent.len());
            break;
        }
    }
    end
}

fn parse(shown: &str) -> Option<Number> {
    let plain = shown.replace(',', "");
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((&plain, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let last_digit = exponent.parse::<i32>().ok()? - i32::try_from(decimals).ok()?;
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let value: f64 = plain.parse().ok()?;
    let year = !shown.contains([',', '.', 'e']) && (1900.0..2100.0).contains(&value);
    Some(Number {
        at: 0..0,
        value,
        precision: 0.5 * 10_f64.powi(last_digit),
        counts: (digits >= 3 || shown.contains(['.', 'e'])) && !year,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<f64> {
        numbers(text).iter().map(|number| number.value).collect()
    }

    #[test]
    fn numbers_are_found_in_prose_and_code() {
        assert_eq!(
            values("[0.9, -1.5] and 109,386 of 4.2e-18; x-1, 784-128, 2 - 1"),
            [0.9, -1.5, 109_386.0, 4.2e-18, 1.0, 784.0, 128.0, 2.0, 1.0]
        );
        assert_eq!(values("f64, Array2, 28x28, [a link](../02_elu/README.md), v1.5"), [] as [f64; 0]);
        assert_eq!(values("It ends with 3.5."), [3.5]);
    }

    #[test]
    fn a_claim_is_as_precise_as_what_is_shown() {
        Lesson::new("about 0.368.".into()).says("about 0.368", &[0.367_879]);
    }

    #[test]
    #[should_panic(expected = "shows 0.369, but 0.367879 is computed")]
    fn a_wrong_number_is_caught() {
        Lesson::new("about 0.369".into()).says("about 0.369", &[0.367_879]);
    }

    #[test]
    #[should_panic(expected = "line 2: 235,146")]
    fn a_number_that_no_test_computes_is_caught() {
        let mut lesson = Lesson::new("0.5 and\n235,146 in 2015, with 12 neurons".into());
        lesson.given("0.5");
        lesson.finish();
    }

    #[test]
    #[should_panic(expected = "the lesson does not say \"0.25\"")]
    fn a_passage_that_is_gone_is_caught() {
        Lesson::new("0.5".into()).given("0.25");
    }

    #[test]
    fn a_passage_may_be_wrapped_in_another_way() {
        Lesson::new("- it is\n  0.25 of 0.5".into()).given("it is 0.25\n  of 0.5");
    }

    #[test]
    fn a_typographic_minus_is_a_minus() {
        let mut lesson = Lesson::new("z = \u{2212}1.5".into());
        lesson.says("z = \u{2212}1.5", &[-1.5]);
        lesson.finish();
    }
}
