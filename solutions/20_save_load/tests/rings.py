"""Writes rings.safetensors, which the exercise reads: a network that NumPy has trained, under the names of PyTorch.

Run it in this folder: pip install numpy safetensors, then python3 rings.py
"""

import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(1)

# 200 points on two rings; the inner one is 1, the outer one -1.
angles = rng.uniform(0, 2 * np.pi, 200)
y = np.where(np.arange(200) < 100, 1.0, -1.0)
radii = np.where(y > 0, 0.5, 1.0) + rng.normal(0, 0.05, 200)
x = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
y = y[:, None]

# Two linear layers with a ReLU between them. PyTorch's weights are (n_out, n_in).
p = {
    "0.weight": rng.normal(0, 1, (16, 2)),
    "0.bias": np.zeros(16),
    "2.weight": rng.normal(0, np.sqrt(2 / 16), (1, 16)),
    "2.bias": np.zeros(1),
}
m = {name: np.zeros_like(value) for name, value in p.items()}
v = {name: np.zeros_like(value) for name, value in p.items()}
for t in range(1, 501):
    z = x @ p["0.weight"].T + p["0.bias"]
    a = np.maximum(z, 0)
    out = a @ p["2.weight"].T + p["2.bias"]
    d_out = 2 * (out - y) / len(x)
    d_z = d_out @ p["2.weight"] * (z > 0)
    gradients = {"0.weight": d_z.T @ x, "0.bias": d_z.sum(0), "2.weight": d_out.T @ a, "2.bias": d_out.sum(0)}
    for name, g in gradients.items():
        m[name] = 0.9 * m[name] + 0.1 * g
        v[name] = 0.999 * v[name] + 0.001 * g * g
        p[name] -= 0.02 * m[name] / (1 - 0.9**t) / (np.sqrt(v[name] / (1 - 0.999**t)) + 1e-8)

print("loss", np.mean((out - y) ** 2), "accuracy", np.mean((out > 0) == (y > 0)))
single = {name: value.astype(np.float32) for name, value in p.items()}
save_file(single, "../../../exercises/20_save_load/tests/rings.safetensors", metadata={"format": "np"})

# What this network says to a few points, for the exercise's example. In the precision of the file, then in doubles.
points = np.array([[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, -0.9]])
double = {name: value.astype(np.float64) for name, value in single.items()}
print((np.maximum(points @ double["0.weight"].T + double["0.bias"], 0) @ double["2.weight"].T + double["2.bias"])[:, 0])
