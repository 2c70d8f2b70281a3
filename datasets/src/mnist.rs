//! MNIST and Fashion-MNIST, from files that are downloaded once: `cargo run -p grader -- data fetch mnist`.

use std::{
    env,
    error::Error,
    ffi::OsString,
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf, absolute},
};

use etcetera::BaseStrategy;
use ndarray::{Array1, Array2};

use crate::idx::{self, Problem};

/// The environment variable that names the folder of the larger data sets, which holds `mnist` and `fashion-mnist`.
pub const DATA_VARIABLE: &str = "NEURONLINGS_DATA";

/// The width and the height of an image, in pixels; a row of images holds their pixels row by row.
pub const SIDE: usize = 28;

/// The files of either data set: training images and labels, test images and labels. Each may also be there unpacked,
/// without `.gz`, and with a dot, as in `train-images.idx3-ubyte`.
pub const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// What the labels of [`Which::FashionMnist`] stand for.
pub const FASHION_CLASSES: [&str; 10] =
    ["T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"];

/// One of two data sets of the same form: 60,000 training images and 10,000 test images in ten classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Handwritten digits.
    Mnist,
    /// Photographs of clothes, [`FASHION_CLASSES`].
    FashionMnist,
}

impl Which {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Mnist, Self::FashionMnist];

    /// The name that `data fetch` takes, which is also the folder's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
        }
    }
}

impl Which {
    /// Where the files are published: addresses that a name of [`FILES`] is added to.
    #[must_use]
    pub fn mirrors(self) -> [&'static str; 2] {
        match self {
            Self::Mnist => [
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ],
            Self::FashionMnist => [
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ],
        }
    }

    /// How to get the files where `data fetch` cannot.
    #[must_use]
    pub fn by_hand(self) -> String {
        let folder = folder(self).map_or_else(|error| error.to_string(), |folder| folder.display().to_string());
        let mut text = format!("To fetch {self} by hand, save these four files as they are:\n");
        for file in FILES {
            text += &format!("  {}{file}\n", self.mirrors()[0]);
        }
        text + &format!("in the folder\n  {folder}")
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mnist => "MNIST",
            Self::FashionMnist => "Fashion-MNIST",
        })
    }
}

/// A data set, split as its authors have split it.
#[derive(Clone, Debug, PartialEq)]
pub struct Mnist {
    /// 60,000 images to train with.
    pub train: LabelledImages,
    /// 10,000 images to test with.
    pub test: LabelledImages,
}

/// Images with their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledImages {
    /// Shape (n_images, 784): one image per row, one byte per pixel, 0 to 255.
    pub images: Array2<u8>,
    /// The class of each image, 0 to 9; shape (n_images).
    pub labels: Array1<usize>,
}

impl LabelledImages {
    /// The pixels between 0 and 1; shape (n_images, 784).
    #[must_use]
    pub fn scaled_f64(&self) -> Array2<f64> {
        self.images.mapv(|pixel| f64::from(pixel) / 255.0)
    }

    /// The same in half the memory.
    #[must_use]
    pub fn scaled_f32(&self) -> Array2<f32> {
        self.images.mapv(|pixel| f32::from(pixel) / 255.0)
    }
}

/// Reads a data set from its [`folder`].
///
/// ```no_run
/// use datasets::mnist::{self, Which};
///
/// let mnist = mnist::load(Which::Mnist)?;
/// assert_eq!(mnist.train.images.dim(), (60_000, 784));
/// # Ok::<(), mnist::DataError>(())
/// ```
///
/// # Errors
///
/// [`DataError::Missing`] if it has not been downloaded, others if what is there cannot be read; each says what to do.
pub fn load(which: Which) -> Result<Mnist, DataError> {
    load_from(which, &folder(which)?, [60_000, 10_000])
}

/// What the 10,000 test images show, without reading the images; shape (10,000).
///
/// # Errors
///
/// Those of [`load`].
pub fn test_labels(which: Which) -> Result<Array1<usize>, DataError> {
    let [.., labels] = FILES;
    let labels = read(which, &folder(which)?, labels, |file| idx::read_labels(file, 10_000))?;
    Ok(Array1::from(labels))
}

/// Where [`load`] looks: the folder called `mnist` or `fashion-mnist` in the one that [`DATA_VARIABLE`] names, or else
/// in `neuronlings` in the user's data folder, such as `~/.local/share` on Linux.
///
/// # Errors
///
/// [`DataError::NoFolder`] if the variable is not set and the user has no home.
pub fn folder(which: Which) -> Result<PathBuf, DataError> {
    let data_folder = etcetera::base_strategy::choose_native_strategy().ok().map(|folders| folders.data_dir());
    folder_of(which, env::var_os(DATA_VARIABLE), data_folder)
}

/// Whether all files of a data set are where [`load`] looks for them.
#[must_use]
pub fn is_there(which: Which) -> bool {
    folder(which).is_ok_and(|folder| FILES.iter().all(|file| find(which, &folder, file).is_some()))
}

