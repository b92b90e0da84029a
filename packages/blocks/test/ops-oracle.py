"""Writes ops-oracle.json: values and gradients of layer norm, gelu and attention by PyTorch, in float64.

pip install torch==2.13.0
"""

import json
from pathlib import Path

import torch
from torch.nn import functional as F

torch.manual_seed(7)


def random(*shape, scale=1.0):
    return (torch.randn(shape, dtype=torch.float64) * scale).float().double()


def heads(x, count):
    return x.unflatten(-1, (count, -1)).transpose(1, 2)


def attention(count, mask=None):
    def run(q, k, v):
        y = F.scaled_dot_product_attention(heads(q, count), heads(k, count), heads(v, count), attn_mask=mask)
        return y.transpose(1, 2).flatten(2)

    return run


def case(inputs, run, **more):
    inputs = [x.requires_grad_() for x in inputs]
    y = run(*inputs)
    dy = random(*y.shape)
    y.backward(dy)
    return {
        **more,
        "inputs": [tensor(x) for x in inputs],
        "dy": tensor(dy),
        "y": tensor(y),
        "gradients": [tensor(x.grad) for x in inputs],
    }


def tensor(x):
    return {"shape": list(x.shape), "values": [float(f"{v:.9g}") for v in x.detach().flatten().tolist()]}


keys = torch.tensor([[1, 1, 1, 0, 0], [1, 0, 1, 1, 1]], dtype=torch.bool)
added = random(2, 1, 3, 5)
wide = torch.linspace(-9, 9, 73, dtype=torch.float64)
qkv = lambda: [random(2, 3, 8), random(2, 5, 8), random(2, 5, 12)]
cases = {
    "layerNorm": case(
        [random(2, 3, 10) * 3 + 5, random(10), random(10)], lambda x, g, b: F.layer_norm(x, (10,), g, b, 1e-5), epsilon=1e-5
    ),
    "layerNorm, epsilon 1e-12": case(
        [random(4, 6, scale=1e-2), random(6), random(6)], lambda x, g, b: F.layer_norm(x, (6,), g, b, 1e-12), epsilon=1e-12
    ),
    "gelu": case([wide.clone()], F.gelu),
    "gelu, approximate": case([wide.clone()], lambda x: F.gelu(x, approximate="tanh")),
    "attention": case(qkv(), attention(1), heads=1),
    "attention, 4 heads": case(qkv(), attention(4), heads=4),
    "attention, 4 heads, padding": case(qkv(), attention(4, keys[:, None, None]), heads=4, mask=tensor(keys.int())),
    "attention, 2 heads, added": case(qkv(), attention(2, added), heads=2, mask=tensor(added)),
}
Path(__file__).with_name("ops-oracle.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
