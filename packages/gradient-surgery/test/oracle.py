"""Writes weights of the combiners from other implementations, for test/oracle.test.ts. Run it by hand; the tests read oracle.json.

    pip install torch==2.13.0 torchjd==0.18.0 cvxpy==1.9.3 clarabel==0.11.1 quadprog==0.1.14 mpmath==1.3.0 ecos qpsolvers
    python oracle.py > oracle.json

If TorchJD computes the formula of the paper, its numbers in float64 are used. Otherwise the formula is computed here:
- mgda: TorchJD stops after 100 Frank-Wolfe steps. upgrad, dual-proj, gem: it adds 1e-4 to the diagonal. All four are
  quadratic programs. They are solved here in 60 digits by trying every active set.
- cagrad: the error of TorchJD's w is the square root of its solver's tolerance, 1e-4. Newton in 60 digits improves it,
  unless gradients depend on each other or one is 0, because then w is not unique.
- nash-mtl: TorchJD approximates G a = 1/a by 20 convex programs. It is solved here in 60 digits by Newton.
The Jacobians are made from a seed as in JavaScript, so that 10,000 columns need no file.
"""

import itertools
import json
import math
import sys

import mpmath as mp
import numpy as np
import torch
from torchjd import aggregation as tj

mp.mp.dps = 60
MASK = 0xFFFFFFFF


def imul(a, b):
    return (a * b) & MASK


def mulberry(seed):
    a = seed & MASK
    while True:
        a = (a + 0x6D2B79F5) & MASK
        t = imul(a ^ (a >> 15), 1 | a)
        t = ((t + imul(t ^ (t >> 7), 61 | t)) & MASK) ^ t
        yield (t ^ (t >> 14)) / 2**31 - 1


def drawn(*words):
    """The first number of `seeded(...words)` of @graftjs/core: sfc32 after a hash of the words."""
    h = 0x9E3779B9

    def mix(word):
        nonlocal h
        h = imul(h ^ (word & MASK), 0x85EBCA6B)
        h = imul(h ^ (h >> 13), 0xC2B2AE35)
        h ^= h >> 16
        return h

    for word in words:
        if isinstance(word, str):
            for char in word:
                mix(ord(char) + 1)
        else:
            mix(word)
            mix(word >> 32)
        mix(0x2545F491)
    a, b, c, d = mix(1), mix(2), mix(3), 1
    for _ in range(13):
        t = (a + b + d) & MASK
        d = (d + 1) & MASK
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & MASK
        c = (((c << 21) | (c >> 11)) + t) & MASK
    return t / 2**32


def jacobian(kind, seed, m, n, scales):
    if kind == "golden":
        rows = [[1.0, 0.0, 1.0], [-1.0, 0.5, 0.0]]
    else:
        draw = mulberry(seed)
        rows = [[next(draw) for _ in range(n)] for _ in range(m)]
    if kind == "conflicting":
        for k in range(n):
            mean = sum(row[k] for row in rows) / m
            for row in rows:
                row[k] = row[k] - 0.9 * mean
    if kind == "aligned":
        for k in range(n):
            for row in rows[1:]:
                row[k] = rows[0][k] + 0.5 * row[k]
    if kind == "dependent":
        rows[m - 1] = [2 * a - 0.5 * b for a, b in zip(rows[0], rows[1])]
    if kind == "twins":
        rows[m - 1] = list(rows[0])
    if kind == "zero row":
        rows[1] = [0.0] * n
    return [[v * s for v in row] for row, s in zip(rows, scales)]


def gram(rows):
    ints = [[mp.mpf(v) for v in row] for row in rows]
    return mp.matrix([[mp.fdot(a, b) for b in ints] for a in ints])


def bounded(P, q, tolerance):
    """Minimizes y'Py/2 + q'y over y >= 0."""
    m = len(q)
    best = None
    for size in range(m + 1):
        for S in itertools.combinations(range(m), size):
            y = [mp.mpf(0)] * m
            if S:
                try:
                    part = mp.lu_solve(mp.matrix([[P[i, j] for j in S] for i in S]), mp.matrix([-q[i] for i in S]))
                except ZeroDivisionError:
                    continue
                for k, i in enumerate(S):
                    y[i] = part[k]
            slope = [sum(P[i, j] * y[j] for j in range(m)) + q[i] for i in range(m)]
            worst = min([v for v in y] + [s / mp.sqrt(P[i, i] + mp.mpf(10) ** -300) for i, s in enumerate(slope)])
            if best is None or worst > best[0]:
                best = (worst, y)
            if min(y) >= -tolerance and min(slope) >= -tolerance:
                return y
    raise ValueError(f"no active set fits; the best is off by {mp.nstr(best[0], 5)}")


