//! Words made of the same letters.

/// Whether `one` is made of the letters of `other`, each as often; capital letters count as small ones.
pub fn are_anagrams(one: &str, other: &str) -> bool {
    todo!()
}
