"""Writes files with the reference implementations, for safetensors.test.ts and loading.test.ts.

    python oracle.py > oracle.json

safetensors 0.8.0, h5py 3.16.0, numpy 2.4.6.
"""
import base64, io, json, sys
import h5py
import numpy as np
from safetensors.numpy import save

rng = np.random.default_rng(0)
tensors = {
    "head/kernel": rng.standard_normal((3, 2)).astype(np.float32),
    "half": rng.standard_normal((4,)).astype(np.float16),
    "count": np.array([1, -2, 3], dtype=np.int32),
    "wide": rng.standard_normal((2,)),
    "flags": np.array([True, False, True]),
    "nothing": np.zeros((0, 3), dtype=np.float32),
}
out = {
    "safetensors": base64.b64encode(save(tensors, metadata={"made": "by safetensors"})).decode(),
    "values": {name: t.astype(np.float64).ravel().tolist() for name, t in tensors.items()},
    "float16": [[int(b), float(np.uint16(b).view(np.float16))] for b in range(0, 0x7C00, 97)],
    "toFloat16": [[float(np.float32(x)), int(np.float16(np.float32(x)).view(np.uint16))] for x in [0, 1, -1, 65504, 65519.9, 65520, 1e-8, 6e-8, 5.96e-8, 2.98e-8, 2.99e-8, 0.1, -3.14159, 1e30, 2049, 2051, 6.1e-5]],
}

# The layout of Keras 2: the configuration as an attribute, and one group per layer.
kernel, bias = rng.standard_normal((4, 3)).astype(np.float32), rng.standard_normal(3).astype(np.float32)
config = {"class_name": "Sequential", "config": {"name": "net", "layers": [{"class_name": "Dense", "config": {"name": "head", "trainable": True, "batch_input_shape": [None, 4], "dtype": "float32", "units": 3, "activation": "linear", "use_bias": True}}]}}
buffer = io.BytesIO()
with h5py.File(buffer, "w") as f:
    f.attrs["model_config"] = json.dumps(config)
    g = f.create_group("model_weights/head")
    g.attrs["weight_names"] = [b"head/kernel:0", b"head/bias:0"]
    g["head/kernel:0"], g["head/bias:0"] = kernel, bias
x = rng.standard_normal((2, 4)).astype(np.float32)
out["h5"] = base64.b64encode(buffer.getvalue()).decode()
out["x"], out["y"] = x.tolist(), (x @ kernel + bias).tolist()
json.dump(out, sys.stdout)
