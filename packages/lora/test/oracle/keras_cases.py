"""Trains LoRA of Keras 3 on Dense, Conv2D and Embedding layers, and SSF by hand in PyTorch. Writes keras/cases.json and two files of Keras.

    pip install keras==3.15.1 tensorflow-cpu==2.21.0 torch==2.13.0
    python keras_cases.py

The script cannot be called keras.py, because `import keras` would then import it.

Each case has a `layers` list with the class, name and options of the layers, `base` weights, 16 `inputs` and `targets`, the `adapter`
before and after 50 steps of plain SGD at rate 0.05 on the mean squared error, and the outputs `before` and `after`. Step i uses
the examples 4·(i mod 4) to 4·(i mod 4) + 3. Tensors are flat lists with a shape. Layouts are Keras's: channels last, kernels
[in, out] and [height, width, in, out]. Names are `layer/weight`.

keras-hub is not needed: adapter.lora.h5 has the layout that its `Backbone.save_lora_weights` writes, with the trained
adapter of the case `dense`. merged.keras is the whole model of that case.
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf
import torch
from keras.src.saving import saving_lib

HERE = Path(__file__).parent
RATE = 0.05


def stored(array):
    array = np.asarray(array)
    return {"shape": list(array.shape), "values": [float(f"{value:.9g}") for value in array.flatten().tolist()]}


def batches(x, y):
    for step in range(50):
        rows = slice(4 * (step % 4), 4 * (step % 4) + 4)
        yield x[rows], y[rows]


# Class, name, options, and rank and alpha of its LoRA.
CASES = {
    "dense": (
        [6],
        [
            ("Dense", "first", {"units": 8, "activation": "tanh"}, (3, None)),
            ("Dense", "second", {"units": 3, "use_bias": False}, (3, None)),
        ],
    ),
    "conv": (
        [6, 5, 3],
        [
            ("Conv2D", "conv", {"filters": 4, "kernel_size": 3, "padding": "same", "activation": "tanh"}, (2, 4)),
            ("Conv2D", "dilated", {"filters": 5, "kernel_size": 2, "dilation_rate": 2, "activation": "tanh"}, (2, 4)),
            ("Conv2D", "strided", {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2}, (2, 4)),
            ("GlobalAveragePooling2D", "mean", {}, None),
            ("Dense", "head", {"units": 2}, None),
        ],
    ),
    "embedding": (
        [5],
        [
            ("Embedding", "embed", {"input_dim": 10, "output_dim": 4}, (2, 3)),
            ("GlobalAveragePooling1D", "mean", {}, None),
            ("Dense", "head", {"units": 2}, None),
        ],
    ),
}


def save_lora_weights(model, rank):
    """Does what keras-hub's `Backbone.save_lora_weights` does. An index counts the flattened layers that have weights."""
    (HERE / "keras" / "adapter.lora.h5").unlink(missing_ok=True)
    store = saving_lib.H5IOStore(str(HERE / "keras" / "adapter.lora.h5"), mode="w")
    store.make("lora")["rank"] = rank
    layers = [layer for layer in model._flatten_layers(include_self=False) if layer.weights]
    for index, layer in enumerate(layers):
        if getattr(layer, "lora_enabled", False):
            inner = store.make(f"lora/{index}")
            inner["lora_kernel_a"] = layer.lora_kernel_a
            inner["lora_kernel_b"] = layer.lora_kernel_b
    store.close()