def project(G, u):
    m = G.rows
    q = [sum(G[i, j] * u[j] for j in range(m)) for i in range(m)]
    live = [i for i in range(m) if G[i, i] > 0]
    d = [mp.sqrt(G[i, i]) for i in live]
    C = mp.matrix([[G[i, j] / d[a] / d[b] for b, j in enumerate(live)] for a, i in enumerate(live)])
    size = max([abs(q[i] / d[a]) for a, i in enumerate(live)] + [mp.mpf(10) ** -300])
    z = bounded(C, [q[i] / d[a] / size for a, i in enumerate(live)], mp.mpf(10) ** -40)
    v = list(u)
    for a, i in enumerate(live):
        v[i] = u[i] + z[a] * size / d[a]
    return v


def upgrad(G):
    m = G.rows
    total = [mp.mpf(0)] * m
    for i in range(m):
        for k, v in enumerate(project(G, [mp.mpf(1) / m if j == i else mp.mpf(0) for j in range(m)])):
            total[k] += v
    return total


def dual_proj(G):
    return project(G, [mp.mpf(1) / G.rows] * G.rows)


def mgda(G):
    m = G.rows
    if any(G[i, i] == 0 for i in range(m)):
        return [mp.mpf(1) if i == [G[k, k] == 0 for k in range(m)].index(True) else mp.mpf(0) for i in range(m)]
    d = [mp.sqrt(G[i, i]) for i in range(m)]
    least = min(d)
    C = mp.matrix([[G[i, j] / d[i] / d[j] for j in range(m)] for i in range(m)])
    a = [least / v for v in d]
    for size in range(1, m + 1):
        for S in itertools.combinations(range(m), size):
            K = mp.matrix(size + 1, size + 1)
            for x, i in enumerate(S):
                for y, j in enumerate(S):
                    K[x, y] = C[i, j]
                K[x, size] = -a[i]
                K[size, x] = a[i]
            try:
                z = mp.lu_solve(K, mp.matrix([0] * size + [1]))
            except ZeroDivisionError:
                continue
            full = [mp.mpf(0)] * m
            for x, i in enumerate(S):
                full[i] = z[x]
            slope = [sum(C[i, j] * full[j] for j in range(m)) - a[i] * z[size] for i in range(m)]
            if min(full) >= -mp.mpf(10) ** -40 and min(slope) >= -mp.mpf(10) ** -40:
                return [v * s for v, s in zip(full, a)]
    raise ValueError("no face of the simplex fits")


def gem(G, margin=mp.mpf("0.5")):
    m = G.rows
    q = [G[i, 0] for i in range(1, m)]
    if min(q) >= 0:
        return [mp.mpf(1)] + [mp.mpf(0)] * (m - 1)
    P = mp.matrix([[G[i, j] for j in range(1, m)] for i in range(1, m)])
    shifted = [q[i] + sum(P[i, j] * margin for j in range(m - 1)) for i in range(m - 1)]
    live = [i for i in range(m - 1) if P[i, i] > 0]
    d = [mp.sqrt(P[i, i]) for i in live]
    C = mp.matrix([[P[i, j] / d[a] / d[b] for b, j in enumerate(live)] for a, i in enumerate(live)])
    size = max([abs(shifted[i] / d[a]) for a, i in enumerate(live)] + [mp.mpf(10) ** -300])
    z = bounded(C, [shifted[i] / d[a] / size for a, i in enumerate(live)], mp.mpf(10) ** -40)
    v = [margin] * (m - 1)
    for a, i in enumerate(live):
        v[i] = margin + z[a] * size / d[a]
    return [mp.mpf(1)] + v


def a_gem(G):
    m = G.rows
    dot = sum(G[m - 1, i] for i in range(m - 1))
    r = -dot / G[m - 1, m - 1] if dot < 0 and G[m - 1, m - 1] > 0 else mp.mpf(0)
    return [mp.mpf(1)] * (m - 1) + [r]


