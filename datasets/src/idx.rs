//! Reading IDX, the file format of MNIST: a header, then one byte per pixel or label.
//!
//! A file is held against what its data set has: the header is not believed, and nothing is allocated or inflated
//! because of what it says.

use std::{
    fmt,
    io::{self, BufRead, BufReader, ErrorKind, Read},
};

use flate2::bufread::GzDecoder;
use ndarray::Array2;

/// Two zero bytes, 8 for unsigned bytes, then how many dimensions there are.
const LABELS: u32 = 0x0801;
const IMAGES: u32 = 0x0803;

/// There are ten digits, and ten kinds of clothes.
const N_CLASSES: u8 = 10;

/// What is wrong with a file.
#[derive(Debug)]
pub(crate) enum Problem {
    /// It is not what belongs there; `found` is its first four bytes.
    Magic { found: u32, expected: u32 },
    /// It is of another data set.
    Sizes { found: Vec<u32>, expected: Vec<usize> },
    /// It ends too early.
    Truncated,
    /// It goes on after the last pixel or label.
    TooLong,
    /// A label that no class has.
    Label { index: usize, label: u8 },
    /// What is packed cannot be unpacked.
    Gzip(io::Error),
    /// The system could not read it.
    Unreadable(io::Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = |magic| match magic {
            IMAGES => "images",
            LABELS => "labels",
            _ => "something else",
        };
        match self {
            Self::Magic { found: found @ (IMAGES | LABELS), expected } => {
                write!(f, "it holds {}, where {} belong", kind(*found), kind(*expected))
            }
            Self::Magic { found, expected } => {
                write!(
                    f,
                    "it is no IDX file of {}: it begins with {found:#010x}, not {expected:#010x}",
                    kind(*expected)
                )
            }
            Self::Sizes { found, expected } => {
                write!(f, "its header says that its sizes are {found:?}; {expected:?} belong there")
            }
            Self::Truncated => write!(f, "it ends too early"),
            Self::TooLong => write!(f, "it goes on after its end"),
            Self::Label { index, label } => {
                write!(f, "label number {index} is {label}; labels are 0 to {}", N_CLASSES - 1)
            }
            Self::Gzip(error) => write!(f, "what is packed in it is damaged ({error})"),
            Self::Unreadable(error) => write!(f, "it cannot be read ({error})"),
        }
    }
}

/// `sizes` are the number of images, their height and their width; shape of the result (n_images, height · width).
pub(crate) fn read_images(file: impl Read, sizes: [usize; 3]) -> Result<Array2<u8>, Problem> {
    let pixels = read(file, IMAGES, &sizes)?;
    let [n_images, height, width] = sizes;
    Ok(Array2::from_shape_vec((n_images, height * width), pixels).expect("as many bytes as were asked for"))
}

/// One class index per sample.
pub(crate) fn read_labels(file: impl Read, n_labels: usize) -> Result<Vec<usize>, Problem> {
    let labels = read(file, LABELS, &[n_labels])?;
    match labels.iter().position(|&label| label >= N_CLASSES) {
        Some(index) => Err(Problem::Label { index, label: labels[index] }),
        None => Ok(labels.into_iter().map(usize::from).collect()),
    }
}

/// The bytes after the header of a file, gzipped or not, that has to have just these sizes.
fn read(file: impl Read, magic: u32, sizes: &[usize]) -> Result<Vec<u8>, Problem> {
    let mut file = BufReader::new(file);
    if !file.fill_buf().map_err(unreadable)?.starts_with(&[0x1f, 0x8b]) {
        return read_plain(&mut file, magic, sizes);
    }
    let mut unpacked = GzDecoder::new(file);
    let bytes = read_plain(&mut unpacked, magic, sizes).map_err(|problem| match problem {
        Problem::Unreadable(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData) => {
            Problem::Gzip(error)
        }
        // The others come from the file itself.
        other => other,
    })?;
    let after_it = unpacked.into_inner().fill_buf().map_err(unreadable)?.len();
    if after_it == 0 { Ok(bytes) } else { Err(Problem::TooLong) }
}

