//! A question that is being asked: what it looks like, and what is said to an answer. No terminal, no files.

use course::quiz::{Answer, Choice, Kind, Match, Number, Open, Order, Pair, Parts, Question};

/// Rows of a curve; each holds eight levels.
const CURVE_ROWS: usize = 3;

/// A question with its options in the order in which they are shown.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is asked.
    pub question: Question,
    /// For each list of options, which of the file's stands at each letter.
    orders: Vec<Vec<usize>>,
    /// The model answer of an open question has been shown, and what it contains is to be ticked.
    is_ticking: bool,
}

/// What a page needs to show controls for an answer. Texts are Markdown.
#[derive(Debug)]
pub struct Form<'a> {
    /// The kind of the question.
    pub kind: &'static str,
    /// The lists of options, each in the order of its letters.
    pub options: Vec<Vec<&'a str>>,
    /// What stands around the gaps of a formula.
    pub pieces: Vec<&'a str>,
    /// The pictures that have causes, in the order of the letters that are asked for.
    pub pictures: Vec<String>,
    /// What stands behind a number.
    pub unit: &'a str,
    /// How many points there are to be ticked below the model answer.
    pub points: usize,
}

/// What is said to an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is no answer to this question: how to answer.
    Unclear(String),
    /// There is a second part to answer, which is asked here.
    More(String),
    /// It is judged.
    Judged {
        /// Whether it is right.
        right: bool,
        /// Whether it is not, and some of it is: of several options, gaps, pictures, steps or points.
        partly: bool,
        /// What was answered, in the words of the question.
        given: String,
        /// Why, in Markdown.
        says: String,
    },
}

impl Reply {
    /// In one word: `right`, `partly`, `wrong`, `unclear` or `more`.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match self {
            Self::Unclear(_) => "unclear",
            Self::More(_) => "more",
            Self::Judged { right: true, .. } => "right",
            Self::Judged { partly: true, .. } => "partly",
            Self::Judged { .. } => "wrong",
        }
    }
}

impl Asked {
    /// The question, with its options in an order that `random` decides.
    pub fn new(question: Question, random: &mut fastrand::Rng) -> Self {
        let lengths: Vec<usize> = match &question.kind {
            Kind::One(choice) | Kind::Several(choice) | Kind::Predict { choice, .. } => vec![choice.options.len()],
            Kind::Order(order) => vec![order.steps.len()],
            Kind::Parts(parts) => parts.parts.iter().map(|part| part.options.len()).collect(),
            Kind::Match(pairs) => vec![pairs.pairs.len()],
            Kind::Number(_) | Kind::Open(_) => Vec::new(),
        };
        let mut shuffled = |length: usize| {
            let mut order: Vec<usize> = (0..length).collect();
            random.shuffle(&mut order);
            order
        };
        let mut orders: Vec<Vec<usize>> = lengths.into_iter().map(&mut shuffled).collect();
        // Steps that are in order already, or causes beside their pictures, would be no question.
        if matches!(question.kind, Kind::Order(_) | Kind::Match(_)) && orders[0].is_sorted() {
            orders[0].rotate_left(1);
        }
        Self { question, orders, is_ticking: false }
    }

    /// Whether the learner has judged an answer to it.
    pub fn is_open(&self) -> bool {
        matches!(self.question.kind, Kind::Open(_))
    }

