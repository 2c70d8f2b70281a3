//! Where on each of several lines there is room for a letter that tells it from the others.

/// A line in parts, each from point to point.
type Line = Vec<Vec<(f64, f64)>>;

/// So many places on a line are looked at.
const STEPS: u32 = 40;

/// Rows to the nearest other line; more is no better.
const FAR: f64 = 2.5;

/// A place for a letter on each of `lines`, if anything of it is there: as far from the other lines as it gets, rather to
/// the right than to the left, and not where a letter is already. `cell` is the size of a character.
pub(super) fn places(lines: &[Line], cell: (f64, f64)) -> Vec<Option<(f64, f64)>> {
    let mut taken = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let others: Vec<&Line> =
            lines.iter().enumerate().filter(|(other, _)| *other != number).map(|(_, line)| line).collect();
        taken.push(place(line, &others, &taken, cell));
    }
    taken
}

fn place(line: &Line, others: &[&Line], taken: &[Option<(f64, f64)>], (column, row): (f64, f64)) -> Option<(f64, f64)> {
    let begin = line.first().and_then(|part| part.first())?;
    let end = line.last().and_then(|part| part.last())?;
    if (begin.0 - end.0).abs() < 3.0 * column {
        // Nearly upright: no other line is in the way of all of it.
        return Some((begin.0 + 0.1 * (end.0 - begin.0), begin.1 + 0.1 * (end.1 - begin.1)));
    }
    let is_free = |at: &(f64, f64)| {
        let is_far = |other: &(f64, f64)| (at.0 - other.0).abs() > 2.5 * column || (at.1 - other.1).abs() > 1.5 * row;
        taken.iter().flatten().all(is_far)
    };
    let room = |at: &(f64, f64)| {
        let to = |other: &&Line| point_at(other, at.0).map(|(_, y)| (y - at.1).abs() / row);
        others.iter().filter_map(to).fold(FAR, f64::min)
    };
    let share = |step: u32| 1.0 - f64::from(step) / f64::from(STEPS);
    let places = (2..STEPS - 1).filter_map(|step| point_at(line, begin.0 + share(step) * (end.0 - begin.0)));
    let mut best: Option<((f64, f64), f64)> = None;
    for place in places.filter(is_free) {
        let here = room(&place);
        if best.is_none_or(|(_, there)| here > there + 0.1) {
            best = Some((place, here));
        }
    }
    best.map(|(place, _)| place)
}

/// The first point of a line at `x`.
fn point_at(line: &Line, x: f64) -> Option<(f64, f64)> {
    line.iter().flat_map(|part| part.windows(2)).find_map(|pair| {
        let t = (x - pair[0].0) / (pair[1].0 - pair[0].0);
        (0.0..=1.0).contains(&t).then(|| (x, pair[0].1 + t * (pair[1].1 - pair[0].1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CELL: (f64, f64) = (0.02, 0.1);

    #[test]
    fn letters_stand_where_lines_are_apart() {
        let level = vec![vec![(0.0, 0.0), (1.0, 0.0)]];
        let falling = vec![vec![(0.0, 1.0), (1.0, 0.0)]];
        let places = places(&[level, falling], CELL);
        assert!(places.iter().all(|place| place.is_some_and(|(x, _)| x < 0.8)), "{places:?}");
    }

    #[test]
    fn letters_of_lines_that_agree_stand_side_by_side() {
        let line = vec![vec![(0.0, 0.5), (1.0, 0.5)]];
        let places = places(&[line.clone(), line, Vec::new()], CELL);
        assert!((places[0].unwrap().0 - places[1].unwrap().0).abs() > 2.0 * CELL.0);
        assert_eq!(places[2], None);
    }
}
