"""Writes losses with smoothed labels, for losses.test.ts.

    python smoothing-oracle.py > smoothing-oracle.json

torch 2.13.0. A label that is 0 or 1 by itself is smoothed as in Keras: y (1 - e) + e / 2.
"""
import json

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

torch.manual_seed(3)
logits = torch.round(torch.randn(5, 4, dtype=torch.float64), decimals=2)
classes = torch.tensor([0, 3, 1, 1, 2])
several = torch.tensor([[0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 1, 0]], dtype=torch.float64)
amounts = [0.1, 0.4]
print(
    json.dumps(
        {
            "logits": logits.tolist(),
            "classes": classes.tolist(),
            "several": several.tolist(),
            "amounts": amounts,
            "ofClasses": [cross_entropy(logits, classes, label_smoothing=e).item() for e in amounts],
            "ofLabels": [binary_cross_entropy_with_logits(logits, several * (1 - e) + e / 2).item() for e in amounts],
        }
    )
)
