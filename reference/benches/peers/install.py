"""Installs the peers of the benchmark, NumPy, PyTorch and JAX, from PyPI into target/peers.

    python3 reference/benches/peers/install.py

Run it with Python 3.10 or newer, from anywhere. It needs some gigabytes: PyPI's PyTorch for Linux comes with its GPU
libraries, which are not used. To remove the peers, delete the folder.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

target = os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parents[3] / "target"
folder = Path(target) / "peers"
venv.create(folder, with_pip=True, clear=True)
python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
subprocess.run([python, "-m", "pip", "install", "--quiet", "numpy", "torch", "jax"], check=True)
print(f"NumPy, PyTorch and JAX are in {folder}. Now: cargo bench -p reference")
