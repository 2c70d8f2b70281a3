//! What there is to see in exercise 1.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let mut picture =
        Picture::new("centuries", "Leap years so far", Axis::new("year"), Axis::new("leap years since 1880"))
            .caption("The line rests for eight years around 1900. If it does not, the rule for centuries is missing.");
    let counted = ask.both(|side| {
        let mut points = Vec::new();
        let mut count = 0.0;
        for year in 1880..1920_usize {
            count += side.ask("is_leap_year", &Record::new().with("year", year))?.number(RESULT);
            points.push((year as f64, count));
        }
        Ok(points)
    })?;
    picture.compare(YOURS, Mark::Line, 0, counted);
    Ok(vec![picture])
}
