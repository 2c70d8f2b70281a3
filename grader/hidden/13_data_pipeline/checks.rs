//! What is right in exercise 13, and what is commonly got wrong.
//!
//! Where chance decides, no check knows a number. It asks for what is true of every right result (no sample lost, none
//! twice, each label beside its sample) and knows a mistake by what it leaves behind.

use std::collections::BTreeSet;

use rand::{RngExt, seq::SliceRandom};

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    files().into_iter().chain(splits()).chain(scaling()).chain(batches()).collect()
}

fn files() -> [Check; 7] {
    [
        Check::new("read_idx_labels", "idx", "read_idx_labels finds the labels behind a header of 8 bytes", 1)
            .on(|draw| {
                let drawn = (0..20).map(|_| draw.random_range(0..10)).collect();
                [vec![7, 2, 1], drawn, vec![]]
                    .map(|labels| Record::new().with("bytes", idx(&[labels.len()], &labels)))
                    .to_vec()
            })
            .expects(|c| succeeded().with("labels", c.counts("bytes")[8..].to_vec()))
            .mistake("little_endian", LITTLE_ENDIAN, |_| failed("WrongMagic { expected: 2049, found: 17301504 }"))
            .mistake(
                "header_of_images",
                "Your code expects a header of 16 bytes, as in a file of images. A file of labels has one size \
                 instead of three, so its header has 8 bytes.",
                |c| {
                    let (n, found) = (c.counts("bytes").len() - 8, c.counts("bytes").len());
                    truncated(if found < 16 { 16 } else { 16 + n }, found)
                },
            ),
        Check::new("read_idx_images", "idx", "read_idx_images returns images of bytes, row after row", 2)
            .on(|draw| {
                [[2, 2, 3], [1, 4, 2], [3, 1, 5], [0, 28, 28]]
                    .map(|sizes| {
                        let pixels: Vec<usize> =
                            (0..sizes.iter().product()).map(|_| draw.random_range(0..256)).collect();
                        Record::new().with("bytes", idx(&sizes, &pixels))
                    })
                    .to_vec()
            })
            .expects(|c| images(sizes(c), c.counts("bytes")[16..].to_vec()))
            .mistake("little_endian", LITTLE_ENDIAN, |_| failed("WrongMagic { expected: 2051, found: 50855936 }"))
            .mistake(
                "header_of_labels",
                "The pixels are read from byte 8 on, where the header of a file of labels ends. In a file of images \
                 two more sizes follow, the rows and the columns: the first pixel is byte 16.",
                |c| {
                    let bytes = c.counts("bytes");
                    images(sizes(c), bytes[8..bytes.len() - 8].to_vec())
                },
            )
            .mistake(
                "rows_and_columns_swapped",
                "Rows and columns are swapped: the header contains the number of images, then the rows, then the \
                 columns. MNIST's 28 × 28 pixels would hide this error.",
                |c| {
                    let [n, rows, columns] = sizes(c);
                    images([n, columns, rows], c.counts("bytes")[16..].to_vec())
                },
            )
            .mistake(
                "columns_first",
                "The bytes of an image are read column after column. They are stored row after row, so the column \
                 index changes fastest.",
                |c| {
                    let [n, rows, columns] = sizes(c);
                    let data = c.counts("bytes")[16..].to_vec();
                    let pixel = |i: usize| {
                        let (image, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
                        data[image * rows * columns + column * rows + row]
                    };
                    images(sizes(c), (0..n * rows * columns).map(pixel).collect())
                },
            ),
        Check::new(
            "idx_errors",
            "idx",
            "a file that is cut off, too long or of another kind returns an error that says so",
            2,
        )
        .asks("read_idx")
        .about("read_idx_labels")
        .about("read_idx_images")
        .after("read_idx_labels")
        .after("read_idx_images")
        .on(|draw| {
            let n = 4 + draw::count(draw, 20);
            let cut = idx(&[40], &vec![3; n]);
            [damaged_files(), vec![Record::new().with("as", "labels").with("bytes", cut)]].concat()
        })
        .expects(right_error)
        .mistake_if(
            "magic_not_checked",
            "A file of another kind is read without an error. The first four bytes are 2049 for labels and 2051 for \
             images. Anything else is another kind of file, perhaps one that is still compressed.",
            |c, seen| is_error(&right_error(c), "WrongMagic") && seen.get("error") == Some(&Value::Nothing),
        )
        .mistake(
            "rest_ignored",
            "Bytes are left over, but your code returns no error. If a file is longer than its header says, return \
             `TooLong`.",
            |c| if is_error(&right_error(c), "TooLong") { succeeded() } else { right_error(c) },
        )
        .mistake("read_blindly", READ_BLINDLY, |c| {
            if c.counts("bytes").len() < header_len(c) { Prediction::Panics } else { right_error(c).into() }
        })
        // The same, where the header is looked at first and only the data is taken for granted.
        .mistake("read_blindly", READ_BLINDLY, |c| {
            let is_cut_off = is_error(&right_error(c), "Truncated") && c.counts("bytes").len() >= header_len(c);
            if is_cut_off { Prediction::Panics } else { right_error(c).into() }
        })
        .mistake(
            "header_not_counted",
            "`needed` and `found` do not count the header. Both should count all bytes of the file: the 16 or 8 of \
             the header, and the data.",
            |c| {
                let (needed, found) = (needed(c), c.counts("bytes").len());
                let kind = ["Truncated", "TooLong"].into_iter().find(|kind| is_error(&right_error(c), kind));
                match (kind, needed) {
                    (Some(kind), Some(needed)) if found >= header_len(c) => failed(&format!(
                        "{kind} {{ needed: {}, found: {} }}",
                        needed - header_len(c),
                        found - header_len(c)
                    )),
                    _ => right_error(c),
                }
            },
        )
        .mistake(
            "sizes_multiplied_blindly",
            "The sizes are multiplied without a test for overflow, but a header may contain any sizes. If the product \
             does not fit into a `usize`, `*` panics, or, in a release build, returns a wrong number. `checked_mul` \
             returns `None` instead.",
            |c| if is_error(&right_error(c), "TooLarge") { Prediction::Panics } else { right_error(c).into() },
        )
        .mistake(
            "kind_before_length",
            "The error for a file that is too short for its header is `WrongMagic`. Follow the order of the \
             documentation: first check that the header is complete, then check its first number.",
            |c| {
                let bytes = c.counts("bytes");
                if (4..header_len(c)).contains(&bytes.len()) && number(c, 0) != expected_magic(c) {
                    return wrong_magic(c);
                }
                right_error(c)
            },
        )
        .mistake(
            "sizes_multiplied_as_u32",
            "`TooLarge` is returned for a product that fits into a `usize`: the sizes are multiplied as `u32`. \
             Convert each of them to `usize` first, then multiply.",
            |c| {
                if claims_too_much(c) {
                    failed(&format!("TooLarge {{ sizes: {:?} }}", sizes(c)))
                } else {
                    right_error(c)
                }
            },
        )
        .mistake(
            "memory_before_bytes",
            "Your code panics if the sizes in the header are very large. Probably it allocates memory before it \
             checks the length of the file: first compare the length with what the header says.",
            |c| if claims_too_much(c) { Prediction::Panics } else { right_error(c).into() },
        ),
        Check::new("scale_pixels", "pixels", "scale_pixels divides by 255, once, and returns a row for every image", 2)
            .on(|draw| {
                // The whitest pixel of the second batch is not white.
                [([2_usize, 2, 3], 256_usize), ([3, 4, 2], 200)]
                    .map(|([n_images, rows, columns], end)| {
                        let mut pixels: Vec<usize> =
                            (0..n_images * rows * columns).map(|_| draw.random_range(20..end)).collect();
                        pixels[..3].copy_from_slice(&[0, end - 1, 64]);
                        Record::new()
                            .with("n_images", n_images)
                            .with("rows", rows)
                            .with("columns", columns)
                            .with("pixels", pixels)
                    })
                    .to_vec()
            })
            .expects(|c| scaled_pixels(c, |pixel| pixel / 255.0))
            .mistake("not_scaled", "The pixels are real numbers now, but still from 0 to 255: divide by 255.", |c| {
                scaled_pixels(c, |pixel| pixel)
            })
            .mistake(
                "integer_division",
                "A `u8` divided by 255 is a `u8` again: 0 for every pixel below 255. Convert it first, \
                 `f64::from(pixel)`, then divide.",
                |c| scaled_pixels(c, |pixel| (pixel / 255.0).floor()),
            )
            .mistake(
                "divided_by_256",
                "White becomes 0.996, because the pixels are divided by 256. A byte has 256 values, but the largest \
                 of them is 255, and that should become 1.",
                |c| scaled_pixels(c, |pixel| pixel / 256.0),
            )
            .mistake(
                "scaled_twice",
                "The pixels are divided by 255 twice, so white is 0.0039, and the first layer gets almost no input.",
                |c| scaled_pixels(c, |pixel| pixel / 255.0 / 255.0),
            )
            .mistake(
                "own_maximum",
                "The pixels are divided by the largest pixel of these images. So the result for an image depends on \
                 the other images. Always divide by 255.",
                |c| {
                    let max = c.counts("pixels").into_iter().max().unwrap_or(255) as f64;
                    scaled_pixels(c, |pixel| pixel / max)
                },
            )
            .mistake(
                "flattened_by_columns",
                "The pixels of an image are in its row column after column. They should have the order of the file: \
                 row after row.",
                |c| {
                    let right = scaled_pixels(c, |pixel| pixel / 255.0);
                    let (rows, columns) = (c.count("rows"), c.count("columns"));
                    Array2::from_shape_fn(right.dim(), |(i, k)| right[[i, k % rows * columns + k / rows]])
                },
            ),
        Check::new("parse_iris", "csv", "parse_iris reads measurements and species, and ignores blanks", 2)
            .on(|draw| {
                let mut measured = || draw.random_range(1..80);
                let (a, b) = (measured(), measured());
                [
                    // The species do not come in the order of their classes.
                    "6.3,3.3,6.0,2.5,virginica\n5.1,3.5,1.4,0.2,setosa\n7.0,3.2,4.7,1.4,versicolor\n".to_owned(),
                    format!("5.1,3.5,1.4,0.2,setosa\n\n{}.5,2,{}.25,1,virginica\n   \n", a, b),
                    "5.1, 3.5, 1.4, 0.2, setosa\r\n 4.9 ,3.0,1.4,0.2 ,setosa \r\n".to_owned(),
                    String::new(),
                ]
                .map(|flowers| format!("{HEADINGS}\n{flowers}"))
                .into_iter()
                .chain(["a,b,c,d,name\n5.1,3.5,1.4,0.2,setosa\n".to_owned()])
                .map(|csv| Record::new().with("csv", csv))
                .collect()
            })
            .expects(|c| flowers(c.text("csv"), |name| SPECIES.iter().position(|species| *species == name)))
            .mistake(
                "headings_read",
                "The headings are read as a flower. Line 1 contains the headings of the columns: skip it.",
                |c| headings_refused(c.text("csv")),
            )
            .mistake(
                "headings_known_by_their_words",
                "The headings are skipped only if they are the usual words. Another file may have other headings: \
                 always skip line 1.",
                |c| match c.text("csv").starts_with(HEADINGS) {
                    true => flowers(c.text("csv"), |name| SPECIES.iter().position(|species| *species == name)),
                    false => headings_refused(c.text("csv")),
                },
            )
            .mistake(
                "classes_by_appearance",
                "The species are numbered in the order of the text, so a class can be another species in another \
                 file. The class is the index in `SPECIES`.",
                |c| {
                    let mut seen: Vec<String> = Vec::new();
                    flowers(c.text("csv"), move |name| {
                        if !seen.iter().any(|seen| seen == name) {
                            seen.push(name.to_owned());
                        }
                        seen.iter().position(|seen| seen == name)
                    })
                },
            )
            .mistake(
                "empty_line_refused",
                "A line of blanks only is reported as one with too few fields. Skip such lines; many files end with \
                 one.",
                |c| {
                    let csv = c.text("csv");
                    match csv.lines().position(|line| line.trim().is_empty()) {
                        Some(place) => failed(&format!("WrongNumberOfFields {{ line: {}, found: 1 }}", place + 1)),
                        None => flowers(csv, |name| SPECIES.iter().position(|species| *species == name)),
                    }
                },
            )
            .mistake(
                "blanks_not_trimmed",
                "A field with a blank beside the comma is reported as an error: `parse` accepts no blanks. Remove \
                 them with `trim`.",
                |c| {
                    let csv = c.text("csv");
                    let is_blank = |field: &&str| field.trim() != *field && !field.trim().is_empty();
                    match csv.lines().nth(1).and_then(|line| line.split(',').find(is_blank)) {
                        Some(field) => failed(&format!("NotANumber {{ line: 2, field: {field:?} }}")),
                        None => flowers(csv, |name| SPECIES.iter().position(|species| *species == name)),
                    }
                },
            ),
        Check::new("csv_errors", "csv", "parse_iris reports what is wrong, and in which line", 2)
            .asks("parse_iris")
            .after("parse_iris")
            .on(|draw| {
                let mut lines = BROKEN_LINES;
                // The first ones tell most mistakes.
                lines[4..].shuffle(draw);
                lines
                    .map(|(line, _)| Record::new().with("csv", format!("{HEADINGS}\n{GOOD_LINES}{line}\n{GOOD_LINES}")))
                    .to_vec()
            })
            .expects(|c| csv_error(c, LINE_OF_ERROR))
            .mistake(
                "line_number_too_small",
                "The line numbers are one too small: the line of headings is not counted, or the count begins at 0. \
                 The headings are line 1, as in an editor.",
                |c| csv_error(c, LINE_OF_ERROR - 1),
            )
            .mistake(
                "empty_lines_not_counted",
                "Skipped lines are not counted, so the line number in the error is too small. Count a line first, \
                 then skip it.",
                |c| csv_error(c, LINE_OF_ERROR - EMPTY_LINES),
            )
            .mistake(
                "nan_accepted",
                "`parse::<f64>()` accepts `nan` and `inf` as numbers. With one of them among the measurements, their \
                 mean is NaN or infinite: test each number with `is_finite`.",
                |c| match broken_line(c) {
                    "nan,3.5,1.4,0.2,setosa" | "5.1,3.5,-inf,0.2,setosa" => succeeded(),
                    _ => csv_error(c, LINE_OF_ERROR),
                },
            )
            .mistake(
                "unwrapped",
                "A field that is not a number makes your code panic. A file may contain anything: return the error \
                 instead of `unwrap` or `expect`.",
                |c| match broken_line(c) {
                    "5.1,3.5,x,0.2,setosa" => Prediction::Panics,
                    _ => csv_error(c, LINE_OF_ERROR).into(),
                },
            )
            .mistake(
                "unknown_species_made_a_class",
                "A species that is not in `SPECIES` gets a class, so a typing error becomes a wrong label. Return the \
                 error `UnknownSpecies`.",
                |c| match broken_line(c) {
                    "5.1,3.5,1.4,0.2,setossa" | "5.1,3.5,1.4,0.2,Setosa" => succeeded(),
                    _ => csv_error(c, LINE_OF_ERROR),
                },
            )
            .mistake(
                "species_before_measurements",
                "A line has two errors, and the error in the species is reported, which comes last. Check the fields \
                 from left to right: first the measurements, then the species.",
                |c| match broken_line(c) {
                    "5.1,3.5,1.4,?,setossa" => {
                        failed(&format!("UnknownSpecies {{ line: {LINE_OF_ERROR}, name: \"setossa\" }}"))
                    }
                    _ => csv_error(c, LINE_OF_ERROR),
                },
            ),
        Check::new("one_hot", "one_hot", "one_hot has a row for each sample, with a 1 in the column of its class", 1)
            .on(|draw| {
                let drawn = (0..6).map(|_| draw::count(draw, 5)).collect();
                // Without class 0 first, then without the last class, then with one that there is not.
                [(vec![2_usize, 1, 2, 3], 4_usize), (vec![1, 0, 0, 1, 1], 3), (vec![1, 3], 3), (drawn, 5)]
                    .map(|(labels, n_classes)| Record::new().with("labels", labels).with("n_classes", n_classes))
                    .to_vec()
            })
            .expects(|c| {
                if c.counts("labels").iter().all(|&label| label < c.count("n_classes")) {
                    one_hot(c).into()
                } else {
                    Prediction::Panics
                }
            })
            .mistake(
                "unknown_label_is_all_zero",
                "A label that is not below `n_classes` becomes a row of zeros: a sample without a class. Later steps \
                 would not notice this. Panic instead.",
                one_hot,
            ),
    ]
}

const LITTLE_ENDIAN: &str = "The bytes of a number are read in the wrong order. In an IDX file the most significant \
     byte comes first: use `u32::from_be_bytes`.";
const READ_BLINDLY: &str = "Your code panics if a file is cut off: it reads bytes that are not there. Check the \
     length first, or read them with `get`, and return `Truncated`.";

// IDX files.

/// The bytes of an IDX file with these sizes.
fn idx(sizes: &[usize], data: &[usize]) -> Vec<usize> {
    let mut bytes = vec![0, 0, 8, sizes.len()];
    for &size in sizes {
        let size = u32::try_from(size).expect("a size has four bytes");
        bytes.extend(size.to_be_bytes().map(usize::from));
    }
    bytes.extend(data);
    bytes
}

fn succeeded() -> Record {
    Record::new().with("error", Value::Nothing)
}

fn failed(error: &str) -> Record {
    Record::new().with("error", error)
}

fn truncated(needed: usize, found: usize) -> Record {
    failed(&format!("Truncated {{ needed: {needed}, found: {found} }}"))
}

fn is_error(seen: &Record, kind: &str) -> bool {
    matches!(seen.get("error"), Some(Value::Text(error)) if error.starts_with(kind))
}

fn images(shape: [usize; 3], pixels: Vec<usize>) -> Record {
    succeeded().with("shape", shape.to_vec()).with("pixels", pixels)
}

/// The number at this place of the header.
fn number(c: &Record, place: usize) -> usize {
    c.counts("bytes")[4 * place..4 * place + 4].iter().fold(0, |number, byte| 256 * number + byte)
}

/// The sizes in the header of a file of images.
fn sizes(c: &Record) -> [usize; 3] {
    [1, 2, 3].map(|place| number(c, place))
}

fn damaged_files() -> Vec<Record> {
    let (labels, images) = (idx(&[12], &[7; 12]), idx(&[2, 2, 3], &[9; 12]));
    let compressed: Vec<usize> = [31, 139, 8, 0].into_iter().chain(images[4..].iter().copied()).collect();
    let gigantic = idx(&[u32::MAX as usize; 3], &[1, 2, 3]);
    let with_one_more = |bytes: &[usize]| [bytes, &[5]].concat();
    [
        ("images", labels.clone()),
        ("labels", images.clone()),
        ("images", compressed),
        ("labels", [31, 139, 8, 0].into_iter().chain(labels[4..].iter().copied()).collect()),
        ("labels", labels[..19].to_vec()),
        ("images", images[..27].to_vec()),
        ("labels", with_one_more(&labels)),
        ("images", with_one_more(&images)),
        ("labels", labels[..7].to_vec()),
        ("images", images[..15].to_vec()),
        ("images", vec![]),
        ("images", gigantic),
        // Too short for a header of images, whatever kind of file it is.
        ("images", labels[..11].to_vec()),
        // 2^63 pixels: a `usize` holds that number, a `u32` does not, and memory does not hold the pixels.
        ("images", idx(&[1 << 31, 1 << 16, 1 << 16], &[1, 2, 3])),
    ]
    .map(|(kind, bytes)| Record::new().with("as", kind).with("bytes", bytes))
    .to_vec()
}

fn header_len(c: &Record) -> usize {
    if c.text("as") == "labels" { 8 } else { 16 }
}

/// How many bytes the file should have, if that is a number at all.
fn needed(c: &Record) -> Option<usize> {
    let header_len = header_len(c);
    if c.counts("bytes").len() < header_len {
        return Some(header_len);
    }
    let mut sizes = (1..header_len / 4).map(|place| number(c, place));
    sizes.try_fold(1_usize, |product, size| product.checked_mul(size))?.checked_add(header_len)
}

fn expected_magic(c: &Record) -> usize {
    if c.text("as") == "labels" { 2049 } else { 2051 }
}

fn wrong_magic(c: &Record) -> Record {
    failed(&format!("WrongMagic {{ expected: {}, found: {} }}", expected_magic(c), number(c, 0)))
}

/// Whether the header claims more than any computer has, but a number that a `usize` holds.
fn claims_too_much(c: &Record) -> bool {
    needed(c).is_some_and(|needed| needed > isize::MAX as usize) && is_error(&right_error(c), "Truncated")
}

fn right_error(c: &Record) -> Record {
    let found = c.counts("bytes").len();
    if found < header_len(c) {
        return truncated(header_len(c), found);
    }
    if number(c, 0) != expected_magic(c) {
        return wrong_magic(c);
    }
    match needed(c) {
        None => failed(&format!("TooLarge {{ sizes: {:?} }}", sizes(c))),
        Some(needed) if found < needed => truncated(needed, found),
        Some(needed) => failed(&format!("TooLong {{ needed: {needed}, found: {found} }}")),
    }
}

fn scaled_pixels(c: &Record, scale: impl Fn(f64) -> f64) -> Array2<f64> {
    let shape = (c.count("n_images"), c.count("rows") * c.count("columns"));
    let pixels = c.counts("pixels").into_iter().map(|pixel| scale(pixel as f64)).collect();
    Array2::from_shape_vec(shape, pixels).expect("a case has all of its pixels")
}

// Text.

const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];

