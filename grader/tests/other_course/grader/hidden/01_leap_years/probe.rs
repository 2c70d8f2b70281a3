//! What the grader asks of exercise 1.

use probe::serve;

const IS_LEAP_YEAR: fn(usize) -> bool = submission::is_leap_year;

fn main() {
    serve(&[("is_leap_year", |case| IS_LEAP_YEAR(case.count("year")).into())]);
}