    /// The question and its options, in Markdown.
    pub fn prompt(&self) -> String {
        let mut text = self.question.ask.clone() + "\n\n";
        match &self.question.kind {
            Kind::One(choice) | Kind::Several(choice) | Kind::Predict { choice, .. } => {
                text += &lettered(self.orders[0].iter().map(|at| &choice.options[*at].text));
            }
            Kind::Order(order) => text += &lettered(self.orders[0].iter().map(|at| &order.steps[*at].text)),
            Kind::Parts(parts) => {
                text += &format!("`{}`\n\n", with_gaps(&parts.formula));
                for (gap, (part, order)) in parts.parts.iter().zip(&self.orders).enumerate() {
                    text += &format!("Gap {}:\n\n", gap + 1);
                    text += &lettered(order.iter().map(|at| &part.options[*at].text));
                }
            }
            Kind::Match(Match { pairs }) => {
                for (number, pair) in pairs.iter().enumerate() {
                    let gap = if pair.curve.is_empty() { "  " } else { "\n\n" };
                    text += &format!("**{}**{gap}{}\n\n", number + 1, picture(pair));
                }
                text += &lettered(self.orders[0].iter().map(|at| &pairs[*at].cause));
            }
            Kind::Number(_) | Kind::Open(_) => {}
        }
        text.trim_end().to_owned()
    }

