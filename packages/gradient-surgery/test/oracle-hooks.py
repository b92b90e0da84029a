"""Writes gradients after the hooks, from optax and PyTorch in float64, for test/hooks.test.ts. The tests read oracle-hooks.json.

    pip install torch==2.13.0 optax==0.2.8 jax==0.10.2
    python oracle-hooks.py > oracle-hooks.json

- clip-by-value, clip-by-global-norm, clip-by-block-rms, agc: optax, with kernels in IO and HWIO as in tfjs.
- centralize: optax with transposed kernels, because it uses the layout of PyTorch: all axes except the first.
- clip-by-norm: torch.nn.utils.clip_grad_norm_ for each tensor. It adds 1e-6 to the denominator.
- anchor, ewc: the penalty of the paper, differentiated by torch.autograd.
- zclip: the algorithm of the authors in plain Python, for 40 norms. Their own file has a syntax error.
"""

import json
import sys

import jax
import numpy as np
import optax
import torch

jax.config.update("jax_enable_x64", True)
rng = np.random.default_rng(7)
SHAPES = {"conv/kernel": (3, 3, 2, 4), "conv/bias": (4,), "dense/kernel": (5, 3), "dense/bias": (3,)}


def f32(x):
    return np.asarray(x, dtype=np.float32).astype(np.float64)


def draw(scale=1.0):
    return {name: f32(rng.standard_normal(shape) * scale) for name, shape in SHAPES.items()}


def plain(tree):
    return {name: np.asarray(value, dtype=np.float64).tolist() for name, value in tree.items()}


def case(name, options, params, steps, outs, tolerance=None):
    out = {"name": name, "options": options, "params": plain(params)}
    out["steps"] = [{"grads": plain(g), "out": plain(o)} for g, o in zip(steps, outs)]
    return {**out, **({"tolerance": tolerance} if tolerance else {})}


def by_optax(name, options, transform, tolerance=None):
    params, steps = draw(0.5), [draw(1.0), draw(0.01), draw(30.0)]
    state = transform.init(params)
    outs = []
    for grads in steps:
        out, state = transform.update(grads, state, params)
        outs.append(out)
    return case(name, options, params, steps, outs, tolerance)


def clipped_by_torch(norm):
    params, steps, outs = draw(), [draw(1.0), draw(0.01)], []
    for grads in steps:
        out = {}
        for name, g in grads.items():
            p = torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64))
            p.grad = torch.tensor(g.copy())
            torch.nn.utils.clip_grad_norm_([p], norm)
            out[name] = p.grad.numpy()
        outs.append(out)
    return case("torch, tensor by tensor", {"norm": norm}, params, steps, outs, 3e-6)


def centralized():
    def torch_layout(tree):
        return {k: np.moveaxis(v, -1, 0) if v.ndim > 1 else v for k, v in tree.items()}

    params, steps, outs = draw(), [draw(), draw(5.0)], []
    transform = optax.centralize()
    for grads in steps:
        out, _ = transform.update(torch_layout(grads), transform.init(torch_layout(params)))
        outs.append({k: np.moveaxis(np.asarray(v), 0, -1) if v.ndim > 1 else v for k, v in out.items()})
    return case("optax on transposed kernels", None, params, steps, outs)


def penalised(name, option, penalty):
    """Passes the pretrained weights as an option, because an oracle has only the current parameters."""
    params, origin, fisher = draw(), draw(), {k: np.abs(v) for k, v in draw().items()}
    steps, outs = [draw()], []
    w = {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}
    loss = penalty(w, origin, fisher) + sum((w[k] * torch.tensor(steps[0][k])).sum() for k in w)
    loss.backward()
    outs.append({k: v.grad.numpy() for k, v in w.items()})
    flat = lambda tree: {k: v.reshape(-1).tolist() for k, v in tree.items()}
    options = {**option, "reference": flat(origin), **({"fisher": flat(fisher)} if name == "ewc" else {})}
    return case("torch.autograd of the penalty", options, params, steps, outs)


def zclip(alpha=0.97, threshold=2.5, warmup=25, eps=1e-6):
    params = {"a/kernel": np.zeros((2,)), "b/kernel": np.zeros((1,))}
    norms = np.abs(1 + 0.2 * rng.standard_normal(40))
    norms[[28, 33, 34]] = [9.0, 3.0, 40.0]
    steps, outs, buffer, mean, var = [], [], [], None, None
    for norm in norms:
        direction = rng.standard_normal(3)
        g = f32(direction / np.linalg.norm(direction) * norm)
        total = float(np.linalg.norm(g))
        factor = 1.0
        if mean is None:
            buffer.append(total)
            if len(buffer) == warmup:
                mean, var = float(np.mean(buffer)), float(np.var(buffer))
        else:
            std = var**0.5
            z = (total - mean) / (std + eps)
            used = total
            if z > threshold:
                used = mean + threshold * std / (z / threshold)
                factor = used / total
            mean = alpha * mean + (1 - alpha) * used
            var = alpha * var + (1 - alpha) * (used - mean) ** 2
        steps.append({"a/kernel": g[:2], "b/kernel": g[2:]})
        outs.append({"a/kernel": g[:2] * factor, "b/kernel": g[2:] * factor})
    return case("40 norms with three spikes", {}, params, steps, outs, 2e-5)


hooks = {
    "clip-by-value": [by_optax("optax", {"value": 0.3}, optax.clip(0.3))],
    "clip-by-global-norm": [by_optax("optax", {"norm": 2}, optax.clip_by_global_norm(2.0))],
    "clip-by-block-rms": [by_optax("optax", {"threshold": 0.5}, optax.clip_by_block_rms(0.5))],
    "clip-by-norm": [clipped_by_torch(1.5)],
    "agc": [by_optax("optax", {"clipping": 0.05, "epsilon": 1e-3}, optax.adaptive_grad_clip(0.05, 1e-3))],
    "centralize": [centralized()],
    "anchor": [penalised("anchor", {"strength": 0.3}, lambda w, o, f: sum(0.15 * (w[k] - torch.tensor(o[k])).square().sum() for k in w))],
    "ewc": [penalised("ewc", {"strength": 3}, lambda w, o, f: sum(1.5 * (torch.tensor(f[k]) * (w[k] - torch.tensor(o[k])).square()).sum() for k in w))],
    "zclip": [zclip()],
}
source = f"optax {optax.__version__}, jax {jax.__version__}, torch {torch.__version__}"
json.dump({name: {"source": source, "cases": cases} for name, cases in hooks.items()}, sys.stdout)
