//! What there is to see in exercise NUMBER.
//!
//! TO WRITE: pictures in which a mistake can be seen.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let mut picture = Picture::new("double", "Twice as much", Axis::new("x"), Axis::new("double(x)"))
        .caption("TO WRITE: what to look for, and what a wrong picture would mean.");
    let points = ask.both(|side| {
        let mut points = Vec::new();
        for step in -10..=10 {
            let x = f64::from(step) / 2.0;
            points.push((x, side.ask("double", &Record::new().with("x", x))?.number(RESULT)));
        }
        Ok(points)
    })?;
    picture.compare(YOURS, Mark::Line, 0, points);
    Ok(vec![picture])
}
