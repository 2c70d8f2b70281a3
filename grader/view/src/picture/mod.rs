//! Pictures drawn: one small file per way to show them.

pub mod html;
mod letter;
pub mod svg;
pub(crate) mod terminal;

#[cfg(test)]
mod roofline;

/// Holds a picture in `docs/` against what is drawn now, or draws it again where the variable `UPDATE_DOCS` asks for that.
#[cfg(test)]
pub(crate) fn holds_in_docs(file: &str, picture: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, picture).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap().replace('\r', "");
    assert!(kept == picture, "docs/{file} is old; `UPDATE_DOCS=1 cargo test -p view documentation` draws it again");
}

#[cfg(test)]
mod tests {
    use judge::picture::{Axis, Both, Cells, GAP, Mark, Note, Palette, Picture, Role, YOURS};

    use super::*;

    const HOSTILE: [f64; 11] =
        [0.0, -0.0, 1.0, -3.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308, -1e308, f64::MIN_POSITIVE, 5e-324];

    /// Pictures of every kind, full of what wrong code may return.
    fn hostile_pictures() -> Vec<Picture> {
        let mut pictures = Vec::new();
        let axes = || {
            let plain = Axis::new("an axis");
            [
                plain.clone(),
                plain.clone().log(),
                plain.clone().from(0.0, 1.0),
                plain.clone().from(f64::NAN, 1.0),
                plain.ticks([(f64::NAN, "?")]),
            ]
        };
        let points: Vec<(f64, f64)> = HOSTILE.into_iter().flat_map(|x| HOSTILE.map(|y| (x, y))).collect();
        let [plain, ..] = axes();
        for (x, y) in axes().map(|x| (x, plain.clone())).into_iter().chain(axes().map(|y| (plain.clone(), y))) {
            for mark in [Mark::Line, Mark::Points, Mark::Bars(0.5), Mark::Bars(f64::NAN)] {
                for roles in [vec![Role::Learner(0)], vec![Role::Reference(7), Role::Shade(0.5), Role::Class(3)]] {
                    for chosen in [&points[..], &points[60..63], &[]] {
                        let mut picture = Picture::new("hostile", "<&\"'\u{1b}>", x.clone(), y.clone());
                        for role in &roles {
                            picture.add("<name> & \"more\"", mark, *role, chosen.to_vec());
                        }
                        for palette in [Palette::Ink, Palette::Heat, Palette::Diverging] {
                            let cells = Cells { x: (0.0, 1.0), y: (0.0, 1.0), columns: HOSTILE.len(), rows: 1 };
                            picture.raster(cells, HOSTILE.to_vec(), palette, (0.0, 1.0));
                            picture.raster(cells, HOSTILE.to_vec(), palette, (f64::NAN, 0.0));
                            picture.raster(
                                Cells { x: (f64::NAN, 0.0), ..cells },
                                HOSTILE.to_vec(),
                                palette,
                                (0.0, 1.0),
                            );
                            picture.raster(Cells { columns: 0, ..cells }, Vec::new(), palette, (0.0, 1.0));
                        }
                        picture.label(f64::NAN, 0.0, "<label>");
                        picture.label(0.5, 0.5, "<label>");
                        picture.equal_units = chosen.len() == 3;
                        picture.note("a note & <a longer one> ".repeat(9));
                        pictures.push(picture);
                    }
                }
            }
        }
        pictures
    }

    /// A region in two shades with its border, an image of few pixels, a heat map with words, one with signs.
    pub(super) fn rasters() -> [Picture; 3] {
        let region = Cells { x: (-2.0, 2.0), y: (-1.0, 1.0), columns: 40, rows: 20 };
        let rings: Vec<f64> =
            region.centres().rows().into_iter().map(|at| (2.0 * at[0]).sin() * at[1] + at[0] / 4.0).collect();
        let mut signed = Picture::new("signed", "Signed", Axis::new("x₁"), Axis::new("x₂")).equal_units();
        signed.raster(region, rings.clone(), Palette::Diverging, (-1.0, 1.0));
        signed.add("border", Mark::Line, Role::Guide, region.contour(&rings, 0.0));
        signed.add("class 0", Mark::Points, Role::Class(0), vec![(-1.0, 0.5), (1.0, -0.5)]);
        signed.add("class 1", Mark::Points, Role::Class(1), vec![(-1.0, -0.5), (1.0, 0.5)]);

        let none = || Axis::new("").ticks::<&str>([]);
        let mut digits = Picture::new("digits", "Digits", none(), none()).equal_units();
        for digit in 0..3 {
            let left = f64::from(digit) * 9.0;
            let cells = Cells { x: (left, left + 8.0), y: (0.0, 8.0), columns: 8, rows: 8 };
            let pixel = |n: usize| if n % 8 == n / 8 { 16.0 } else { f64::from(digit) * (n % 8) as f64 };
            digits.raster(cells, (0..64).map(pixel).collect(), Palette::Ink, (0.0, 16.0));
            digits.label(left + 4.0, -1.0, format!("{digit}"));
        }
        digits.y = Axis::new("").from(-2.0, 8.0).ticks::<&str>([]);

        let names = |n: usize| (0..n).map(|n| (n as f64 + 0.5, n));
        let mut table =
            Picture::new("table", "Table", Axis::new("said").ticks(names(3)), Axis::new("true").ticks(names(2)));
        let cells = Cells { x: (0.0, 3.0), y: (0.0, 2.0), columns: 3, rows: 2 };
        table.raster(cells, vec![9.0, 1.0, f64::NAN, 0.0, 5.0, 9.0], Palette::Heat, (0.0, 9.0));
        for (at, count) in cells.centres().rows().into_iter().zip([9, 1, 0, 0, 5, 9]) {
            table.label(at[0], at[1], format!("{count}"));
        }
        [signed, digits, table]
    }