/// All files that [`load`] looks for, under all names that they may have.
#[must_use]
pub fn places(which: Which) -> Vec<PathBuf> {
    let folder = folder(which).ok();
    folder.iter().flat_map(|folder| FILES.into_iter().flat_map(|file| places_of(which, folder, file))).collect()
}

/// Why a data set could not be read. The text says what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum DataError {
    /// There is no folder to look in.
    NoFolder,
    /// A file is not there.
    Missing {
        /// The data set that it belongs to.
        which: Which,
        /// The file that was looked for, packed; unpacked it is not there, either.
        path: PathBuf,
    },
    /// The system does not let us read a file.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// What a file holds is not what belongs there.
    Damaged {
        /// The data set that it belongs to.
        which: Which,
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as a sentence that begins with "it".
        problem: String,
    },
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFolder => write!(
                f,
                "there is no folder to look for data in: the user has no home. Set {DATA_VARIABLE} to a folder for it"
            ),
            Self::Missing { which, path } => write!(
                f,
                "{which} is not there: there is no {}, nor the same without .gz. \
                 `cargo run -p grader -- data fetch {}` downloads it. If you have it already, set {DATA_VARIABLE} to \
                 the folder {} that holds its files, or to the one around it",
                path.display(),
                which.name(),
                which.name()
            ),
            Self::Unreadable { path, error } => write!(
                f,
                "cannot read {} ({error}). Are you allowed to? Otherwise set {DATA_VARIABLE} to another folder",
                path.display()
            ),
            Self::Damaged { which, path, problem } => write!(
                f,
                "{} cannot be used: {problem}. Delete it, and `cargo run -p grader -- data fetch {}` downloads it again",
                path.display(),
                which.name()
            ),
        }
    }
}

impl Error for DataError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable { error, .. } => Some(error),
            _ => None,
        }
    }
}

fn folder_of(which: Which, named: Option<OsString>, data_folder: Option<PathBuf>) -> Result<PathBuf, DataError> {
    let folder = match named.filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder),
        None => data_folder.ok_or(DataError::NoFolder)?.join("neuronlings"),
    };
    // Messages name it, and a relative path would leave the reader to guess. Only an empty path cannot be made
    // absolute.
    Ok(absolute(&folder).unwrap_or(folder).join(which.name()))
}

/// Where a file may be: packed or unpacked, in the data set's folder or in the one that holds it. The packed one comes
/// first, since that is the one that `data fetch` makes right again.
fn places_of(which: Which, folder: &Path, file: &str) -> Vec<PathBuf> {
    let dotted = file.replace("-idx", ".idx");
    let names = [file, file.trim_end_matches(".gz"), &dotted, dotted.trim_end_matches(".gz")];
    // Both data sets have the same names of files: what lies in a folder for both is MNIST, unless it says otherwise.
    let above = folder.parent().filter(|above| {
        let is_fashion =
            above.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().contains("fashion"));
        is_fashion == (which == Which::FashionMnist)
    });
    [Some(folder), above].into_iter().flatten().flat_map(|folder| names.map(|name| folder.join(name))).collect()
}

fn find(which: Which, folder: &Path, file: &str) -> Option<PathBuf> {
    places_of(which, folder, file).into_iter().find(|path| path.exists())
}

fn load_from(which: Which, folder: &Path, [n_train, n_test]: [usize; 2]) -> Result<Mnist, DataError> {
    let [train_images, train_labels, test_images, test_labels] = FILES;
    let labelled = |images, labels, n| {
        Ok(LabelledImages {
            images: read(which, folder, images, |file| idx::read_images(file, [n, SIDE, SIDE]))?,
            labels: Array1::from(read(which, folder, labels, |file| idx::read_labels(file, n))?),
        })
    };
    Ok(Mnist {
        train: labelled(train_images, train_labels, n_train)?,
        test: labelled(test_images, test_labels, n_test)?,
    })
}

