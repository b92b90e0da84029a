"""Writes Keras 3 models as .keras, .h5 and model.json, each with an input and Keras's prediction, into a folder.

    KERAS_BACKEND=jax python make.py small FOLDER          # the small models
    KERAS_BACKEND=jax python make.py applications FOLDER   # ten nets of keras.applications with random weights
    KERAS_BACKEND=jax python make.py test FILE             # the small models as the one file that the tests read

keras 3.15.1, jax 0.10.2, h5py 3.16.0, numpy 2.4.6.
"""

import base64
import gzip
import json
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "jax")
import keras
import numpy as np

rng = np.random.default_rng(1)
# The tests read these in all three forms, and the others as model.json.
THREE_FORMS = ["nested", "depthwise", "timedist_model", "rnn_stacked", "bilstm", "normalization_adapted", "embed_mask_func"]
THREE_FORMS += ["ops_scale", "nested_frozen", "constraint", "convT_outpad", "mask_gap1d", "group_conv", "gru_default"]


def randomize(model):
    """Gives every weight random values, except those that must be positive or that other values were chosen for."""
    for weight in model.weights:
        if any(word in weight.path for word in ("seed", "moving", "gamma", "normalization", "embeddings")):
            continue
        weight.assign(rng.normal(size=weight.shape) * 0.5)


def tfjs(model):
    """As converters write it: Keras 3's configuration, and every weight under its path, such as sequential/dense/kernel."""
    weights = [w for w in model.weights if "seed" not in w.path]
    data = b"".join(np.asarray(w.numpy(), "float32").tobytes() for w in weights)
    specs = [dict(name=w.path, shape=list(w.shape), dtype="float32") for w in weights]
    topology = dict(keras_version=keras.__version__, backend="jax", model_config=json.loads(model.to_json()))
    manifest = [dict(paths=["w.bin"], weights=specs)]
    return dict(format="layers-model", modelTopology=topology, weightsManifest=manifest), data


def values(array):
    array = np.asarray(array, "float32")
    return dict(shape=list(array.shape), values=array.ravel().tolist())


def save(name, model, x, folder):
    y = model.predict(x, verbose=0)
    model.save(folder / f"{name}.keras")
    try:
        model.save(folder / f"{name}.h5")
    except Exception as error:
        print(name, "h5:", type(error).__name__, str(error)[:80])
    (folder / f"{name}.tfjs").mkdir(exist_ok=True)
    topology, data = tfjs(model)
    (folder / f"{name}.tfjs/w.bin").write_bytes(data)
    (folder / f"{name}.tfjs/model.json").write_text(json.dumps(topology))
    return dict(name=name, x=values(x), y=values(y))


def small(folder):
    import more_models  # adds to the same list
    import small_models

    index = []
    for name, (model, x) in small_models.Z.items():
        randomize(model)
        try:
            index.append(save(name, model, x, folder))
        except Exception as error:
            print(name, type(error).__name__, str(error)[:200])
    return index


def applications(folder):
    import applications as nets

    return [save(name, model, x, folder) for name, model, x in nets.models()]


def test_file(index, folder):
    """Packs the models: model.json and weights for all, the other forms for some."""
    for entry in index:
        path = folder / f"{entry['name']}.tfjs"
        entry["model"] = json.loads((path / "model.json").read_text())
        entry["data"] = base64.b64encode((path / "w.bin").read_bytes()).decode()
        for form in ("keras", "h5") if entry["name"] in THREE_FORMS else ():
            entry[form] = base64.b64encode((folder / f"{entry['name']}.{form}").read_bytes()).decode()
    return gzip.compress(json.dumps(index).encode(), 9, mtime=0)


if __name__ == "__main__":
    kind, target = sys.argv[1], pathlib.Path(sys.argv[2])
    if kind == "test":
        with tempfile.TemporaryDirectory() as temporary:
            target.write_bytes(test_file(small(pathlib.Path(temporary)), pathlib.Path(temporary)))
    else:
        target.mkdir(parents=True, exist_ok=True)
        index = small(target) if kind == "small" else applications(target)
        (target / "index.json").write_text(json.dumps(index))
        print(len(index), "models")
