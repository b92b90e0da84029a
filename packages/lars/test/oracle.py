"""Writes oracle.json: runs of 50 steps of other implementations of LARS and LAMB, in float64.

    python -m venv a && a/bin/pip install torch==2.13.0 timm==1.0.31 optax==0.2.8 && a/bin/python oracle.py timm-optax
    python -m venv b && b/bin/pip install tensorflow-cpu==2.15.1 && b/bin/pip install --no-deps tf-models-official==2.15.0 \
      && b/bin/python oracle.py tensorflow

Each call replaces its own cases and keeps the others. Weights, targets and noise come from the same generator as in
oracle.test.ts, so the file only needs the results. The gradient of step t is a * (w - target) + noise[t]. It depends on the
weights, as the gradient of a loss does. The rate warms up for 5 steps and then falls as (1 - t)^2, as in the paper.
"""

import importlib.metadata
import importlib.util
import json
import pathlib
import sys
import types

import numpy as np

HERE = pathlib.Path(__file__).parent
SHAPES = {"conv/kernel": (3, 3, 2, 4), "conv/bias": (4,), "norm/gamma": (4,), "head/kernel": (4, 5), "head/bias": (5,)}
KERNELS = [name for name in SHAPES if name.endswith("kernel")]
STEPS, KEPT = 50, (1, 10, 50)


def numbers(seed, shape):
    """Generates numbers in [-1, 1) by mulberry32, as oracle.test.ts does."""
    a, out, mask = seed, [], 0xFFFFFFFF
    imul = lambda x, y: (x * y) & mask
    for _ in range(int(np.prod(shape))):
        a = (a + 0x6D2B79F5) & mask
        t = imul(a ^ (a >> 15), 1 | a)
        t = ((t + imul(t ^ (t >> 7), 61 | t)) & mask) ^ t
        out.append((t ^ (t >> 14)) / 2**31 - 1)
    return np.array(out).reshape(shape)


def start(zeros=()):
    return {n: numbers(i + 1, s) * (0 if n in zeros else 1) for i, (n, s) in enumerate(SHAPES.items())}


def gradient(name, w, step):
    i = list(SHAPES).index(name)
    target, noise = numbers(100 + i, SHAPES[name]), numbers(1000 * (step + 1) + i, SHAPES[name])
    return 0.5 * (w - target) + 0.1 * noise


def rate(peak, step):
    return peak * (step + 1) / 5 if step < 5 else peak * (1 - (step - 5) / (STEPS - 5)) ** 2


def record(step_fn, weights):
    """Calls step_fn(step, grads), which returns the weights by name as numpy arrays. Keeps those of some steps."""
    kept = {}
    for step in range(STEPS):
        weights = step_fn(step, {n: gradient(n, w, step) for n, w in weights.items()})
        if step + 1 in KEPT:
            kept[str(step + 1)] = {n: [float(f"{x:.9g}") for x in w.ravel()] for n, w in weights.items()}
    return kept


def case(source, name, rule, options, peak, run, zeros=()):
    return {
        "name": f"{source}: {name}",
        "rule": rule,
        "options": options,
        "peak": peak,
        "zeros": list(zeros),
        "weights": run(zeros, peak),
    }


# ---- timm ---------------------------------------------------------------------------------------------------------
def timm_run(kind, shared, kernels=None, others=None):
    """Returns a run of timm. If `others` is given, kernels and other parameters are two groups with separate options."""

    def run(zeros, peak):
        import torch

        # timm's __init__ needs a torchvision that fits torch, but its optimizers do not.
        for name in ("timm", "timm.optim"):
            if name not in sys.modules:
                bare = types.ModuleType(name)
                bare.__path__ = list(importlib.util.find_spec(name).submodule_search_locations)
                sys.modules[name] = bare
        from timm.optim.lamb import Lamb
        from timm.optim.lars import Lars

        params = {n: torch.nn.Parameter(torch.tensor(w)) for n, w in start(zeros).items()}
        everything = [{"params": list(params.values())}]
        split = [
            {"params": [p for n, p in params.items() if n in KERNELS], **(kernels or {})},
            {"params": [p for n, p in params.items() if n not in KERNELS], **(others or {})},
        ]
        optimizer = {"lars": Lars, "lamb": Lamb}[kind](everything if others is None else split, **shared)

        def step(t, grads):
            for group in optimizer.param_groups:
                group["lr"] = rate(peak, t)
            for n, p in params.items():
                p.grad = torch.tensor(grads[n])
            optimizer.step()
            return {n: p.detach().numpy().copy() for n, p in params.items()}

        return record(step, start(zeros))

    return run


