"""Writes small NumPy and safetensors files as base64 with their values, for arrays.test.ts.

    python arrays-oracle.py > arrays-oracle.json

numpy 2.4.6, safetensors 0.8.0.
"""
import base64, io, json, sys
import numpy as np
from safetensors.numpy import save

rng = np.random.default_rng(2)


def npy(array, **more):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, **more)
    return base64.b64encode(out.getvalue()).decode()


def npz(write, **arrays):
    out = io.BytesIO()
    write(out, **arrays)
    return base64.b64encode(out.getvalue()).decode()


base = rng.integers(-100, 100, (3, 4))
cases = {}
for name in ["<f2", "<f4", "<f8", ">f4", ">f8", "|i1", "<i2", "<i4", "<i8", ">i2", "|u1", "<u2", "<u4", "<u8", "|b1"]:
    array = (np.abs(base) if name[1] in "ub" else base / (4 if name[1] == "f" else 1)).astype(name)
    cases[name] = {"file": npy(array), "shape": list(array.shape), "values": array.astype("f8").ravel().tolist()}
fortran = np.asfortranarray(rng.integers(0, 50, (2, 3, 4)).astype("<f4"))
cases["fortran"] = {"file": npy(fortran), "shape": [2, 3, 4], "values": fortran.ravel(order="C").tolist()}
scalar = np.array(2.5)
cases["scalar"] = {"file": npy(scalar), "shape": [], "values": [2.5]}
cases["version 2"] = {"file": npy(fortran, version=(2, 0)), "shape": [2, 3, 4], "values": fortran.ravel(order="C").tolist()}
xs = rng.integers(0, 255, (10, 2, 2)).astype("u1")
ys = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
floats = {"xs": xs.astype("f4"), "ys": ys}
json.dump(
    {
        "cases": cases,
        "objects": npy(np.array([{"a": 1}], dtype=object), allow_pickle=True),
        "fields": npy(np.zeros(2, dtype=[("a", "f4"), ("b", "i4")])),
        "texts": npy(np.array(["a", "b"])),
        "npz": npz(np.savez, xs=xs, ys=ys),
        "packed": npz(np.savez_compressed, xs=xs, ys=ys),
        "safetensors": base64.b64encode(save(floats)).decode(),
        "xs": xs.ravel().tolist(),
        "ys": ys.tolist(),
    },
    sys.stdout,
)