const HEADINGS: &str = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species";

/// The error where line 1 is taken for a flower.
fn headings_refused(csv: &str) -> Record {
    let first = csv.split(',').next().unwrap_or_default();
    failed(&format!("NotANumber {{ line: 1, field: {first:?} }}"))
}

/// What a right text holds, each species numbered by `class`.
fn flowers(csv: &str, mut class: impl FnMut(&str) -> Option<usize>) -> Record {
    let (mut measurements, mut labels) = (Vec::new(), Vec::new());
    for line in csv.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        measurements.extend(fields[..4].iter().map(|field| field.parse::<f64>().expect("a case has numbers")));
        labels.push(class(fields[4]).expect("a case has flowers that there are"));
    }
    let measurements = Array2::from_shape_vec((labels.len(), 4), measurements).expect("four for each label");
    succeeded().with("measurements", measurements).with("labels", labels)
}

/// Stand before and behind each broken line.
const GOOD_LINES: &str = "5.1,3.5,1.4,0.2,setosa\n\n \n7.0,3.2,4.7,1.4,versicolor\n";
const EMPTY_LINES: usize = 2;
const LINE_OF_ERROR: usize = 6;

/// Broken lines, and what follows the line's number in the error.
const BROKEN_LINES: [(&str, &str); 9] = [
    ("5.1,3.5,1.4,0.2", "WrongNumberOfFields { line: #, found: 4 }"),
    ("5.1,3.5,1.4,0.2,0.3,setosa", "WrongNumberOfFields { line: #, found: 6 }"),
    ("5.1,3.5,x,0.2,setosa", "NotANumber { line: #, field: \"x\" }"),
    ("5.1,,1.4,0.2,setosa", "NotANumber { line: #, field: \"\" }"),
    ("nan,3.5,1.4,0.2,setosa", "NotANumber { line: #, field: \"nan\" }"),
    ("5.1,3.5,-inf,0.2,setosa", "NotANumber { line: #, field: \"-inf\" }"),
    ("5.1,3.5,1.4,0.2,setossa", "UnknownSpecies { line: #, name: \"setossa\" }"),
    ("5.1,3.5,1.4,0.2,Setosa", "UnknownSpecies { line: #, name: \"Setosa\" }"),
    ("5.1,3.5,1.4,?,setossa", "NotANumber { line: #, field: \"?\" }"),
];

