//! The values of formulas: numbers, vectors and matrices, combined entry by entry as ndarray does it.

use crate::{Aggregate, Over};

/// A number (no axis), a vector (one, stored as a single row) or a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// 0, 1 or 2.
    pub axes: usize,
    /// 1 unless it is a matrix.
    pub rows: usize,
    /// How many entries a row has.
    pub columns: usize,
    /// All entries, row by row.
    pub data: Vec<f64>,
}

impl Array {
    /// A single number.
    pub fn number(number: f64) -> Self {
        Self { axes: 0, rows: 1, columns: 1, data: vec![number] }
    }

    /// A vector of these.
    pub fn vector(data: Vec<f64>) -> Self {
        Self { axes: 1, rows: 1, columns: data.len(), data }
    }

    /// A matrix of these, row by row.
    pub fn matrix(rows: usize, columns: usize, data: Vec<f64>) -> Self {
        Self { axes: 2, rows, columns, data }
    }

    /// Whether both have as many axes, rows and columns.
    pub fn has_shape_of(&self, other: &Self) -> bool {
        self.shape() == other.shape()
    }

    /// The number of axes, rows and columns.
    pub fn shape(&self) -> [usize; 3] {
        [self.axes, self.rows, self.columns]
    }

    /// Each entry by itself.
    pub fn map(&self, mut f: impl FnMut(f64) -> f64) -> Self {
        Self { data: self.data.iter().map(|&x| f(x)).collect(), ..*self }
    }

    /// Entry by entry, the smaller one repeated along the axes that it lacks; `None` if the shapes do not fit.
    pub(crate) fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Option<Self> {
        let common = |one: usize, two: usize| match (one, two) {
            (1, n) | (n, 1) => Some(n),
            _ => (one == two).then_some(one),
        };
        let (rows, columns) = (common(self.rows, other.rows)?, common(self.columns, other.columns)?);
        let axes = self.axes.max(other.axes);
        if self.has_shape_of(other) {
            let data = self.data.iter().zip(&other.data).map(|(&one, &two)| f(one, two)).collect();
            return Some(Self { axes, rows, columns, data });
        }
        let mut data = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            for column in 0..columns {
                data.push(f(self.at(row, column), other.at(row, column)));
            }
        }
        Some(Self { axes, rows, columns, data })
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        let row = if self.rows == 1 { 0 } else { row };
        let column = if self.columns == 1 { 0 } else { column };
        self.data[row * self.columns + column]
    }

    /// The same numbers, repeated to the shape of `other`.
    pub(crate) fn spread_to(&self, other: &Self) -> Option<Self> {
        let spread = other.zip(self, |_, number| number)?;
        spread.has_shape_of(other).then_some(spread)
    }

    pub(crate) fn dot(&self, other: &Self) -> Option<Self> {
        if self.axes == 0 || other.axes == 0 {
            return None;
        }
        // On the right a vector is a column.
        let (inner, columns) = if other.axes == 1 { (other.columns, 1) } else { (other.rows, other.columns) };
        if self.columns != inner {
            return None;
        }
        let mut data = vec![0.0; self.rows * columns];
        for row in 0..self.rows {
            for k in 0..inner {
                let factor = self.data[row * inner + k];
                for column in 0..columns {
                    data[row * columns + column] += factor * other.data[k * columns + column];
                }
            }
        }
        Some(match (self.axes, other.axes) {
            (1, 1) => Self::number(data[0]),
            (2, 2) => Self::matrix(self.rows, columns, data),
            _ => Self::vector(data),
        })
    }

    /// Of the products that [`dot`](Self::dot) sums up, the last one alone, or the first one.
    pub(crate) fn dot_of_one(&self, other: &Self, is_last: bool) -> Option<Self> {
        let at = if is_last { self.columns.checked_sub(1)? } else { 0 };
        let one: Vec<f64> =
            (0..self.rows).map(|row| self.data.get(row * self.columns + at).copied()).collect::<Option<_>>()?;
        let two = if other.axes == 2 {
            Self::matrix(1, other.columns, other.row(at.min(other.rows.checked_sub(1)?)).to_vec())
        } else {
            Self::vector(vec![*other.data.get(at)?])
        };
        if self.axes == 2 { Self::matrix(self.rows, 1, one) } else { Self::vector(one) }.dot(&two)
    }

    pub(crate) fn outer(&self, other: &Self) -> Option<Self> {
        let data = self.data.iter().flat_map(|one| other.data.iter().map(move |two| one * two)).collect();
        (self.axes == 1 && other.axes == 1).then(|| Self::matrix(self.columns, other.columns, data))
    }

    /// Of each row the entry with the label's index.
    pub(crate) fn picked(&self, labels: &Self) -> Option<Self> {
        let labels = labels.data.iter().zip(0..self.rows);
        let entries = labels.map(|(&label, row)| {
            // Where code does not panic, a label below 0 has become 0.
            self.row(row).get(label.max(0.0) as usize).copied().filter(|_| label.fract() == 0.0)
        });
        (self.axes == 2).then(|| entries.collect::<Option<Vec<_>>>().map(Self::vector)).flatten()
    }

    /// A row for each label.
    pub(crate) fn one_hot(&self, like: &Self) -> Option<Self> {
        let columns = like.columns;
        let entry = |label: f64, column: usize| f64::from(u8::from(label == column as f64));
        let data = self.data.iter().flat_map(|&label| (0..columns).map(move |column| entry(label, column)));
        (self.axes == 1).then(|| Self::matrix(self.data.len(), columns, data.collect()))
    }

    /// Rows for columns.
    pub fn transposed(&self) -> Self {
        if self.axes < 2 {
            return self.clone();
        }
        let data =
            (0..self.columns).flat_map(|column| (0..self.rows).map(move |row| self.data[row * self.columns + column]));
        Self::matrix(self.columns, self.rows, data.collect())
    }

    /// The entries in the other order: of a matrix its rows.
    pub(crate) fn reversed(&self) -> Self {
        let mut turned = self.clone();
        if self.axes == 2 {
            turned.data = (0..self.rows).rev().flat_map(|row| self.row(row).to_vec()).collect();
        } else {
            turned.data.reverse();
        }
        turned
    }

    /// The softmax of a vector, or of each row of a matrix.
    pub(crate) fn softmax(&self) -> Self {
        let of_row = |row: &[f64]| {
            let largest = Aggregate::Max.of(row);
            let exponentials: Vec<f64> = row.iter().map(|score| (score - largest).exp()).collect();
            let sum = Aggregate::Sum.of(&exponentials);
            exponentials.into_iter().map(move |exponential| exponential / sum)
        };
        Self { data: (0..self.rows).flat_map(|row| of_row(self.row(row))).collect(), ..*self }
    }

    /// The entries, of a matrix the rows, moved by one place.
    pub(crate) fn rolled(&self, is_forward: bool) -> Self {
        let mut rolled = self.clone();
        let by = if self.axes == 2 { self.columns } else { 1 }.min(self.data.len());
        if is_forward {
            rolled.data.rotate_left(by)
        } else {
            rolled.data.rotate_right(by)
        }
        rolled
    }

    /// The entries of a row, counted from 0.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.data[row * self.columns..(row + 1) * self.columns]
    }

    /// A number for all entries, a vector with one for each column, or a matrix of one column with one for each row (of
    /// places, a vector).
    pub(crate) fn aggregate(&self, how: Aggregate, over: Over) -> Option<Self> {
        let column =
            |column: usize| (0..self.rows).map(|row| self.data[row * self.columns + column]).collect::<Vec<_>>();
        match over {
            Over::All => {
                let all = how.of(&self.data);
                Some(Self::number(match how {
                    Aggregate::SumByRows => all / self.rows as f64,
                    Aggregate::SumByColumns => all / self.columns as f64,
                    _ => all,
                }))
            }
            _ if self.axes < 2 => None,
            Over::Samples => Some(Self::vector((0..self.columns).map(|j| how.of(&column(j))).collect())),
            Over::Row => {
                let of_rows = (0..self.rows).map(|i| how.of(self.row(i))).collect();
                Some(match how {
                    // Places are labels, and these are a vector.
                    Aggregate::Largest | Aggregate::LastLargest | Aggregate::Smallest => Self::vector(of_rows),
                    _ => Self::matrix(self.rows, 1, of_rows),
                })
            }
        }
    }
}

