//! The images to learn from, looked at once.

use std::{hint, ops::Range};

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
    /// The largest share of ink with which lists are used. A product of whole matrices reads each number once for many sums,
    /// and a list for one. Measured with random ink in images of MNIST's size: lists are faster up to a share of about 0.8 on
    /// one thread, and 0.5 on two.
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
        self.ink.as_ref().map_or(self.bytes.len(), |ink| ink.packed.len())
    }

    /// Whether there are lists, because most pixels are 0.
    #[must_use]
    pub fn is_sparse(&self) -> bool {
        self.ink.is_some()
    }
}

/// For each image its ink: the pixels that are not 0.
#[derive(Clone, Debug)]
pub(crate) struct Ink {
    /// Where the list of each image and band of [`BAND`] pixels begins; and at last where the last one ends.
    starts: Vec<usize>,
    /// A pixel's number above the eight bits of its byte: half of what a [`Term`] takes, since each image has to come from
    /// main memory once an epoch.
    packed: Vec<u32>,
    n_in: usize,
}

/// How many packed pixels a cache line holds.
const LINE: usize = 64 / size_of::<u32>();

/// How many pixels are worked on at a time. Their weights for a piece of neurons (49 KiB) stay close to the processor while
/// all images of a batch go by. (Measured: faster than all pixels at once, and no slower than smaller bands.)
const BAND: usize = 98;

impl Ink {
    fn of_images(bytes: &ArrayRef2<u8>, ink: usize) -> Self {
        assert!(bytes.ncols() < 1 << 24, "an image of 2^24 pixels or more");
        let (mut starts, mut packed) = (vec![0], Vec::with_capacity(ink));
        for row in bytes.rows() {
            for (at, &byte) in row.iter().enumerate() {
                if byte != 0 {
                    packed.push((at as u32) << 8 | u32::from(byte));
                }
                if (at + 1) % BAND == 0 || at + 1 == row.len() {
                    starts.push(packed.len());
                }
            }
        }
        Self { starts, packed, n_in: bytes.ncols() }
    }

    fn n_bands(&self) -> usize {
        self.n_in.div_ceil(BAND)
    }

    /// Where the ink of each band of an image begins, and where the last one ends.
    fn bands(&self, image: usize) -> &[usize] {
        &self.starts[image * self.n_bands()..=(image + 1) * self.n_bands()]
    }

    /// All ink of an image.
    fn of(&self, image: usize) -> &[u32] {
        let bands = self.bands(image);
        &self.packed[bands[0]..bands[bands.len() - 1]]
    }
}

/// The ink of one batch, as numbers between 0 and 1, in two orders.
#[derive(Clone, Debug, Default)]
pub(crate) struct InkOfBatch {
    n_bands: usize,
    /// A list of pixels for each image and band.
    by_image: Lists,
    /// A list of images for each pixel. They are numbered as they were chosen, from 0.
    by_pixel: Lists,
}

impl InkOfBatch {
    pub(crate) fn n_bands(&self) -> usize {
        self.n_bands
    }

    /// The ink of an image in a band of pixels.
    pub(crate) fn of_image(&self, image: usize, band: usize) -> &[Term] {
        self.by_image.list(image * self.n_bands + band)
    }

    /// Which images have ink at a pixel, and how much.
    pub(crate) fn of_pixel(&self, pixel: usize) -> &[Term] {
        self.by_pixel.list(pixel)
    }

    /// Makes it the ink of the `chosen` images.
    pub(crate) fn fill(&mut self, ink: &Ink, chosen: &[usize]) {
        self.n_bands = ink.n_bands();
        let Lists { starts, terms } = &mut self.by_image;
        starts.clear();
        starts.push(0);
        let mut total = 0;
        for &image in chosen {
            let bands = ink.bands(image);
            starts.extend(bands[1..].iter().map(|end| total + end - bands[0]));
            total += bands[self.n_bands] - bands[0];
        }
        // These are random places of main memory, and the processor can wait for many of them at the same time. So a number
        // of every cache line is read before anything is done with it. (Measured: in half of the time.)
        let of_lines = chosen.iter().flat_map(|&image| ink.of(image).iter().step_by(LINE));
        hint::black_box(of_lines.fold(0, |all, packed| all ^ packed));
        terms.clear();
        for &image in chosen {
            terms.extend(ink.of(image).iter().map(|ink| Term { at: ink >> 8, value: (ink & 255) as f32 / 255.0 }));
        }
        self.sort_by_pixel(ink.n_in, chosen.len());
    }

    /// A counting sort: count, add up, place.
    fn sort_by_pixel(&mut self, n_in: usize, n_images: usize) {
        let Self { n_bands, by_image, by_pixel: Lists { starts, terms } } = self;
        starts.clear();
        starts.resize(n_in + 1, 0);
        by_image.terms.iter().for_each(|term| starts[term.at as usize] += 1);
        let mut total = 0;
        for start in starts.iter_mut() {
            total += *start;
            *start = total;
        }
        terms.resize(total, Term::default());
        // Filled from the back, so that each start ends up where its list begins.
        for image in (0..n_images).rev() {
            for term in by_image.lists(image * *n_bands..(image + 1) * *n_bands) {
                let place = &mut starts[term.at as usize];
                *place -= 1;
                terms[*place] = Term { at: image as u32, value: term.value };
            }
        }
    }
}

/// Lists one after the other, in one piece of memory.
#[derive(Clone, Debug, Default)]
struct Lists {
    /// Where each list begins; and at last where the last one ends.
    starts: Vec<usize>,
    terms: Vec<Term>,
}

impl Lists {
    fn list(&self, at: usize) -> &[Term] {
        self.lists(at..at + 1)
    }

    /// What is in some lists one after the other.
    fn lists(&self, range: Range<usize>) -> &[Term] {
        &self.terms[self.starts[range.start]..self.starts[range.end]]
    }
}
