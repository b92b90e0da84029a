"""Writes averages and a greedy soup of four weight vectors in float64, for soup.test.ts.

    python soup-oracle.py > soup-oracle.json

numpy. The greedy soup is recipe 1 of Wortsman et al. 2022: from the best to the worst, keep an ingredient if the score does not fall. The score is
minus the squared distance to `target`.
"""
import json

import numpy as np

random = np.random.default_rng(7)
target = random.normal(size=6)
weights = [target + scale * random.normal(size=6) for scale in (1.2, 0.5, 0.9, 4.0)]
weights = [w.astype(np.float32).astype(np.float64) for w in weights]
score = lambda w: -np.sum((w - target) ** 2)

order = sorted(range(len(weights)), key=lambda i: -score(weights[i]))
members = [order[0]]
for i in order[1:]:
    if score(np.mean([weights[k] for k in members + [i]], axis=0)) >= score(np.mean([weights[k] for k in members], axis=0)):
        members.append(i)
soup = np.mean([weights[k] for k in members], axis=0)
print(
    json.dumps(
        {
            "target": target.tolist(),
            "weights": [w.tolist() for w in weights],
            "uniform": np.mean(weights, axis=0).tolist(),
            "shares": [1, 0, 2, 0.5],
            "weighted": np.average(weights, axis=0, weights=[1, 0, 2, 0.5]).tolist(),
            "members": members,
            "greedy": soup.tolist(),
            "score": score(soup),
        }
    )
)