impl Aggregate {
    fn of(self, numbers: &[f64]) -> f64 {
        let (n, sum) = (numbers.len() as f64, numbers.iter().sum::<f64>());
        let fold = |start, choose: fn(f64, f64) -> f64| numbers.iter().copied().fold(start, choose);
        match self {
            Self::Sum | Self::SumByRows | Self::SumByColumns => sum,
            Self::Mean => sum / n,
            Self::MeanOfOneLess => sum / (n - 1.0),
            Self::Max => fold(f64::NEG_INFINITY, f64::max),
            Self::Min => fold(f64::INFINITY, f64::min),
            Self::Norm => numbers.iter().map(|x| x * x).sum::<f64>().sqrt(),
            Self::NormByCount => Self::Norm.of(numbers) / n,
            Self::RootMeanSquare => Self::Norm.of(numbers) / n.sqrt(),
            Self::Median | Self::UpperMedian | Self::LowerMedian | Self::UnsortedMedian => {
                let mut sorted = numbers.to_vec();
                if self != Self::UnsortedMedian {
                    sorted.sort_by(f64::total_cmp);
                }
                match (sorted.len(), sorted.len() / 2) {
                    (0, _) => f64::NAN,
                    (n, half) if n % 2 == 0 && self == Self::LowerMedian => sorted[half - 1],
                    (n, half) if n % 2 == 0 && self != Self::UpperMedian => (sorted[half - 1] + sorted[half]) / 2.0,
                    (_, half) => sorted[half],
                }
            }
            Self::First => numbers.first().copied().unwrap_or(f64::NAN),
            Self::Last => numbers.last().copied().unwrap_or(f64::NAN),
            Self::SumWithoutFirst => numbers.iter().skip(1).sum(),
            Self::SumWithoutLast => numbers.iter().rev().skip(1).sum(),
            Self::Product => numbers.iter().product(),
            Self::Largest => first_where(numbers, |one, best| one > best),
            Self::LastLargest => first_where(numbers, |one, best| one >= best),
            Self::Smallest => first_where(numbers, |one, best| one < best),
        }
    }
}

/// The place of the number that beats all others.
fn first_where(numbers: &[f64], beats: fn(f64, f64) -> bool) -> f64 {
    (0..numbers.len()).fold(0, |best, i| if beats(numbers[i], numbers[best]) { i } else { best }) as f64
}