    #[test]
    fn whatever_code_returns_can_be_drawn() {
        for picture in hostile_pictures() {
            let document = svg::render(&picture).unwrap();
            let parsed = roxmltree::Document::parse(&document).unwrap_or_else(|error| panic!("{error}: {document}"));
            assert_eq!(parsed.root_element().tag_name().name(), "svg");
            for width in [0, 60] {
                terminal::render(&picture, width);
            }
        }
    }

    #[test]
    fn an_image_has_square_pixels_and_a_word_on_a_dark_cell_is_white() {
        let [signed, digits, table] = rasters().map(|picture| svg::render(&picture).unwrap());
        for document in [&signed, &digits, &table] {
            roxmltree::Document::parse(document).unwrap();
        }
        let height = |document: &str| -> i32 {
            let size = document.split_once(" height=\"").unwrap().1;
            size[..size.find('"').unwrap()].parse().unwrap()
        };
        assert!(height(&digits) < height(&signed), "{} {}", height(&digits), height(&signed));
        assert!(table.contains("fill=\"#FFFFFF\" >") || table.contains("fill=\"#FFFFFF\""), "{table}");
        assert!(table.contains("#FFC857"), "NaN has a colour of its own");
    }

    #[test]
    fn a_raster_of_the_wrong_size_is_not_drawn_and_a_note_says_so() {
        let mut picture = Picture::new("id", "title", Axis::new("x"), Axis::new("y"));
        let cells = Cells { x: (0.0, 1.0), y: (0.0, 1.0), columns: 2, rows: 2 };
        picture.raster(cells, vec![1.0; 3], Palette::Heat, (0.0, 1.0));
        assert_eq!(picture.remarks(), ["There are 3 numbers for an image of 4 cells: it is not drawn."]);
    }

    #[test]
    fn a_note_says_what_of_the_learners_numbers_is_missing() {
        let mut picture = Picture::new("id", "title", Axis::new("x"), Axis::new("y"));
        picture.compare(
            YOURS,
            Mark::Line,
            0,
            Both { reference: vec![(0.0, 0.0), (1.0, 1.0)], learner: Ok(vec![(0.0, 0.0), (1.0, 100.0)]) },
        );
        assert_eq!(
            picture.remarks(),
            ["Some of your numbers are outside of the picture. The smallest is 0, the \
                                        largest 100."]
        );
        picture.add("", Mark::Line, Role::Learner(1), vec![(0.0, 0.0), GAP, (1.0, 1.0)]);
        assert_eq!(picture.remarks().len(), 1, "a gap on purpose does not count as the learner's");
        picture.add("", Mark::Line, Role::Learner(2), vec![(0.0, f64::NAN)]);
        assert!(picture.remarks().iter().any(|note| note.contains("NaN")));
    }

    #[test]
    fn millions_of_numbers_are_cut_and_a_note_says_so() {
        let mut picture = Picture::new("id", "title", Axis::new("x"), Axis::new("y"));
        let many = (0..1_000_000).map(|x| (f64::from(x), 1.0)).collect();
        picture.compare(YOURS, Mark::Line, 0, Both { reference: vec![(0.0, 0.0), (1.0, 1.0)], learner: Ok(many) });
        assert_eq!(picture.remarks(), ["Only the first 5000 of your 1000000 numbers are drawn."]);
        assert!(svg::render(&picture).unwrap().len() < 200_000);
    }

    #[test]
    fn code_that_does_not_answer_leaves_the_reference_and_a_note() {
        let mut picture = Picture::new("id", "title", Axis::new("x"), Axis::new("y"));
        for (n, function) in ["elu", "relu", "elu", "tanh"].into_iter().enumerate() {
            let learner = Err(Note::ToDo(function.to_owned()));
            picture.compare(YOURS, Mark::Line, n, Both { reference: vec![(0.0, 0.0), (1.0, 1.0)], learner });
        }
        assert_eq!(picture.remarks(), ["`elu`, `relu` and `tanh` are still to do."]);
        assert!(picture.series.iter().all(|series| matches!(series.role, Role::Reference(_))));
    }
}
