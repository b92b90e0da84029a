"""Writes classes by the nearest class mean, for extend-head.test.ts.

    python nearest-class-mean-oracle.py > nearest-class-mean-oracle.json

scikit-learn 1.9.1, numpy 2.4.6.
"""
import json, sys
import numpy as np
from sklearn.neighbors import NearestCentroid

rng = np.random.default_rng(5)
labels = rng.permutation(np.repeat([0, 1, 2, 3], [3, 7, 2, 8]))
centers = rng.standard_normal((4, 5)) * 1.5
features = np.round(centers[labels] + rng.standard_normal((20, 5)), 3)
others = np.round(rng.standard_normal((40, 5)) * 2, 3)
model = NearestCentroid().fit(features, labels)
json.dump(
    {
        "features": features.tolist(),
        "labels": labels.tolist(),
        "means": model.centroids_.tolist(),
        "others": others.tolist(),
        "classes": model.predict(others).tolist(),
    },
    sys.stdout,
)
