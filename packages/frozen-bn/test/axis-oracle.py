"""Writes numbers of Keras for batch norm over any axis to axis-oracle.json, for axis.test.ts.

    KERAS_BACKEND=jax python axis-oracle.py

keras 3.15.1, jax 0.10.2. Inputs and weights come from the linear congruential generator of oracle.py, so the file only needs the
results. The loss is the sum over y·(y + r), with r from the generator.
"""
import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
import jax
import keras
import numpy as np

CASES = [
    ((4,), 1),
    ((4, 5), 1), ((4, 5), 2),
    ((4, 5, 3), 1), ((4, 5, 3), 2), ((4, 5, 3), 3), ((4, 5, 3), -2),
    ((2, 3, 4, 3), 1), ((2, 3, 4, 3), 2), ((2, 3, 4, 3), 3), ((2, 3, 4, 3), 4), ((2, 3, 4, 3), -1),
]

def draws(seed):
    state = seed
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield state / 2**31 - 1

def array(source, shape, scale=1.0, shift=0.0):
    n = int(np.prod(shape))
    return np.array([next(source) * scale + shift for _ in range(n)], dtype=np.float32).reshape(shape)

def run(shape, axis):
    source = draws(7)
    full = (3, *shape)
    channels = full[axis]
    x, r = array(source, full, 2, 0.5), array(source, full)
    gamma, beta = array(source, (channels,), 0.5, 1), array(source, (channels,), 0.3)
    mean, variance = array(source, (channels,), 0.5), array(source, (channels,), 0.5, 1)
    layer = keras.layers.BatchNormalization(axis=axis, momentum=0.9, epsilon=1e-3)
    layer.build(full)
    layer.set_weights([gamma, beta, mean, variance])
    out = {"shape": shape, "axis": axis}
    for name, training in (("held", False), ("moving", True)):

        def loss(args):
            inputs, g, b = args
            y, moved = layer.stateless_call([g, b], [mean, variance], inputs, training=training)
            return (y * (y + r)).sum(), (y, moved)

        grads, (y, moved) = jax.grad(loss, has_aux=True)((x, gamma, beta))
        plain = lambda value: np.asarray(value, dtype=np.float64).ravel().round(6).tolist()
        out[name] = {
            "y": plain(y),
            "dx": plain(grads[0]),
            "dgamma": plain(grads[1]),
            "dbeta": plain(grads[2]),
            "mean": plain(moved[0]),
            "variance": plain(moved[1]),
        }
    return out

target = Path(__file__).with_name("axis-oracle.json")
target.write_text(json.dumps([run(shape, axis) for shape, axis in CASES]) + "\n")
