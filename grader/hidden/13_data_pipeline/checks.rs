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
            .mistake("little_endian", LITTLE_ENDIAN, little_endian("labels", 0))
            .mistake("little_endian", LITTLE_ENDIAN, little_endian("labels", 4))
            .mistake(
                "header_of_images",
                "Your code expects a header of 16 bytes, as in a file of images. That of a file of labels has 8.",
                |c| match c.counts("bytes").len() {
                    found @ ..16 => failed(&format!("Truncated {{ needed: 16, found: {found} }}")),
                    // Labels that are read as sizes may come to anything.
                    _ => Record::new(),
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
            .mistake("little_endian", LITTLE_ENDIAN, little_endian("images", 0))
            .mistake("little_endian", LITTLE_ENDIAN, little_endian("images", 4))
            .mistake(
                "rows_and_columns_swapped",
                "Rows and columns are swapped: in the header the rows come first. MNIST's 28 × 28 pixels would hide this.",
                |c| {
                    let [n, rows, columns] = sizes(c);
                    images_read([n, columns, rows], c.counts("bytes")[16..].to_vec())
                },
            )
            .mistake(
                "columns_first",
                "The bytes of an image are read column after column. They are stored row after row.",
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
            "`needed` and `found` do not count the header. Both should count all bytes of the file.",
            |c, seen| {
                *seen == file_read(c, &Tests::default(), header_len(c)) && *seen != file_read(c, &Tests::default(), 0)
            },
        )
        .mistake(
            "sizes_multiplied_as_u32",
            "`TooLarge` is returned for a product that fits into a `usize`. Convert the sizes to `usize` before you \
             multiply.",
            |c| match claims_too_much(c) {
                true => failed(&format!("TooLarge {{ sizes: {:?} }}", sizes(c))),
                false => file_read(c, &Tests::default(), 0),
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
                "own_maximum",
                "The pixels are divided by the largest one of these images, so an image depends on the others.",
                computed(|f| images(f) / images(f).max()),
            )
            .mistake(
                "standardised",
                "The pixels are standardised, with the mean and the deviation of all MNIST pixels. Here they are only divided \
                 by 255.",
                computed(|f| (images(f) / 255.0 - 0.1307) / 0.3081),
            ),
        Check::new("parse_iris", "csv", "parse_iris reads measurements and species, and ignores spaces", 2)
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
            .tests(|c, tests| flowers(c, tests, &READING))
            .mistake(
                "headings_read",
                "The headings are read as a flower: skip line 1.",
                flowers_if(Reading { headings: 0, ..READING }),
            )
            .mistake(
                "headings_known_by_their_words",
                "The headings are skipped only if they are the usual words. Always skip line 1.",
                |c| {
                    let headings = usize::from(c.text("csv").starts_with(HEADINGS));
                    flowers_if(Reading { headings, ..READING })(c)
                },
            )
            .mistake(
                "classes_by_appearance",
                "The species are numbered in the order of the text. The class is the index in `SPECIES`, in any file.",
                flowers_if(Reading { by_appearance: true, ..READING }),
            )
            .mistake("blank_line_refused", BLANK_LINE_REFUSED, flowers_if(Reading { is_blank: |_| false, ..READING }))
            .mistake(
                "blank_line_refused",
                BLANK_LINE_REFUSED,
                flowers_if(Reading { is_blank: str::is_empty, ..READING }),
            )
            .mistake(
                "stops_at_a_blank_line",
                "What follows a blank line is not read. Skip the line, and continue with the next one.",
                flowers_if(Reading { stops_at_a_blank_line: true, ..READING }),
            )
            .mistake(
                "blanks_not_trimmed",
                "A space beside a comma is reported as an error: `parse` accepts none. Remove spaces with `trim`.",
                flowers_if(Reading { trims: false, ..READING }),
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
            .tests(|c, tests| error_of(&flowers(c, tests, &READING)))
            .mistake(
                "capitals_accepted",
                "`Setosa` is accepted. A species is exactly one of `SPECIES`.",
                |c| match c.text("csv").contains("Setosa") {
                    true => Record::new().with("error", Value::Nothing),
                    false => error_of(&flowers(c, &Tests::default(), &READING)),
                },
            )
            .mistake(
                "empty_lines_not_counted",
                "Blank lines are not counted. Number the lines first, then skip the blank ones.",
                flowers_if(Reading { not_counted: EMPTY_LINES, ..READING }),
            ),
        Check::new("one_hot", "one_hot", "one_hot has a row for each sample, with a 1 in the column of its class", 1)
            .on(|draw| {
                let drawn = (0..6).map(|_| draw::count(draw, 5)).collect();
                // Without class 0 first, then without the last class, then with one that there is not.
                [(vec![2_usize, 1, 2, 3], 4_usize), (vec![1, 0, 0, 1, 1], 3), (vec![1, 3], 3), (drawn, 5)]
                    .map(|(labels, n_classes)| Record::new().with("labels", labels).with("n_classes", n_classes))
                    .to_vec()
            })
            .computes(|f| {
                let labels = f.input("labels");
                let classes: Vec<Num> = (0..f.times("n_classes")).map(|class| f.number(class as f64)).collect();
                let class = f.vector(&classes).named("class");
                let rows: Vec<Num> = (0..labels.n_entries()).map(|i| labels.at(i).named("label").equals(&class)).collect();
                f.matrix(&rows, &class)
            })
            .panics_where("a label is not below `n_classes`", |c| {
                c.counts("labels").iter().any(|&label| label >= c.count("n_classes"))
            }),
    ]
}

const BLANK_LINE_REFUSED: &str = "A blank line is reported as an error. Skip lines that are empty or of spaces only: \
     `trim` before you ask `is_empty`.";
const LITTLE_ENDIAN: &str = "The most significant byte comes first in an IDX file: use `u32::from_be_bytes`.";

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

fn images_read(shape: [usize; 3], pixels: Vec<usize>) -> Record {
    succeeded().with("shape", shape.to_vec()).with("pixels", pixels)
}

/// What code does that reads the numbers of the header from this byte on as little-endian.
fn little_endian(kind: &'static str, from: usize) -> impl Fn(&Record) -> Record {
    move |c| {
        let mut bytes = c.counts("bytes");
        let end = if kind == "labels" { 8 } else { 16 };
        bytes[from..end].chunks_mut(4).for_each(<[usize]>::reverse);
        let turned = Record::new().with("as", kind).with("bytes", bytes);
        match tested(&turned, &Tests::default(), 0) {
            Err(error) => failed(&error),
            // A 0 is 0 either way.
            Ok(()) => Record::new(),
        }
    }
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
    /// Which lines are skipped.
    is_blank: fn(&str) -> bool,
    stops_at_a_blank_line: bool,
    trims: bool,
    /// Whether classes are numbered as they come.
    by_appearance: bool,
    /// How much the line number in an error is too small.
    not_counted: usize,
}

const READING: Reading = Reading {
    headings: 1,
    is_blank: |line| line.trim().is_empty(),
    stops_at_a_blank_line: false,
    trims: true,
    by_appearance: false,
    not_counted: 0,
};

/// The flowers of a text that is read like this.
fn flowers_if(reading: Reading) -> impl Fn(&Record) -> Record {
    move |c| flowers(c, &Tests::default(), &reading)
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
        if (reading.is_blank)(line) {
            if reading.stops_at_a_blank_line {
                break;
            }
            continue;
        }
        let at = number - reading.not_counted;
        let fields: Vec<&str> = line.split(',').map(|field| if reading.trims { field.trim() } else { field }).collect();
        let wrong_number = format!("WrongNumberOfFields {{ line: {at}, found: {} }}", fields.len());
        tests.refuse(fields.len() < 5, "a line has too few fields", wrong_number.as_str())?;
        tests.refuse(fields.len() > 5, "a line has too many fields", wrong_number)?;
        for field in &fields[..4] {
            let (number, error) = (field.parse::<f64>(), format!("NotANumber {{ line: {at}, field: {field:?} }}"));
            tests.refuse(number.is_err(), "a field is not a number", error.as_str())?;
            let number = number.unwrap_or(0.0);
            tests.refuse(!number.is_finite(), "a number is infinite or NaN", error)?;
            measurements.push(number);
        }
        let name = fields[4.min(fields.len() - 1)];
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
    "5.1,3.5, x ,0.2,setosa",
    "5.1,,1.4,0.2,setosa",
    "nan,3.5,1.4,0.2,setosa",
    "5.1,3.5,-inf,0.2,setosa",
    "5.1,3.5,1.4,0.2,setossa",
    "5.1,3.5,1.4,0.2, Setosa",
    "5.1,3.5,1.4,?,setossa",
];

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
            let [one, two] = [0.35, 0.2].map(|share| (30 + draw::count(draw, 100), share));
            [(10, 0.25), (100, 0.29), (12, 0.2), (7, 0.0), (5, 1.0), (0, 0.5), one, two]
                .map(|(n, test_fraction)| split_case(n, test_fraction, 1))
                .to_vec()
        })
        .computes(split_sizes)
        .mistake_if(
            "size_by_chance",
            "A second call with the same arguments gives a test part of another size. The size is no matter of chance: it \
             is n · test_fraction, rounded.",
            |_, seen| seen.count("n_test") != seen.count("next n_test"),
        ),
        Check::new("split_refused", "split", "a test fraction that is not between 0 and 1 panics", 1)
            .asks("split_sizes")
            .about("train_test_split")
            .after("split_sizes")
            .on(|draw| {
                let n = 10 + draw::count(draw, 50);
                [0.5, -0.25, f64::NAN, 1.5].map(|test_fraction| split_case(n, test_fraction, 1)).to_vec()
            })
            .computes(split_sizes)
            .panics_where(NO_FRACTION, is_no_fraction),
        Check::new("train_test_split", "split", "train_test_split puts every sample into one part, at random", 2)
            .on(|draw| {
                let drawn = 50 + draw::count(draw, 40);
                [(40, 0.3), (41, 0.5), (drawn, 0.2)].map(|(n, share)| split_case(n, share, seed(draw))).to_vec()
            })
            // The other faults are of classes.
            .has_none_of(&SPLIT_FAULTS[2..8], |c, seen| fault(&vec![0; c.count("n")], seen)),
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
            [(sorted, 0.4), (mixed, 0.5)].map(|(labels, share)| stratified_case(labels, share, draw)).to_vec()
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
            let of_five = (0..5).map(|_| 6 + draw::count(draw, 9)).collect();
            // Classes of several sizes, one of them empty; in the fourth case no class has enough for the test.
            [
                (vec![10, 4, 25], 0.25),
                (vec![40, 16, 104], 0.25),
                (vec![6, 0, 3], 0.5),
                (vec![3, 3, 3, 3], 0.1),
                (drawn, 0.3),
                (of_five, 0.5),
                (vec![4, 2, 8, 2, 4], 0.5),
            ]
            .map(|(counts, share)| stratified_case(labels_of(&counts), share, draw))
            .to_vec()
        })
        .computes(|f| stratified_sizes(f, |_, n_test| n_test))
        .mistake(
            "one_of_each_class_at_least",
            "Every class has a sample in the test, also where n · test_fraction rounds to 0. Take what comes out.",
            computed(|f| stratified_sizes(f, |n, n_test| n_test.or_more(&n.or_less(&f.number(1.0))))),
        )
        .mistake_if(
            "not_stratified",
            "A class has another number of test samples in the next split. Split each class separately; the number for the \
             test is n · test_fraction, rounded.",
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
        .computes(|f| stratified_sizes(f, |_, n_test| n_test))
        .panics_where(NO_FRACTION, is_no_fraction),
    ]
}