    /// The same without letters, for a page.
    pub fn form(&self) -> Form<'_> {
        let mut form =
            Form { kind: "", options: Vec::new(), pieces: Vec::new(), pictures: Vec::new(), unit: "", points: 0 };
        let texts: Vec<Vec<&str>>;
        (form.kind, texts) = match &self.question.kind {
            Kind::One(choice) | Kind::Predict { choice, .. } => ("one", vec![options_of(choice)]),
            Kind::Several(choice) => ("several", vec![options_of(choice)]),
            Kind::Order(order) => ("order", vec![order.steps.iter().map(|step| &*step.text).collect()]),
            Kind::Parts(parts) => {
                form.pieces = parts.formula.split("{}").collect();
                ("parts", parts.parts.iter().map(options_of).collect())
            }
            Kind::Match(Match { pairs }) => {
                form.pictures = pairs.iter().map(picture).collect();
                ("match", vec![pairs.iter().map(|pair| &*pair.cause).collect()])
            }
            Kind::Number(number) => {
                form.unit = &number.unit;
                ("number", Vec::new())
            }
            Kind::Open(open) => {
                form.points = open.contains.len();
                ("open", Vec::new())
            }
        };
        form.options = texts
            .into_iter()
            .zip(&self.orders)
            .map(|(texts, order)| order.iter().map(|at| texts[*at]).collect())
            .collect();
        form
    }

    /// How to answer, in a few words.
    pub fn how(&self) -> String {
        match &self.question.kind {
            Kind::One(_) | Kind::Predict { .. } => "one letter".to_owned(),
            Kind::Several(_) => "all letters that are right, such as: a c".to_owned(),
            Kind::Number(Number { unit, .. }) if unit.is_empty() => "a number".to_owned(),
            Kind::Number(Number { unit, .. }) => format!("a number ({unit})"),
            Kind::Order(_) => "all letters in the right order, such as: b a c".to_owned(),
            Kind::Parts(parts) if parts.parts.len() == 1 => "a letter for the gap".to_owned(),
            Kind::Parts(_) => "a letter for each gap, such as: b a".to_owned(),
            Kind::Match(_) => "a letter for each number, in order, such as: b a c".to_owned(),
            Kind::Open(_) if self.is_ticking => {
                "the numbers of the points that yours contains, such as: 1 3 (or 0)".to_owned()
            }
            Kind::Open(_) => "your answer in a sentence or two".to_owned(),
        }
    }

    /// What is said to the answer `typed`.
    pub fn answer(&mut self, typed: &str) -> Reply {
        let judged = match &self.question.kind {
            Kind::One(choice) | Kind::Predict { choice, .. } => self.one(choice, typed),
            Kind::Several(choice) => self.several(choice, typed),
            Kind::Number(number) => a_number(number, typed),
            Kind::Order(order) => self.order(order, typed),
            Kind::Parts(parts) => self.parts(parts, typed),
            Kind::Match(pairs) => self.pairs(pairs, typed),
            Kind::Open(open) if self.is_ticking => ticks(open, typed),
            Kind::Open(open) => {
                let model = model(open);
                self.is_ticking = true;
                return Reply::More(model);
            }
        };
        judged.unwrap_or_else(|| Reply::Unclear(format!("This is not an answer to the question. Type {}.", self.how())))
    }

    /// The right answer and why it is right, in Markdown.
    pub fn solution(&self) -> String {
        match &self.question.kind {
            Kind::One(choice) | Kind::Predict { choice, .. } | Kind::Several(choice) => rights(choice),
            Kind::Number(number) => format!("**{}** {}\n\n{}", number.answer, number.unit, number.because),
            Kind::Order(order) => {
                let steps =
                    order.steps.iter().zip(1..).map(|(step, n)| format!("{n}. {}: {}", step.text, step.because));
                steps.collect::<Vec<_>>().join("\n")
            }
            Kind::Parts(parts) => {
                let filled = parts.parts.iter().fold(parts.formula.clone(), |formula, part| {
                    let right = part.options.iter().find(|option| option.right).map_or("", |option| &option.text);
                    formula.replacen("{}", right.trim_matches('`'), 1)
                });
                let why: Vec<String> = parts.parts.iter().map(rights).collect();
                format!("`{filled}`\n\n{}", why.join("\n\n"))
            }
            Kind::Match(Match { pairs }) => {
                let lines = pairs.iter().zip(1..).map(|(pair, n)| format!("{n}. {}: {}", pair.cause, pair.because));
                lines.collect::<Vec<_>>().join("\n")
            }
            Kind::Open(open) => model(open),
        }
    }

    /// Which options of the file `typed` names, for a question that has one list of them: as many as `count` letters.
    fn chosen(&self, typed: &str, count: usize) -> Option<Vec<usize>> {
        let order = &self.orders[0];
        let letters = letters(typed, &vec![order.len(); count])?;
        Some(letters.into_iter().map(|letter| order[letter]).collect())
    }

    fn one(&self, choice: &Choice, typed: &str) -> Option<Reply> {
        let option = &choice.options[self.chosen(typed, 1)?[0]];
        let (right, given, says) = (option.right, option.text.clone(), option.because.clone());
        Some(Reply::Judged { right, partly: false, given, says })
    }

    fn several(&self, choice: &Choice, typed: &str) -> Option<Reply> {
        let chosen = self.chosen(typed, typed.chars().filter(|c| c.is_alphabetic()).count())?;
        let is_chosen = |option: &Answer| chosen.iter().any(|at| std::ptr::eq(&choice.options[*at], option));
        let given: Vec<&str> = chosen.iter().map(|at| choice.options[*at].text.as_str()).collect();
        let has_wrong = choice.options.iter().any(|option| is_chosen(option) && !option.right);
        let rights = choice.options.iter().filter(|option| option.right).count();
        let found = choice.options.iter().filter(|option| option.right && is_chosen(option)).count();
        let right = !has_wrong && found == rights;
        let said = choice.options.iter().filter(|option| is_chosen(option) && option.right == right);
        let mut says: Vec<String> = said.map(sentence).collect();
        if !right {
            says.push(match rights - found {
                0 => "All options that are right are among yours.".to_owned(),
                1 if !has_wrong => "What you chose is right. One more option is right, too.".to_owned(),
                n if !has_wrong => format!("What you chose is right. {n} more options are right, too."),
                _ => format!("Of the {rights} options that are right, {found} {} among yours.", are(found)),
            });
        }
        let partly = !right && found > 0;
        Some(Reply::Judged { right, partly, given: given.join("; "), says: says.join("\n\n") })
    }

    fn order(&self, Order { steps }: &Order, typed: &str) -> Option<Reply> {
        let chosen = self.chosen(typed, steps.len())?;
        if (0..steps.len()).any(|at| !chosen.contains(&at)) {
            return None;
        }
        let given: Vec<&str> = chosen.iter().map(|at| steps[*at].text.as_str()).collect();
        let says = match chosen.iter().enumerate().find(|(place, at)| place != *at) {
            None => steps.iter().map(|step| step.because.clone()).collect::<Vec<_>>().join(" "),
            Some((place, at)) => {
                let so_far = match place {
                    0 => "The first step is another one.".to_owned(),
                    1 => "The first step is right, the second is another one.".to_owned(),
                    n => format!("The first {n} steps are right, the next is another one."),
                };
                format!("{so_far} On “{}”: {}", steps[*at].text, steps[*at].because)
            }
        };
        let right = chosen.is_sorted();
        Some(Reply::Judged { right, partly: !right && chosen[0] == 0, given: given.join(" → "), says })
    }

    fn parts(&self, Parts { parts, .. }: &Parts, typed: &str) -> Option<Reply> {
        let lengths: Vec<usize> = parts.iter().map(|part| part.options.len()).collect();
        let letters = letters(typed, &lengths)?;
        let chosen: Vec<&Answer> =
            parts.iter().zip(&self.orders).zip(letters).map(|((part, order), at)| &part.options[order[at]]).collect();
        let right = chosen.iter().all(|option| option.right);
        let said = chosen.iter().enumerate().filter(|(_, option)| option.right == right);
        let says: Vec<String> = said.map(|(gap, option)| format!("Gap {}: {}", gap + 1, option.because)).collect();
        let given: Vec<&str> = chosen.iter().map(|option| option.text.as_str()).collect();
        let partly = !right && chosen.iter().any(|option| option.right);
        Some(Reply::Judged { right, partly, given: given.join("; "), says: says.join("\n\n") })
    }

    fn pairs(&self, Match { pairs }: &Match, typed: &str) -> Option<Reply> {
        let chosen = self.chosen(typed, pairs.len())?;
        let given: Vec<&str> = chosen.iter().map(|at| pairs[*at].cause.as_str()).collect();
        let right = chosen.is_sorted_by(|one, other| one < other);
        let fit = chosen.iter().enumerate().filter(|(place, at)| place == *at).count();
        let says = if right {
            let lines = pairs.iter().zip(1..).map(|(pair, n)| format!("Number {n}: {}", pair.because));
            lines.collect::<Vec<_>>().join("\n\n")
        } else {
            let (place, _) = chosen.iter().enumerate().find(|(place, at)| place != *at)?;
            format!("{fit} of {} fit. Look at number {} again: {}", pairs.len(), place + 1, pairs[place].because)
        };
        Some(Reply::Judged { right, partly: !right && fit > 0, given: given.join("; "), says })
    }
}