fn broken_line(c: &Record) -> &str {
    c.text("csv").lines().nth(LINE_OF_ERROR - 1).expect("a case has this line")
}

fn csv_error(c: &Record, line: usize) -> Record {
    let (_, error) = BROKEN_LINES.iter().find(|(line, _)| *line == broken_line(c)).expect("one of the broken lines");
    failed(&error.replace('#', &line.to_string()))
}

fn one_hot(c: &Record) -> Array2<f64> {
    let labels = c.counts("labels");
    let is_hot = |(i, k): (usize, usize)| if labels[i] == k { 1.0 } else { 0.0 };
    Array2::from_shape_fn((labels.len(), c.count("n_classes")), is_hot)
}

// Splits.

fn splits() -> [Check; 6] {
    [
        Check::new(
            "split_sizes",
            "split",
            "train_test_split puts n · test_fraction samples into the test part, rounded",
            1,
        )
        .about("train_test_split")
        .on(|draw| {
            let drawn = (30 + draw::count(draw, 100), 0.35);
            [(10, 0.25), (100, 0.29), (12, 0.2), (7, 0.0), (5, 1.0), (0, 0.5), drawn]
                .map(|(n, test_fraction)| split_case(n, test_fraction, 1))
                .to_vec()
        })
        .expects(|c| split_sizes(c, f64::round))
        .mistake("cut_instead_of_rounded", CUT, |c| split_sizes(c, f64::trunc))
        .mistake("rounded_up", ROUNDED_UP, |c| split_sizes(c, f64::ceil))
        .mistake(
            "parts_swapped",
            "The two parts are swapped: the training samples come first, and `test_fraction` is the fraction of the \
             test samples.",
            |c| {
                let right = split_sizes(c, f64::round);
                Record::new().with("n_train", right.count("n_test")).with("n_test", right.count("n_train"))
            },
        ),
        Check::new("split_refused", "split", "a test fraction that is not between 0 and 1 panics", 1)
            .asks("split_sizes")
            .about("train_test_split")
            .after("split_sizes")
            .on(|draw| {
                let n = 10 + draw::count(draw, 50);
                [0.5, -0.25, f64::NAN, 1.5].map(|test_fraction| split_case(n, test_fraction, 1)).to_vec()
            })
            .expects(|c| match c.float("test_fraction") {
                0.5 => split_sizes(c, f64::round).into(),
                _ => Prediction::Panics,
            })
            .mistake_if(
                "fraction_not_checked",
                "A fraction below 0, or NaN, is treated as 0. (`as usize` makes 0 of both, without an error.) Refuse \
                 what is not between 0 and 1.",
                |c, seen| c.float("test_fraction") != 0.5 && seen.count("n_test") == 0,
            ),
        with_split_mistakes(
            Check::new("train_test_split", "split", "train_test_split puts every sample into one part, at random", 2)
                .on(|draw| {
                    let drawn = 50 + draw::count(draw, 40);
                    [(40, 0.3), (41, 0.5), (drawn, 0.2)].map(|(n, share)| split_case(n, share, seed(draw))).to_vec()
                }),
            |c| vec![0; c.count("n")],
        ),
        with_split_mistakes(
            Check::new(
                "stratified_split",
                "stratified_split",
                "stratified_split chooses at random, and mixes the classes",
                2,
            )
            .after("train_test_split")
            .on(|draw| {
                // As in the file of the irises: class after class.
                let sorted = labels_of(&[30 + draw::count(draw, 9), 20, 10]);
                let mut mixed = labels_of(&[22, 22 + draw::count(draw, 9), 16]);
                mixed.shuffle(draw);
                [(sorted, 0.3), (mixed, 0.5)].map(|(labels, share)| stratified_case(labels, share, draw)).to_vec()
            }),
            |c| c.counts("labels"),
        )
        .mistake_if(
            "places_taken_for_samples",
            "Small indices occur several times, and large ones never. If you call `train_test_split` for one class, \
             it returns positions in the list of that class. Look up the sample at each position.",
            |c, seen| fault(&c.counts("labels"), seen) == Some(Fault::Places),
        )
        .mistake_if(
            "grouped_by_class",
            "The samples are grouped by class, so the first batches contain only one class. Shuffle each part again \
             when all classes are in it.",
            |c, seen| fault(&c.counts("labels"), seen) == Some(Fault::Grouped),
        ),
        Check::new(
            "stratified_sizes",
            "stratified_split",
            "stratified_split puts the same fraction of every class into the test part",
            1,
        )
        .about("stratified_split")
        .after("split_sizes")
        .after("stratified_split")
        .on(|draw| {
            let drawn = (0..3).map(|_| 10 + draw::count(draw, 40)).collect();
            // Classes of several sizes, one of them empty; in the fourth case no class has enough for the test.
            [
                (vec![10, 4, 25], 0.25),
                (vec![40, 16, 104], 0.25),
                (vec![6, 0, 3], 0.5),
                (vec![3, 3, 3, 3], 0.1),
                (drawn, 0.3),
            ]
            .map(|(counts, share)| stratified_case(labels_of(&counts), share, draw))
            .to_vec()
        })
        .expects(|c| stratified_sizes(c, |n| (n * c.float("test_fraction")).round()))
        .mistake("cut_instead_of_rounded", CUT, |c| stratified_sizes(c, |n| (n * c.float("test_fraction")).trunc()))
        .mistake("rounded_up", ROUNDED_UP, |c| stratified_sizes(c, |n| (n * c.float("test_fraction")).ceil()))
        .mistake(
            "one_of_each_class_at_least",
            "Every class has a sample in the test, also where n · test_fraction rounds to 0. Round, and take what comes \
             out.",
            |c| stratified_sizes(c, |n| (n * c.float("test_fraction")).round().max(1.0_f64.min(n))),
        )
        .mistake_if(
            "not_stratified",
            "The number of test samples of a class differs from one split to the next. Probably all samples are split \
             at once. Split each class separately.",
            |_, seen| seen.counts("test of each class") != seen.counts("next test of each class"),
        ),
        Check::new(
            "stratified_refused",
            "stratified_split",
            "stratified_split refuses a test fraction that is not between 0 and 1",
            1,
        )
        .asks("stratified_sizes")
        .about("stratified_split")
        .after("split_refused")
        .after("stratified_sizes")
        .on(|draw| {
            let counts = [0, 1].map(|_| 4 + draw::count(draw, 20));
            let right = stratified_case(labels_of(&counts), 0.5, draw);
            let wrong = [-0.25, f64::NAN, 1.5].map(|share| stratified_case(labels_of(&counts), share, draw));
            [vec![right], wrong.to_vec()].concat()
        })
        .expects(|c| match c.float("test_fraction") {
            0.5 => stratified_sizes(c, |n| (n * 0.5).round()).into(),
            _ => Prediction::Panics,
        })
        .mistake_if(
            "fraction_not_checked",
            "A fraction that is not between 0 and 1 is accepted. Refuse it with a panic, also where it is NaN.",
            |c, _| c.float("test_fraction") != 0.5,
        ),
    ]
}

