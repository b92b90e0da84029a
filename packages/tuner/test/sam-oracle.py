"""Writes steps of sharpness-aware minimisation in float64, for sam.test.ts.

    python sam-oracle.py > sam-oracle.json

torch 2.13.0. A dense layer, batch norm and a head are trained by SGD with momentum. Each step computes the gradient g at w, moves to
w + rho * g / |g| over all parameters together (Foret et al. 2021), computes the gradient there, and applies it at w. `adaptive` is ASAM
(Kwon et al. 2021). The moving statistics are updated by the first pass only, as Keras updates them: momentum 0.9, variance of the population.
"""
import json

import torch
import torch.nn.functional as F

torch.manual_seed(3)
X = torch.randn(12, 4, dtype=torch.float64)
Y = torch.arange(12) % 3
START = {
    "body/kernel": torch.randn(4, 5, dtype=torch.float64) / 2,
    "body/bias": torch.randn(5, dtype=torch.float64) / 10,
    "bn/gamma": torch.rand(5, dtype=torch.float64) + 0.5,
    "bn/beta": torch.randn(5, dtype=torch.float64) / 10,
    "head/kernel": torch.randn(5, 3, dtype=torch.float64) / 2,
    "head/bias": torch.zeros(3, dtype=torch.float64),
}
RATE, MOMENTUM = 0.2, 0.9


def run(rho, adaptive):
    w = {name: value.clone().requires_grad_() for name, value in START.items()}
    mean, variance = torch.zeros(5, dtype=torch.float64), torch.ones(5, dtype=torch.float64)
    optimizer = torch.optim.SGD(w.values(), lr=RATE, momentum=MOMENTUM)

    def loss(moves):
        nonlocal mean, variance
        h = X @ w["body/kernel"] + w["body/bias"]
        m, v = h.mean(0), h.var(0, unbiased=False)
        if moves:
            mean, variance = 0.9 * mean + 0.1 * m.detach(), 0.9 * variance + 0.1 * v.detach()
        h = torch.tanh((h - m) / torch.sqrt(v + 1e-3) * w["bn/gamma"] + w["bn/beta"])
        return F.cross_entropy(h @ w["head/kernel"] + w["head/bias"], Y)

    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        value = loss(True)
        losses.append(value.item())
        value.backward()
        with torch.no_grad():
            clean = {name: p.clone() for name, p in w.items()}
            scale = {name: p.abs() if adaptive else torch.ones_like(p) for name, p in w.items()}
            norm = torch.sqrt(sum(((scale[name] * p.grad) ** 2).sum() for name, p in w.items()))
            for name, p in w.items():
                p.add_(scale[name] ** 2 * p.grad, alpha=(rho / norm).item())
        optimizer.zero_grad()
        loss(False).backward()
        with torch.no_grad():
            for name, p in w.items():
                p.copy_(clean[name])
        optimizer.step()
    weights = {name: p.detach().flatten().tolist() for name, p in w.items()}
    return {"losses": losses, "weights": {**weights, "bn/moving_mean": mean.tolist(), "bn/moving_variance": variance.tolist()}}


cases = {"sam": (0.1, False), "adaptive": (1.0, True), "tiny": (1e-6, False)}
print(
    json.dumps(
        {
            "x": X.tolist(),
            "y": Y.tolist(),
            "rate": RATE,
            "momentum": MOMENTUM,
            "start": {name: {"shape": list(value.shape), "values": value.flatten().tolist()} for name, value in START.items()},
            "cases": {name: {"rho": rho, "adaptive": adaptive, **run(rho, adaptive)} for name, (rho, adaptive) in cases.items()},
        }
    )
)
