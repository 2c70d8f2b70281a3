//! The first layer, for images that are mostly paper: only ink is read, and only what met ink is changed.
//!
//! A pixel that is 0 adds nothing to any neuron, and the gradient of the weights that it meets is 0. So with X as lists of
//! what is not 0, both products of the first layer need only these entries:
//!
//! - forward: `Z[image] = b + Σ value · W[pixel]`, over the ink of an image;
//! - update: `W[pixel] += Σ value · (-lr · dZ[image])`, over the images of the batch that have ink there.
//!
//! Both are the same sum of rows, which is [`add_rows`]. For it W lies as (n_in, n_out): all weights that a pixel meets
//! are next to each other.

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Axis};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::images::InkOfBatch;

/// How many neurons are one piece of work: a row of them fills eight registers of AVX-512, and twice eight of AVX. In wider
/// pieces the lists are read less often; but there have to be pieces for more than one thread.
const WIDTH: usize = 128;

/// A number for each neuron of a piece. It begins where a cache line does, so that no register's worth lies in two of them.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Row([f32; WIDTH]);

const ZEROS: Row = Row([0.0; WIDTH]);

/// The weights of the first layer, as (n_in, n_out) in pieces of [`WIDTH`] neurons, while an epoch lasts.
pub(crate) struct FirstLayer {
    pieces: Vec<Piece>,
}

struct Piece {
    /// (n_in, WIDTH). Where the last piece has fewer neurons, the rest stays 0.
    weights: Vec<Row>,
    biases: Row,
    /// What the forward pass computes, and then -lr·dZ; (batch, WIDTH).
    rows: Vec<Row>,
}

impl FirstLayer {
    /// Weights (n_out, n_in) and biases (n_out), in another layout.
    pub(crate) fn new(weights: &ArrayRef2<f32>, biases: &Array1<f32>, batch_size: usize) -> Self {
        let pieces = weights.axis_chunks_iter(Axis(0), WIDTH).zip(biases.axis_chunks_iter(Axis(0), WIDTH));
        let pieces = pieces.map(|(weights, biases)| {
            let mut piece =
                Piece { weights: vec![ZEROS; weights.ncols()], biases: ZEROS, rows: vec![ZEROS; batch_size] };
            for (row, weights) in piece.weights.iter_mut().zip(weights.columns()) {
                row.0.iter_mut().zip(weights).for_each(|(to, from)| *to = *from);
            }
            piece.biases.0.iter_mut().zip(biases).for_each(|(to, from)| *to = *from);
            piece
        });
        Self { pieces: pieces.collect() }
    }

    /// Writes the weights back to (n_out, n_in), and the biases.
    pub(crate) fn write_back(&self, weights: &mut Array2<f32>, biases: &mut Array1<f32>) {
        let weights = weights.axis_chunks_iter_mut(Axis(0), WIDTH);
        let biases = biases.axis_chunks_iter_mut(Axis(0), WIDTH);
        for ((piece, mut weights), biases) in self.pieces.iter().zip(weights).zip(biases) {
            for (row, weights) in piece.weights.iter().zip(weights.columns_mut()) {
                weights.into_iter().zip(&row.0).for_each(|(to, from)| *to = *from);
            }
            biases.into_iter().zip(&piece.biases.0).for_each(|(to, from)| *to = *from);
        }
    }

    /// `ReLU(X·W + b)` of a batch, or without ReLU where not `rectified`; `output` is (batch, n_out).
    pub(crate) fn forward(&mut self, batch: &InkOfBatch, rectified: bool, mut output: ArrayViewMut2<'_, f32>) {
        let outputs: Vec<_> = output.axis_chunks_iter_mut(Axis(1), WIDTH).collect();
        let pieces = self.pieces.par_iter_mut().zip(outputs);
        pieces.for_each(|(piece, output)| piece.forward(batch, rectified, output));
    }
}