# ---- optax --------------------------------------------------------------------------------------------------------
def optax_run(make):
    def run(zeros, peak):
        import jax
        import jax.numpy as jnp
        import optax

        jax.config.update("jax_enable_x64", True)
        schedule = lambda t: jnp.where(t < 5, peak * (t + 1) / 5, peak * (1 - (t - 5) / (STEPS - 5)) ** 2)
        optimizer = make(optax, schedule)
        holder = {"w": {n: jnp.asarray(w) for n, w in start(zeros).items()}}
        holder["s"] = optimizer.init(holder["w"])

        def step(t, grads):
            updates, holder["s"] = optimizer.update({n: jnp.asarray(g) for n, g in grads.items()}, holder["s"], holder["w"])
            holder["w"] = optax.apply_updates(holder["w"], updates)
            return {n: np.asarray(w) for n, w in holder["w"].items()}

        return record(step, start(zeros))

    return run


ON_KERNELS = {n: n in KERNELS for n in SHAPES}
EVERY = {"excludeFromRatio": [], "excludeFromDecay": []}


def timm_optax():
    import jax  # noqa: F401

    lars, lamb = "larsMomentum", "lamb"
    plain = {"trustCoefficient": 0.02, "weightDecay": 0.01, "momentum": 0.9}
    timm = dict(trust_coeff=0.02, weight_decay=0.01, momentum=0.9, eps=1e-8, always_adapt=True)
    torch_ = {"dialect": "torch", "epsilon": 1e-8, **plain}
    off = dict(weight_decay=0.0, always_adapt=False)
    optax_ = {"dialect": "optax", **plain}
    ox = dict(trust_coefficient=0.02, weight_decay=0.01, momentum=0.9)
    moments = {"epsilon": 1e-6, "weightDecay": 0.05}
    tl = dict(eps=1e-6, weight_decay=0.05, always_adapt=True)
    return [
        case("timm", "kernels adapted, the rest excluded from both", lars, torch_, 2, timm_run("lars", timm, {}, off)),
        case("timm", "everything adapted", lars, {**torch_, **EVERY}, 2, timm_run("lars", timm)),
        case("timm", "no decay, always_adapt", lars, {**torch_, "weightDecay": 0, **EVERY}, 2,
             timm_run("lars", {**timm, "weight_decay": 0.0})),
        case("timm", "Nesterov", lars, {**torch_, "nesterov": True, **EVERY}, 2,
             timm_run("lars", {**timm, "nesterov": True})),
        case("timm", "dampening", lars, {**torch_, "dampening": 0.3, **EVERY}, 2,
             timm_run("lars", {**timm, "dampening": 0.3})),
        case("timm", "no momentum", lars, {**torch_, "momentum": 0, **EVERY}, 2,
             timm_run("lars", {**timm, "momentum": 0.0})),
        case("timm", "trust_clip (LARC)", lars, {**torch_, "dialect": "larc", **EVERY}, 0.05,
             timm_run("lars", {**timm, "trust_clip": True})),
        case("timm", "a kernel that starts at zero", lars, {**torch_, "zeroNorm": "one", **EVERY}, 0.2,
             timm_run("lars", timm), ["head/kernel"]),
        case("optax", "masks for decay and ratio", lars, optax_, 2,
             optax_run(lambda o, lr: o.lars(lr, weight_decay_mask=ON_KERNELS, trust_ratio_mask=ON_KERNELS, **ox))),
        case("optax", "decay everywhere, ratio on kernels", lars, {**optax_, "excludeFromDecay": []}, 2,
             optax_run(lambda o, lr: o.lars(lr, trust_ratio_mask=ON_KERNELS, **ox))),
        case("optax", "ratio everywhere, decay on kernels", lars, {**optax_, "excludeFromRatio": []}, 2,
             optax_run(lambda o, lr: o.lars(lr, weight_decay_mask=ON_KERNELS, **ox))),
        case("optax", "Nesterov", lars, {**optax_, "nesterov": True, **EVERY}, 2,
             optax_run(lambda o, lr: o.lars(lr, nesterov=True, **ox))),
        case("optax", "epsilon", lars, {**optax_, "epsilon": 0.1, **EVERY}, 2,
             optax_run(lambda o, lr: o.lars(lr, eps=0.1, **ox))),
        case("timm", "LAMB, kernels adapted, the rest excluded from both", lamb, moments, 0.05,
             timm_run("lamb", {**tl, "max_grad_norm": None}, {}, off)),
        case("timm", "LAMB with the pre-clip", lamb, {**moments, "maxGradNorm": 1, **EVERY}, 0.05,
             timm_run("lamb", {**tl, "max_grad_norm": 1.0})),
        case("timm", "LAMBC", "lambc", {**moments, **EVERY}, 0.05, timm_run("lamb", {**tl, "max_grad_norm": None, "trust_clip": True})),
        case("optax", "LAMB, decay on kernels", lamb, {**moments, "excludeFromRatio": []}, 0.05,
             optax_run(lambda o, lr: o.lamb(lr, eps=1e-6, weight_decay=0.05, mask=ON_KERNELS))),
    ]


