//! What the grader asks of exercise NUMBER.
//!
//! TO WRITE: an experiment for each thing that can be asked. No expected value belongs in here.

use probe::serve;

const DOUBLE: fn(f64) -> f64 = submission::double;

fn main() {
    serve(&[("double", |case| DOUBLE(case.float("x")).into())]);
}
