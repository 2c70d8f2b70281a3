//! The images to learn from, looked at once.

use ndarray::ArrayRef2;

use crate::sparse::Term;

/// The images to learn from. Where most pixels are 0, it holds a list of the others as well, and training with it is
/// faster; the result is the same but for rounding.
#[derive(Clone, Debug)]
pub struct Images<'a> {
    /// (n, n_in)
    pub(crate) bytes: &'a ArrayRef2<u8>,
    pub(crate) ink: Option<Ink>,
}

impl<'a> Images<'a> {
    /// The largest share of ink with which lists are faster. A product of whole matrices reads each number once for many
    /// sums, and a list for one; so an entry of a list takes about twice as long.
    pub const MOST_INK: f64 = 0.5;

    /// `bytes` (n, n_in) hold a byte a pixel, which counts as a number between 0 and 1.
    pub fn new(bytes: &'a ArrayRef2<u8>) -> Self {
        let ink = bytes.iter().filter(|&&byte| byte != 0).count();
        let sparse = ink as f64 <= Self::MOST_INK * bytes.len() as f64;
        Self { bytes, ink: sparse.then(|| Ink::of_images(bytes, ink)) }
    }

    /// How many pixels there are to work on: those that are not 0 where there are lists, else all.
    #[must_use]
    pub fn n_terms(&self) -> usize {
        self.ink.as_ref().map_or(self.bytes.len(), |ink| ink.lists.terms.len())
    }

    /// Whether there are lists, because most pixels are 0.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.ink.is_some()
    }
}

/// For each image its ink: the pixels that are not 0, as numbers between 0 and 1.
#[derive(Clone, Debug)]
pub(crate) struct Ink {
    /// A list for each image and band of [`BAND`] pixels.
    lists: Lists,
    n_in: usize,
}

/// How many pixels are worked on at a time. Their weights for a piece of neurons (49 KiB) stay close to the processor while all
/// images of a batch go by. (Measured: faster than all pixels at once,
/// and no slower than smaller bands.)
const BAND: usize = 196;

impl Ink {
    fn of_images(bytes: &ArrayRef2<u8>, ink: usize) -> Self {
        let mut lists = Lists { starts: vec![0], terms: Vec::with_capacity(ink) };
        for row in bytes.rows() {
            for (at, &byte) in row.iter().enumerate() {
                if byte != 0 {
                    lists.terms.push(Term { at: at as u32, value: f32::from(byte) / 255.0 });
                }
                if (at + 1) % BAND == 0 || at + 1 == row.len() {
                    lists.starts.push(lists.terms.len());
                }
            }
        }
        Self { lists, n_in: bytes.ncols() }
    }

    pub(crate) fn n_bands(&self) -> usize {
        self.n_in.div_ceil(BAND)
    }

    /// The ink of an image in a band of pixels.
    pub(crate) fn of_band(&self, image: usize, band: usize) -> &[Term] {
        self.lists.list(image * self.n_bands() + band)
    }

    /// All ink of an image.
    fn of(&self, image: usize) -> &[Term] {
        let Lists { starts, terms } = &self.lists;
        &terms[starts[image * self.n_bands()]..starts[(image + 1) * self.n_bands()]]
    }

    /// For each pixel which of the `chosen` images have ink there, and how much. Numbered are the images as they were
    /// chosen, from 0. (A counting sort: count, add up, place.)
    pub(crate) fn sort_by_pixel(&self, chosen: &[usize], sorted: &mut Lists) {
        let Lists { starts, terms } = sorted;
        starts.clear();
        starts.resize(self.n_in + 1, 0);
        for &image in chosen {
            self.of(image).iter().for_each(|term| starts[term.at as usize] += 1);
        }
        let mut total = 0;
        for start in starts.iter_mut() {
            total += *start;
            *start = total;
        }
        terms.resize(total, Term::default());
        // Filled from the back, so that each start ends up where its list begins.
        for (at, &image) in chosen.iter().enumerate().rev() {
            for term in self.of(image) {
                let place = &mut starts[term.at as usize];
                *place -= 1;
                terms[*place] = Term { at: at as u32, value: term.value };
            }
        }
    }
}

/// Lists one after the other, in one piece of memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lists {
    /// Where each list begins; and at last where the last one ends.
    starts: Vec<usize>,
    terms: Vec<Term>,
}

impl Lists {
    pub(crate) fn list(&self, at: usize) -> &[Term] {
        &self.terms[self.starts[at]..self.starts[at + 1]]
    }
}
