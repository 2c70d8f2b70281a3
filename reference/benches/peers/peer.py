"""Trains 784-256-128-10 on MNIST with NumPy, PyTorch or JAX, an epoch for each line on standard input.

    peer.py numpy|torch|jax MNIST_FOLDER

It answers with the seconds that the epoch took, and at the end of the input with how many of the 10,000 test images are
right. Everything is float32; batches of 64 in a new random order every epoch; plain SGD at 0.1. Reading and scaling the
images counts for nobody.
"""

import gzip
import struct
import sys
import time
from pathlib import Path

import numpy as np

SIZES = [784, 256, 128, 10]
BATCH = 64
LEARNING_RATE = 0.1
SEED = 1


def read(folder, name):
    path = Path(folder) / name
    content = path.read_bytes() if path.exists() else gzip.decompress(path.with_name(name + ".gz").read_bytes())
    dimensions = content[3]
    shape = struct.unpack(f">{dimensions}I", content[4 : 4 + 4 * dimensions])
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape[0], -1)


def images(folder, part):
    return read(folder, f"{part}-images-idx3-ubyte").astype(np.float32) / np.float32(255)


def labels(folder, part):
    return read(folder, f"{part}-labels-idx1-ubyte").ravel().astype(np.int64)


class Numpy:
    def __init__(self, x, y):
        self.x, self.y = x, y
        self.rng = np.random.default_rng(SEED)
        self.weights = [
            (self.rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)).astype(np.float32)
            for n_in, n_out in zip(SIZES, SIZES[1:])
        ]
        self.biases = [np.zeros(n_out, np.float32) for n_out in SIZES[1:]]
        self.version = np.__version__

    def forward(self, x):
        a = [x]
        for w, b in zip(self.weights[:-1], self.biases[:-1]):
            a.append(np.maximum(a[-1] @ w + b, 0))
        return a, a[-1] @ self.weights[-1] + self.biases[-1]

    def epoch(self):
        learning_rate = np.float32(LEARNING_RATE)
        order = self.rng.permutation(len(self.x))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            a, z = self.forward(self.x[chosen])
            z -= z.max(axis=1, keepdims=True)
            np.exp(z, out=z)
            z /= z.sum(axis=1, keepdims=True)
            z[np.arange(len(chosen)), self.y[chosen]] -= 1
            z /= np.float32(len(chosen))
            for layer in reversed(range(len(self.weights))):
                d_w, d_b = a[layer].T @ z, z.sum(axis=0)
                if layer > 0:
                    z = (z @ self.weights[layer].T) * (a[layer] > 0)
                self.weights[layer] -= learning_rate * d_w
                self.biases[layer] -= learning_rate * d_b

    def right(self, x, y):
        return int((self.forward(x)[1].argmax(axis=1) == y).sum())


class Torch:
    def __init__(self, x, y):
        import torch

        self.torch = torch
        torch.manual_seed(SEED)
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y)
        linear = [torch.nn.Linear(n_in, n_out) for n_in, n_out in zip(SIZES, SIZES[1:])]
        self.net = torch.nn.Sequential(linear[0], torch.nn.ReLU(), linear[1], torch.nn.ReLU(), linear[2])
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=LEARNING_RATE)
        self.loss = torch.nn.CrossEntropyLoss()
        self.version = torch.__version__

    def epoch(self):
        for chosen in self.torch.randperm(len(self.x)).split(BATCH):
            self.optimizer.zero_grad()
            self.loss(self.net(self.x[chosen]), self.y[chosen]).backward()
            self.optimizer.step()

    def right(self, x, y):
        with self.torch.no_grad():
            scores = self.net(self.torch.from_numpy(x))
        return int((scores.argmax(dim=1).numpy() == y).sum())


class Jax:
    """As JAX's documentation recommends: pure functions, `jit`, and one `lax.scan` over all batches of an epoch."""

    def __init__(self, x, y):
        import jax
        import jax.numpy as jnp

        self.x, self.y = jnp.asarray(x), jnp.asarray(y)
        self.rng = np.random.default_rng(SEED)
        self.params = [
            (
                jnp.asarray((self.rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)).astype(np.float32)),
                jnp.zeros(n_out, jnp.float32),
            )
            for n_in, n_out in zip(SIZES, SIZES[1:])
        ]
        self.version = jax.__version__

        def forward(params, x):
            for w, b in params[:-1]:
                x = jax.nn.relu(x @ w + b)
            w, b = params[-1]
            return x @ w + b

        def loss(params, x, y):
            log_p = jax.nn.log_softmax(forward(params, x))
            return -jnp.take_along_axis(log_p, y[:, None], axis=1).mean()

        def epoch(params, x, y, order):
            def step(params, chosen):
                gradient = jax.grad(loss)(params, x[chosen], y[chosen])
                return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, params, gradient), None

            # A scan takes batches of one size, so the last, short one comes after it.
            full = len(order) // BATCH * BATCH
            params, _ = jax.lax.scan(step, params, order[:full].reshape(-1, BATCH))
            return step(params, order[full:])[0] if full < len(order) else params

        # Donated weights may be overwritten by the new ones.
        self.jitted = jax.jit(epoch, donate_argnums=0)
        self.forward = jax.jit(forward)
        self.jax = jax

    def epoch(self):
        order = self.rng.permutation(len(self.x)).astype(np.int32)
        self.params = self.jax.block_until_ready(self.jitted(self.params, self.x, self.y, order))

    def right(self, x, y):
        return int((np.asarray(self.forward(self.params, x)).argmax(axis=1) == y).sum())


kind, folder = sys.argv[1:]
peer = {"numpy": Numpy, "torch": Torch, "jax": Jax}[kind](images(folder, "train"), labels(folder, "train"))
print(peer.version, flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    peer.epoch()
    print(time.perf_counter() - start, flush=True)
print(peer.right(images(folder, "t10k"), labels(folder, "t10k")), flush=True)