fn options_of(choice: &Choice) -> Vec<&str> {
    choice.options.iter().map(|option| &*option.text).collect()
}

fn rights(choice: &Choice) -> String {
    choice.options.iter().filter(|option| option.right).map(sentence).collect::<Vec<_>>().join("\n\n")
}

fn sentence(option: &Answer) -> String {
    format!("**{}**: {}", option.text, option.because)
}

fn model(Open { model, contains }: &Open) -> String {
    let points: Vec<String> = contains.iter().zip(1..).map(|(point, n)| format!("{n}. {point}")).collect();
    format!(
        "A good answer: {model}\n\nIt contains these points. Which of them does yours contain?\n\n{}",
        points.join("\n")
    )
}

fn ticks(Open { contains, .. }: &Open, typed: &str) -> Option<Reply> {
    let mut ticked = Vec::new();
    for number in typed.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty()) {
        match number.parse().ok()? {
            0 => {}
            n if n <= contains.len() => ticked.push(n),
            _ => return None,
        }
    }
    ticked.sort_unstable();
    ticked.dedup();
    if typed.trim().is_empty() || typed.chars().any(char::is_alphabetic) {
        return None;
    }
    let missing: Vec<&str> =
        contains.iter().zip(1..).filter(|(_, n)| !ticked.contains(n)).map(|(point, _)| point.as_str()).collect();
    let right = missing.is_empty();
    let says = if right {
        "Then your answer is complete.".to_owned()
    } else {
        format!("What was missing, for the next time: {}.", missing.join("; "))
    };
    let given = format!("{} of {} points", ticked.len(), contains.len());
    Some(Reply::Judged { right, partly: !right && !ticked.is_empty(), given, says })
}

