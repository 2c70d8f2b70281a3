//! The picture in `docs/reference.md`: drawn from the numbers in that page's tables, so that the two cannot differ.

use std::{fs, path::Path};

use judge::picture::{Axis, Mark, Picture, Role};

use super::{holds_in_docs, svg};

/// The cells of the first row of a table that begins with `name`.
fn row<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("| {name}");
    let line = page.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("no row {name}"));
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// The number that a cell begins with.
fn number(cell: &str) -> f64 {
    let number = cell.split(' ').next().unwrap_or_default();
    number.parse().unwrap_or_else(|_| panic!("no number: {cell}"))
}

fn roofline(page: &str) -> Picture {
    let peak = number(row(page, "peak")[1]);
    let (least, most) = (1.0, 64.0);
    let powers = |from: u32, to: u32| (from..=to).map(|power| (f64::from(1 << power), 1 << power));
    let x = Axis::new("operations per byte").log().from(least, most).ticks(powers(0, 6));
    let y = Axis::new("GFLOP/s").log().from(8.0, 256.0).ticks(powers(3, 8));
    let mut picture = Picture::new("reference", "Three parts of the training below the limits of one core", x, y);
    for (n, (name, cell)) in
        [("cache", "reading from a cache"), ("memory", "reading from memory")].into_iter().enumerate()
    {
        let bandwidth = number(row(page, cell)[1]);
        let roof = [least, peak / bandwidth, most].map(|x| (x, peak.min(bandwidth * x)));
        picture.add(
            format!("limit: {name}"),
            Mark::Line,
            Role::Learner(n),
            roof.into_iter().filter(|&(x, _)| x >= least).collect(),
        );
    }
    for (n, name) in ["first layer, forward", "other layers", "update"].into_iter().enumerate() {
        let cells = row(page, name);
        picture.add(cells[0], Mark::Points, Role::Class(n), vec![(number(cells[5]), number(cells[4]))]);
    }
    picture
}

#[test]
fn the_roofline_in_the_documentation_is_that_of_its_tables() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = fs::read_to_string(docs.join("reference.md")).unwrap();
    holds_in_docs("reference.svg", &svg::render(&roofline(&page)).unwrap());
}
