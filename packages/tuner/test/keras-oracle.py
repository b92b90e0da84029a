"""Writes models saved by Keras 3 as .keras (compressed again for the repository), and their predictions, for keras.test.ts.

    KERAS_BACKEND=torch python keras-oracle.py > keras-oracle.json

keras 3.15.1, torch 2.13.0, h5py 3.16.0, numpy 2.4.6.
"""
import base64, json, sys, tempfile, pathlib, zlib
import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)


def block():
    return keras.Sequential([layers.Dense(5, activation="relu"), layers.Dropout(0.5), layers.Dense(4)], name="block")


def image_net():
    """Builds nested, shared and joined layers, batch norm with changed statistics, and two layers of one class, out of depth order."""
    image, extra = keras.Input((6, 6, 2), name="image"), keras.Input((4,), name="extra")
    x = layers.Conv2D(4, 3, padding="same", use_bias=False, name="stem", kernel_regularizer="l2")(image)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.ReLU(max_value=6.0)(x)
    x = layers.SeparableConv2D(4, 3, strides=2, name="separable")(layers.DepthwiseConv2D(3, name="depthwise")(x))
    x = layers.GlobalAveragePooling2D()(x)
    shared = layers.Dense(4, activation="tanh", name="shared")
    y = layers.Add()([shared(x), shared(extra), block()(extra)])
    return keras.Model([image, extra], layers.Dense(3, activation="softmax", name="head")(y), name="images")


def text_net():
    return keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(7, 4, name="words"),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both"),
            layers.TimeDistributed(layers.Dense(4), name="each"),
            layers.GRU(3, reset_after=False, name="gru"),
            layers.Dense(2, name="head"),
        ],
        name="text",
    )


def saved(model, inputs):
    for weight in model.weights:
        values = rng.standard_normal(weight.shape) * 0.3
        if "seed" not in weight.path:
            weight.assign(np.abs(values) + 0.1 if "variance" in weight.path else values)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model.keras")
        model.save(path)
        data = path.read_bytes()
    outputs = model.predict(inputs, verbose=0)
    return {"keras": base64.b64encode(zlib.compress(data, 9)).decode(), "inputs": [np.round(np.float64(x), 3).tolist() for x in (inputs if isinstance(inputs, list) else [inputs])], "outputs": outputs.tolist()}


image = [rng.standard_normal((2, 6, 6, 2)).round(3).astype(np.float32), rng.standard_normal((2, 4)).round(3).astype(np.float32)]
out = {"image": saved(image_net(), image), "text": saved(text_net(), rng.integers(0, 7, (2, 5)))}
json.dump(out, sys.stdout)