const CUT: &str = "The size of the test part is rounded down: `as usize` does that, and so does an integer division. \
     Round it to the nearest whole number: 28.999999999999996 becomes 29.";
const ROUNDED_UP: &str = "The size of the test part is always rounded up. Round it to the nearest whole number.";

fn seed(draw: &mut probe::Generator) -> usize {
    draw.random_range(0..1000)
}

fn split_case(n: usize, test_fraction: f64, seed: usize) -> Record {
    Record::new().with("n", n).with("test_fraction", test_fraction).with("seed", seed)
}

fn stratified_case(labels: Vec<usize>, test_fraction: f64, draw: &mut probe::Generator) -> Record {
    Record::new().with("labels", labels).with("test_fraction", test_fraction).with("seed", seed(draw))
}

/// So many samples of each class, class after class.
fn labels_of(counts: &[usize]) -> Vec<usize> {
    counts.iter().enumerate().flat_map(|(class, &count)| vec![class; count]).collect()
}

fn split_sizes(c: &Record, round: fn(f64) -> f64) -> Record {
    let n = c.count("n");
    let n_test = round(n as f64 * c.float("test_fraction")) as usize;
    Record::new().with("n_train", n - n_test).with("n_test", n_test)
}

fn stratified_sizes(c: &Record, n_test: impl Fn(f64) -> f64) -> Record {
    let labels = c.counts("labels");
    let n_classes = labels.iter().max().map_or(0, |max| max + 1);
    let all: Vec<usize> = (0..n_classes).map(|class| labels.iter().filter(|&&label| label == class).count()).collect();
    let test: Vec<usize> = all.iter().map(|&count| n_test(count as f64) as usize).collect();
    let train: Vec<usize> = all.iter().zip(&test).map(|(all, test)| all - test).collect();
    Record::new()
        .with("train of each class", train)
        .with("test of each class", test.clone())
        .with("next test of each class", test)
}

