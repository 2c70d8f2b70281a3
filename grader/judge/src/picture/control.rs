//! What can be varied in a picture: on the page of `grader serve` somebody moves it, everywhere else it has its usual value.

use serde::{Deserialize, Serialize};
use wire::judge::Controls;

use super::{Picture, Scale};

/// Something that can be varied in a picture, and its present value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// What stands beside it. No two controls of a picture have the same name.
    pub name: String,
    /// What it looks like, and which values it can have.
    pub kind: Kind,
    /// One number, or those of all points or pixels.
    pub value: Vec<f64>,
    /// How far a training has come that is not yet where `value` says.
    pub reached: Option<usize>,
}

/// What a control looks like, and which values it can have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// A slider: any number of this range.
    Number {
        /// The smallest value.
        low: f64,
        /// The largest value.
        high: f64,
        /// Whether equal steps of the slider are equal differences or equal factors.
        scale: Scale,
    },
    /// A slider over whole numbers. One that is `played` is moved along by itself, as the epochs of a training are.
    Whole {
        /// The smallest value.
        low: usize,
        /// The largest value.
        high: usize,
        /// Whether it can be played.
        played: bool,
    },
    /// One of several, by its place.
    Choice(Vec<String>),
    /// The seed of something random.
    Seed,
    /// Points in the picture that can be moved and added: x, y and the class of each, one after the other.
    Points {
        /// How many classes there are.
        classes: usize,
        /// More points than this cannot be added.
        most: usize,
    },
    /// An image to draw on: ink from 0 to 1, row after row.
    Pixels {
        /// The number of rows.
        rows: usize,
        /// The number of columns.
        columns: usize,
    },
}

/// A point that can be moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Where it is.
    pub x: f64,
    /// Where it is.
    pub y: f64,
    /// Which class it belongs to, counted from 0.
    pub class: usize,
}

/// The name under which the value of a control travels.
fn key(picture: &str, name: &str) -> String {
    format!("{picture}/{name}")
}

impl Picture {
    /// A number from `low` to `high` on a slider.
    pub fn slider(&mut self, controls: &Controls, name: &str, usual: f64, (low, high): (f64, f64)) -> f64 {
        self.number(controls, name, usual, (low, high), Scale::Linear)
    }

    /// A number from `low` to `high`, both above 0, on a slider whose steps are equal factors.
    pub fn log_slider(&mut self, controls: &Controls, name: &str, usual: f64, (low, high): (f64, f64)) -> f64 {
        self.number(controls, name, usual, (low, high), Scale::Log)
    }

    /// A whole number from `low` to `high` on a slider.
    pub fn whole(&mut self, controls: &Controls, name: &str, usual: usize, (low, high): (usize, usize)) -> usize {
        self.count(controls, name, usual, Kind::Whole { low, high, played: false })
    }

    /// A whole number from 0 to `last` that can be played, such as the epoch of a training.
    pub fn played(&mut self, controls: &Controls, name: &str, usual: usize, last: usize) -> usize {
        self.count(controls, name, usual, Kind::Whole { low: 0, high: last, played: true })
    }

    /// Says how far the picture's training has come, if not to its end, and returns how many steps it has.
    pub(crate) fn reach(&mut self, step: Option<usize>) -> usize {
        let mut controls = self.controls.iter_mut();
        let played = controls.find(|control| matches!(control.kind, Kind::Whole { played: true, .. }));
        played.map_or(0, |control| {
            control.reached = step;
            control.value.first().map_or(0, |value| *value as usize)
        })
    }

    /// One of `names`, by its place.
    pub fn choice(&mut self, controls: &Controls, name: &str, usual: usize, names: &[&str]) -> usize {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        self.count(controls, name, usual, Kind::Choice(names))
    }

    /// The seed of something random.
    pub fn seed(&mut self, controls: &Controls, name: &str, usual: usize) -> usize {
        self.count(controls, name, usual, Kind::Seed)
    }

    /// Points that can be moved within the picture's own axes, and added, up to `most` of them.
    pub fn points(
        &mut self,
        controls: &Controls,
        name: &str,
        usual: &[Point],
        classes: usize,
        most: usize,
    ) -> Vec<Point> {
        let usual = usual.iter().flat_map(|point| [point.x, point.y, point.class as f64]).collect();
        let value = self.value(controls, name, usual, Kind::Points { classes, most });
        let points = value.chunks_exact(3).take(most);
        let class = |number: f64| (number.max(0.0) as usize).min(classes.saturating_sub(1));
        points.map(|point| Point { x: point[0], y: point[1], class: class(point[2]) }).collect()
    }

