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
            .expects(|c| images_read(sizes(c), c.counts("bytes")[16..].to_vec()))
            .mistake("little_endian", LITTLE_ENDIAN, |_| failed("WrongMagic { expected: 2051, found: 50855936 }"))
            .mistake(
                "header_of_labels",
                "The pixels are read from byte 8 on, where the header of a file of labels ends. In a file of images \
                 two more sizes follow, the rows and the columns: the first pixel is byte 16.",
                |c| {
                    let bytes = c.counts("bytes");
                    images_read(sizes(c), bytes[8..bytes.len() - 8].to_vec())
                },
            )
            .mistake(
                "rows_and_columns_swapped",
                "Rows and columns are swapped: the header contains the number of images, then the rows, then the \
                 columns. MNIST's 28 × 28 pixels would hide this error.",
                |c| {
                    let [n, rows, columns] = sizes(c);
                    images_read([n, columns, rows], c.counts("bytes")[16..].to_vec())
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
                    images_read(sizes(c), (0..n * rows * columns).map(pixel).collect())
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
        .tests(|c, tests| file_read(c, tests, 0))
        .mistake_if(
            "header_not_counted",
            "`needed` and `found` do not count the header. Both should count all bytes of the file: the 16 or 8 of \
             the header, and the data.",
            |c, seen| {
                *seen == file_read(c, &Tests::default(), header_len(c)) && *seen != file_read(c, &Tests::default(), 0)
            },
        )
        .mistake(
            "kind_before_length",
            "The error for a file that is too short for its header is `WrongMagic`. Follow the order of the \
             documentation: first check that the header is complete, then check its first number.",
            |c| match is_of_another_kind(c) {
                true => failed(&wrong_magic(c)),
                false => file_read(c, &Tests::default(), 0),
            },
        )
        .mistake(
            "sizes_multiplied_as_u32",
            "`TooLarge` is returned for a product that fits into a `usize`: the sizes are multiplied as `u32`. \
             Convert each of them to `usize` first, then multiply.",
            |c| match claims_too_much(c) {
                true => failed(&format!("TooLarge {{ sizes: {:?} }}", sizes(c))),
                false => file_read(c, &Tests::default(), 0),
            },
        )
        .mistake(
            "memory_before_bytes",
            "Your code panics if the sizes in the header are very large. Probably it allocates memory before it \
             checks the length of the file: first compare the length with what the header says.",
            |c| match claims_too_much(c) {
                true => Prediction::Panics,
                false => file_read(c, &Tests::default(), 0).into(),
            },
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
            .computes(|f| images(f) / 255.0)
            .mistake(
                "integer_division",
                "A `u8` divided by 255 is a `u8` again: 0 for every pixel below 255. Convert it first, \
                 `f64::from(pixel)`, then divide.",
                computed(|f| (images(f) / 255.0).floor()),
            )
            .mistake(
                "own_maximum",
                "The pixels are divided by the largest pixel of these images. So the result for an image depends on \
                 the other images. Always divide by 255.",
                computed(|f| images(f) / images(f).max()),
            )
            .mistake(
                "flattened_by_columns",
                "The pixels of an image are in its row column after column. They should have the order of the file: \
                 row after row.",
                |c| {
                    let right = computed(|f| images(f) / 255.0)(c);
                    let (rows, columns) = (c.count("rows"), c.count("columns"));
                    let right = right.matrix("result");
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
                    // Any finite number is a measurement, 0 and negative ones too.
                    "5.1,0,1.4,-0.2,setosa\n".to_owned(),
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
            .tests(|c, tests| flowers(c, tests, &Reading::default()))
            .mistake(
                "headings_read",
                "The headings are read as a flower. Line 1 contains the headings of the columns: skip it.",
                |c| flowers(c, &Tests::default(), &Reading { headings: 0, ..Reading::default() }),
            )
            .mistake(
                "headings_known_by_their_words",
                "The headings are skipped only if they are the usual words. Another file may have other headings: \
                 always skip line 1.",
                |c| {
                    let headings = usize::from(c.text("csv").starts_with(HEADINGS));
                    flowers(c, &Tests::default(), &Reading { headings, ..Reading::default() })
                },
            )
            .mistake(
                "classes_by_appearance",
                "The species are numbered in the order of the text, so a class can be another species in another \
                 file. The class is the index in `SPECIES`.",
                |c| flowers(c, &Tests::default(), &Reading { by_appearance: true, ..Reading::default() }),
            )
            .mistake(
                "empty_line_refused",
                "A line of blanks only is reported as one with too few fields. Skip such lines; many files end with \
                 one.",
                |c| flowers(c, &Tests::default(), &Reading { skips_blank_lines: false, ..Reading::default() }),
            )
            .mistake(
                "blanks_not_trimmed",
                "A field with a blank beside the comma is reported as an error: `parse` accepts no blanks. Remove \
                 them with `trim`.",
                |c| flowers(c, &Tests::default(), &Reading { trims: false, ..Reading::default() }),
            )
            .mistake_if(
                "zero_or_less_refused",
                "A measurement of 0, or a negative one, is refused. Any finite number is a measurement.",
                |_, seen| match seen.get("error") {
                    Some(Value::Text(error)) => ["\"0\"", "\"-0.2\""].iter().any(|field| error.contains(field)),
                    _ => false,
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
                    .map(|line| Record::new().with("csv", format!("{HEADINGS}\n{GOOD_LINES}{line}\n{GOOD_LINES}")))
                    .to_vec()
            })
            .tests(|c, tests| error_of(&flowers(c, tests, &Reading::default())))
            .mistake(
                "line_number_too_small",
                "The line numbers are one too small: the line of headings is not counted, or the count begins at 0. \
                 The headings are line 1, as in an editor.",
                |c| flowers(c, &Tests::default(), &Reading { not_counted: 1, ..Reading::default() }),
            )
            .mistake(
                "empty_lines_not_counted",
                "Skipped lines are not counted, so the line number in the error is too small. Count a line first, \
                 then skip it.",
                |c| flowers(c, &Tests::default(), &Reading { not_counted: EMPTY_LINES, ..Reading::default() }),
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

fn images_read(shape: [usize; 3], pixels: Vec<usize>) -> Record {
    succeeded().with("shape", shape.to_vec()).with("pixels", pixels)
}

/// The number at this place of the header, if it is there.
fn number(c: &Record, place: usize) -> Option<usize> {
    let bytes = c.counts("bytes");
    Some(bytes.get(4 * place..4 * place + 4)?.iter().fold(0, |number, byte| 256 * number + byte))
}

/// The sizes in the header of a file of images.
fn sizes(c: &Record) -> [usize; 3] {
    [1, 2, 3].map(|place| number(c, place).unwrap_or(0))
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
    let mut sizes = (1..header_len / 4).map(|place| number(c, place).unwrap_or(0));
    sizes.try_fold(1_usize, |product, size| product.checked_mul(size))?.checked_add(header_len)
}

fn expected_magic(c: &Record) -> usize {
    if c.text("as") == "labels" { 2049 } else { 2051 }
}

fn is_of_another_kind(c: &Record) -> bool {
    number(c, 0).is_some_and(|magic| magic != expected_magic(c))
}

fn wrong_magic(c: &Record) -> String {
    format!("WrongMagic {{ expected: {}, found: {} }}", expected_magic(c), number(c, 0).unwrap_or(0))
}

/// Whether the header claims more than any computer has, but a number that a `usize` holds.
fn claims_too_much(c: &Record) -> bool {
    needed(c).is_some_and(|needed| needed > isize::MAX as usize) && !is_of_another_kind(c)
}

/// What comes of reading the file, where its length is told without the bytes that are `not_counted`.
fn file_read(c: &Record, tests: &Tests, not_counted: usize) -> Record {
    tested(c, tests, not_counted).map_or_else(|error| failed(&error), |()| succeeded())
}

fn tested(c: &Record, tests: &Tests, not_counted: usize) -> Result<(), String> {
    let (found, header_len) = (c.counts("bytes").len(), header_len(c));
    let lengths = |needed: usize, not_counted: usize| {
        format!("{{ needed: {}, found: {} }}", needed - not_counted, found - not_counted)
    };
    let too_short = format!("Truncated {}", lengths(header_len, 0));
    tests.refuse(found < header_len, "the header is incomplete", too_short)?;
    tests.refuse(is_of_another_kind(c), "the file is of another kind", wrong_magic(c))?;
    let needed = needed(c);
    let too_large = format!("TooLarge {{ sizes: {:?} }}", sizes(c));
    tests.refuse(needed.is_none(), "the product of the sizes is too large", too_large)?;
    let needed = needed.unwrap_or(found);
    tests.refuse(found < needed, "bytes are missing", format!("Truncated {}", lengths(needed, not_counted)))?;
    tests.refuse(found > needed, "bytes are left over", format!("TooLong {}", lengths(needed, not_counted)))
}

/// A row for each image, with its pixels.
fn images(f: &Formula) -> Num {
    let (pixels, n) = (f.input("pixels"), f.case().count("rows") * f.case().count("columns"));
    let image = |image: usize| f.vector(&(image * n..(image + 1) * n).map(|i| pixels.at(i)).collect::<Vec<_>>());
    let rows: Vec<Num> = (0..f.case().count("n_images")).map(image).collect();
    f.matrix(&rows, &rows[0]).named("images")
}

// Text.

const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];

const HEADINGS: &str = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species";

/// How the text is read.
struct Reading {
    headings: usize,
    skips_blank_lines: bool,
    trims: bool,
    /// Whether classes are numbered as they come.
    by_appearance: bool,
    /// How much the line number in an error is too small.
    not_counted: usize,
}

impl Default for Reading {
    fn default() -> Self {
        Self { headings: 1, skips_blank_lines: true, trims: true, by_appearance: false, not_counted: 0 }
    }
}

fn flowers(c: &Record, tests: &Tests, reading: &Reading) -> Record {
    flowers_or_error(c.text("csv"), tests, reading).unwrap_or_else(|error| failed(&error))
}

/// What is compared where a text is wrong.
fn error_of(read: &Record) -> Record {
    Record::new().with("error", read.get("error").cloned().unwrap_or(Value::Nothing))
}

fn flowers_or_error(csv: &str, tests: &Tests, reading: &Reading) -> Result<Record, String> {
    let (mut measurements, mut labels, mut names) = (Vec::new(), Vec::new(), SPECIES.to_vec());
    if reading.by_appearance {
        names.clear();
    }
    for (line, number) in csv.lines().zip(1..).skip(reading.headings) {
        if reading.skips_blank_lines && line.trim().is_empty() {
            continue;
        }
        let at = number - reading.not_counted;
        let fields: Vec<&str> = line.split(',').map(|field| if reading.trims { field.trim() } else { field }).collect();
        let wrong_number = format!("WrongNumberOfFields {{ line: {at}, found: {} }}", fields.len());
        tests.refuse(fields.len() != 5, "a line has too few or too many fields", wrong_number)?;
        for field in &fields[..4] {
            let (number, error) = (field.parse::<f64>(), format!("NotANumber {{ line: {at}, field: {field:?} }}"));
            tests.refuse(number.is_err(), "a field is not a number", error.as_str())?;
            let number = number.unwrap_or(0.0);
            tests.refuse(!number.is_finite(), "a number is infinite or NaN", error)?;
            measurements.push(number);
        }
        let name = fields[fields.len() - 1];
        let unknown = format!("UnknownSpecies {{ line: {at}, name: {name:?} }}");
        tests.refuse(!SPECIES.contains(&name), "there is no such species", unknown)?;
        if reading.by_appearance && !names.contains(&name) {
            names.push(name);
        }
        labels.push(names.iter().position(|known| *known == name).unwrap_or(0));
    }
    let measurements = Array2::from_shape_vec((labels.len(), 4), measurements).expect("four for each label");
    Ok(succeeded().with("measurements", measurements).with("labels", labels))
}

/// Stand before and behind each broken line.
const GOOD_LINES: &str = "5.1,3.5,1.4,0.2,setosa\n\n \n7.0,3.2,4.7,1.4,versicolor\n";
const EMPTY_LINES: usize = 2;

const BROKEN_LINES: [&str; 9] = [
    "5.1,3.5,1.4,0.2",
    "5.1,3.5,1.4,0.2,0.3,setosa",
    "5.1,3.5,x,0.2,setosa",
    "5.1,,1.4,0.2,setosa",
    "nan,3.5,1.4,0.2,setosa",
    "5.1,3.5,-inf,0.2,setosa",
    "5.1,3.5,1.4,0.2,setossa",
    "5.1,3.5,1.4,0.2,Setosa",
    "5.1,3.5,1.4,?,setossa",
];

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
        .mistake("rounded_up", ROUNDED_UP, |c| split_sizes(c, f64::ceil)),
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
        Check::new("train_test_split", "split", "train_test_split puts every sample into one part, at random", 2)
            .on(|draw| {
                let drawn = 50 + draw::count(draw, 40);
                [(40, 0.3), (41, 0.5), (drawn, 0.2)].map(|(n, share)| split_case(n, share, seed(draw))).to_vec()
            })
            // The other faults are of classes.
            .has_none_of(&SPLIT_FAULTS[1..7], |c, seen| fault(&vec![0; c.count("n")], seen)),
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
        })
        .has_none_of(&SPLIT_FAULTS, |c, seen| fault(&c.counts("labels"), seen)),
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

/// What is commonly wrong with a split.
const SPLIT_FAULTS: [(&str, &str); 8] = [
    (
        "places_taken_for_samples",
        "Small indices occur several times, and large ones never. If you call `train_test_split` for one class, it \
         returns positions in the list of that class. Look up the sample at each position.",
    ),
    (
        "drawn_with_replacement",
        "Some samples are in a part twice. Perhaps they are drawn one by one from all samples, with replacement. \
         Shuffle the indices and divide them instead: then each occurs once.",
    ),
    (
        "test_samples_in_training",
        "Some samples are in both parts. The test should use samples that the network has never seen: do not train \
         with test samples.",
    ),
    (
        "samples_lost",
        "Some samples are in neither part. One part has to begin where the other one ends: use the ranges `..n_train` \
         and `n_train..`.",
    ),
    (
        "not_shuffled",
        "The samples are taken in their original order. Many files are sorted, by class or by date, and then the two \
         parts are not alike: shuffle first.",
    ),
    (
        "part_sorted",
        "The samples of a part are chosen at random, but they are in their original order. The first ones of a part \
         may then be of one class only: leave them in shuffled order.",
    ),
    ("same_every_time", SAME_EVERY_TIME),
    (
        "grouped_by_class",
        "The samples are grouped by class, so the first batches contain only one class. Shuffle each part again when \
         all classes are in it.",
    ),
];

/// The worst fault of a split. `labels` of a split that does not know any are all the same.
fn fault(labels: &[usize], seen: &Record) -> Result<(), &'static str> {
    let (train, test) = (seen.counts("train"), seen.counts("test"));
    let n = labels.len();
    if train.iter().chain(&test).any(|&sample| sample >= n) {
        return Err("There are samples that do not exist: indices go from 0 to n - 1.");
    }
    let classes: BTreeSet<usize> = labels.iter().copied().collect();
    let mut seen_samples = [&train[..], &test].concat();
    let members = |class: &usize| labels.iter().filter(|&label| label == class).count();
    let mut places: Vec<usize> = classes.iter().flat_map(|class| 0..members(class)).collect();
    seen_samples.sort_unstable();
    places.sort_unstable();
    if classes.len() > 1 && seen_samples == places {
        return Err("places_taken_for_samples");
    }
    if [&train, &test].into_iter().any(|part| has_twice(part)) {
        return Err("drawn_with_replacement");
    }
    let in_train: BTreeSet<usize> = train.iter().copied().collect();
    let in_test: BTreeSet<usize> = test.iter().copied().collect();
    if !in_train.is_disjoint(&in_test) {
        return Err("test_samples_in_training");
    }
    if in_train.len() + in_test.len() < n {
        return Err("samples_lost");
    }
    // Of such parts, nothing is known about an order.
    if train.is_empty() || test.is_empty() {
        return Err("One of the two parts is empty.");
    }
    let is_an_end = |class: &usize| {
        let of_class: Vec<usize> = (0..n).filter(|&sample| labels[sample] == *class).collect();
        let n_test = of_class.iter().filter(|sample| in_test.contains(sample)).count();
        let all_in_test = |samples: &[usize]| samples.iter().all(|sample| in_test.contains(sample));
        all_in_test(&of_class[..n_test]) || all_in_test(&of_class[of_class.len() - n_test..])
    };
    if classes.iter().all(is_an_end) {
        return Err("not_shuffled");
    }
    if [&train, &test].into_iter().any(|part| part.is_sorted()) {
        return Err("part_sorted");
    }
    if train == seen.counts("next train") && test == seen.counts("next test") {
        return Err("same_every_time");
    }
    let runs = |part: &[usize]| 1 + part.windows(2).filter(|pair| labels[pair[0]] != labels[pair[1]]).count();
    let is_grouped = classes.len() > 1 && [train, test].iter().any(|part| runs(part) == classes.len());
    if is_grouped { Err("grouped_by_class") } else { Ok(()) }
}

/// Whether a sample is there a second time.
fn has_twice(samples: &[usize]) -> bool {
    samples.iter().collect::<BTreeSet<_>>().len() < samples.len()
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
            .computes(|f| measured(&f.input("x")))
            .panics_where(|c| c.matrix("x").nrows() == 0)
            .mistake_if(
                "small_taken_for_constant",
                "The deviation of a feature that varies a little is set to 1. But what is little depends on the unit. \
                 Set the deviation to 1 only if all values are equal.",
                |c, seen| {
                    // Along the wrong axis there are other deviations, and more or fewer of them.
                    let right = computed(|f| measured(&f.input("x")))(c);
                    let right = right.vector("std");
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
                computed(|f| {
                    let ([mean, _], x) = (measured(&f.input("x")), f.input("x"));
                    let squares = (&x - &mean.1).square().aggregate(Aggregate::Sum, Over::Samples);
                    [mean, ("std", (squares / (x.rows() - 1.0)).sqrt())]
                }),
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
                computed(|f| scaled(&f.input("x"), &measured(&f.input("x")))),
            )
            .mistake(
                "divided_before_centred",
                "This is x / std - mean, because `/` is evaluated before `-`. Subtract the mean first, then divide: \
                 use parentheses.",
                computed(|f| f.input("x") / f.input("std") - f.input("mean")),
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
            .computes(|f| {
                let x = f.input("x");
                let [(_, mean), (_, std)] = measured(&x);
                let is_constant = is_constant(&x);
                let (mean, std) = (is_constant.choose(&x.row(0), &mean), is_constant.choose(&f.number(1.0), &std));
                [("std", std.clone()), ("z", (x - mean) / std)]
            })
            .mistake(
                "divided_by_zero",
                DIVIDED_BY_ZERO,
                // As ndarray computes it: exactly 0.
                computed(|f| {
                    let [mean, (_, std)] = measured(&f.input("x"));
                    let std = is_constant(&f.input("x")).choose(&f.number(0.0), &std);
                    [("std", std.clone()), ("z", scaled(&f.input("x"), &[mean, ("std", std)]))]
                }),
            )
            .mistake(
                "divided_by_zero",
                DIVIDED_BY_ZERO,
                computed(|f| {
                    let scale = measured(&f.input("x"));
                    [("std", scale[1].1.clone()), ("z", scaled(&f.input("x"), &scale))]
                }),
            )
            .mistake(
                "rounding_taken_for_variation",
                "A feature that does not vary gets a deviation of about 1e-17, and becomes 1 or -1 instead of 0. \
                 Because of rounding, (0.1 + 0.1 + 0.1) / 3 is not 0.1 in an `f64`, so each value seems to differ \
                 from the mean. Test whether all values are equal, or use ndarray's `std_axis`, which is exact in \
                 this case.",
                computed(|f| {
                    let [mean, (_, std)] = measured(&f.input("x"));
                    let std = std.equals(&f.number(0.0)).choose(&f.number(1.0), &std);
                    [("std", std.clone()), ("z", scaled(&f.input("x"), &[mean, ("std", std)]))]
                }),
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
            .mistake(
                "transformed_again",
                "This is `transform` once more. `inverse_transform` has to undo it.",
                computed(|f| (f.input("z") - f.input("mean")) / f.input("std")),
            ),
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
                let scale = measured(&f.input("x_train"));
                [("train", scaled(&f.input("x_train"), &scale)), ("test", scaled(&f.input("x_test"), &scale))]
            })
            .panics_where(|c| c.matrix("x_train").nrows() == 0)
            .mistake(
                "each_by_itself",
                "The test samples are scaled by their own mean and deviation. Then the same number means one thing in \
                 training and another one in the test. Scale both parts by the scaler of the training samples.",
                computed(|f| {
                    ["train", "test"].map(|part| {
                        let x = f.input(&format!("x_{part}"));
                        (part, scaled(&x, &measured(&x)))
                    })
                }),
            )
            .mistake(
                "measured_on_all",
                "The mean and the deviation are those of all samples, so information from the test samples leaks into \
                 the training. Fit the scaler to the training samples alone.",
                computed(|f| {
                    let (train, test) = (f.input("x_train"), f.input("x_test"));
                    let rows = |x: &Num| (0..x.n_rows()).map(|row| x.row(row)).collect::<Vec<_>>();
                    let all = f.matrix(&[rows(&train), rows(&test)].concat(), &test.row(0));
                    let scale = measured(&all);
                    [("train", scaled(&train, &scale)), ("test", scaled(&test, &scale))]
                }),
            )
            .mistake_if("nothing_measured", NOTHING_MEASURED, |c, _| c.matrix("x_train").nrows() == 0),
    ]
}

const NOTHING_MEASURED: &str = "Without any samples there is neither a mean nor a deviation, but your code continues. \
                                Panic instead.";
const DIVIDED_BY_ZERO: &str = "A feature whose values are all equal has the deviation 0, and x - mean is 0 as well: 0 \
     / 0 is NaN. In `fit`, set the deviation of such a feature to 1.";

/// Mean and deviation of each column.
fn measured(x: &Num) -> [(&'static str, Num); 2] {
    let mean = x.aggregate(Aggregate::Mean, Over::Samples).named("mean");
    let std = (x - &mean).square().aggregate(Aggregate::Mean, Over::Samples).sqrt().named("std");
    [("mean", mean), ("std", std)]
}

fn scaled(x: &Num, [(_, mean), (_, std)]: &[(&'static str, Num); 2]) -> Num {
    (x - mean) / std
}

/// Of which columns all values are equal.
fn is_constant(x: &Num) -> Num {
    x.aggregate(Aggregate::Max, Over::Samples).equals(&x.aggregate(Aggregate::Min, Over::Samples))
}

fn scale_case(mean: Array1<f64>, std: Array1<f64>) -> Record {
    Record::new().with("mean", mean).with("std", std)
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
        })
        .has_none_of(&SHUFFLE_FAULTS, disorder),
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

/// What is commonly wrong with a shuffled epoch.
const SHUFFLE_FAULTS: [(&str, &str); 6] = [
    (
        "shuffled_apart",
        "Samples have the labels of others: the rows and the labels are no longer in the same order. Shuffle the \
         indices, once, and select both with them. (In these tests the label of a sample is the number in its first \
         column.)",
    ),
    (
        "drawn_with_replacement",
        "Some samples are returned twice in an epoch. Perhaps they are drawn one by one from all samples, with \
         replacement. Shuffle the indices instead: then each occurs once.",
    ),
    (
        "not_shuffled",
        "The samples come in the order of the rows. If the data are sorted by class, a batch may contain only one \
         class. Shuffle the samples first.",
    ),
    (
        "only_batches_shuffled",
        "The batches are shuffled, but each of them has the same samples as in `in_order`. Shuffle the samples first, \
         then divide them into batches.",
    ),
    (
        "shuffled_within_batches",
        "The samples are shuffled only within their batch: each batch has the same samples as in `in_order`. Shuffle \
         all samples first, then divide them into batches.",
    ),
    ("same_every_time", SAME_EVERY_TIME),
];

/// The worst fault of a shuffled epoch.
fn disorder(c: &Record, seen: &Record) -> Result<(), &'static str> {
    let (x, labels) = (seen.matrix("x"), seen.counts("labels"));
    let batches = in_batches(c);
    if seen.counts("sizes") != batches.iter().map(Vec::len).collect::<Vec<_>>() || labels.len() != x.nrows() {
        return Err("The sizes of the batches are not those of `in_order`.");
    }
    let n = c.counts("labels").len();
    let samples: Vec<usize> = x.column(0).iter().map(|&first| first as usize).collect();
    if x.rows().into_iter().zip(&samples).any(|(row, &sample)| sample >= n || row != c.matrix("x").row(sample)) {
        return Err("There are rows that are not in `x`.");
    }
    if samples != labels {
        return Err("shuffled_apart");
    }
    if has_twice(&samples) {
        return Err("drawn_with_replacement");
    }
    if samples.iter().is_sorted() {
        return Err("not_shuffled");
    }
    let is_one_of_the_file = |batch: &[usize]| batches.iter().any(|other| other == batch);
    if samples.chunks(c.count("batch_size")).take(n / c.count("batch_size")).all(is_one_of_the_file) {
        return Err("only_batches_shuffled");
    }
    let is_inside_its_batch =
        |(place, sample): (usize, &usize)| place / c.count("batch_size") == sample / c.count("batch_size");
    if samples.iter().enumerate().all(is_inside_its_batch) {
        return Err("shuffled_within_batches");
    }
    if labels == seen.counts("next labels") { Err("same_every_time") } else { Ok(()) }
}

fn mean_case(means: Array1<f64>, sizes: Vec<usize>) -> Record {
    Record::new().with("means", means).with("sizes", sizes)
}