/// What is wrong with a split, the worst first. Samples are named by their index.
#[derive(Debug, PartialEq)]
enum Fault {
    Foreign,
    Places,
    Twice(usize),
    InBoth(usize),
    Lost(usize),
    Empty,
    NotShuffled,
    Sorted,
    SameAgain,
    Grouped,
}

/// `labels` of a split that does not know any are all the same.
fn fault(labels: &[usize], seen: &Record) -> Option<Fault> {
    let (train, test) = (seen.counts("train"), seen.counts("test"));
    let n = labels.len();
    if train.iter().chain(&test).any(|&sample| sample >= n) {
        return Some(Fault::Foreign);
    }
    let classes: BTreeSet<usize> = labels.iter().copied().collect();
    let mut seen_samples = [&train[..], &test].concat();
    let members = |class: &usize| labels.iter().filter(|&label| label == class).count();
    let mut places: Vec<usize> = classes.iter().flat_map(|class| 0..members(class)).collect();
    seen_samples.sort_unstable();
    places.sort_unstable();
    if classes.len() > 1 && seen_samples == places {
        return Some(Fault::Places);
    }
    if let Some(sample) = [&train, &test].into_iter().find_map(|part| twice(part)) {
        return Some(Fault::Twice(sample));
    }
    let in_train: BTreeSet<usize> = train.iter().copied().collect();
    let in_test: BTreeSet<usize> = test.iter().copied().collect();
    if let Some(&sample) = in_train.intersection(&in_test).next() {
        return Some(Fault::InBoth(sample));
    }
    if let Some(sample) = (0..n).find(|sample| !in_train.contains(sample) && !in_test.contains(sample)) {
        return Some(Fault::Lost(sample));
    }
    // Of such parts, nothing is known about an order.
    if train.is_empty() || test.is_empty() {
        return Some(Fault::Empty);
    }
    let is_an_end = |class: &usize| {
        let of_class: Vec<usize> = (0..n).filter(|&sample| labels[sample] == *class).collect();
        let n_test = of_class.iter().filter(|sample| in_test.contains(sample)).count();
        let all_in_test = |samples: &[usize]| samples.iter().all(|sample| in_test.contains(sample));
        all_in_test(&of_class[..n_test]) || all_in_test(&of_class[of_class.len() - n_test..])
    };
    if classes.iter().all(is_an_end) {
        return Some(Fault::NotShuffled);
    }
    if [&train, &test].into_iter().any(|part| part.is_sorted()) {
        return Some(Fault::Sorted);
    }
    if train == seen.counts("next train") && test == seen.counts("next test") {
        return Some(Fault::SameAgain);
    }
    let runs = |part: &[usize]| 1 + part.windows(2).filter(|pair| labels[pair[0]] != labels[pair[1]]).count();
    let is_grouped = classes.len() > 1 && [train, test].iter().any(|part| runs(part) == classes.len());
    is_grouped.then_some(Fault::Grouped)
}

/// The first sample that is there a second time.
fn twice(samples: &[usize]) -> Option<usize> {
    let mut seen = BTreeSet::new();
    samples.iter().copied().find(|sample| !seen.insert(*sample))
}

/// Demands that a split has no fault, and knows the faults of any split; `labels` says of which class each sample is.
fn with_split_mistakes(check: Check, labels: fn(&Record) -> Vec<usize>) -> Check {
    check
        .demands(move |c, seen| match fault(&labels(c), seen) {
            None => Ok(()),
            Some(Fault::Foreign) => Err("There are samples that do not exist: indices go from 0 to n - 1.".to_owned()),
            Some(Fault::Places) => Err("Small indices occur several times, and large ones never.".to_owned()),
            Some(Fault::Twice(sample)) => Err(format!("Sample {sample} is in the same part twice.")),
            Some(Fault::InBoth(sample)) => Err(format!("Sample {sample} is in both parts.")),
            Some(Fault::Lost(sample)) => Err(format!("Sample {sample} is in neither part.")),
            Some(Fault::Empty) => Err("One of the two parts is empty.".to_owned()),
            Some(Fault::NotShuffled) => Err("The test part is the beginning or the end of the data.".to_owned()),
            Some(Fault::Sorted) => Err("One of the two parts is sorted.".to_owned()),
            Some(Fault::SameAgain) => Err("A second call with the same generator gives the same split.".to_owned()),
            Some(Fault::Grouped) => Err("The samples are grouped by class.".to_owned()),
        })
        .mistake_if(
            "drawn_with_replacement",
            "Some samples are in a part twice. Perhaps they are drawn one by one from all samples, with replacement. \
             Shuffle the indices and divide them instead: then each occurs once.",
            move |c, seen| matches!(fault(&labels(c), seen), Some(Fault::Twice(_))),
        )
        .mistake_if(
            "test_samples_in_training",
            "Some samples are in both parts. The test should use samples that the network has never seen: do not \
             train with test samples.",
            move |c, seen| matches!(fault(&labels(c), seen), Some(Fault::InBoth(_))),
        )
        .mistake_if(
            "samples_lost",
            "Some samples are in neither part. One part has to begin where the other one ends: use the ranges \
             `..n_train` and `n_train..`.",
            move |c, seen| matches!(fault(&labels(c), seen), Some(Fault::Lost(_))),
        )
        .mistake_if(
            "not_shuffled",
            "The samples are taken in their original order. Many files are sorted, by class or by date, and then the \
             two parts are not alike: shuffle first.",
            move |c, seen| fault(&labels(c), seen) == Some(Fault::NotShuffled),
        )
        .mistake_if(
            "part_sorted",
            "The samples of a part are chosen at random, but they are in their original order. The first ones of a \
             part may then be of one class only: leave them in shuffled order.",
            move |c, seen| fault(&labels(c), seen) == Some(Fault::Sorted),
        )
        .mistake_if("same_every_time", SAME_EVERY_TIME, move |c, seen| {
            fault(&labels(c), seen) == Some(Fault::SameAgain)
        })
}

const SAME_EVERY_TIME: &str = "A second call with the same generator gives the same order again. Either nothing is \
                               random, or you create a new generator in every call. Use the argument `rng`: it \
                               continues from call to call.";

// Scaling.

