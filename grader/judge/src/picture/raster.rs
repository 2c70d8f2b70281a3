//! Values all over a rectangle: heat maps, regions, images; and the lines on which such values are equal.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// A rectangle of a picture, cut into equal cells. Whatever belongs to cells goes row by row, from the top.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cells {
    /// From left to right.
    pub x: (f64, f64),
    /// From bottom to top.
    pub y: (f64, f64),
    /// How many cells lie side by side.
    pub columns: usize,
    /// How many cells lie one above the other.
    pub rows: usize,
}

impl Cells {
    /// The middle of each cell, (rows · columns, 2): where a function has to be asked.
    pub fn centres(&self) -> Array2<f64> {
        let mut centres = Vec::with_capacity(2 * self.rows * self.columns);
        for row in 0..self.rows {
            for column in 0..self.columns {
                let (x, y) = self.centre(row, column);
                centres.extend([x, y]);
            }
        }
        Array2::from_shape_vec((self.rows * self.columns, 2), centres).expect("two for each cell")
    }

    fn centre(&self, row: usize, column: usize) -> (f64, f64) {
        let at = |(from, to): (f64, f64), share: f64| from + share * (to - from);
        (
            at(self.x, (column as f64 + 0.5) / self.columns as f64),
            at(self.y, 1.0 - (row as f64 + 0.5) / self.rows as f64),
        )
    }

    /// The cell that a point lies in.
    pub fn cell_at(&self, (x, y): (f64, f64)) -> Option<usize> {
        let index = |at: f64, (from, to): (f64, f64), count: usize| {
            let share = (at - from) / (to - from);
            (0.0..=1.0).contains(&share).then(|| ((share * count as f64) as usize).min(count.saturating_sub(1)))
        };
        let column = index(x, self.x, self.columns)?;
        let row = index(y, (self.y.1, self.y.0), self.rows)?;
        Some(row * self.columns + column)
    }

    /// The lines on which `values`, one a cell, would be `level`, with gaps between them (marching squares: Lorensen and
    /// Cline 1987, in two dimensions).
    pub fn contour(&self, values: &[f64], level: f64) -> Vec<(f64, f64)> {
        let mut lines = Vec::new();
        if values.len() != self.rows * self.columns {
            return lines;
        }
        let mut crossings = self.crossings(values, level);
        let ends = crossings.iter().filter(|(_, crossing)| crossing.neighbours.len() == 1);
        // A line that ends is followed from an end, a closed one from anywhere.
        let starts: Vec<Border> = ends.map(|(at, _)| *at).chain(crossings.keys().copied()).collect();
        for start in starts {
            let from = lines.len();
            let mut next = Some(start);
            while let Some((at, crossing)) = next.and_then(|at| Some((at, crossings.remove(&at)?))) {
                lines.push(crossing.place);
                next = crossing.neighbours.iter().copied().find(|neighbour| crossings.contains_key(neighbour));
                let is_closed = next.is_none() && at != start && crossing.neighbours.contains(&start);
                if is_closed && lines.len() > from + 2 {
                    lines.push(lines[from]);
                }
            }
            if lines.len() > from {
                lines.push(super::GAP);
            }
        }
        lines
    }

    /// Where the line crosses from one cell to the next.
    fn crossings(&self, values: &[f64], level: f64) -> BTreeMap<Border, Crossing> {
        let mut crossings: BTreeMap<Border, Crossing> = BTreeMap::new();
        for row in 1..self.rows {
            for column in 1..self.columns {
                // Around the point where four cells meet.
                let corners = [(row - 1, column - 1), (row - 1, column), (row, column), (row, column - 1)];
                let is_below = |(row, column): (usize, usize)| values[row * self.columns + column] - level < 0.0;
                // Most points have all four on one side.
                let first = is_below(corners[0]);
                if corners.iter().all(|corner| is_below(*corner) == first) {
                    continue;
                }
                let mut around = Vec::new();
                for (number, &one) in corners.iter().enumerate() {
                    let other = corners[(number + 1) % 4];
                    let border = (one.min(other), one.max(other));
                    let height = |(row, column): (usize, usize)| values[row * self.columns + column] - level;
                    let (from, to) = (height(border.0), height(border.1));
                    if (from < 0.0) != (to < 0.0) {
                        let ((x, y), (to_x, to_y)) =
                            (self.centre(border.0.0, border.0.1), self.centre(border.1.0, border.1.1));
                        let share = from / (from - to);
                        let place = (x + share * (to_x - x), y + share * (to_y - y));
                        crossings.entry(border).or_insert(Crossing { place, neighbours: Vec::new() });
                        around.push(border);
                    }
                }
                for piece in around.chunks_exact(2) {
                    for (one, other) in [(piece[0], piece[1]), (piece[1], piece[0])] {
                        crossings.entry(one).and_modify(|crossing| crossing.neighbours.push(other));
                    }
                }
            }
        }
        crossings
    }
}

