"""Writes rectangles of timm's cutmix, for cutmix.test.ts.

    python cutmix-oracle.py path/to/timm/data/mixup.py > cutmix-oracle.json

timm 1.0.31. The two whole numbers that timm draws are floor(u * size) for the given u.
"""
import importlib.util
import json
import sys

import numpy as np

spec = importlib.util.spec_from_file_location("mixup", sys.argv[1])
timm = importlib.util.module_from_spec(spec)
spec.loader.exec_module(timm)

random = np.random.default_rng(3)
draws = []
np.random.randint = lambda low, high, size=None: int(low + draws.pop(0) * (high - low))
cases = []
for height, width in [(8, 8), (7, 12), (1, 5), (32, 31)]:
    for share in [0.0, 1.0, 0.5, *random.uniform(size=4)]:
        u = [0.0, 0.999] if share == 0.5 else random.uniform(size=2).tolist()
        draws = list(u)
        (top, bottom, left, right), found = timm.cutmix_bbox_and_lam((height, width), share)
        cases.append([height, width, float(share), u, [int(top), int(bottom), int(left), int(right)], float(found)])
print(json.dumps(cases))