# ---- TensorFlow models --------------------------------------------------------------------------------------------
def tensorflow():
    import tensorflow as tf

    # The package's __init__ imports much of TensorFlow models, but the optimizer does not need it.
    spec = importlib.util.find_spec("official")
    path = pathlib.Path(list(spec.submodule_search_locations)[0]) / "modeling" / "optimization" / "lars.py"
    spec = importlib.util.spec_from_file_location("lars", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def run(**options):
        def go(zeros, peak):
            variables = {n: tf.Variable(w, name=n, dtype=tf.float64) for n, w in start(zeros).items()}
            optimizer = module.LARS(momentum=0.9, weight_decay_rate=0.01, eeta=0.02, **options)

            def step(t, grads):
                optimizer.learning_rate = rate(peak, t)
                optimizer.apply_gradients([(tf.constant(grads[n]), v) for n, v in variables.items()])
                return {n: v.numpy() for n, v in variables.items()}

            return record(step, start(zeros))

        return go

    base = {"trustCoefficient": 0.02, "weightDecay": 0.01, "momentum": 0.9}
    lists = dict(exclude_from_weight_decay=["bias", "gamma"], exclude_from_layer_adaptation=["bias", "gamma"])
    out = []
    for dialect, classic in (("tf-classic", True), ("tf-popular", False)):
        for nesterov in (False, True):
            out.append(case("TensorFlow models", f"{dialect}{', Nesterov' if nesterov else ''}", "larsMomentum",
                            {"dialect": dialect, "nesterov": nesterov, **base, **EVERY}, 2,
                            run(classic_momentum=classic, nesterov=nesterov)))
        out.append(case("TensorFlow models", f"{dialect}, lists of exclusions", "larsMomentum", {"dialect": dialect, **base},
                        2, run(classic_momentum=classic, **lists)))
    return out


# ---- the equations ------------------------------------------------------------------------------------------------
def equations():
    """Computes equation 6 and algorithm 1 of the paper in NumPy, with all parameters adapted. No package on PyPI has them."""

    def run(nesterov):
        def go(zeros, peak):
            w = start(zeros)
            v = {n: np.zeros(s) for n, s in SHAPES.items()}

            def step(t, grads):
                for n, g in grads.items():
                    W, G = np.linalg.norm(w[n]), np.linalg.norm(g)
                    d = rate(peak, t) * 0.02 * W / (G + 0.01 * W) * (g + 0.01 * w[n])
                    v[n] = 0.9 * v[n] + d
                    w[n] = w[n] - (0.9 * v[n] + d if nesterov else v[n])
                return {n: x.copy() for n, x in w.items()}

            return record(step, start(zeros))

        return go

    options = {"dialect": "paper", "trustCoefficient": 0.02, "weightDecay": 0.01, "momentum": 0.9, **EVERY}
    return [
        case("equations", f"paper{', Nesterov' if nesterov else ''}", "larsMomentum", {**options, "nesterov": nesterov}, 2, run(nesterov))
        for nesterov in (False, True)
    ]


if __name__ == "__main__":
    part = sys.argv[1]
    packages = {"timm-optax": ["torch", "timm", "jax", "optax", "numpy"], "tensorflow": ["tensorflow-cpu", "tf-models-official"]}[part]
    cases = timm_optax() + equations() if part == "timm-optax" else tensorflow()
    path = HERE / "oracle.json"
    stored = json.loads(path.read_text()) if path.exists() else {"versions": {}, "cases": {}}
    stored["versions"][part] = {p: importlib.metadata.version(p) for p in packages}
    stored["cases"][part] = cases
    path.write_text(json.dumps(stored, separators=(",", ":")) + "\n")
    print(f"{len(cases)} cases, {path.stat().st_size / 1000:.0f} kB")