fn read<T>(
    which: Which,
    folder: &Path,
    file: &str,
    parse: impl FnOnce(File) -> Result<T, Problem>,
) -> Result<T, DataError> {
    let path = find(which, folder, file).ok_or_else(|| DataError::Missing { which, path: folder.join(file) })?;
    match File::open(&path).map_err(Problem::Unreadable).and_then(parse) {
        Ok(parsed) => Ok(parsed),
        Err(Problem::Unreadable(error)) => Err(DataError::Unreadable { path, error }),
        Err(problem) => Err(DataError::Damaged { which, path, problem: problem.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;
    use crate::idx::made;

    /// A data set with 3 training images and 2 test images, the last labels unpacked.
    fn small() -> TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).expect("a writable folder");
        write(FILES[0], &made::gzip(&made::images(3, 28)));
        write(FILES[1], &made::gzip(&made::labels(&[5, 0, 4])));
        write(FILES[2], &made::gzip(&made::images(2, 28)));
        write("t10k-labels-idx1-ubyte", &made::labels(&[7, 2]));
        folder
    }

    fn load_small(folder: &Path) -> Result<Mnist, DataError> {
        load_from(Which::Mnist, folder, [3, 2])
    }

    /// What is said after `file` was exchanged.
    fn said(file: &str, bytes: &[u8]) -> String {
        let folder = small();
        let path = folder.path().join(file);
        fs::write(&path, bytes).expect("a writable folder");
        let said = load_small(folder.path()).expect_err("a damaged file").to_string();
        said.replace(&*path.to_string_lossy(), "FILE")
    }

    #[test]
    fn images_and_labels_are_read_packed_and_unpacked() {
        let folder = small();
        let mnist = load_small(folder.path()).unwrap();
        assert_eq!((mnist.train.images.dim(), mnist.test.images.dim()), ((3, 784), (2, 784)));
        assert_eq!((mnist.train.labels.to_vec(), mnist.test.labels.to_vec()), (vec![5, 0, 4], vec![7, 2]));
    }

    #[test]
    fn scaled_pixels_are_between_0_and_1() {
        let images = LabelledImages { images: ndarray::array![[0, 51, 255]], labels: ndarray::array![1] };
        assert_eq!(images.scaled_f64(), ndarray::array![[0.0, 0.2, 1.0]]);
        assert_eq!(images.scaled_f32(), ndarray::array![[0.0, 0.2, 1.0]]);
    }

    #[test]
    fn a_missing_file_is_an_error_of_its_own_that_says_where_was_looked() {
        let folder = small();
        let path = folder.path().join(FILES[2]);
        fs::remove_file(&path).expect("a file to remove");
        let error = load_small(folder.path()).expect_err("a file is missing");
        assert!(matches!(&error, DataError::Missing { path: missing, .. } if *missing == path));
        let said = error.to_string();
        for part in [&*path.to_string_lossy(), "cargo run -p grader -- data fetch mnist", "NEURONLINGS_DATA"] {
            assert!(said.contains(part), "{said}");
        }
    }

    #[test]
    fn a_damaged_file_is_named_with_what_is_wrong_and_what_to_do() {
        assert_eq!(
            said(FILES[0], &made::gzip(&made::labels(&[1, 2, 3]))),
            "FILE cannot be used: it holds labels, where images belong. Delete it, and `cargo run -p grader -- data \
             fetch mnist` downloads it again"
        );
        for (file, bytes, problem) in [
            (FILES[1], made::labels(&[1, 2]), "its header says that its sizes are [2]; [3] belong there"),
            (FILES[2], made::images(2, 14), "its header says that its sizes are [2, 14, 14]; [2, 28, 28] belong there"),
            (FILES[1], made::labels(&[1, 2, 10]), "label number 2 is 10"),
            (FILES[0], made::images(3, 28)[..100].to_vec(), "it ends too early"),
            (FILES[0], Vec::new(), "it ends too early"),
        ] {
            let said = said(file, &bytes);
            assert!(said.starts_with(&format!("FILE cannot be used: {problem}")), "{said}");
        }
    }

    #[test]
    fn files_may_have_a_dot_in_their_names_and_lie_in_the_folder_itself() {
        let folder = small();
        let load = |which: Which| load_from(which, &folder.path().join(which.name()), [3, 2]);
        assert!(load(Which::Mnist).is_ok());
        assert!(load(Which::FashionMnist).is_err(), "these are taken for MNIST");
        for (file, dotted) in
            [(FILES[0], "train-images.idx3-ubyte.gz"), ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte")]
        {
            fs::rename(folder.path().join(file), folder.path().join(dotted)).expect("a writable folder");
        }
        assert_eq!(load(Which::Mnist).unwrap().test.labels.to_vec(), [7, 2]);
    }

    #[test]
    fn what_cannot_be_opened_is_no_damage() {
        let folder = small();
        let path = folder.path().join(FILES[3]);
        fs::create_dir(&path).expect("a folder where a file belongs");
        let error = load_small(folder.path()).expect_err("a folder is no file");
        assert!(matches!(error, DataError::Unreadable { .. }), "{error}");
    }

    #[test]
    fn whoever_fetches_by_hand_is_told_four_addresses_and_a_folder() {
        for which in Which::ALL {
            let text = which.by_hand();
            assert_eq!(text.matches("http").count(), 4, "{text}");
            assert!(text.ends_with(which.name()), "{text}");
        }
    }

    #[test]
    fn the_variable_comes_before_the_data_folder_of_the_user() {
        let home = || Some(PathBuf::from("/home/me/share"));
        let folder = |named: Option<&str>, home| folder_of(Which::FashionMnist, named.map(OsString::from), home).ok();
        let expected = |path: &str| absolute(path).ok();
        assert_eq!(folder(Some("/data"), home()), expected("/data/fashion-mnist"));
        assert_eq!(folder(None, home()), expected("/home/me/share/neuronlings/fashion-mnist"));
        assert_eq!(folder(Some(""), home()), expected("/home/me/share/neuronlings/fashion-mnist"));
        assert_eq!(folder(Some("here"), None), expected("here/fashion-mnist"));
        let error = folder_of(Which::Mnist, None, None).expect_err("no folder at all");
        assert!(error.to_string().contains("Set NEURONLINGS_DATA"));
    }
}
