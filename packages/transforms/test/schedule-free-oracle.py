"""Writes steps of schedulefree's SGDScheduleFree and AdamWScheduleFree in float64, for schedule-free.test.ts.

    python schedule-free-oracle.py > schedule-free-oracle.json

torch 2.13.0, schedulefree 1.4.1. The gradient at step i is c_i * y + shift, for the trained weights y. `y` are the trained weights after each
step, `x` the weights of the optimizer's evaluation mode.
"""
import json

import torch
from schedulefree import AdamWScheduleFree, SGDScheduleFree

start = [[0.5, -1.25], [2.0, 0.0]]
factors = [[1, -2, 0.5, 3], [0.25, 1, 1, -1], [2, 2, -0.5, 0.5], [1, 1, 1, 1], [0, 3, -1, 2], [0.1, 0.2, 0.3, 0.4]]
shift = [0.1, 0.2, -0.3, 0.4]
variants = {
    "sgd": (SGDScheduleFree, {"lr": 0.3}),
    "sgd, all options": (SGDScheduleFree, {"lr": 0.3, "momentum": 0.5, "weight_decay": 0.1, "weight_lr_power": 1.0, "warmup_steps": 3}),
    "adamw": (AdamWScheduleFree, {"lr": 0.1, "weight_decay": 0.0}),
    "adamw, all options": (
        AdamWScheduleFree,
        {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.2, "weight_lr_power": 3.0, "warmup_steps": 4},
    ),
}


def run(kind, options):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = kind([w], **options)
    optimizer.train()
    y, x = [], []
    for c in factors:
        w.grad = torch.tensor(c, dtype=torch.float64).reshape(2, 2) * w.detach() + torch.tensor(shift, dtype=torch.float64).reshape(2, 2)
        optimizer.step()
        y.append(w.flatten().tolist())
        optimizer.eval()
        x.append(w.flatten().tolist())
        optimizer.train()
    return {"y": y, "x": x}


print(json.dumps({"start": start, "factors": factors, "shift": shift, "runs": {k: run(*v) for k, v in variants.items()}}))