fn read_plain(file: &mut impl Read, magic: u32, sizes: &[usize]) -> Result<Vec<u8>, Problem> {
    let mut number = || -> Result<u32, Problem> {
        let mut bytes = [0; 4];
        file.read_exact(&mut bytes).map_err(unreadable)?;
        Ok(u32::from_be_bytes(bytes))
    };
    let found = number()?;
    if found != magic {
        return Err(Problem::Magic { found, expected: magic });
    }
    let found = sizes.iter().map(|_| number()).collect::<Result<Vec<u32>, _>>()?;
    if found.iter().zip(sizes).any(|(&found, &size)| u64::from(found) != size as u64) {
        return Err(Problem::Sizes { found, expected: sizes.to_vec() });
    }
    let n_bytes = sizes.iter().product();
    let mut bytes = Vec::with_capacity(n_bytes);
    // One byte more tells whether the file goes on, and has a gzipped one compare its checksum.
    file.take(n_bytes as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    match bytes.len() {
        n if n < n_bytes => Err(Problem::Truncated),
        n if n > n_bytes => Err(Problem::TooLong),
        _ => Ok(bytes),
    }
}

fn unreadable(error: io::Error) -> Problem {
    if error.kind() == ErrorKind::UnexpectedEof { Problem::Truncated } else { Problem::Unreadable(error) }
}

/// Small files for tests.
#[cfg(test)]
pub(crate) mod made {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    pub(crate) fn file(magic: u32, sizes: &[u32], bytes: &[u8]) -> Vec<u8> {
        let header = [magic].into_iter().chain(sizes.iter().copied()).flat_map(|number| number.to_be_bytes());
        header.chain(bytes.iter().copied()).collect()
    }

    pub(crate) fn images(n: u32, side: u32) -> Vec<u8> {
        let pixels: Vec<u8> = (0..n * side * side).map(|pixel| pixel as u8).collect();
        file(super::IMAGES, &[n, side, side], &pixels)
    }

    pub(crate) fn labels(labels: &[u8]) -> Vec<u8> {
        file(super::LABELS, &[labels.len() as u32], labels)
    }

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory is writable");
        encoder.finish().expect("memory is writable")
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Cursor, iter};

    use ndarray::array;

    use super::{made::gzip, *};

    fn problem_of_images(file: &[u8], sizes: [usize; 3]) -> String {
        read_images(file, sizes).expect_err("a problem").to_string()
    }

    fn problem_of_labels(file: &[u8], n: usize) -> String {
        read_labels(file, n).expect_err("a problem").to_string()
    }

    #[test]
    fn images_are_rows_of_pixels_plain_or_gzipped() {
        let file = made::images(3, 2);
        let rows = array![[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]];
        assert_eq!(read_images(&*file, [3, 2, 2]).unwrap(), rows);
        assert_eq!(read_images(&*gzip(&file), [3, 2, 2]).unwrap(), rows);
        assert_eq!(read_labels(&*gzip(&made::labels(&[3, 0, 9])), 3).unwrap(), [3, 0, 9]);
    }

    #[test]
    fn a_file_of_another_kind_is_told() {
        assert_eq!(problem_of_images(&made::labels(&[1; 20]), [2, 2, 2]), "it holds labels, where images belong");
        assert_eq!(problem_of_labels(&made::images(2, 2), 2), "it holds images, where labels belong");
        assert_eq!(
            problem_of_images(b"<!DOCTYPE html>", [2, 2, 2]),
            "it is no IDX file of images: it begins with 0x3c21444f, not 0x00000803"
        );
    }

    #[test]
    fn sizes_of_another_data_set_are_told() {
        let told = "its header says that its sizes are [3, 2, 2]; [4, 2, 2] belong there";
        assert_eq!(problem_of_images(&made::images(3, 2), [4, 2, 2]), told);
        assert!(problem_of_labels(&made::labels(&[1, 2, 3]), 4).contains("sizes are [3]; [4] belong"));
    }

    #[test]
    fn a_header_that_announces_terabytes_takes_no_memory() {
        let file = made::file(IMAGES, &[u32::MAX; 3], &[0; 8]);
        assert!(problem_of_images(&file, [2, 2, 2]).contains("[4294967295, 4294967295, 4294967295]"));
        assert!(problem_of_images(&gzip(&file), [2, 2, 2]).contains("sizes"));
    }

    #[test]
    fn a_file_that_ends_anywhere_is_too_short() {
        let (images, packed) = (made::images(3, 2), gzip(&made::images(3, 2)));
        for end in 0..images.len() {
            assert_eq!(problem_of_images(&images[..end], [3, 2, 2]), "it ends too early", "after {end} bytes");
        }
        for end in 2..packed.len() {
            assert_eq!(problem_of_images(&packed[..end], [3, 2, 2]), "it ends too early", "after {end} packed bytes");
        }
    }

    #[test]
    fn a_file_that_goes_on_is_too_long() {
        let file = [made::images(3, 2), vec![0]].concat();
        assert_eq!(problem_of_images(&file, [3, 2, 2]), "it goes on after its end");
        assert_eq!(problem_of_images(&gzip(&file), [3, 2, 2]), "it goes on after its end");
        for more in [&b"?"[..], &gzip(b"a second one")] {
            let packed = [&gzip(&made::images(3, 2)), more].concat();
            assert_eq!(problem_of_images(&packed, [3, 2, 2]), "it goes on after its end");
        }
    }

    /// A gigabyte of zeros follows the right header, packed into a megabyte; no more than was expected is unpacked.
    #[test]
    fn a_bomb_is_not_unpacked() {
        let encoder = flate2::read::GzEncoder::new(
            Cursor::new(made::images(3, 2)).chain(io::repeat(0)),
            flate2::Compression::fast(),
        );
        // It never ends, so a reader that wanted all of it would not, either.
        assert_eq!(read_images(encoder, [3, 2, 2]).expect_err("a bomb").to_string(), "it goes on after its end");
    }

    #[test]
    fn damage_inside_what_is_packed_is_told() {
        let pixels: Vec<u8> =
            iter::successors(Some(7_u8), |pixel| Some(pixel.wrapping_mul(31).wrapping_add(11))).take(400).collect();
        let packed = gzip(&made::file(IMAGES, &[4, 10, 10], &pixels));
        let mut damaged = 0;
        for place in 10..packed.len() {
            let mut file = packed.clone();
            file[place] ^= 0x55;
            // Wherever it is, it does not stay hidden: the checksum is compared.
            let problem = read_images(&*file, [4, 10, 10]).expect_err("damage").to_string();
            damaged += usize::from(problem.starts_with("what is packed in it is damaged"));
        }
        assert!(damaged > packed.len() / 2, "{damaged} of {}", packed.len());
    }

    #[test]
    fn a_label_that_no_class_has_is_told() {
        assert_eq!(problem_of_labels(&made::labels(&[0, 9, 10]), 3), "label number 2 is 10; labels are 0 to 9");
    }
}