/// Two cells side by side, each a row and a column.
type Border = ((usize, usize), (usize, usize));

/// A point of a contour.
struct Crossing {
    place: (f64, f64),
    /// Where the line goes on, to both sides.
    neighbours: Vec<Border>,
}

/// What values look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Palette {
    /// From paper to ink, as handwriting.
    Ink,
    /// From pale to strong.
    Heat,
    /// One colour below the middle of the range, another above it, both pale near it.
    Diverging,
}

/// Cells with a value each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Raster {
    /// Where the cells are.
    pub cells: Cells,
    /// What their values look like.
    pub palette: Palette,
    values: Vec<f64>,
    range: (f64, f64),
}

impl Raster {
    /// Values outside of `range` look like its ends.
    pub fn new(cells: Cells, values: Vec<f64>, palette: Palette, range: (f64, f64)) -> Self {
        Self { cells, palette, values, range }
    }

    /// Whether a cell has a value that is no finite number.
    pub fn has_gaps(&self) -> bool {
        self.values.iter().any(|value| !value.is_finite())
    }

    /// Where a cell's value stands in the range, from 0 to 1, or for [`Palette::Diverging`] from -1 to 1; nothing if it
    /// is no number.
    pub fn strength(&self, cell: usize) -> Option<f64> {
        let value = self.values.get(cell).copied().filter(|value| value.is_finite())?;
        let share = ((value - self.range.0) / (self.range.1 - self.range.0)).clamp(0.0, 1.0);
        let share = if share.is_nan() { 0.0 } else { share };
        Some(if self.palette == Palette::Diverging { 2.0 * share - 1.0 } else { share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: Cells = Cells { x: (0.0, 4.0), y: (0.0, 2.0), columns: 4, rows: 2 };

    #[test]
    fn cells_go_row_by_row_from_the_top() {
        let centres = SQUARE.centres();
        assert_eq!(centres.row(0).to_vec(), [0.5, 1.5]);
        assert_eq!(centres.row(3).to_vec(), [3.5, 1.5]);
        assert_eq!(centres.row(4).to_vec(), [0.5, 0.5]);
        for (cell, centre) in centres.rows().into_iter().enumerate() {
            assert_eq!(SQUARE.cell_at((centre[0], centre[1])), Some(cell));
        }
        assert_eq!(SQUARE.cell_at((4.0, 0.0)), Some(7), "the edges belong to the last cells");
        assert_eq!(SQUARE.cell_at((4.1, 0.0)), None);
        assert_eq!(SQUARE.cell_at((f64::NAN, 0.0)), None);
    }

    #[test]
    fn a_contour_is_where_values_cross_the_level() {
        let cells = Cells { x: (-2.0, 2.0), y: (-2.0, 2.0), columns: 80, rows: 80 };
        let squares: Vec<f64> = cells.centres().rows().into_iter().map(|at| at[0] * at[0] + at[1] * at[1]).collect();
        let circle = cells.contour(&squares, 1.0);
        let on_it: Vec<_> = circle.iter().filter(|(x, _)| !x.is_nan()).collect();
        assert!(on_it.len() > 150);
        assert!(on_it.iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 1e-3));
        assert_eq!(circle.len(), on_it.len() + 1, "it is one line");
        assert_eq!(circle[0], circle[circle.len() - 2], "and closed");
        let heights: Vec<f64> = cells.centres().rows().into_iter().map(|at| at[1]).collect();
        let level = cells.contour(&heights, 0.1);
        assert_eq!(level.len(), 80 + 1, "from one side to the other: {level:?}");
        assert!(cells.contour(&squares, 100.0).is_empty());
        assert!(cells.contour(&squares[1..], 1.0).is_empty(), "not a value for each cell");
    }

    #[test]
    fn strengths_stay_in_their_range() {
        let raster = |palette, values: &[f64], range| Raster::new(SQUARE, values.to_vec(), palette, range);
        let ink = raster(Palette::Ink, &[0.0, 8.0, 99.0, -1.0, f64::NAN], (0.0, 16.0));
        assert_eq!(
            [0, 1, 2, 3, 4, 5].map(|n| ink.strength(n)),
            [Some(0.0), Some(0.5), Some(1.0), Some(0.0), None, None]
        );
        assert!(ink.has_gaps());
        let signed = raster(Palette::Diverging, &[-1.0, 0.0, 2.0], (-2.0, 2.0));
        assert_eq!([0, 1, 2].map(|n| signed.strength(n)), [Some(-0.5), Some(0.0), Some(1.0)]);
        assert_eq!(raster(Palette::Heat, &[1.0], (1.0, 1.0)).strength(0), Some(0.0), "an empty range");
    }
}
