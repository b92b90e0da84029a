"""Numbers of optax and PyTorch for packages/core/test, written to oracle.json beside this file.

    python -m venv .venv && .venv/bin/pip install optax==0.2.8 "jax[cpu]==0.10.2" torch==2.13.0
    .venv/bin/python packages/core/test/oracle.py
"""

import json
import pathlib

import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import numpy as np
import optax
import torch

torch.set_default_dtype(torch.float64)
rng = np.random.default_rng(7)
SHAPES = {"hidden/kernel": (3, 4), "hidden/bias": (4,), "head/kernel": (4, 2), "head/bias": (2,)}
STEPS = 6


def draw():
    # Rounded to float32, so that both sides start from the same numbers.
    return {name: rng.standard_normal(shape).astype(np.float32).astype(np.float64) for name, shape in SHAPES.items()}


PARAMS = draw()
GRADS = [draw() for _ in range(STEPS)]


def plain(tree):
    return {name: np.asarray(value).tolist() for name, value in tree.items()}


# Schedules, point by point ------------------------------------------------------------------------------------------------
def points(name, options, schedule, until=60):
    return {"name": name, "options": options, "values": [float(schedule(step)) for step in range(until)]}


schedules = [
    points("constant", {"value": 0.3}, optax.constant_schedule(0.3)),
    points("linear", {"start": 0.5, "end": 0.1, "steps": 20}, optax.linear_schedule(0.5, 0.1, 20)),
    points("linear", {"start": 0.0, "end": 0.4, "steps": 7}, optax.linear_schedule(0.0, 0.4, 7)),
    points(
        "polynomial", {"start": 0.5, "end": 0.05, "steps": 30, "power": 3}, optax.polynomial_schedule(0.5, 0.05, 3, 30)
    ),
    points("polynomial", {"start": 0.5, "steps": 30}, optax.polynomial_schedule(0.5, 0.0, 2, 30)),
    points("cosine", {"start": 0.4, "steps": 40}, optax.cosine_decay_schedule(0.4, 40)),
    points("cosine", {"start": 0.4, "end": 0.1, "steps": 40}, optax.cosine_decay_schedule(0.4, 40, alpha=0.25)),
    points("one-cycle", {"peak": 0.6, "totalSteps": 50}, optax.cosine_onecycle_schedule(50, 0.6)),
    points(
        "one-cycle",
        {"peak": 0.6, "totalSteps": 40, "warmupShare": 0.25, "startFactor": 10, "endFactor": 100},
        optax.cosine_onecycle_schedule(40, 0.6, 0.25, 10.0, 100.0),
    ),
    points("exponential", {"start": 0.5, "factor": 0.9}, optax.exponential_decay(0.5, 1, 0.9)),
    points(
        "exponential",
        {"start": 0.5, "factor": 0.5, "every": 10, "end": 0.1},
        optax.exponential_decay(0.5, 10, 0.5, end_value=0.1),
    ),
    points(
        "exponential",
        {"start": 0.01, "factor": 2, "every": 10, "end": 0.2},
        optax.exponential_decay(0.01, 10, 2.0, end_value=0.2),
    ),
    points("step-decay", {"start": 0.5, "every": 15, "factor": 0.1}, optax.exponential_decay(0.5, 15, 0.1, staircase=True)),
    points(
        "piecewise",
        {"start": 0.5, "factors": {"10": 0.5, "30": 0.1}},
        optax.piecewise_constant_schedule(0.5, {10: 0.5, 30: 0.1}),
    ),
    points(
        "warmup",
        {"steps": 12, "schedule": 0.3},
        optax.join_schedules([optax.linear_schedule(0.0, 0.3, 12), optax.constant_schedule(0.3)], [12]),
    ),
    points(
        "warmup",
        {"steps": 12, "start": 0.05, "schedule": {"use": "polynomial", "with": {"start": 0.5, "end": 0.05, "steps": 30}}},
        optax.join_schedules([optax.linear_schedule(0.05, 0.5, 12), optax.polynomial_schedule(0.5, 0.05, 2, 30)], [12]),
    ),
    points(
        "warmup-cosine",
        {"peak": 0.5, "warmupSteps": 10, "totalSteps": 50, "start": 0.01, "end": 0.02},
        optax.warmup_cosine_decay_schedule(0.01, 0.5, 10, 50, 0.02),
    ),
    points("warmup-cosine", {"peak": 0.5, "totalSteps": 50}, optax.warmup_cosine_decay_schedule(0.5, 0.5, 0, 50, 0.0)),
]
step_lr = []
optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.4)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 7, gamma=0.3)
for _ in range(60):
    step_lr.append(scheduler.get_last_lr()[0])
    optimizer.step()
    scheduler.step()
schedules.append({"name": "step-decay", "options": {"start": 0.4, "every": 7, "factor": 0.3}, "values": step_lr})


# Updates at parameters that stand still: optax ----------------------------------------------------------------------------
def updates(name, options, transformation, sign=1.0, learning_rate=0.1):
    state = transformation.init(PARAMS)
    steps = []
    for grads in GRADS:
        out, state = transformation.update(grads, state, PARAMS)
        steps.append({"grads": plain(grads), "out": plain({key: sign * value for key, value in out.items()})})
    return {"name": name, "options": options, "learningRate": learning_rate, "params": plain(PARAMS), "steps": steps}


