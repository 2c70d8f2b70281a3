//! Uses of ndarray that only have to be compiled. These functions are never called.
//!
//! What stands here decides how long compiling takes, and nothing else. Functions that take a closure of the learner's
//! own are compiled with it, so of `mapv` and its like only the insides are here. Whether something belongs here is told by
//! `rustc -Z print-mono-items` on the solutions.

use ndarray::{
    Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, ArrayViewD, ArrayViewMutD, Axis, Zip, array,
    concatenate,
};

/// All operators between arrays of a shape, owned and borrowed, and numbers.
macro_rules! arithmetic {
    ($name:ident, $owned:ty, $borrowed:ty) => {
        /// See the macro.
        pub fn $name(owned: &$owned, other: &$owned, one: &$borrowed, two: &$borrowed, x: f64) -> Vec<$owned> {
            let o = || owned.clone();
            let mut changed = o();
            changed += other;
            changed += x;
            changed -= other;
            changed -= &(one * x);
            changed -= x;
            changed *= other;
            changed *= x;
            changed /= x;
            changed.scaled_add(x, one);
            changed.scaled_add(x, other);
            changed.fill(x);
            vec![
                changed,
                -o(),
                o() + o(),
                o() - o(),
                o() * o(),
                o() / o(),
                o() + other,
                o() - other,
                o() * other,
                o() / other,
                o() + one,
                o() - one,
                o() * one,
                o() / one,
                o() + x,
                o() * x,
                o() / x,
                owned + other,
                owned - other,
                owned * other,
                owned / other,
                owned * x,
                one + two,
                one - two,
                one * two,
                one / two,
                one * x,
                x + o(),
                x - o(),
                x * o(),
                x / o(),
                x * owned,
                x * one,
                one.to_owned(),
            ]
        }
    };
}

arithmetic!(of_vectors, Array1<f64>, ArrayRef1<f64>);
arithmetic!(of_matrices, Array2<f64>, ArrayRef2<f64>);

/// A row for every row.
pub fn of_a_matrix_and_a_vector(
    a: &Array2<f64>,
    b: &Array1<f64>,
    x: &ArrayRef2<f64>,
    v: &ArrayRef1<f64>,
) -> [Array2<f64>; 11] {
    let column = x.sum_axis(Axis(1)).insert_axis(Axis(1));
    let mut changed = a.clone();
    changed += b;
    changed -= &column;
    [
        changed,
        a.clone() + b,
        a.clone() - b,
        a.clone() + v,
        a.clone() - v,
        a.clone() - &column,
        a.clone() / &column,
        a - &column,
        a / &column,
        a + b,
        x - &*column,
    ]
}

/// Products of matrices and vectors, and of their transposes.
pub fn products(
    a: &Array2<f64>,
    b: &ArrayRef2<f64>,
    v: &Array1<f64>,
    w: &ArrayRef1<f64>,
    r: &ArrayView1<'_, f64>,
) -> (Vec<Array2<f64>>, Vec<Array1<f64>>, f64) {
    (
        vec![
            a.dot(a),
            a.dot(b),
            b.dot(a),
            b.dot(b),
            a.t().dot(a),
            a.t().dot(b),
            b.t().dot(a),
            b.t().dot(b),
            a.dot(&a.t()),
            b.dot(&a.t()),
        ],
        vec![
            a.dot(v),
            a.dot(w),
            b.dot(v),
            b.dot(w),
            v.dot(a),
            w.dot(b),
            w.dot(a),
            a.t().dot(v),
            b.t().dot(v),
            b.t().dot(w),
        ],
        v.dot(v) + v.dot(w) + w.dot(v) + w.dot(w) + r.dot(v) + r.dot(w) + w.dot(r) + v.dot(r) + r.dot(r),
    )
}

/// What is one number for all entries, or for each row or column.
pub fn reductions(v: &ArrayRef1<f64>, m: &ArrayRef2<f64>) -> (f64, Vec<Array1<f64>>) {
    let numbers = v.sum() + m.sum() + v.mean().unwrap_or(0.0) + m.mean().unwrap_or(0.0);
    let axes = [Axis(0), Axis(1)];
    let mut arrays: Vec<Array1<f64>> = axes.into_iter().map(|axis| m.sum_axis(axis)).collect();
    arrays.extend(axes.into_iter().filter_map(|axis| m.mean_axis(axis)));
    arrays.extend([m.var_axis(Axis(0), 0.0), m.std_axis(Axis(0), 0.0)]);
    (numbers, arrays)
}

/// Functions of the standard library, entry by entry.
pub fn mapped(v: &ArrayRef1<f64>, m: &ArrayRef2<f64>) -> (Vec<Array1<f64>>, Vec<Array2<f64>>) {
    (
        vec![v.mapv(f64::exp), v.mapv(f64::ln), v.mapv(f64::tanh), v.exp(), v.ln()],
        vec![m.mapv(f64::exp), m.mapv(f64::ln), m.mapv(f64::tanh), m.exp(), m.ln(), m.abs()],
    )
}

/// Closures of this crate's, whose insides are those of everybody's.
pub fn with_closures(
    a: &mut Array2<f64>,
    b: &Array2<f64>,
    v: &mut Array1<f64>,
    w: &Array1<f64>,
    labels: &ArrayRef1<usize>,
) -> f64 {
    a.mapv_inplace(|x| x + 1.0);
    v.mapv_inplace(|x| x + 1.0);
    Zip::from(&mut *a).and(b).for_each(|x, y| *x += y);
    Zip::from(&mut *v).and(w).for_each(|x, y| *x += y);
    let m = Zip::from(&*a).and(b).map_collect(|x, y| x + y);
    let squares = Array2::from_shape_fn((2, 3), |(row, column)| (row + column) as f64);
    let line = Array1::from_shape_fn(3, |at| at as f64);
    let by_columns = m.map_axis(Axis(0), |column| column.iter().fold(0.0, |sum, x| sum + x));
    let counted = labels.iter().filter(|&&label| label == 1).count() as f64;
    let larger = a.mapv(|x| x + 1.0).sum() + v.mapv(|x| x + 1.0).sum();
    squares.sum() + line.sum() + by_columns.sum() + counted + larger
}

