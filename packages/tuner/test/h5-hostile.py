"""Hostile .h5 files for load-hostile.test.ts. Most refer to another file. "plain" and "fletcher32" are good files.

    python h5-hostile.py > h5-hostile.json

h5py 3.16.0, numpy 2.4.6. The files are deflated for the repository.
"""
import base64, io, json, sys, zlib
import h5py
import numpy as np

config = {"class_name": "Sequential", "config": {"name": "net", "layers": [{"class_name": "Dense", "config": {"name": "head", "trainable": True, "batch_input_shape": [None, 4], "dtype": "float32", "units": 3, "activation": "linear", "use_bias": True}}]}}
kernel, bias = np.arange(12, dtype=np.float32).reshape(4, 3), np.ones(3, np.float32)


def external(path):
    def put(group):
        group.create_dataset("head/head/kernel:0", (4, 3), np.float32, external=[(path, 0, 48)])

    return put


def virtual(path):
    def put(group):
        layout = h5py.VirtualLayout((4, 3), np.float32)
        layout[:] = h5py.VirtualSource(path, "secret", (4, 3))
        group.create_virtual_dataset("head/head/kernel:0", layout)

    return put


def link(value):
    def put(group):
        group["head/head/kernel:0"] = value

    return put


def linked_group(group):
    group["head"] = h5py.ExternalLink("secret.h5", "/head")
    return True


def gzipped(shape, **options):
    def put(group):
        group.create_dataset("head/head/kernel:0", shape, np.float32, compression="gzip", **options)

    return put


def typed(value):
    def put(group):
        group["head/head/kernel:0"] = value

    return put


cases = {
    "plain": link(kernel),
    "fletcher32": lambda group: group.create_dataset("head/head/kernel:0", data=kernel, fletcher32=True) and None,
    "external, absolute": external("/elsewhere/secret.bin"),
    "external, relative": external("secret.bin"),
    "external, a device": external("/dev/stdin"),
    "virtual, absolute": virtual("/elsewhere/secret.h5"),
    "virtual, relative": virtual("secret.h5"),
    "virtual, the file itself": virtual("."),
    "external link": link(h5py.ExternalLink("secret.h5", "/secret")),
    "external link of a group": linked_group,
    "soft link through an external link": link(h5py.SoftLink("/out/secret")),
    "broken soft link": link(h5py.SoftLink("/nowhere")),
    "strings": typed(np.array([[b"1", b"2", b"3"]] * 4)),
    "compound": typed(np.zeros((4, 3), dtype=[("a", np.float32)])),
    "a group": lambda group: group.create_group("head/head/kernel:0") and None,
    "huge": gzipped((30000, 30000), chunks=(1000, 1000)),
    "huge rank": gzipped((4, 3, 1000, 1000, 1000), chunks=(4, 3, 10, 10, 10)),
}


def dense(inputs, units):
    layer = {"name": "head", "trainable": True, "batch_input_shape": [None, inputs], "dtype": "float32", "units": units, "activation": "linear", "use_bias": True}
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [{"class_name": "Dense", "config": layer}]}}


def deep(group):
    for _ in range(5000):
        group = group.create_group("g")


def whole(config, kernel, put=lambda group: None, **options):
    """A file of one dense layer, in HDF5's newest format, which is smaller."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="latest") as f:
        f.attrs["model_config"] = json.dumps(config)
        head = f.create_group("model_weights/head")
        head.attrs["weight_names"] = [b"head/kernel:0", b"head/bias:0"]
        head.create_dataset("head/kernel:0", data=kernel, **options)
        head["head/bias:0"] = np.zeros(kernel.shape[1], np.float32)
        put(head)
    return buffer.getvalue()


out = {}
for name, put in cases.items():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as f:
        f.attrs["model_config"] = json.dumps(config)
        weights = f.create_group("model_weights")
        if name.startswith("soft"):
            f["out"] = h5py.ExternalLink("secret.h5", "/")
        if not put(weights):
            head = weights.require_group("head")
            head.attrs["weight_names"] = [b"head/kernel:0", b"head/bias:0"]
            head["head/bias:0"] = bias
    out[name] = base64.b64encode(zlib.compress(buffer.getvalue(), 9)).decode()
zeros = whole(dense(1024, 1024), np.zeros((1024, 1024), np.float32), compression="gzip", compression_opts=9)
out["zeros, gzip"] = base64.b64encode(zlib.compress(zeros, 9)).decode()
out["5,000 nested groups"] = base64.b64encode(zlib.compress(whole(config, kernel, deep), 9)).decode()
json.dump(out, sys.stdout, indent=1)