fn scaling() -> [Check; 5] {
    [
        Check::new("scaler_fit", "scaler", "fit computes the mean and the standard deviation of every feature", 1)
            .about("StandardScaler::fit")
            .on(|draw| {
                let example = array![[1.0, 10.0], [2.0, -5.0], [3.0, 4.0], [6.0, 5.0]];
                // Charges of a few electrons, in coulombs; and nothing to measure.
                let tiny = array![[1.6e-19], [3.2e-19], [1.6e-19]];
                [example, draw::matrix(draw, (5, 3), 4.0), tiny, Array2::zeros((0, 2))]
                    .map(|x| Record::new().with("x", x))
                    .to_vec()
            })
            .computes(|f| measured_by(&f.input("x")))
            .panics_where(|c| c.matrix("x").nrows() == 0)
            .mistake_if(
                "small_taken_for_constant",
                "The deviation of a feature that varies a little is set to 1. But what is little depends on the unit. \
                 Set the deviation to 1 only if all values are equal.",
                |c, seen| {
                    // Along the wrong axis there are other deviations, and more or fewer of them.
                    let right = measured(&c.matrix("x"), 0.0).std;
                    right.len() == seen.vector("std").len()
                        && (right.iter().zip(seen.vector("std")))
                            .any(|(&right, &seen)| 0.0 < right && right < 1e-6 && seen == 1.0)
                },
            )
            .mistake(
                "sample_std",
                "The sum of squares is divided by n - 1. That estimates the deviation of a larger population. Here it \
                 is the deviation of these samples: divide by n. (The argument `ddof` of `std_axis` is subtracted \
                 from n.)",
                |c| measured(&c.matrix("x"), 1.0).record(),
            )
            .mistake_if("nothing_measured", NOTHING_MEASURED, |c, _| c.matrix("x").nrows() == 0),
        Check::new("scaler_transform", "scaler", "transform uses the mean and deviation of fit, for any samples", 1)
            .about("StandardScaler::transform")
            .on(|draw| {
                vec![
                    scale_case(array![3.0, 10.0], array![2.0, 0.5])
                        .with("x", array![[1.0, 10.0], [9.0, 12.0], [3.0, 9.5]]),
                    scale_case(draw::vector(draw, 3, 4.0), array![0.5, 3.0, 8.0])
                        .with("x", draw::matrix(draw, (4, 3), 9.0)),
                ]
            })
            .computes(|f| (f.input("x") - f.input("mean")) / f.input("std"))
            .mistake(
                "measured_anew",
                "The samples are scaled by their own mean and deviation. Use those of the scaler: the same number has \
                 to become the same number in training and in a test.",
                |c| scaled(&c.matrix("x"), &measured(&c.matrix("x"), 0.0)),
            )
            .mistake(
                "divided_before_centred",
                "This is x / std - mean, because `/` is evaluated before `-`. Subtract the mean first, then divide: \
                 use parentheses.",
                |c| c.matrix("x").to_owned() / c.vector("std") - c.vector("mean"),
            ),
        Check::new("scaler_constant", "scaler", "a feature whose values are all equal becomes 0", 1)
            .about("StandardScaler::fit")
            .about("StandardScaler::transform")
            .after("scaler_fit")
            .after("scaler_transform")
            .on(|draw| {
                let mut drawn = draw::matrix(draw, (4, 2), 3.0);
                drawn.column_mut(0).fill(0.75);
                [
                    drawn,
                    array![[5.0, 1.0], [5.0, 2.0], [5.0, 6.0], [5.0, 3.0]],
                    array![[2.0, -3.0, 0.0]],
                    // In an `f64` the mean of these, a sum divided by 3, is not 0.1.
                    array![[0.1, 4.0], [0.1, 1.0], [0.1, 2.5]],
                ]
                .map(|x| Record::new().with("x", x))
                .to_vec()
            })
            .expects(|c| {
                let x = c.matrix("x");
                let Scale { mut mean, mut std } = measured(&x, 0.0);
                for (feature, column) in x.columns().into_iter().enumerate() {
                    if column.iter().all(|value| *value == column[0]) {
                        (mean[feature], std[feature]) = (column[0], 1.0);
                    }
                }
                Record::new().with("std", std.clone()).with("z", scaled(&x, &Scale { mean, std }))
            })
            .mistake("divided_by_zero", DIVIDED_BY_ZERO, |c| {
                // By the way of ndarray.
                let x = c.matrix("x");
                let mean = x.mean_axis(Axis(0)).expect("a case has samples");
                let scale = Scale { mean, std: x.std_axis(Axis(0), 0.0) };
                Record::new().with("std", scale.std.clone()).with("z", scaled(&x, &scale))
            })
            .mistake("divided_by_zero", DIVIDED_BY_ZERO, |c| {
                let (x, scale) = (c.matrix("x"), measured(&c.matrix("x"), 0.0));
                Record::new().with("std", scale.std.clone()).with("z", scaled(&x, &scale))
            })
            .mistake(
                "rounding_taken_for_variation",
                "A feature that does not vary gets a deviation of about 1e-17, and becomes 1 or -1 instead of 0. \
                 Because of rounding, (0.1 + 0.1 + 0.1) / 3 is not 0.1 in an `f64`, so each value seems to differ \
                 from the mean. Test whether all values are equal, or use ndarray's `std_axis`, which is exact in \
                 this case.",
                |c| {
                    let (x, mut scale) = (c.matrix("x"), measured(&c.matrix("x"), 0.0));
                    scale.std.mapv_inplace(|std| if std == 0.0 { 1.0 } else { std });
                    Record::new().with("std", scale.std.clone()).with("z", scaled(&x, &scale))
                },
            ),
        Check::new("scaler_inverse", "scaler", "inverse_transform returns the inputs of transform", 1)
            .about("StandardScaler::inverse_transform")
            .on(|draw| {
                vec![
                    scale_case(array![3.0, 10.0], array![2.0, 0.5])
                        .with("z", array![[-1.0, 0.0], [3.0, 4.0], [0.0, -1.0]]),
                    scale_case(draw::vector(draw, 3, 4.0), array![0.5, 3.0, 8.0])
                        .with("z", draw::matrix(draw, (4, 3), 2.0)),
                ]
            })
            .computes(|f| f.input("z") * f.input("std") + f.input("mean"))
            .mistake("transformed_again", "This is `transform` once more. `inverse_transform` has to undo it.", |c| {
                scaled(&c.matrix("z"), &scale_of(c))
            }),
        Check::new("prepare", "prepare", "prepare fits the scaler to the training samples only", 2)
            .after("scaler_fit")
            .after("scaler_transform")
            .on(|draw| {
                let example = (array![[1.0], [2.0], [3.0], [6.0]], array![[9.0], [11.0]]);
                let drawn = (draw::matrix(draw, (6, 3), 4.0), draw::matrix(draw, (4, 3), 9.0));
                let nothing = (Array2::zeros((0, 2)), array![[1.0, 2.0], [3.0, 5.0], [2.0, 8.0]]);
                [example, drawn, nothing]
                    .map(|(train, test)| Record::new().with("x_train", train).with("x_test", test))
                    .to_vec()
            })
            .computes(|f| {
                let [(_, mean), (_, std)] = measured_by(&f.input("x_train"));
                [("train", (f.input("x_train") - &mean) / &std), ("test", (f.input("x_test") - mean) / std)]
            })
            .panics_where(|c| c.matrix("x_train").nrows() == 0)
            .mistake(
                "each_by_itself",
                "The test samples are scaled by their own mean and deviation. Then the same number means one thing in \
                 training and another one in the test. Scale both parts by the scaler of the training samples.",
                |c| prepared(c, &measured(&c.matrix("x_train"), 0.0), &measured(&c.matrix("x_test"), 0.0)),
            )
            .mistake(
                "measured_on_all",
                "The mean and the deviation are those of all samples, so information from the test samples leaks into \
                 the training. Fit the scaler to the training samples alone.",
                |c| {
                    let (train, test) = (c.matrix("x_train"), c.matrix("x_test"));
                    let all = ndarray::concatenate(Axis(0), &[train, test]).expect("both parts have the same features");
                    prepared(c, &measured(&all, 0.0), &measured(&all, 0.0))
                },
            )
            .mistake_if("nothing_measured", NOTHING_MEASURED, |c, _| c.matrix("x_train").nrows() == 0),
    ]
}