fn a_number(number: &Number, typed: &str) -> Option<Reply> {
    let readings = readings(typed, &number.unit);
    let given = *readings.first()?;
    let shown = typed.trim().to_owned();
    if readings.iter().any(|given| number.is(*given, number.answer)) {
        return Some(Reply::Judged { right: true, partly: false, given: shown, says: number.because.clone() });
    }
    let near = number.near.iter().find(|near| number.is(given, near.value));
    let says = near.map_or(&number.otherwise, |near| &near.because).clone();
    Some(Reply::Judged { right: false, partly: false, given: shown, says })
}

/// What a typed number may mean: `0.5`, `1/2`, `1e-3`, `50 %`, and a comma as a decimal point or between thousands.
fn readings(typed: &str, unit: &str) -> Vec<f64> {
    let plain: String = typed.trim().replace(['\u{2212}', '–'], "-");
    let plain = plain.strip_suffix(unit.trim()).unwrap_or(&plain).replace(['_', ' '], "");
    let (plain, share) = plain.strip_suffix('%').map_or((&*plain, 1.0), |percent| (percent, 0.01));
    let parse = |text: &str| -> Option<f64> {
        let value = match text.split_once('/') {
            Some((above, below)) => above.parse::<f64>().ok()? / below.parse::<f64>().ok()?,
            None => text.parse::<f64>().ok()?,
        };
        Some(value * share).filter(|value| value.is_finite())
    };
    [plain.replace(',', "."), plain.replace(',', "")].iter().filter_map(|text| parse(text)).collect()
}

/// The options that `typed` names, one for each list of so many options.
fn letters(typed: &str, lengths: &[usize]) -> Option<Vec<usize>> {
    let typed: Vec<char> = typed.chars().filter(|c| !c.is_whitespace() && !",;.-+()→>".contains(*c)).collect();
    if typed.is_empty() || typed.len() != lengths.len() {
        return None;
    }
    let place = |(c, length): (&char, &usize)| {
        let at = (c.to_ascii_lowercase() as usize).checked_sub('a' as usize)?;
        (at < *length).then_some(at)
    };
    typed.iter().zip(lengths).map(place).collect()
}

/// What follows a count.
fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn letter(at: usize) -> char {
    (b'a'..=b'z').nth(at).map_or('?', char::from)
}

/// A list whose points are letters. Markdown knows none, so each is a paragraph of its own.
fn lettered<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.enumerate().map(|(at, text)| format!("**{}**  {}\n\n", letter(at), text.trim())).collect()
}

/// The formula with numbered gaps.
fn with_gaps(formula: &str) -> String {
    let mut pieces = formula.split("{}");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for (piece, number) in pieces.zip(1..) {
        text += &format!("[{number}]{piece}");
    }
    text
}

/// A picture to be matched, in Markdown.
fn picture(pair: &Pair) -> String {
    if pair.curve.is_empty() { pair.picture.trim().to_owned() } else { format!("```text\n{}```", curve(&pair.curve)) }
}

