//! What is right in exercise 1, and what is commonly got wrong.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("is_leap_year", "is_leap_year", "is_leap_year knows all three rules", 2)
            .on(|draw| {
                // A table of right answers knows the first four, but not those that each seed draws.
                let mut years = vec![2024, 2023, 1900, 2000];
                years.extend((0..8).map(|_| 1600 + draw::number(draw, 400.0).abs() as usize));
                years.into_iter().map(|year| Record::new().with("year", year)).collect()
            })
            .expects(|c| is_leap(c.count("year")))
            .mistake("only_fours", "Not every fourth year: 1900 was none.", |c| c.count("year") % 4 == 0)
            .mistake("no_centuries", "2000 was a leap year: a four hundredth year is one again.", |c| {
                c.count("year") % 4 == 0 && c.count("year") % 100 != 0
            }),
    ]
}

fn is_leap(year: usize) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}