const NOTHING_MEASURED: &str = "Without any samples there is neither a mean nor a deviation, but your code continues. \
                                Panic instead.";
const DIVIDED_BY_ZERO: &str = "A feature whose values are all equal has the deviation 0, and x - mean is 0 as well: 0 \
     / 0 is NaN. In `fit`, set the deviation of such a feature to 1.";

struct Scale {
    mean: Array1<f64>,
    std: Array1<f64>,
}

impl Scale {
    fn record(self) -> Record {
        Record::new().with("mean", self.mean).with("std", self.std)
    }
}

/// Mean and deviation of each column by the formula of the lesson, in two passes, dividing by n - `less`.
fn measured(x: &ArrayRef2<f64>, less: f64) -> Scale {
    let n = x.nrows() as f64;
    let mean: Array1<f64> = x.columns().into_iter().map(|column| column.iter().sum::<f64>() / n).collect();
    let squares = |(column, mean): (ndarray::ArrayView1<'_, f64>, &f64)| {
        column.iter().map(|value| (value - mean).powi(2)).sum::<f64>()
    };
    let std = x.columns().into_iter().zip(&mean).map(squares).map(|sum| (sum / (n - less)).sqrt()).collect();
    Scale { mean, std }
}

/// Mean and deviation of each column, as a formula that can be varied.
fn measured_by(x: &Num) -> [(&'static str, Num); 2] {
    let mean = x.aggregate(Aggregate::Mean, Over::Samples).named("mean");
    let std = (x - &mean).square().aggregate(Aggregate::Mean, Over::Samples).sqrt().named("std");
    [("mean", mean), ("std", std)]
}

fn scaled(x: &ArrayRef2<f64>, scale: &Scale) -> Array2<f64> {
    (x.to_owned() - &scale.mean) / &scale.std
}

fn scale_case(mean: Array1<f64>, std: Array1<f64>) -> Record {
    Record::new().with("mean", mean).with("std", std)
}

fn scale_of(c: &Record) -> Scale {
    Scale { mean: c.vector("mean").to_owned(), std: c.vector("std").to_owned() }
}

fn prepared(c: &Record, of_train: &Scale, of_test: &Scale) -> Record {
    Record::new()
        .with("train", scaled(&c.matrix("x_train"), of_train))
        .with("test", scaled(&c.matrix("x_test"), of_test))
}

// Batches.

fn batches() -> [Check; 5] {
    [
        Check::new("n_batches", "batches", "n_batches counts the short last batch as well", 1)
            .on(|draw| {
                let drawn = (100 + draw::count(draw, 900), 7 + draw::count(draw, 9));
                [(10, 3), (9, 3), (60_000, 64), (2, 5), (7, 1), (0, 4), (5, 0), drawn]
                    .map(|(n_samples, batch_size): (usize, usize)| {
                        Record::new().with("n_samples", n_samples).with("batch_size", batch_size)
                    })
                    .to_vec()
            })
            .expects(|c| n_batches(c, usize::div_ceil))
            .mistake("last_batch_dropped", LAST_BATCH_DROPPED, |c| n_batches(c, |n, size| n / size))
            .mistake(
                "one_batch_too_many",
                "One batch is always added to the quotient, even if there is no remainder: 9 samples in batches of 3 \
                 make 3 batches. `div_ceil` rounds a division up.",
                |c| n_batches(c, |n, size| n / size + 1),
            )
            .mistake("size_zero_accepted", SIZE_ZERO_ACCEPTED, |c| {
                (c.count("n_samples") as f64 / c.count("batch_size") as f64).ceil() as usize
            }),
        Check::new(
            "batches_in_order",
            "batches",
            "Batches::in_order returns all samples, the last batch perhaps shorter",
            2,
        )
        .asks("batches")
        .about("Batches::next")
        .about("Batches::in_order")
        .on(|draw| {
            let drawn = (12 + draw::count(draw, 20), 4);
            [(6, 3), (10, 3), (4, 9), (4, 4), (3, 1), (0, 2), drawn].map(|(n, size)| batch_case(n, size)).to_vec()
        })
        .expects(|c| epoch(c, &in_batches(c)))
        .mistake("last_batch_dropped", LAST_BATCH_DROPPED, |c| {
            let full: Vec<_> = in_batches(c).into_iter().filter(|batch| batch.len() == c.count("batch_size")).collect();
            epoch(c, &full)
        })
        .mistake(
            "last_batch_out_of_range",
            "The last batch reaches beyond the last sample, and your code panics. Let a batch end at the last sample \
             at the latest.",
            |c| {
                let is_short = c.counts("labels").len() % c.count("batch_size") != 0;
                if is_short { Prediction::Panics } else { epoch(c, &in_batches(c)).into() }
            },
        )
        .mistake(
            "last_batch_dropped_when_full",
            "The last batch is missing, even if it is a full one. Stop when no sample is left, not when the next \
             batch would reach the end.",
            |c| {
                let (n, size) = (c.counts("labels").len(), c.count("batch_size"));
                let before_the_end: Vec<_> =
                    in_batches(c).into_iter().filter(|batch| batch.len() == size && batch[0] + size < n).collect();
                epoch(c, &before_the_end)
            },
        )
        .mistake(
            "filled_up_from_the_beginning",
            "The last batch is filled up with samples from the beginning, which then count twice in this epoch. Let \
             it be shorter.",
            |c| {
                let (n, size) = (c.counts("labels").len(), c.count("batch_size"));
                let filled: Vec<Vec<usize>> = in_batches(c)
                    .iter()
                    .map(|batch| (batch[0]..batch[0] + size).map(|row| row % n).collect())
                    .collect();
                epoch(c, &filled)
            },
        )
        .mistake(
            "labels_stay_behind",
            "Every batch has the labels of the first one: the rows advance, but the labels do not. Select both with \
             the same indices.",
            |c| {
                let right = epoch(c, &in_batches(c));
                let labels: Vec<usize> =
                    in_batches(c).iter().flat_map(|batch| c.counts("labels")[..batch.len()].to_vec()).collect();
                Record::new()
                    .with("sizes", right.counts("sizes"))
                    .with("x", right.matrix("x").to_owned())
                    .with("labels", labels)
            },
        )
        .mistake("never_ends", NEVER_ENDS, |c| {
            // The first batch again and again.
            let first = in_batches(c).into_iter().take(1);
            epoch(c, &first.cycle().take(MOST_BATCHES).collect::<Vec<_>>())
        })
        .mistake("never_ends", NEVER_ENDS, |c| {
            // Batches of nothing after the last one.
            let mut batches = in_batches(c);
            batches.resize(MOST_BATCHES, Vec::new());
            epoch(c, &batches)
        }),
        with_shuffle_mistakes(
            Check::new(
                "batches_shuffled",
                "batches",
                "Batches::shuffled mixes samples together with their labels, each epoch in another order",
                3,
            )
            .asks("batches")
            .about("Batches::shuffled")
            .after("batches_in_order")
            .on(|draw| {
                [(40, 8), (41, 8), (50 + draw::count(draw, 20), 7)]
                    .map(|(n, size)| batch_case(n, size).with("seed", seed(draw)))
                    .to_vec()
            }),
        ),
        Check::new("batches_refused", "batches", "a batch size of 0 and labels that do not fit panic", 1)
            .asks("batches")
            .about("Batches::in_order")
            .about("Batches::shuffled")
            .about("Batches::next")
            .after("batches_shuffled")
            .on(|draw| {
                let labels = |n| (0..n).collect::<Vec<usize>>();
                let x = || Array2::from_shape_fn((4, 2), |(i, j)| (i + 100 * j) as f64);
                let case = |n_labels, batch_size: usize| {
                    Record::new().with("x", x()).with("labels", labels(n_labels)).with("batch_size", batch_size)
                };
                vec![
                    batch_case(5 + draw::count(draw, 9), 3),
                    case(4, 0),
                    case(3, 2),
                    case(5, 2),
                    case(4, 0).with("seed", 1_usize),
                    case(3, 2).with("seed", 1_usize),
                ]
            })
            .expects(|c| match c.count("batch_size") {
                3 => epoch(c, &in_batches(c)).into(),
                _ => Prediction::Panics,
            })
            .mistake_if("size_zero_accepted", SIZE_ZERO_ACCEPTED, |c, _| c.count("batch_size") == 0)
            .mistake_if(
                "lengths_not_compared",
                "The numbers of samples and labels differ, but your code continues. Compare the lengths, and panic if \
                 they differ.",
                |c, _| c.counts("labels").len() != c.matrix("x").nrows(),
            ),
        Check::new("mean_over_batches", "mean", "mean_over_batches gives every sample the same weight", 1)
            .on(|draw| {
                vec![
                    mean_case(array![1.0, 1.0, 6.0], vec![2, 2, 1]),
                    mean_case(draw::vector(draw, 4, 3.0), vec![8, 8, 8, 3]),
                    mean_case(array![], vec![]),
                ]
            })
            .computes(|f| (f.input("means") * f.input("sizes")).sum() / f.input("sizes").sum())
            .mistake(
                "mean_of_means",
                "This is the mean of the means. In it, the samples of a short last batch have more weight than the \
                 others: weight each batch by its number of samples.",
                |c| c.vector("means").sum() / c.vector("means").len() as f64,
            ),
    ]
}

const LAST_BATCH_DROPPED: &str = "The last batch is missing where it is a short one: 10 samples in batches of 3 make \
     batches of 3, 3, 3 and 1. Without the last batch, its sample would never be used.";
const SIZE_ZERO_ACCEPTED: &str =
    "A batch size of 0 is accepted. Such batches contain no samples: refuse it with a panic.";
const NEVER_ENDS: &str = "The batches never end, so a `for` loop over them would never stop. Count the samples that \
     `next` has returned, and return `None` after the last one.";

fn n_batches(c: &Record, count: fn(usize, usize) -> usize) -> Prediction {
    match c.count("batch_size") {
        0 => Prediction::Panics,
        size => count(c.count("n_samples"), size).into(),
    }
}

/// Samples that say who they are: i in the first column and in the labels, 100 + i in the second column.
fn batch_case(n: usize, batch_size: usize) -> Record {
    Record::new()
        .with("x", Array2::from_shape_fn((n, 2), |(i, j)| (i + 100 * j) as f64))
        .with("labels", (0..n).collect::<Vec<usize>>())
        .with("batch_size", batch_size)
}

/// The samples of each batch, in order.
fn in_batches(c: &Record) -> Vec<Vec<usize>> {
    let samples: Vec<usize> = (0..c.counts("labels").len()).collect();
    samples.chunks(c.count("batch_size")).map(<[usize]>::to_vec).collect()
}

/// How many batches the probe looks at.
const MOST_BATCHES: usize = 64;

/// An epoch of these batches, as it is observed.
fn epoch(c: &Record, batches: &[Vec<usize>]) -> Record {
    let samples = batches.concat();
    let labels = c.counts("labels");
    let x = if batches.is_empty() { Array2::zeros((0, 0)) } else { c.matrix("x").select(Axis(0), &samples) };
    Record::new()
        .with("sizes", batches.iter().map(Vec::len).collect::<Vec<_>>())
        .with("x", x)
        .with("labels", samples.iter().map(|&sample| labels[sample]).collect::<Vec<_>>())
}

/// What is wrong with a shuffled epoch, the worst first.
#[derive(Debug, PartialEq)]
enum Disorder {
    Sizes,
    Foreign,
    Apart(usize),
    Twice(usize),
    NotShuffled,
    OnlyBatches,
    OnlyWithin,
    SameAgain,
}

fn disorder(c: &Record, seen: &Record) -> Option<Disorder> {
    let (x, labels) = (seen.matrix("x"), seen.counts("labels"));
    let batches = in_batches(c);
    if seen.counts("sizes") != batches.iter().map(Vec::len).collect::<Vec<_>>() || labels.len() != x.nrows() {
        return Some(Disorder::Sizes);
    }
    let n = c.counts("labels").len();
    let samples: Vec<usize> = x.column(0).iter().map(|&first| first as usize).collect();
    if x.rows().into_iter().zip(&samples).any(|(row, &sample)| sample >= n || row != c.matrix("x").row(sample)) {
        return Some(Disorder::Foreign);
    }
    if let Some(place) = (0..n).find(|&place| samples[place] != labels[place]) {
        return Some(Disorder::Apart(samples[place]));
    }
    if let Some(sample) = twice(&samples) {
        return Some(Disorder::Twice(sample));
    }
    if samples.iter().is_sorted() {
        return Some(Disorder::NotShuffled);
    }
    let is_one_of_the_file = |batch: &[usize]| batches.iter().any(|other| other == batch);
    if samples.chunks(c.count("batch_size")).take(n / c.count("batch_size")).all(is_one_of_the_file) {
        return Some(Disorder::OnlyBatches);
    }
    let is_inside_its_batch =
        |(place, sample): (usize, &usize)| place / c.count("batch_size") == sample / c.count("batch_size");
    if samples.iter().enumerate().all(is_inside_its_batch) {
        return Some(Disorder::OnlyWithin);
    }
    (labels == seen.counts("next labels")).then_some(Disorder::SameAgain)
}

fn with_shuffle_mistakes(check: Check) -> Check {
    check
        .demands(|c, seen| match disorder(c, seen) {
            None => Ok(()),
            Some(Disorder::Sizes) => Err("The sizes of the batches are not those of `in_order`.".to_owned()),
            Some(Disorder::Foreign) => Err("There are rows that are not in `x`.".to_owned()),
            Some(Disorder::Apart(sample)) => Err(format!("Sample {sample} has the label of another sample.")),
            Some(Disorder::Twice(sample)) => Err(format!("Sample {sample} is returned twice.")),
            Some(Disorder::NotShuffled) => Err("The samples come in the order of the rows.".to_owned()),
            Some(Disorder::OnlyBatches) => Err("Only the batches are in another order.".to_owned()),
            Some(Disorder::OnlyWithin) => Err("Every batch has the same samples as in `in_order`.".to_owned()),
            Some(Disorder::SameAgain) => Err("A second epoch with the same generator has the same order.".to_owned()),
        })
        .mistake_if(
            "shuffled_apart",
            "Samples have the labels of others: the rows and the labels are no longer in the same order. Shuffle the \
             indices, once, and select both with them. (In these tests the label of a sample is the number in its \
             first column.)",
            |c, seen| matches!(disorder(c, seen), Some(Disorder::Apart(_))),
        )
        .mistake_if(
            "drawn_with_replacement",
            "Some samples are returned twice in an epoch. Perhaps they are drawn one by one from all samples, with \
             replacement. Shuffle the indices instead: then each occurs once.",
            |c, seen| matches!(disorder(c, seen), Some(Disorder::Twice(_))),
        )
        .mistake_if(
            "not_shuffled",
            "The samples come in the order of the rows. If the data are sorted by class, a batch may contain only one \
             class. Shuffle the samples first.",
            |c, seen| disorder(c, seen) == Some(Disorder::NotShuffled),
        )
        .mistake_if(
            "only_batches_shuffled",
            "The batches are shuffled, but each of them has the same samples as in `in_order`. Shuffle the samples \
             first, then divide them into batches.",
            |c, seen| disorder(c, seen) == Some(Disorder::OnlyBatches),
        )
        .mistake_if(
            "shuffled_within_batches",
            "The samples are shuffled only within their batch: each batch has the same samples as in `in_order`. \
             Shuffle all samples first, then divide them into batches.",
            |c, seen| disorder(c, seen) == Some(Disorder::OnlyWithin),
        )
        .mistake_if("same_every_time", SAME_EVERY_TIME, |c, seen| disorder(c, seen) == Some(Disorder::SameAgain))
}

fn mean_case(means: Array1<f64>, sizes: Vec<usize>) -> Record {
    Record::new().with("means", means).with("sizes", sizes)
}