    /// An image to draw on, with the ink of `usual` from 0 to 1.
    pub fn canvas(
        &mut self,
        controls: &Controls,
        name: &str,
        usual: Vec<f64>,
        (rows, columns): (usize, usize),
    ) -> Vec<f64> {
        let ink = self.value(controls, name, usual, Kind::Pixels { rows, columns });
        let ink = ink.into_iter().chain(std::iter::repeat(0.0)).take(rows * columns);
        ink.map(|ink| ink.clamp(0.0, 1.0)).collect()
    }

    fn number(&mut self, controls: &Controls, name: &str, usual: f64, (low, high): (f64, f64), scale: Scale) -> f64 {
        let value = self.value(controls, name, vec![usual], Kind::Number { low, high, scale });
        value.first().map_or(usual, |value| value.clamp(low, high))
    }

    fn count(&mut self, controls: &Controls, name: &str, usual: usize, kind: Kind) -> usize {
        let (low, high) = match &kind {
            Kind::Whole { low, high, .. } => (*low, *high),
            Kind::Choice(names) => (0, names.len().saturating_sub(1)),
            _ => (0, u32::MAX as usize),
        };
        let value = self.value(controls, name, vec![usual as f64], kind);
        let count = value.first().map_or(usual, |value| value.round().max(0.0) as usize).clamp(low, high);
        if let Some(control) = self.controls.last_mut() {
            control.value = vec![count as f64];
        }
        count
    }

    /// The present value of a control, which is added to the picture: one that is not finite is no value.
    fn value(&mut self, controls: &Controls, name: &str, usual: Vec<f64>, kind: Kind) -> Vec<f64> {
        let set = controls.get(&key(&self.id, name));
        let value = set.filter(|value| value.iter().all(|number| number.is_finite())).cloned().unwrap_or(usual);
        self.controls.push(Control { name: name.to_owned(), kind, value: value.clone(), reached: None });
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Axis;

    fn picture() -> Picture {
        Picture::new("id", "title", Axis::new("x"), Axis::new("y"))
    }

    fn set(name: &str, value: &[f64]) -> Controls {
        Controls::from([(format!("id/{name}"), value.to_vec())])
    }

    #[test]
    fn what_is_not_set_has_its_usual_value() {
        let (mut picture, none) = (picture(), Controls::new());
        assert_eq!(picture.slider(&none, "rate", 0.1, (0.0, 1.0)), 0.1);
        assert_eq!(picture.choice(&none, "activation", 1, &["relu", "tanh"]), 1);
        assert_eq!(picture.played(&none, "epoch", 20, 20), 20);
        let usual = [Point { x: 1.0, y: -1.0, class: 1 }];
        assert_eq!(picture.points(&none, "points", &usual, 2, 9), usual);
        let names: Vec<_> = picture.controls.iter().map(|control| control.name.as_str()).collect();
        assert_eq!(names, ["rate", "activation", "epoch", "points"]);
    }

    #[test]
    fn what_a_page_sends_is_brought_into_range() {
        let mut picture = picture();
        assert_eq!(picture.slider(&set("rate", &[7.0]), "rate", 0.1, (0.0, 1.0)), 1.0);
        assert_eq!(picture.slider(&set("other", &[f64::NAN]), "other", 0.1, (0.0, 1.0)), 0.1);
        assert_eq!(picture.slider(&set("none", &[]), "none", 0.1, (0.0, 1.0)), 0.1);
        assert_eq!(picture.whole(&set("n", &[-3.0]), "n", 4, (2, 8)), 2);
        assert_eq!(picture.choice(&set("c", &[9.0]), "c", 0, &["a", "b"]), 1);
        let many: Vec<f64> = (0..30).map(f64::from).collect();
        let points = picture.points(&set("p", &many), "p", &[], 2, 4);
        assert!(points.len() == 4 && points.iter().all(|point| point.class <= 1));
        assert_eq!(picture.canvas(&set("ink", &[2.0, 0.5]), "ink", vec![], (2, 2)), [1.0, 0.5, 0.0, 0.0]);
    }
}
