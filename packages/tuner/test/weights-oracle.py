"""Writes the history of a model with two outputs, loss weights and weights per example, for weights.test.ts.

    KERAS_BACKEND=jax python weights-oracle.py > weights-oracle.json

keras 3.15.1, numpy 2.4.6, jax.
"""
import json, sys
import keras
import numpy as np

rng = np.random.default_rng(5)
n = 10
x = np.round(rng.standard_normal((n, 3)), 2).astype("float32")
labels = {
    "a": np.eye(2, dtype="float32")[rng.integers(0, 2, n)],
    "b": np.round(rng.standard_normal((n, 2)), 2).astype("float32"),
}
sample = np.array([0, 1, 2, 0.5, 3, 1, 0, 0.25, 1, 4], dtype="float32")
kernels = {name: np.round(rng.standard_normal((3, 2)), 2).astype("float32") for name in "ab"}


def trained(loss_weights, weighted, batch_size):
    inputs = keras.Input((3,))
    a = keras.layers.Dense(2, activation="softmax", name="a", use_bias=False)
    b = keras.layers.Dense(2, name="b", use_bias=False)
    model = keras.Model(inputs, {"a": a(inputs), "b": b(inputs)})
    a.set_weights([kernels["a"]])
    b.set_weights([kernels["b"]])
    model.compile(
        optimizer=keras.optimizers.SGD(0.1),
        loss={"a": "categorical_crossentropy", "b": "mean_squared_error"},
        loss_weights=loss_weights,
    )
    given = {name: sample for name in labels} if weighted else None
    data = (x, labels, given) if weighted else (x, labels)
    history = model.fit(
        x, labels, sample_weight=given, validation_data=data, batch_size=batch_size, epochs=2, shuffle=False, verbose=0
    ).history
    return {
        "history": {name: [float(v) for v in values] for name, values in history.items()},
        "weights": {"a": a.get_weights()[0].ravel().tolist(), "b": b.get_weights()[0].ravel().tolist()},
    }


json.dump(
    {
        "x": x.tolist(),
        "labels": {name: values.tolist() for name, values in labels.items()},
        "sampleWeights": sample.tolist(),
        "kernels": {name: values.tolist() for name, values in kernels.items()},
        "lossWeights": {"a": 0.3, "b": 2},
        "plain": trained(None, False, 4),
        "sample": trained(None, True, 4),
        "loss": trained({"a": 0.3, "b": 2}, False, 4),
        "both": trained({"a": 0.3, "b": 2}, True, 4),
        "bothWhole": trained({"a": 0.3, "b": 2}, True, 10),
    },
    sys.stdout,
)