const NO_FRACTION: &str = "`test_fraction` is not between 0 and 1";

fn is_no_fraction(c: &Record) -> bool {
    !(0.0..=1.0).contains(&c.float("test_fraction"))
}

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

fn split_sizes(f: &Formula) -> [(&'static str, Num); 2] {
    let n = f.input("n");
    let n_test = (&n * f.input("test_fraction")).round().named("n_test");
    [("n_train", (n - &n_test).whole()), ("n_test", n_test.whole())]
}

/// What becomes of each class; `cut` makes the number of its test samples of the number of all and of that which is right.
fn stratified_sizes(f: &Formula, cut: impl Fn(&Num, Num) -> Num) -> [(&'static str, Num); 3] {
    let n_classes = f.case().counts("labels").iter().max().map_or(0, |max| max + 1);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for class in 0..n_classes {
        let n = f.number(f.case().counts("labels").iter().filter(|&&label| label == class).count() as f64).named("n");
        let n_test = cut(&n, (&n * f.input("test_fraction")).round().named("n_test"));
        train.push(n - &n_test);
        test.push(n_test);
    }
    let test = f.vector(&test).whole();
    [
        ("train of each class", f.vector(&train).whole()),
        ("test of each class", test.clone()),
        ("next test of each class", test),
    ]
}

/// What is commonly wrong with a split.
const SPLIT_FAULTS: [(&str, &str); 9] = [
    (
        "labels_taken_for_samples",
        "All indices are labels. In the list of a class, collect the numbers of its samples, and not their labels.",
    ),
    (
        "places_taken_for_samples",
        "In a part, small indices occur several times, and large ones never. If you split one class with `train_test_split`, it \
         returns positions in the list of that class: look up the samples there.",
    ),
    ("drawn_with_replacement", DRAWN_WITH_REPLACEMENT),
    ("test_samples_in_training", "Some samples are in both parts. Test with samples that the network has never seen."),
    ("samples_lost", "Some samples are in neither part. What is not in the test part belongs to the training part."),
    (
        "not_shuffled",
        "The test samples are the first or the last ones, of all samples or of each class. Many files are sorted, for \
         instance by date, and then the two parts are not alike: shuffle first.",
    ),
    (
        "part_sorted",
        "The samples of a part stand in their original order. The first ones may then be of one class only: return them \
         in random order.",
    ),
    ("same_every_time", SAME_EVERY_TIME),
    (
        "grouped_by_class",
        "In at least one of the two parts, the samples are grouped by class, so its first ones are all of one class. \
         Shuffle *each* part again at the end.",
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
    let members = |class: &usize| labels.iter().filter(|&label| label == class).count();
    let largest = classes.iter().map(members).max().unwrap_or(0);
    let parts = ["train", "test", "next train", "next test"].map(|part| seen.counts(part));
    let has_places = |part: &Vec<usize>| has_twice(part) && part.iter().all(|&sample| sample < largest);
    if classes.len() > 1 && train.iter().chain(&test).all(|sample| classes.contains(sample)) {
        return Err("labels_taken_for_samples");
    }
    if classes.len() > 1 && parts.iter().any(has_places) {
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

const DRAWN_WITH_REPLACEMENT: &str =
    "Some samples occur twice. Put each index into a list once, shuffle the list, and divide it.";
const SAME_EVERY_TIME: &str = "A second call with the same generator gives the same order again. Use the argument `rng`, \
                               which continues from call to call.";

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
            .panics_where("there are no samples", |c| c.matrix("x").nrows() == 0)
            .mistake_if(
                "small_taken_for_constant",
                "The deviation of a feature that varies a little is set to 1. What is little depends on the unit: do \
                 so only if all values are equal.",
                |c, seen| {
                    // Along the wrong axis there are other deviations, and more or fewer of them.
                    let right = computed(|f| measured(&f.input("x")))(c).vector("std").to_vec();
                    let seen = seen.vector("std").to_vec();
                    let is_set = |(right, seen): (&f64, &f64)| 0.0 < *right && *right < 1e-6 && *seen == 1.0;
                    right.len() == seen.len() && right.iter().zip(&seen).any(is_set)
                },
            )
            .mistake(
                "sample_std",
                "The sum of squares is divided by n - 1, as for a larger population. Here it is the deviation of these \
                 samples: divide by n (`std_axis` subtracts its argument `ddof` from n).",
                computed(|f| measured_by(&f.input("x"), Aggregate::MeanOfOneLess)),
            ),
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
            .computes(|f| (f.input("x") - f.input("mean")) / f.input("std")),
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
            .expects(computed(|f| {
                let x = f.input("x");
                let [(_, mean), (_, std)] = measured(&x);
                let is_constant = is_constant(&x);
                let (mean, std) = (is_constant.choose(&x.row(0), &mean), is_constant.choose(&f.number(1.0), &std));
                [("std", std.clone()), ("z", (x - mean) / std)]
            }))
            .mistake_if(
                "deviation_of_equal_values",
                "The deviation of a feature whose values are all equal is not 1. By the formula it is 0, or about \
                 1e-17 by rounding: test in `fit` whether all values are equal, and set it to 1 then.",
                |c, seen| {
                    let is_constant = |column: ndarray::ArrayView1<'_, f64>| column.iter().all(|x| *x == column[0]);
                    let (x, std) = (c.matrix("x"), seen.vector("std"));
                    x.columns().into_iter().zip(std).any(|(column, std)| is_constant(column) && *std != 1.0)
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
            .mistake(
                "transformed_again",
                "This is `transform` once more: undo it.",
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
            .computes(|f| prepared(f, &measured(&f.input("x_train"))))
            .panics_where("there are no training samples", |c| c.matrix("x_train").nrows() == 0)
            .mistake(
                "each_by_itself",
                "The test samples are scaled by their own mean and deviation, so the same number means something else \
                 there than in training. Scale both parts by the scaler of the training samples.",
                computed(|f| {
                    let by_itself = |x: Num| scaled(&x, &measured(&x));
                    [("train", by_itself(f.input("x_train"))), ("test", by_itself(f.input("x_test")))]
                }),
            )
            .mistake(
                "measured_on_all",
                MEASURED_ON_ALL,
                computed(|f| {
                    let (train, test) = (f.input("x_train"), f.input("x_test"));
                    let rows = |x: &Num| (0..x.n_rows()).map(|row| x.row(row)).collect::<Vec<_>>();
                    prepared(f, &measured(&f.matrix(&[rows(&train), rows(&test)].concat(), &test.row(0))))
                }),
            )
            .mistake("measured_on_all", MEASURED_ON_ALL, computed(|f| prepared(f, &measured(&f.input("x_test"))))),
    ]
}

const MEASURED_ON_ALL: &str = "The scaler is fitted to the test samples, alone or with the others. So information from \
     them leaks into the training: fit it to the training samples alone.";

/// The training and the test samples, scaled like this.
fn prepared(f: &Formula, scale: &[(&'static str, Num); 2]) -> [(&'static str, Num); 2] {
    [("train", scaled(&f.input("x_train"), scale)), ("test", scaled(&f.input("x_test"), scale))]
}

/// Mean and deviation of each column.
fn measured(x: &Num) -> [(&'static str, Num); 2] {
    measured_by(x, Aggregate::Mean)
}

fn measured_by(x: &Num, mean_of_squares: Aggregate) -> [(&'static str, Num); 2] {
    let mean = x.aggregate(Aggregate::Mean, Over::Samples).named("mean");
    let std = (x - &mean).square().aggregate(mean_of_squares, Over::Samples).sqrt().named("std");
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
                // Without a remainder.
                let [few, many] = [(2, 5), (20, 90)].map(|(low, high)| (6 * draw::size(draw, low, high), 6));
                [(10, 3), (9, 3), (60_000, 64), (2, 5), (7, 1), (0, 4), (5, 0), drawn, few, many]
                    .map(|(n_samples, batch_size): (usize, usize)| {
                        Record::new().with("n_samples", n_samples).with("batch_size", batch_size)
                    })
                    .to_vec()
            })
            .computes(|f| (f.input("n_samples") / f.input("batch_size")).ceil().whole())
            .panics_where(BATCHES_OF_NONE, is_of_none),
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
        .expects(|c| epoch(c, &in_batches(c)).with(AFTER_THE_END, false))
        .mistake(
            "last_batch_dropped",
            "The last batch is missing if it is shorter than the others, and its samples with it.",
            epoch_with(|batches, _, size| batches.retain(|batch| batch.len() == size)),
        )
        .mistake_panics(
            "last_batch_out_of_range",
            "Your code panics where the last batch is a shorter one. Let it end at the last sample.",
            |c| !c.counts("labels").len().is_multiple_of(c.count("batch_size")),
        )
        .mistake(
            "last_batch_dropped_when_full",
            "The last batch is missing, even if it is a full one. Stop when no sample is left, not before.",
            epoch_with(|batches, n, size| batches.retain(|batch| batch[0] + size < n)),
        )
        .mistake_if(
            "filled_up",
            "The last batch is filled up to `batch_size`. Let it be shorter: no sample counts twice, and none is \
             added.",
            |c, seen| {
                let sizes = seen.counts("sizes");
                sizes.len() == in_batches(c).len() && sizes.iter().sum::<usize>() > c.counts("labels").len()
            },
        )
        .mistake(
            "labels_stay_behind",
            "Every batch has the labels of the first one: the rows advance, but the labels do not.",
            |c| {
                let labels = in_batches(c).into_iter().flat_map(|batch| c.counts("labels")[..batch.len()].to_vec());
                let x = epoch(c, &in_batches(c)).matrix("x").to_owned();
                Record::new().with("x", x).with("labels", labels.collect::<Vec<_>>())
            },
        )
        .mistake_if("never_ends", "The batches never end: return `None` after the last sample.", |_, seen| {
            seen.counts("sizes").len() == MOST_BATCHES
        })
        .mistake_if(
            "begins_again",
            "After `None` the batches begin again. Once every sample has been returned, the answer stays `None`.",
            |_, seen| seen.get(AFTER_THE_END) == Some(&Value::from(true)),
        ),
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
            .expects(|c| epoch(c, &in_batches(c)))
            .panics_where(BATCHES_OF_NONE, is_of_none)
            .panics_where("there are more labels than samples, or fewer", |c| {
                c.counts("labels").len() != c.matrix("x").nrows()
            }),
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
                "divided_by_batches",
                "The sum is divided by the number of batches. Divide it by the number of samples in all batches.",
                computed(|f| (f.input("means") * f.input("sizes")).sum() / f.input("means").count()),
            )
            .mistake(
                "mean_of_means",
                "This is the mean of the means. Weight each batch by its number of samples: the last may be shorter.",
                |c| c.vector("means").sum() / c.vector("means").len() as f64,
            ),
    ]
}

/// Whether there is another batch after `None`.
const AFTER_THE_END: &str = "a batch after the end";

const BATCHES_OF_NONE: &str = "the batch size is 0";

fn is_of_none(c: &Record) -> bool {
    c.count("batch_size") == 0
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

/// The epoch of code that changes the batches like this, given the number of samples and the batch size.
fn epoch_with(change: fn(&mut Vec<Vec<usize>>, usize, usize)) -> impl Fn(&Record) -> Record {
    move |c| {
        let mut batches = in_batches(c);
        change(&mut batches, c.counts("labels").len(), c.count("batch_size"));
        epoch(c, &batches)
    }
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
const SHUFFLE_FAULTS: [(&str, &str); 5] = [
    (
        "shuffled_apart",
        "Samples have the labels of others: shuffle the indices, once, and select rows and labels with them. (In these \
         tests the label of a sample is the number in its first column.)",
    ),
    ("drawn_with_replacement", DRAWN_WITH_REPLACEMENT),
    ("not_shuffled", "The samples come in the order of the rows. If they are sorted, a batch may have only one class."),
    (
        "batches_not_mixed",
        "Each batch has the same samples as in `in_order`. Shuffle all samples first, then divide them into batches.",
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
        return Err("batches_not_mixed");
    }
    let is_inside_its_batch =
        |(place, sample): (usize, &usize)| place / c.count("batch_size") == sample / c.count("batch_size");
    if samples.iter().enumerate().all(is_inside_its_batch) {
        return Err("batches_not_mixed");
    }
    if labels == seen.counts("next labels") { Err("same_every_time") } else { Ok(()) }
}

fn mean_case(means: Array1<f64>, sizes: Vec<usize>) -> Record {
    Record::new().with("means", means).with("sizes", sizes)
}