impl Piece {
    fn forward(&mut self, batch: &InkOfBatch, rectified: bool, mut output: ArrayViewMut2<'_, f32>) {
        let Self { weights, biases, rows } = self;
        let rows = &mut rows[..output.nrows()];
        rows.fill(*biases);
        for band in 0..batch.n_bands() {
            add_rows(weights, rows.iter_mut().enumerate().map(|(at, row)| (row, batch.of_image(at, band))));
        }
        let floor = if rectified { 0.0 } else { f32::NEG_INFINITY };
        for (mut output, row) in output.rows_mut().into_iter().zip(rows) {
            output.iter_mut().zip(&row.0).for_each(|(a, z)| *a = z.max(floor));
        }
    }

    fn update(&mut self, batch: &InkOfBatch, d_z: ArrayView2<'_, f32>, learning_rate: f32) {
        let Self { weights, biases, rows } = self;
        for (row, d_z) in rows.iter_mut().zip(d_z.rows()) {
            row.0.iter_mut().zip(d_z).for_each(|(to, d_z)| *to = -learning_rate * d_z);
            biases.0.iter_mut().zip(&row.0).for_each(|(b, d)| *b += d);
        }
        add_rows(rows, weights.iter_mut().enumerate().map(|(pixel, row)| (row, batch.of_pixel(pixel))));
    }
}

/// The update of one piece, as a task among those of the other layers.
pub(crate) struct Update<'a> {
    piece: &'a mut Piece,
    batch: &'a InkOfBatch,
    d_z: ArrayView2<'a, f32>,
}

impl FirstLayer {
    /// `W ← W - lr·Xᵀ·dZ` and `b ← b - lr·Σ dZ` for the batch of the last forward pass, a task for each piece; `d_z` is
    /// (batch, n_out).
    pub(crate) fn updates<'a>(
        &'a mut self,
        batch: &'a InkOfBatch,
        d_z: ArrayView2<'a, f32>,
    ) -> impl Iterator<Item = Update<'a>> {
        self.pieces.iter_mut().enumerate().map(move |(at, piece)| {
            let (_, rest) = d_z.split_at(Axis(1), at * WIDTH);
            let neurons = WIDTH.min(rest.ncols());
            Update { piece, batch, d_z: rest.split_at(Axis(1), neurons).0 }
        })
    }
}

impl Update<'_> {
    pub(crate) fn run(self, learning_rate: f32) {
        self.piece.update(self.batch, self.d_z, learning_rate);
    }
}

/// One entry of a list: how much of which row is added.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Term {
    /// Which row: a pixel's or an image's.
    pub(crate) at: u32,
    pub(crate) value: f32,
}

/// `sum += Σ value · rows[at]` for each sum and its list of terms. Each neuron's terms are added in the order of the list,
/// so the width of the processor's registers makes no difference to the result.
fn add_rows<'a>(rows: &[Row], sums: impl Iterator<Item = (&'a mut Row, &'a [Term])>) {
    struct AddRows<'r, I> {
        rows: &'r [Row],
        sums: I,
    }
    impl<'a, I: Iterator<Item = (&'a mut Row, &'a [Term])>> WithSimd for AddRows<'_, I> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for (sum, terms) in self.sums {
                add(simd, self.rows, sum, terms);
            }
        }
    }
    Arch::new().dispatch(AddRows { rows, sums });
}

/// So many are enough for two multiplications a cycle, and all processors have as many.
const REGISTERS: usize = 8;

/// The same for one sum, [`REGISTERS`] of it at a time: they stay there until all terms are added.
#[inline(always)]
fn add<S: Simd>(simd: S, rows: &[Row], sum: &mut Row, terms: &[Term]) {
    let (sum, _) = S::as_mut_simd_f32s(&mut sum.0);
    for (group, sum) in sum.as_chunks_mut::<REGISTERS>().0.iter_mut().enumerate() {
        let mut registers = *sum;
        for term in terms {
            let value = simd.splat_f32s(term.value);
            let (row, _) = S::as_simd_f32s(&rows[term.at as usize].0);
            let row = &row.as_chunks::<REGISTERS>().0[group];
            for (register, row) in registers.iter_mut().zip(row) {
                *register = simd.mul_add_e_f32s(value, *row, *register);
            }
        }
        *sum = registers;
    }
}