def nash(G):
    m = G.rows
    live = [i for i in range(m) if G[i, i] > 0]
    d = [mp.sqrt(G[i, i]) for i in live]
    C = mp.matrix([[G[i, j] / d[a] / d[b] for b, j in enumerate(live)] for a, i in enumerate(live)])
    k = len(live)
    beta = mp.matrix([1] * k)
    for _ in range(300):
        slope = C * beta - mp.matrix([1 / b for b in beta])
        H = C.copy()
        for i in range(k):
            H[i, i] += beta[i] ** -2
        step = mp.lu_solve(H, slope)
        decrement = mp.sqrt((slope.T * step)[0])
        beta = beta - step * (1 / (1 + decrement) if decrement > 0.25 else 1)
        if decrement < mp.mpf(10) ** -45:
            break
    norm = mp.sqrt((beta.T * C * beta)[0])
    out = [mp.mpf(0)] * m
    for a, i in enumerate(live):
        out[i] = beta[a] / d[a] * min(1, 1 / norm)
    return out


def order_of(step, i, m):
    others = [j for j in range(m) if j != i]
    return sorted(others, key=lambda j: drawn(0, step, "", f"t{i}", f"t{j}"))


def in_order(calls, permute, run):
    """Replaces torch.randperm, which TorchJD uses, by the order that the JavaScript code uses."""
    original, at = torch.randperm, itertools.count()
    torch.randperm = lambda n: torch.tensor(permute(*calls[next(at)]))
    try:
        return run()
    finally:
        torch.randperm = original


def pcgrad(J):
    m = len(J)
    calls = [(0, i) for i in range(m)]
    return in_order(calls, lambda step, i: order_of(step, i, m) + [i], lambda: tj.PCGrad().gramian_weighting(J @ J.T).tolist())


def gradvac(J):
    m = len(J)
    aggregator = tj.GradVac(beta=0.5, eps=0.0)
    calls = [(step, i) for step in range(3) for i in range(m)]

    def permute(step, i):
        others = [j for j in range(m) if j != i]
        return [others.index(j) for j in order_of(step, i, m)]

    return in_order(calls, permute, lambda: [aggregator.gramian_weighting(J @ J.T).tolist() for _ in range(3)][-1])


def weights_of(J, update):
    """Computes the weights of an update, because TorchJD returns only the update."""
    return torch.linalg.lstsq(J.T, update.unsqueeze(1), driver="gelsd").solution.squeeze(1).tolist()


def relative(J, a, b):
    a, b = torch.tensor([float(x) for x in a]), torch.tensor([float(x) for x in b])
    return float(torch.linalg.norm(J.T @ (a - b)) / torch.linalg.norm(J.T @ b).clamp(min=1e-300))


def cagrad(G, c=mp.mpf("0.5")):
    """Solves the optimality conditions by Newton, on the support that the solver of TorchJD finds."""
    m = G.rows
    b = [sum(G[i, j] for j in range(m)) / m for i in range(m)]
    radius = c * mp.sqrt(sum(b) / m)
    unit = torch.tensor([[float(G[i, j] / G[0, 0]) for j in range(m)] for i in range(m)])
    start = [float(v) - 1 / m for v in tj.CAGrad(c=float(c)).gramian_weighting(unit).tolist()]
    start = [v / sum(start) for v in start]
    for threshold in (1e-3, 1e-4, 1e-5, 1e-6):
        S = [i for i in range(m) if start[i] > threshold]

        def conditions(*x):
            w, mu = x[:-1], x[-1]
            Gw = [sum(G[i, j] * w[k] for k, j in enumerate(S)) for i in range(m)]
            norm = mp.sqrt(sum(w[k] * Gw[i] for k, i in enumerate(S)))
            return [b[i] + radius * Gw[i] / norm - mu for i in S] + [sum(w) - 1]

        try:
            guess = [mp.mpf(start[i]) for i in S]
            x = mp.findroot(conditions, guess + [b[S[0]]], tol=mp.mpf(10) ** -70, maxsteps=100)
        except (ValueError, ZeroDivisionError):
            continue
        w = [mp.mpf(0)] * m
        for k, i in enumerate(S):
            w[i] = x[k]
        Gw = [sum(G[i, j] * w[j] for j in range(m)) for i in range(m)]
        norm = mp.sqrt(sum(a * v for a, v in zip(w, Gw)))
        slope = [b[i] + radius * Gw[i] / norm - x[len(S)] for i in range(m)]
        scale = max(abs(v) for v in b)
        if min(w) >= 0 and min(slope) >= -mp.mpf(10) ** -30 * scale:
            return [mp.mpf(1) / m + radius / norm * v for v in w]
    raise ValueError("no support fits")


