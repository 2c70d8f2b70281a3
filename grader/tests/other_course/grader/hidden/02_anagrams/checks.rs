//! What is right in exercise 2, and what is commonly got wrong.

use std::collections::BTreeSet;

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let cases = |_: &mut _| {
        [("listen", "Silent"), ("aab", "abb"), ("aab", "aba"), ("abc", "abcd"), ("rust", "bust")]
            .map(|(one, other)| Record::new().with("one", one).with("other", other))
            .to_vec()
    };
    vec![
        Check::new("are_anagrams", "are_anagrams", "are_anagrams counts every letter, large or small", 3)
            .on(cases)
            .expects(|c| letters(c, "one") == letters(c, "other"))
            .mistake("letters_counted_once", "`aab` and `abb` have the same letters, but not each as often.", |c| {
                let set = |name| letters(c, name).into_iter().collect::<BTreeSet<char>>();
                set("one") == set("other")
            })
            .mistake("capitals_are_others", "A capital letter counts as its small one: `to_lowercase`.", |c| {
                let sorted = |name| {
                    let mut letters: Vec<char> = c.text(name).chars().collect();
                    letters.sort();
                    letters
                };
                sorted("one") == sorted("other")
            }),
    ]
}

fn letters(c: &Record, name: &str) -> Vec<char> {
    let mut letters: Vec<char> = c.text(name).to_lowercase().chars().collect();
    letters.sort();
    letters
}