/// A curve as text, from its least value to its greatest, with its first and last value beside it.
fn curve(values: &[f64]) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let levels = 8 * CURVE_ROWS;
    let level = |value: f64| {
        let share = if greatest > least { (value - least) / (greatest - least) } else { 0.5 };
        1 + (share * (levels - 1) as f64).round() as usize
    };
    let mut text = String::new();
    for row in (0..CURVE_ROWS).rev() {
        let line: String = values
            .iter()
            .map(|value| match level(*value).saturating_sub(8 * row) {
                0 => ' ',
                height => ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][height.min(8) - 1],
            })
            .collect();
        text += &format!("{}\n", line.trim_end());
    }
    if let [first, .., last] = values {
        text += &format!("{first} → {last}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use course::quiz::{Near, Step};
    use proptest::prelude::*;

    use super::*;

    fn asked(kind: Kind) -> Asked {
        let question = Question { id: "q".to_owned(), topics: Vec::new(), ask: "What?".to_owned(), kind };
        let mut asked = Asked::new(question, &mut fastrand::Rng::with_seed(1));
        // Letters are places in the file, so that the tests can be read; only the steps are turned round by one.
        for order in &mut asked.orders {
            order.sort_unstable();
        }
        asked
    }

    fn option(text: &str, right: bool) -> Answer {
        Answer { text: text.to_owned(), right, because: format!("about {text}") }
    }

    fn three(rights: [bool; 3]) -> Choice {
        Choice { options: ["x", "y", "z"].iter().zip(rights).map(|(text, right)| option(text, right)).collect() }
    }

    fn judged(reply: Reply) -> (bool, String, String) {
        match reply {
            Reply::Judged { right, given, says, .. } => (right, given, says),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_option_is_chosen_by_its_letter() {
        let mut question = asked(Kind::One(three([false, true, false])));
        assert_eq!(judged(question.answer(" B ")), (true, "y".to_owned(), "about y".to_owned()));
        assert_eq!(judged(question.answer("a.")), (false, "x".to_owned(), "about x".to_owned()));
        for unclear in ["", "d", "ab", "1", "yes", "ß"] {
            assert!(matches!(question.answer(unclear), Reply::Unclear(_)), "{unclear}");
        }
        assert_eq!(question.prompt(), "What?\n\n**a**  x\n\n**b**  y\n\n**c**  z");
        assert_eq!(question.solution(), "**y**: about y");
    }

    #[test]
    fn of_several_options_all_that_are_right_have_to_be_chosen_and_no_other() {
        let mut question = asked(Kind::Several(three([true, false, true])));
        assert!(judged(question.answer("c, a")).0);
        let (right, _, says) = judged(question.answer("a"));
        assert_eq!((right, says.as_str()), (false, "What you chose is right. One more option is right, too."));
        let (right, _, says) = judged(question.answer("ab"));
        assert!(!right && says.starts_with("**y**: about y") && !says.contains("about x"), "{says}");
        assert!(says.ends_with("Of the 2 options that are right, 1 is among yours."), "{says}");
        assert!(judged(question.answer("abc")).2.ends_with("All options that are right are among yours."));
    }

    #[test]
    fn what_is_partly_right_is_told_from_what_is_wrong() {
        let partly = |kind: Kind, typed: &str| match asked(kind).answer(typed) {
            Reply::Judged { right: false, partly, .. } => partly,
            other => panic!("{other:?}"),
        };
        let several = || Kind::Several(three([true, false, true]));
        assert!(
            partly(several(), "a") && partly(several(), "ab") && partly(several(), "abc") && !partly(several(), "b")
        );
        let parts = vec![three([true, false, false]), three([false, true, false])];
        let parts = || Kind::Parts(Parts { formula: "d = {} · {}".to_owned(), parts: parts.clone() });
        assert!(partly(parts(), "aa") && !partly(parts(), "bc"));
        assert!(!partly(Kind::One(three([true, false, false])), "b"));
    }

    #[test]
    fn a_number_is_right_near_or_neither() {
        let near = Near { value: 20.0, mistake: None, because: "in %".to_owned() };
        let number = Number {
            answer: 0.2,
            tolerance: 0.005,
            unit: "epochs".to_owned(),
            because: "yes".to_owned(),
            otherwise: "no".to_owned(),
            near: vec![near],
        };
        let mut question = asked(Kind::Number(number.clone()));
        for right in ["0.2", ".2", "0,2", "1/5", "2e-1", "0.2 epochs", " 0.203 ", "20 %", "20%"] {
            assert!(judged(question.answer(right)).0, "{right}");
        }
        assert_eq!(judged(question.answer("20")).2, "in %");
        assert_eq!(judged(question.answer("-0.2")).2, "no");
        assert_eq!(judged(question.answer("0.2 %")).2, "no");
        for unclear in ["", "a", "1/0", "NaN", "inf", "0.2.1"] {
            assert!(matches!(question.answer(unclear), Reply::Unclear(_)), "{unclear}");
        }
        let mut thousands = asked(Kind::Number(Number { answer: 235_146.0, tolerance: 0.0, ..number }));
        assert!(judged(thousands.answer("235,146")).0);
    }

    #[test]
    fn steps_are_right_up_to_the_first_that_is_not() {
        let step = |text: &str| Step { text: text.to_owned(), because: format!("about {text}") };
        let mut question = asked(Kind::Order(Order { steps: vec![step("x"), step("y"), step("z")] }));
        assert!(judged(question.answer("a b c")).0);
        let (right, given, says) = judged(question.answer("acb"));
        assert_eq!((right, given.as_str()), (false, "x → z → y"));
        assert_eq!(says, "The first step is right, the second is another one. On “z”: about z");
        assert!(matches!(question.answer("aab"), Reply::Unclear(_)));
    }

    #[test]
    fn steps_are_never_shown_in_their_order() {
        let step = |text: &str| Step { text: text.to_owned(), because: String::new() };
        let kind = Kind::Order(Order { steps: vec![step("x"), step("y"), step("z")] });
        let question = Question { id: "q".to_owned(), topics: Vec::new(), ask: "What?".to_owned(), kind };
        for seed in 0..50 {
            assert!(!Asked::new(question.clone(), &mut fastrand::Rng::with_seed(seed)).orders[0].is_sorted());
        }
    }

    #[test]
    fn a_formula_is_filled_gap_by_gap() {
        let parts = vec![three([true, false, false]), three([false, true, false])];
        let mut question = asked(Kind::Parts(Parts { formula: "d = {} · {}".to_owned(), parts }));
        assert!(question.prompt().contains("`d = [1] · [2]`"));
        assert!(judged(question.answer("a b")).0);
        assert_eq!(judged(question.answer("aa")).2, "Gap 2: about x");
        assert!(question.solution().starts_with("`d = x · y`"));
    }

    #[test]
    fn pictures_are_matched_with_causes() {
        let pair = |cause: &str| Pair {
            curve: vec![1.0, 0.5, 0.0],
            picture: String::new(),
            cause: cause.to_owned(),
            because: format!("about {cause}"),
        };
        let mut question = asked(Kind::Match(Match { pairs: vec![pair("x"), pair("y"), pair("z")] }));
        assert!(judged(question.answer("abc")).0);
        assert_eq!(judged(question.answer("acb")).2, "1 of 3 fit. Look at number 2 again: about y");
        assert!(!judged(question.answer("aaa")).0);
        assert!(question.prompt().contains("█"));
    }

    #[test]
    fn an_open_question_is_judged_by_the_learner() {
        let open = Open { model: "m".to_owned(), contains: vec!["p".to_owned(), "q".to_owned()] };
        let mut question = asked(Kind::Open(open));
        assert!(matches!(question.answer("because"), Reply::More(text) if text.contains("2. q")));
        assert!(matches!(question.answer("3"), Reply::Unclear(_)));
        assert_eq!(judged(question.answer("0")).1, "0 of 2 points");
        assert_eq!(
            judged(question.answer("1")),
            (false, "1 of 2 points".to_owned(), "What was missing, for the next time: q.".to_owned())
        );
        assert!(judged(question.answer("2 1")).0);
    }

    #[test]
    fn a_curve_shows_where_it_rises() {
        assert_eq!(curve(&[0.0, 1.0]), " █\n █\n▁█\n0 → 1\n");
        assert_eq!(curve(&[2.0, 2.0, 2.0]).lines().nth(1), Some("▅▅▅"));
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_answered(typed in ".{0,12}") {
            for kind in [
                Kind::One(three([true, false, false])),
                Kind::Several(three([true, true, false])),
                Kind::Open(Open { model: String::new(), contains: vec![String::new()] }),
            ] {
                let mut question = asked(kind);
                question.answer(&typed);
                question.answer(&typed);
            }
        }
    }
}
