//! The picture: what code computed, as plain data. Drawing it is somebody else's business.

mod axes;
mod control;
mod raster;

pub use axes::{Axes, Axis, Scale, Shown, number, with_separators};
pub use control::{Control, Kind, Point};
pub use raster::{Cells, Palette, Raster};

use serde::{Deserialize, Serialize};

/// A break in a line on purpose.
pub const GAP: (f64, f64) = (f64::NAN, f64::NAN);

/// More than any reference has; wrong code may return millions.
const MAX_POINTS: usize = 5000;
const MAX_CELLS: usize = 10_000;

/// What the legend calls the only pair of a picture.
pub const YOURS: &str = "your code";
const REFERENCE: &str = "reference";

/// What a picture says that has room for one of the two alone.
pub(crate) const INSTEAD: &str = "The reference is shown instead.";

/// A chart, and what to look for in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Picture {
    /// The name of its file.
    pub id: String,
    /// What stands above the picture.
    pub title: String,
    /// What to look for, and what a wrong picture would mean.
    pub caption: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// Whether a step along x is as long as one along y, as in an image; else the picture is filled.
    pub equal_units: bool,
    /// What is behind all lines and points.
    pub rasters: Vec<Raster>,
    /// Lines, points and bars.
    pub series: Vec<Series>,
    /// Words at points of the chart.
    pub labels: Vec<((f64, f64), String)>,
    /// What is missing from the picture, and why.
    pub notes: Vec<Note>,
    /// What can be varied on the page of `grader serve`.
    pub controls: Vec<Control>,
}

/// What is missing from a picture, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// This function is not written yet.
    ToDo(String),
    /// A sentence.
    Says(String),
}

impl From<String> for Note {
    fn from(sentence: String) -> Self {
        Self::Says(sentence)
    }
}

impl From<&str> for Note {
    fn from(sentence: &str) -> Self {
        Self::Says(sentence.to_owned())
    }
}

/// Points that belong together.
///
/// Whatever code computed may stand in here: a line has a gap where a number is not finite, and ends at the edge of the
/// picture where it leaves it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Series {
    /// What the legend says; nothing if it is empty.
    pub name: String,
    /// How the points are drawn.
    pub mark: Mark,
    /// What the points are, which decides their colour.
    pub role: Role,
    /// The points, (x, y) each, in order.
    pub points: Vec<(f64, f64)>,
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Mark {
    /// As a line from each to the next.
    Line,
    /// One by one.
    Points,
    /// As bars from 0 up or down, this wide in units of x.
    Bars(f64),
}

/// What points are, which decides how strongly they are drawn and in what colour.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Role {
    /// Computed by the learner's code; the n-th of a picture has the n-th colour and style.
    Learner(usize),
    /// The same by the reference: pale, and behind everything else.
    Reference(usize),
    /// Computed by the learner's code, from faint (0) to strong (1), as from early to late in a training.
    Shade(f64),
    /// Something to measure by: a level, a limit.
    Guide,
    /// Samples of the n-th class.
    Class(usize),
}

/// The same thing twice: computed by the reference, and by the learner's code if that returned.
#[derive(Clone, Debug)]
pub struct Both<T> {
    /// What the reference computed.
    pub reference: T,
    /// The error says what the learner's code did instead.
    pub learner: Result<T, Note>,
}

impl<T> Both<T> {
    /// The same done with either.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Both<U> {
        Both { reference: f(self.reference), learner: self.learner.map(f) }
    }

    /// The one that `picture` shows where there is room for one alone: the learner's, or else the reference's, with a note.
    pub fn one(&self, picture: &mut Picture) -> &T {
        match &self.learner {
            Ok(learners) => learners,
            Err(note) => {
                picture.note(note.clone());
                picture.note(INSTEAD);
                &self.reference
            }
        }
    }
}

