//! What the grader asks of exercise 2.

use probe::serve;

const ARE_ANAGRAMS: fn(&str, &str) -> bool = submission::are_anagrams;

fn main() {
    serve(&[("are_anagrams", |case| ARE_ANAGRAMS(case.text("one"), case.text("other")).into())]);
}
