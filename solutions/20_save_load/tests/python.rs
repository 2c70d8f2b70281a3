//! Python's safetensors reads what the solution writes. Skipped where there is no Python with NumPy and safetensors.

use std::{fs, process::Command};

use ndarray::{Array1, array};
use save_load_solution::{StateDict, to_safetensors};

/// Prints every array of a file: its name, type and shape, and its numbers with all their digits.
const SHOW: &str = "
import sys
from safetensors.numpy import load_file
for name, array in sorted(load_file(sys.argv[1]).items()):
    print(name, array.dtype, list(array.shape), [float(number) for number in array.flatten()])
";

#[test]
fn python_reads_what_we_write() {
    let python = if cfg!(windows) { "python" } else { "python3" };
    let has_crates = Command::new(python).args(["-c", "import numpy, safetensors.numpy"]).output();
    if !has_crates.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: there is no Python with NumPy and safetensors; `pip install numpy safetensors` gets them");
        return;
    }
    let matrix = array![[0.1, -2.5, 1e-300], [1.0 / 3.0, 4.0, 5.5]];
    let mut state = StateDict::new();
    // Columns first in memory: what has to be the same is the matrix.
    state.insert("parameter.0".to_owned(), matrix.t().as_standard_layout().into_owned().reversed_axes().into_dyn());
    state.insert("parameter.1".to_owned(), Array1::from(vec![0.25, -0.5]).into_dyn());
    let folder = tempfile::tempdir().expect("a folder for a file");
    let path = folder.path().join("written.safetensors");
    fs::write(&path, to_safetensors(&state)).expect("the file can be written");
    let output = Command::new(python).args(["-c", SHOW]).arg(&path).output().expect("Python has just been there");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let says = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    assert_eq!(
        says,
        "parameter.0 float64 [2, 3] [0.1, -2.5, 1e-300, 0.3333333333333333, 4.0, 5.5]\n\
         parameter.1 float64 [2] [0.25, -0.5]\n"
    );
}