impl Picture {
    /// A picture with nothing in it yet.
    pub fn new(id: &str, title: &str, x: Axis, y: Axis) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            caption: String::new(),
            x,
            y,
            equal_units: false,
            rasters: Vec::new(),
            series: Vec::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            controls: Vec::new(),
        }
    }

    /// What to look for, and what a wrong picture would mean.
    pub fn caption(mut self, caption: &str) -> Self {
        self.caption = caption.to_owned();
        self
    }

    /// Makes a step along x as long as one along y: for images, and where angles matter.
    pub fn equal_units(mut self) -> Self {
        self.equal_units = true;
        self
    }

    /// Adds points under a name for the legend; an empty name is not listed there.
    pub fn add(&mut self, name: impl Into<String>, mark: Mark, role: Role, points: Vec<(f64, f64)>) {
        self.series.push(Series { name: name.into(), mark, role, points });
    }

    /// What the learner's code computed with the reference behind it, or the reference and a note. `n` counts the pairs
    /// of a picture from 0: each has a colour of its own.
    pub fn compare(&mut self, name: impl Into<String>, mark: Mark, n: usize, both: Both<Vec<(f64, f64)>>) {
        let name = name.into();
        // Wide enough to show a pale edge.
        let behind = if let Mark::Bars(width) = mark { Mark::Bars(1.4 * width) } else { mark };
        match both.learner {
            Ok(mut points) => {
                if points.len() > MAX_POINTS {
                    self.note(format!("Only the first {MAX_POINTS} of your {} numbers are drawn.", points.len()));
                    points.truncate(MAX_POINTS);
                }
                self.add("", behind, Role::Reference(n), both.reference);
                self.add(name, mark, Role::Learner(n), points);
            }
            Err(note) => {
                let is_plain = name.is_empty() || name == YOURS;
                let name = if is_plain { String::new() } else { format!("{name} ({REFERENCE})") };
                self.add(name, behind, Role::Reference(n), both.reference);
                self.note(note);
            }
        }
    }

    /// `values`, one a cell, as shades behind everything else; those outside of `range` look like its ends.
    pub fn raster(&mut self, cells: Cells, values: Vec<f64>, palette: Palette, range: (f64, f64)) {
        let count = cells.rows * cells.columns;
        if count > MAX_CELLS || values.len() != count {
            self.note(format!("There are {} numbers for an image of {count} cells: it is not drawn.", values.len()));
            return;
        }
        self.rasters.push(Raster::new(cells, values, palette, range));
    }

    /// A line across the picture to measure by.
    pub fn level(&mut self, name: impl Into<String>, y: f64, (from, to): (f64, f64)) {
        self.add(name, Mark::Line, Role::Guide, vec![(from, y), (to, y)]);
    }

    /// Puts words at a point of the chart.
    pub fn label(&mut self, x: f64, y: f64, text: impl Into<String>) {
        self.labels.push(((x, y), text.into()));
    }

    /// Says what is missing; the same thing only once.
    pub fn note(&mut self, note: impl Into<Note>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// All that a reader has to know to trust the picture: the notes, and what of the learner's numbers does not show.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let mut to_do = Vec::new();
        for note in &self.notes {
            match note {
                Note::ToDo(function) => to_do.push(format!("`{function}`")),
                Note::Says(sentence) => remarks.push(sentence.clone()),
            }
        }
        match to_do.as_slice() {
            [] => {}
            [only] => remarks.insert(0, format!("{only} is still to do.")),
            [first @ .., last] => remarks.insert(0, format!("{} and {last} are still to do.", first.join(", "))),
        }
        let axes = Axes::of(self, 5);
        let points = || self.series.iter().filter(|series| series.role.is_learners()).flat_map(|series| &series.points);
        if self.rasters.iter().any(Raster::has_gaps) {
            remarks.push("Some of your numbers are NaN or infinite: their cells are marked.".to_owned());
        }
        if points().any(|(x, y)| !(x.is_finite() && y.is_finite() || x.is_nan() && y.is_nan())) {
            remarks.push("Some of your numbers are NaN or infinite: each of them leaves a gap.".to_owned());
        }
        let finite = points().filter(|(x, y)| x.is_finite() && y.is_finite()).map(|(_, y)| *y);
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        if low > high {
            return remarks;
        }
        if self.y.range.is_none() && !(axes.y.holds(low) && axes.y.holds(high)) {
            let (low, high) = (number(low), number(high));
            remarks.push(format!(
                "Some of your numbers are outside of the picture. The smallest is {low}, the largest \
                                  {high}."
            ));
        } else if !self.series.iter().any(|series| series.role.is_learners() && axes.shows(series)) {
            remarks.push("All results of your code are outside of the picture.".to_owned());
        }
        remarks
    }

    /// The raster that shows at a point, and which of its cells.
    pub fn raster_at(&self, place: (f64, f64)) -> Option<(&Raster, usize)> {
        self.rasters.iter().rev().find_map(|raster| Some((raster, raster.cells.cell_at(place)?)))
    }

    /// The series in the order in which they are drawn: what is behind comes first.
    pub fn back_to_front(&self) -> Vec<&Series> {
        let mut series: Vec<&Series> = self.series.iter().collect();
        series.sort_by_key(|series| match series.role {
            Role::Reference(_) => 0,
            Role::Guide => 1,
            Role::Learner(_) | Role::Shade(_) => 2,
            Role::Class(_) => 3,
        });
        series
    }

    /// What the legend lists: one entry for all of the reference's that stands behind something of the learner's.
    pub fn legend(&self) -> Vec<(String, Mark, Role)> {
        let named = self.series.iter().filter(|series| !series.name.is_empty());
        let mut entries: Vec<_> = named.map(|series| (series.name.clone(), series.mark, series.role)).collect();
        let is_reference = |role: Role| matches!(role, Role::Reference(_));
        let unnamed = self.series.iter().find(|series| series.name.is_empty() && is_reference(series.role));
        let is_behind = self.series.iter().any(|series| series.role.is_learners());
        if let Some(pale) = unnamed.filter(|_| is_behind || !entries.iter().any(|(_, _, role)| is_reference(*role))) {
            entries.push((REFERENCE.to_owned(), pale.mark, pale.role));
        }
        entries
    }
}

impl Role {
    /// Whether the learner's code computed it.
    pub fn is_learners(self) -> bool {
        matches!(self, Self::Learner(_) | Self::Shade(_))
    }
}
