"""Writes six steps of torch.optim.RMSprop in float64, for rmsprop.test.ts.

    python rmsprop-oracle.py > rmsprop-oracle.json

torch 2.13.0. The loss is sum(c * w^2 / 2) with another c in every step, so the gradient is c * w.
"""
import json

import torch

start = [0.5, -1.25, 2.0, 0.0]
factors = [[1, -2, 0.5, 3], [0.25, 1, 1, -1], [2, 2, -0.5, 0.5], [1, 1, 1, 1], [0, 3, -1, 2], [0.1, 0.2, 0.3, 0.4]]
shift = [0.1, 0.2, -0.3, 0.4]
variants = {
    "plain": {},
    "momentum": {"alpha": 0.9, "momentum": 0.8, "eps": 1e-3},
    "centered": {"alpha": 0.9, "centered": True, "eps": 1e-3},
    "both": {"alpha": 0.95, "centered": True, "momentum": 0.5, "eps": 1e-2},
}


def run(options):
    w = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.RMSprop([w], lr=0.03, **options)
    steps = []
    for c in factors:
        w.grad = torch.tensor(c, dtype=torch.float64) * w.detach() + torch.tensor(shift, dtype=torch.float64)
        optimizer.step()
        steps.append(w.tolist())
    return steps


print(json.dumps({"start": start, "factors": factors, "shift": shift, "rate": 0.03, "steps": {k: run(v) for k, v in variants.items()}}))