matrices = {name: len(shape) > 1 for name, shape in SHAPES.items()}
kernel_only = {name: name == "head/kernel" for name in SHAPES}
rules = {
    "sgd": [
        updates("sgd", {}, optax.sgd(0.1), -1),
        updates("momentum", {"momentum": 0.9}, optax.sgd(0.1, 0.9), -1),
        updates("nesterov", {"momentum": 0.9, "nesterov": True}, optax.sgd(0.1, 0.9, nesterov=True), -1),
    ],
    "adam": [
        updates("adam", {}, optax.adam(0.1), -1),
        updates(
            "adam, other constants",
            {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3},
            optax.adam(0.1, 0.8, 0.95, 1e-3),
            -1,
        ),
    ],
    "adamw": [
        updates("adamw", {"weightDecay": 0.05}, optax.adamw(0.1, weight_decay=0.05, mask=matrices), -1),
        updates(
            "adamw, one kernel",
            {"weightDecay": 0.05, "decayOn": "head/kernel"},
            optax.adamw(0.1, weight_decay=0.05, mask=kernel_only),
            -1,
        ),
    ],
    "sgdw": [
        updates(
            "sgdw",
            {"momentum": 0.9, "weightDecay": 0.05},
            optax.chain(optax.trace(0.9), optax.add_decayed_weights(0.05, matrices), optax.scale_by_learning_rate(0.1)),
            -1,
        )
    ],
}
hooks = {
    "add-decayed-weights": [
        updates("matrices", {"weightDecay": 0.05}, optax.add_decayed_weights(0.05, matrices)),
        updates("one", {"weightDecay": 0.05, "on": "head/kernel"}, optax.add_decayed_weights(0.05, kernel_only)),
    ],
}


# Whole runs: parameters after each step -----------------------------------------------------------------------------------
def torch_run(name, rule, options, make, rates=None):
    rates = rates or [0.1] * STEPS
    params = {key: torch.nn.Parameter(torch.tensor(value)) for key, value in PARAMS.items()}
    optimizer = make(params)
    weights = []
    for grads, rate in zip(GRADS, rates):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for key, param in params.items():
            param.grad = torch.tensor(grads[key])
        optimizer.step()
        weights.append(plain({key: param.detach().numpy() for key, param in params.items()}))
    return {"name": name, "rule": rule, "options": options, "rates": rates, "weights": weights}


def optax_run(name, transformation):
    params, state, weights = dict(PARAMS), transformation.init(PARAMS), []
    for grads in GRADS:
        out, state = transformation.update(grads, state, params)
        params = optax.apply_updates(params, out)
        weights.append(plain(params))
    return {"name": name, "weights": weights}


def groups(params, decay):
    return [
        {"params": [p for p in params.values() if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in params.values() if p.dim() <= 1], "weight_decay": 0.0},
    ]


falling = [0.1, 0.1, 0.05, 0.05, 0.01, 0.01]
torch_runs = [
    torch_run(
        "sgd with dampening",
        "sgd",
        {"momentum": 0.9, "dampening": 0.5},
        lambda p: torch.optim.SGD(p.values(), lr=0.1, momentum=0.9, dampening=0.5),
    ),
    torch_run(
        "nesterov under a falling rate",
        "sgd",
        {"momentum": 0.9, "nesterov": True},
        lambda p: torch.optim.SGD(p.values(), lr=0.1, momentum=0.9, nesterov=True),
        falling,
    ),
    torch_run("adam under a falling rate", "adam", {}, lambda p: torch.optim.Adam(p.values(), lr=0.1), falling),
    torch_run(
        "adamw", "adamw", {"weightDecay": 0.05}, lambda p: torch.optim.AdamW(groups(p, 0.05), lr=0.1), falling
    ),
]


def rate_in_velocity():
    """Momentum as in Caffe, v <- m v + rate g, w <- w - v, written out in numpy: torch and optax have no such option."""
    params, velocity, weights = dict(PARAMS), {key: np.zeros_like(value) for key, value in PARAMS.items()}, []
    for grads, rate in zip(GRADS, falling):
        velocity = {key: 0.9 * velocity[key] + rate * grads[key] for key in params}
        params = {key: params[key] - velocity[key] for key in params}
        weights.append(plain(params))
    return {
        "name": "rate in the velocity",
        "rule": "sgd",
        "options": {"momentum": 0.9, "rateInVelocity": True},
        "rates": falling,
        "weights": weights,
    }


torch_runs.append(rate_in_velocity())
accumulated = optax_run("accumulate", optax.MultiSteps(optax.adam(0.1), 3).gradient_transformation())

average, params, averages = dict(PARAMS), dict(PARAMS), []
transformation = optax.sgd(0.1, 0.9)
state = transformation.init(params)
for grads in GRADS:
    out, state = transformation.update(grads, state, params)
    params = optax.apply_updates(params, out)
    average = optax.incremental_update(params, average, 0.1)
    averages.append(plain(average))

oracle = {
    "versions": {"optax": optax.__version__, "jax": jax.__version__, "torch": torch.__version__},
    "params": plain(PARAMS),
    "grads": [plain(grads) for grads in GRADS],
    "schedules": schedules,
    "rules": {key: {"source": f"optax {optax.__version__}", "cases": cases} for key, cases in rules.items()},
    "hooks": {key: {"source": f"optax {optax.__version__}", "cases": cases} for key, cases in hooks.items()},
    "runs": torch_runs,
    "accumulate": accumulated,
    "ema": {"decay": 0.9, "averages": averages},
}


def rounded(node):
    if isinstance(node, float):
        return float(f"{node:.9g}")
    if isinstance(node, dict):
        return {key: rounded(value) for key, value in node.items()}
    return [rounded(value) for value in node] if isinstance(node, list) else node


path = pathlib.Path(__file__).with_name("oracle.json")
path.write_text(json.dumps(rounded(oracle), separators=(",", ":")) + "\n")
print(path, path.stat().st_size, "bytes")