def lora_case(name, shape, layers):
    keras.utils.set_random_seed(sum(map(ord, name)))
    random = np.random.default_rng(sum(map(ord, name)))
    model = keras.Sequential([keras.Input(shape, dtype="int32" if name == "embedding" else "float32")])
    for kind, layer, options, _ in layers:
        model.add(getattr(keras.layers, kind)(name=layer, **options))
    x = random.integers(0, 10, (16, *shape)) if name == "embedding" else random.normal(size=(16, *shape))
    x = x.astype("int32" if name == "embedding" else "float32")
    y = random.normal(size=(16, model.output_shape[-1])).astype("float32")
    base = {f"{layer.name}/{weight.name}": stored(weight) for layer in model.layers for weight in layer.weights}
    adapter = {}
    for _, layer, _, lora in layers:
        if lora:
            one = model.get_layer(layer)
            one.enable_lora(lora[0], lora_alpha=lora[1])
            a, b = (one.lora_embeddings_a, one.lora_embeddings_b) if layer == "embed" else (one.lora_kernel_a, one.lora_kernel_b)
            # b begins at 0 in Keras. Other values show that the first forward pass uses it.
            b.assign(0.3 * random.normal(size=b.shape))
            adapter |= {f"{layer}/lora_a": a, f"{layer}/lora_b": b}
    case = {"input": shape, "layers": [[kind, layer, options, lora] for kind, layer, options, lora in layers], "base": base}
    case |= {"inputs": stored(x), "targets": stored(y), "before": stored(model(x))}
    case["adapter"] = {key: stored(value) for key, value in adapter.items()}
    for xs, ys in batches(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(xs, training=True) - ys) ** 2)
        variables = [value.value for value in adapter.values()]
        for variable, gradient in zip(variables, tape.gradient(loss, variables)):
            variable.assign_sub(RATE * tf.convert_to_tensor(gradient))
    case["trained"] = {key: stored(value) for key, value in adapter.items()}
    case["after"] = stored(model(x))
    if name == "dense":
        save_lora_weights(model, layers[0][3][0])
        # Keras merges the kernels that it saves, and keeps `lora_rank` in the configuration.
        model.save(HERE / "keras" / "merged.keras")
    return case


def ssf_case():
    torch.manual_seed(3)
    torch.set_num_threads(1)
    first, second = torch.nn.Linear(6, 8), torch.nn.Linear(8, 3)
    x, y = torch.randn(16, 6), torch.randn(16, 3)
    adapter = {}
    for name, layer in [("first", first), ("second", second)]:
        adapter[f"{name}/ssf_scale"] = (1 + 0.1 * torch.randn(layer.out_features)).requires_grad_()
        adapter[f"{name}/ssf_shift"] = (0.1 * torch.randn(layer.out_features)).requires_grad_()

    def forward(x):
        z = adapter["first/ssf_scale"] * first(x) + adapter["first/ssf_shift"]
        return adapter["second/ssf_scale"] * second(torch.tanh(z)) + adapter["second/ssf_shift"]

    base = {}
    for name, layer in [("first", first), ("second", second)]:
        base |= {f"{name}/kernel": stored(layer.weight.detach().T), f"{name}/bias": stored(layer.bias.detach())}
    dense = [["Dense", "first", {"units": 8, "activation": "tanh"}, None], ["Dense", "second", {"units": 3}, None]]
    case = {"input": [6], "layers": dense, "base": base, "inputs": stored(x), "targets": stored(y)}
    case["before"] = stored(forward(x).detach())
    case["adapter"] = {key: stored(value.detach()) for key, value in adapter.items()}
    for xs, ys in batches(x, y):
        gradients = torch.autograd.grad(((forward(xs) - ys) ** 2).mean(), list(adapter.values()))
        with torch.no_grad():
            for value, gradient in zip(adapter.values(), gradients):
                value -= RATE * gradient
    return case | {"trained": {key: stored(value.detach()) for key, value in adapter.items()}, "after": stored(forward(x).detach())}


if __name__ == "__main__":
    (HERE / "keras").mkdir(exist_ok=True)
    result = {name: lora_case(name, *case) for name, case in CASES.items()} | {"ssf": ssf_case()}
    for name, case in result.items():
        moved = [
            max(abs(a - b) for a, b in zip(case["adapter"][key]["values"], case["trained"][key]["values"]))
            for key in case["adapter"]
        ]
        print(name, f"moved {min(moved):.3g} to {max(moved):.3g}")
        assert 1e-3 < min(moved) and max(moved) < 10
    (HERE / "keras" / "cases.json").write_text(json.dumps(result) + "\n")
