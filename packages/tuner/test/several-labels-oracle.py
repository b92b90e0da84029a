"""Writes metrics and weighted losses for several labels per example, for several-labels.test.ts.

    KERAS_BACKEND=jax python several-labels-oracle.py > several-labels-oracle.json

keras 3.15.1, scikit-learn 1.9.1, numpy 2.4.6, jax.
"""
import json, sys
import keras
import numpy as np
from sklearn.metrics import multilabel_confusion_matrix, roc_auc_score

rng = np.random.default_rng(3)
logits = np.round(rng.standard_normal((24, 4)) * 2, 2).astype("float32")
truth = (rng.random((24, 4)) < [0.3, 0.5, 0.7, 0.4]).astype("float32")
p = (1 / (1 + np.exp(-logits.astype("float64")))).astype("float32")
weights = np.array([1, 10, 0.5, 3])


def keras_value(metric):
    metric.update_state(truth, p)
    return np.asarray(metric.result()).tolist()


bce = -(truth * np.log(p.astype("float64")) + (1 - truth) * np.log1p(-p.astype("float64")))
f1 = {average: keras_value(keras.metrics.F1Score(average=average, threshold=0.5)) for average in ("macro", "micro", None)}
json.dump(
    {
        "logits": logits.tolist(),
        "truth": truth.tolist(),
        "binaryAccuracy": keras_value(keras.metrics.BinaryAccuracy()),
        "f1": {"macro": f1["macro"], "micro": f1["micro"], "each": f1[None]},
        # Keras approximates the area by thresholds: 20,000 of them leave an error far below 1e-3.
        "aucOfKeras": {
            "macro": keras_value(keras.metrics.AUC(num_thresholds=20000, multi_label=True, num_labels=4)),
            "micro": keras_value(keras.metrics.AUC(num_thresholds=20000)),
        },
        "auc": {
            "macro": roc_auc_score(truth, p, average="macro"),
            "micro": roc_auc_score(truth, p, average="micro"),
            "each": roc_auc_score(truth, p, average=None).tolist(),
        },
        "confusion": multilabel_confusion_matrix(truth, p > 0.5).tolist(),
        "weights": weights.tolist(),
        "weightedLoss": float((bce * weights).mean()),
    },
    sys.stdout,
)
