//! What is right in exercise 2, and what is commonly got wrong.

use std::collections::BTreeSet;

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        let pairs = [("listen", "Silent"), ("aab", "abb"), ("aab", "aba"), ("abc", "abcd"), ("rust", "bust")];
        let mut pairs = pairs.map(|(one, other)| (one.to_owned(), other.to_owned())).to_vec();
        // A word and itself turned round, or one letter in another place of the alphabet.
        for _ in 0..8 {
            let letters: Vec<u8> =
                draw::vector(draw, 6, 9.0).iter().map(|n| b'j'.wrapping_add_signed(*n as i8)).collect();
            let mut other: Vec<u8> = letters.iter().rev().copied().collect();
            other[0] += u8::from(draw::number(draw, 1.0) > 0.0);
            let word = |letters: Vec<u8>| String::from_utf8(letters).expect("small letters");
            pairs.push((word(letters), word(other)));
        }
        pairs.into_iter().map(|(one, other)| Record::new().with("one", one).with("other", other)).collect()
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