/// Going through arrays, and reaching into them.
pub fn walks(
    m: &ArrayRef2<f64>,
    v: &ArrayRef1<f64>,
    a: &mut Array2<f64>,
    b: &mut Array1<f64>,
    labels: &Array1<usize>,
) -> f64 {
    let mut sum = m[[0, 1]] + v[0] + a[[1, 0]] + b[1] + labels[0] as f64;
    a[[0, 0]] = sum;
    a[[0, 0]] += sum;
    b[0] = sum;
    b[0] -= sum;
    for row in m.rows() {
        sum += row[0] + row.iter().sum::<f64>() + row.sum() + row.len() as f64;
    }
    for (row, &y) in m.rows().into_iter().zip(v) {
        sum += row.dot(v) + y;
    }
    for (row, other) in m.outer_iter().zip(a.outer_iter()) {
        sum += row.dot(&other);
    }
    for column in m.columns() {
        sum += column.sum();
    }
    for row in m.axis_iter(Axis(0)) {
        sum += row.sum();
    }
    for mut row in a.rows_mut() {
        row += sum;
        row -= sum;
        row /= sum;
        row *= sum;
        row.scaled_add(sum, v);
        row.fill(sum);
        row[0] += sum;
        row.mapv_inplace(f64::exp);
    }
    for (mut row, &label) in a.rows_mut().into_iter().zip(labels) {
        row[label] -= 1.0;
    }
    for mut row in a.axis_iter_mut(Axis(0)) {
        row[0] += 1.0;
    }
    for ((row, column), x) in m.indexed_iter() {
        sum += x * (row + column) as f64;
    }
    for (at, x) in v.indexed_iter() {
        sum += x * at as f64;
    }
    for (at, x) in v.iter().enumerate() {
        sum += x * at as f64;
    }
    for (x, y) in v.iter().zip(&*b) {
        sum += x * y;
    }
    for x in b.iter_mut() {
        *x += sum;
    }
    for x in a.iter_mut() {
        *x += sum;
    }
    for x in &*a {
        sum += x;
    }
    for x in &*b {
        sum += x;
    }
    sum += m.iter().copied().fold(f64::NEG_INFINITY, f64::max) + v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    sum += v.iter().sum::<f64>() + m.iter().sum::<f64>() + b.iter().sum::<f64>();
    sum += m.row(0).sum() + m.column(0).sum() + m.row(0).dot(v) + a.row_mut(0)[0];
    sum + v.iter().zip(v).filter(|(x, y)| x == y).count() as f64
}

/// Making arrays, and making others of them.
pub fn made(m: &ArrayRef2<f64>, v: &ArrayRef1<f64>, places: &[usize]) -> (Vec<Array2<f64>>, Vec<Array1<f64>>) {
    let (rows, columns) = m.dim();
    (
        vec![
            Array2::zeros((rows, columns)),
            Array2::zeros(m.dim()),
            Array2::zeros(m.raw_dim()),
            Array2::ones((rows, columns)),
            Array2::from_elem((rows, columns), 1.0),
            Array2::eye(rows),
            Array2::from_shape_vec((rows, columns), m.iter().copied().collect()).expect("as many entries"),
            m.t().to_owned(),
            m.select(Axis(0), places),
            m.as_standard_layout().into_owned(),
            m.row(0).insert_axis(Axis(0)).to_owned(),
            v.view().insert_axis(Axis(1)).to_owned(),
            array![[1.0, 2.0], [3.0, 4.0]],
            concatenate![Axis(0), m.view(), m.view()],
        ],
        vec![
            Array1::zeros(rows),
            Array1::ones(rows),
            Array1::from_elem(rows, 1.0),
            Array1::from_vec(v.to_vec()),
            Array1::from(v.iter().copied().collect::<Vec<f64>>()),
            v.iter().copied().collect(),
            (0..rows).map(|at| at as f64).collect(),
            m.row(0).to_owned(),
            m.column(0).to_owned(),
            v.select(Axis(0), places),
            array![1.0, 2.0, 3.0],
        ],
    )
}

/// Arrays of any number of dimensions, as optimisers get them.
pub fn of_any_shape(
    value: &mut ArrayViewMutD<'_, f64>,
    gradient: &ArrayViewD<'_, f64>,
    m: &mut Array2<f64>,
    v: &mut Array1<f64>,
    x: f64,
) -> f64 {
    value.scaled_add(-x, gradient);
    value.zip_mut_with(gradient, |value, gradient| *value -= gradient);
    let kept = gradient.to_owned();
    let (a, b) = (m.view_mut().into_dyn().len(), v.view_mut().into_dyn().len());
    (a + b + m.view().into_dyn().len() + v.view().into_dyn().len()) as f64 + kept.sum()
}

/// Comparing and printing.
pub fn shown(m: &[Array2<f64>; 2], v: &[Array1<f64>; 2], labels: &Array1<usize>, x: &ArrayView2<'_, f64>) -> String {
    let ([m, n], [v, w]) = (m, v);
    assert_eq!(m, n);
    assert_eq!(v, w);
    assert_eq!(m.shape(), x.shape());
    assert_eq!(m.dim(), x.dim());
    format!("{m} {m:?} {m:.4} {v} {v:?} {v:.4} {labels} {labels:?} {x} {:?} {:?}", m.dim(), m.shape())
}
