"""Writes numbers of PyTorch and Keras for frozen batch norm to oracle.json.

    python3 -m venv venv && venv/bin/pip install torch==2.13.0 keras==3.15.1 numpy
    KERAS_BACKEND=torch venv/bin/python oracle.py

It trains one small ResNet for 20 steps of SGD with momentum 0.9, on 20 different batches, in three ways:
 - torch-all: the semantics of torchvision's FrozenBatchNorm2d (y = x*scale + shift of buffers; gamma and beta do not train)
 - torch-statistics: batch norm in eval mode, gamma and beta train
 - keras: Keras 3, trainable=False on the first and last batch norm, plain batch norm otherwise
Initial values and data come from one linear congruential generator. So the file only needs the results.
Kernels are written in the layout of TensorFlow, HWIO.
"""
import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "torch")
import keras
import numpy as np
import torch
import torch.nn.functional as F

BATCH, SIZE, CLASSES, STEPS, RATE, MOMENTUM = 4, 8, 3, 20, 0.05, 0.9


class Draws:
    """state <- (1664525 * state + 1013904223) mod 2^32; value in [-1, 1)."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state / 2**31 - 1

    def array(self, shape, scale=1.0, shift=0.0):
        n = int(np.prod(shape))
        return np.array([self.next() * scale + shift for _ in range(n)], dtype=np.float32).reshape(shape)


CONVS = [("c1", 3, 6), ("c2", 6, 6), ("c3", 6, 6)]


def initial():
    d = Draws(1)
    w = {}
    for i, (name, cin, cout) in enumerate(CONVS):
        w[f"{name}/kernel"] = d.array((3, 3, cin, cout), 0.4)
        n = f"n{i + 1}"
        w[f"{n}/gamma"] = d.array((cout,), 0.5, 1)
        w[f"{n}/beta"] = d.array((cout,), 0.3)
        w[f"{n}/moving_mean"] = d.array((cout,), 0.5)
        w[f"{n}/moving_variance"] = d.array((cout,), 0.5, 1)
    w["head/kernel"] = d.array((6, CLASSES), 0.5)
    w["head/bias"] = d.array((CLASSES,), 0.1)
    return w


def batches():
    d = Draws(2)
    for step in range(STEPS):
        x = d.array((BATCH, SIZE, SIZE, 3), 2, 0.5)
        y = [(step + i) % CLASSES for i in range(BATCH)]
        yield x, y


def run_torch(affine_trains, eps=1e-5):
    w = {k: torch.tensor(v) for k, v in initial().items()}
    for i in (1, 2, 3):
        w[f"c{i}/kernel"] = w[f"c{i}/kernel"].permute(3, 2, 0, 1).contiguous()
    trained = [k for k in w if "moving" not in k and (affine_trains or not k.endswith(("gamma", "beta")))]
    for k in trained:
        w[k].requires_grad_(True)

    def norm(x, n):
        if affine_trains:
            return F.batch_norm(x, w[f"{n}/moving_mean"], w[f"{n}/moving_variance"], w[f"{n}/gamma"], w[f"{n}/beta"], False, 0.0, eps)
        # torchvision/ops/misc.py: FrozenBatchNorm2d.forward
        scale = w[f"{n}/gamma"] * (w[f"{n}/moving_variance"] + eps).rsqrt()
        shift = w[f"{n}/beta"] - w[f"{n}/moving_mean"] * scale
        return x * scale.reshape(1, -1, 1, 1) + shift.reshape(1, -1, 1, 1)

    opt = torch.optim.SGD([w[k] for k in trained], lr=RATE, momentum=MOMENTUM)
    losses = []
    for x, y in batches():
        x = torch.tensor(x).permute(0, 3, 1, 2)
        a = F.relu(norm(F.conv2d(x, w["c1/kernel"], padding=1), "n1"))
        b = F.relu(norm(F.conv2d(a, w["c2/kernel"], padding=1), "n2"))
        c = F.relu(norm(F.conv2d(b, w["c3/kernel"], padding=1), "n3") + a)
        logits = c.mean((2, 3)) @ w["head/kernel"] + w["head/bias"]
        loss = F.cross_entropy(logits, torch.tensor(y))
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    for i in (1, 2, 3):
        w[f"c{i}/kernel"] = w[f"c{i}/kernel"].permute(2, 3, 1, 0)
    return {"losses": losses, "weights": {k: v.detach().numpy() for k, v in w.items()}}


def run_keras():
    L = keras.layers
    inp = keras.Input((SIZE, SIZE, 3))
    conv = lambda name: L.Conv2D(6, 3, padding="same", use_bias=False, name=name)
    norm = lambda name, frozen: L.BatchNormalization(momentum=0.9, epsilon=1e-3, name=name, trainable=not frozen)
    a = L.ReLU()(norm("n1", True)(conv("c1")(inp)))
    b = L.ReLU()(norm("n2", False)(conv("c2")(a)))
    c = L.ReLU()(L.Add()([norm("n3", True)(conv("c3")(b)), a]))
    out = L.Dense(CLASSES, activation="softmax", name="head")(L.GlobalAveragePooling2D()(c))
    model = keras.Model(inp, out)
    w = initial()
    names = {v.path.split("/", 1)[0] + "/" + v.name: v for v in model.variables}
    for name, value in w.items():
        names[name].assign(value)
    model.compile(keras.optimizers.SGD(RATE, momentum=MOMENTUM), "categorical_crossentropy")
    losses = []
    for x, y in batches():
        model.reset_metrics()  # otherwise the loss is the mean of all steps so far
        losses.append(float(model.train_on_batch(x, np.eye(CLASSES, dtype=np.float32)[y])))
    return {"losses": losses, "weights": {k: keras.ops.convert_to_numpy(names[k]) for k in w}}


def rounded(result):
    flat = lambda a: [float(f"{v:.9g}") for v in np.asarray(a, dtype=np.float32).ravel()]
    return {"losses": result["losses"], "weights": {k: flat(v) for k, v in result["weights"].items()}}


out = {
    "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "keras": keras.__version__, "numpy": np.__version__},
    "batch": BATCH, "size": SIZE, "classes": CLASSES, "steps": STEPS, "rate": RATE, "momentum": MOMENTUM,
    "torch-all": rounded(run_torch(False)),
    "torch-statistics": rounded(run_torch(True)),
    "keras": rounded(run_keras()),
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "oracle.json")
json.dump(out, open(path, "w"), separators=(",", ":"))
print(out["versions"], {k: out[k]["losses"][::5] for k in ("torch-all", "torch-statistics", "keras")})
