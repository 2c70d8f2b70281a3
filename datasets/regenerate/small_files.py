"""Makes the small files of the course's data again, byte for byte.

    python3 -m venv target/venv && target/venv/bin/pip install -r datasets/regenerate/requirements.txt
    target/venv/bin/python datasets/regenerate/small_files.py

needs no network beyond that: scikit-learn carries both data sets. It writes

    datasets/data/iris.csv                                     150 rows
    datasets/data/digits-train-{images-idx3,labels-idx1}-ubyte  1,437 digits with their labels
    datasets/data/digits-held-out-images-idx3-ubyte            360 digits
    grader/hidden/14_mnist_mlp/held-out-labels-idx1-ubyte      what these 360 are: the judge's alone

and prints a SHA-256 of each. Afterwards `git status` says whether anything is different from before.
"""

import hashlib
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.model_selection import train_test_split

COURSE = Path(__file__).resolve().parents[2]
DATA = COURSE / "datasets" / "data"
HIDDEN = COURSE / "grader" / "hidden" / "14_mnist_mlp"

# Whoever changes one of these changes what every accuracy in the course rests on.
SEED = 42
N_HELD_OUT = 360


def write(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)
    print(hashlib.sha256(contents).hexdigest(), path.relative_to(COURSE).as_posix())


def idx(array: np.ndarray) -> bytes:
    """The file format of MNIST: 0, 0, 8 for bytes, how many dimensions, their sizes as big-endian u32; then the bytes."""
    bytes_ = array.astype(np.uint8)
    assert np.array_equal(bytes_, array), "a byte has to hold every number exactly"
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, dtype=">u4").tobytes()
    return header + bytes_.tobytes()


def iris() -> None:
    data = load_iris()
    lines = ["sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species"]
    for features, label in zip(data.data, data.target):
        lines.append(",".join(f"{feature:.1f}" for feature in features) + f",{data.target_names[label]}")
        assert np.array_equal([float(text) for text in lines[-1].split(",")[:4]], features)
    write(DATA / "iris.csv", ("\n".join(lines) + "\n").encode())


def digits() -> None:
    data = load_digits()
    train, held_out, train_labels, held_out_labels = train_test_split(
        data.images, data.target, test_size=N_HELD_OUT, stratify=data.target, random_state=SEED
    )
    write(DATA / "digits-train-images-idx3-ubyte", idx(train))
    write(DATA / "digits-train-labels-idx1-ubyte", idx(train_labels))
    write(DATA / "digits-held-out-images-idx3-ubyte", idx(held_out))
    write(HIDDEN / "held-out-labels-idx1-ubyte", idx(held_out_labels))


if __name__ == "__main__":
    iris()
    digits()