torch.set_default_dtype(torch.float64)
ONES = lambda m: [1.0] * m
CASES = [
    ("golden", 0, 2, 3, ONES(2)),
    ("plain", 11, 2, 10, ONES(2)),
    ("plain", 12, 3, 5, ONES(3)),
    ("plain", 13, 4, 40, ONES(4)),
    ("plain", 14, 5, 10000, ONES(5)),
    ("plain", 15, 8, 12, ONES(8)),
    ("plain", 16, 8, 10000, ONES(8)),
    ("conflicting", 21, 2, 10, ONES(2)),
    ("conflicting", 22, 3, 7, ONES(3)),
    ("conflicting", 23, 4, 100, ONES(4)),
    ("conflicting", 24, 6, 1000, ONES(6)),
    ("conflicting", 25, 8, 30, ONES(8)),
    ("aligned", 31, 3, 20, ONES(3)),
    ("aligned", 32, 6, 200, ONES(6)),
    ("dependent", 41, 3, 10, ONES(3)),
    ("dependent", 42, 5, 100, ONES(5)),
    ("dependent", 43, 8, 1000, ONES(8)),
    ("twins", 51, 3, 10, ONES(3)),
    ("twins", 52, 5, 50, ONES(5)),
    ("zero row", 61, 3, 10, ONES(3)),
    ("zero row", 62, 6, 60, ONES(6)),
    ("plain", 71, 4, 20, [1e-10] * 4),
    ("plain", 72, 4, 20, [1e10] * 4),
    ("conflicting", 73, 5, 50, [1e-10] * 5),
    ("conflicting", 74, 5, 50, [1e10] * 5),
    ("plain", 81, 4, 20, [1e-10, 1e-3, 1e3, 1e10]),
    ("conflicting", 82, 5, 50, [1e10, 1e-10, 1.0, 1e5, 1e-5]),
]

out, worst = [], {}
for kind, seed, m, n, scales in CASES:
    rows = jacobian(kind, seed, m, n, scales)
    J, G = torch.tensor(rows), gram(rows)
    mixed = len(set(scales)) > 1
    exact = {"mgda": mgda(G), "upgrad": upgrad(G), "dual-proj": dual_proj(G), "gem": gem(G), "a-gem": a_gem(G)}
    if not mixed and kind not in ("dependent", "twins", "zero row"):
        exact["cagrad"] = cagrad(G)
    elif not mixed:
        exact["cagrad"] = tj.CAGrad(c=0.5).gramian_weighting(torch.tensor(rows) @ torch.tensor(rows).T).tolist()
    exact["nash-mtl"] = nash(G)
    theirs = {"mean": tj.Mean().weighting(J).tolist(), "pcgrad": pcgrad(J), "gradvac": gradvac(J)}
    if not mixed:
        # These weights do not depend on the size of J, but the thresholds of TorchJD are absolute.
        unit = J / scales[0]
        theirs["imtl-g"] = tj.IMTLG().gramian_weighting(unit @ unit.T).tolist()
        for scale in ("min", "median", "rmse"):
            theirs[f"aligned-mtl {scale}"] = tj.AlignedMTL(scale_mode=scale).gramian_weighting(J @ J.T).tolist()
        theirs["con-fig"] = weights_of(J, tj.ConFIG()(J))
    out.append({
        "kind": kind, "seed": seed, "m": m, "n": n, "scales": scales,
        "weights": {**theirs, **{name: [float(v) for v in w] for name, w in exact.items()}},
    })
    # The errors of TorchJD's own solvers, for the README.
    if not mixed and kind not in ("zero row", "dependent", "twins"):
        unit = J / scales[0]
        G1 = unit @ unit.T
        compare = {"cagrad": tj.CAGrad(c=0.5).gramian_weighting(G1), "mgda": tj.MGDA().gramian_weighting(G1), "upgrad": tj.UPGrad().gramian_weighting(G1), "dual-proj": tj.DualProj().gramian_weighting(G1)}
        try:
            compare["nash-mtl"] = tj.NashMTL(n_tasks=m).weighting(unit)
        except ImportError:
            pass
        for name, w in compare.items():
            reference = [float(v) * (scales[0] if name == "nash-mtl" else 1) for v in exact[name]]
            worst[name] = max(worst.get(name, 0), relative(unit, w.tolist(), reference))
    print(kind, seed, file=sys.stderr)

json.dump({"source": f"torchjd 0.18.0, torch {torch.__version__}, mpmath {mp.__version__}", "torchjdOff": worst, "cases": out}, sys.stdout, indent=None)
