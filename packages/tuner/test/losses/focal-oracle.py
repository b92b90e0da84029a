"""Writes focal losses for losses.test.ts.

    KERAS_BACKEND=torch python focal-oracle.py > focal-oracle.json

keras 3.15.1, torch 2.13.0.
"""
import json

import keras
import torch

probabilities = [[0.7, 0.2, 0.1], [0.05, 0.9, 0.05], [0.3, 0.3, 0.4], [0.98, 0.01, 0.01]]
labels = [[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]]
cases = [{"gamma": 2.0, "alpha": 0.25}, {"gamma": 0.0, "alpha": 1.0}, {"gamma": 0.7, "alpha": 2.0}]
out = []
for case in cases:
    p = torch.tensor(probabilities)
    loss = keras.losses.CategoricalFocalCrossentropy(reduction="none", **case)(torch.tensor(labels, dtype=torch.float32), p)
    out.append({**case, "loss": loss.tolist()})
print(json.dumps({"probabilities": probabilities, "labels": labels, "cases": out}))
