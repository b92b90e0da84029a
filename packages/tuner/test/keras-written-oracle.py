"""Reads the .keras files that Graft has written, and prints what Keras 3 finds in them and predicts, for keras-written.test.ts.

    tsx keras-written.mts folder
    python keras-written-oracle.py folder > keras-written-oracle.json

keras 3.15.1 with TensorFlow.
"""
import io, json, pathlib, sys, zipfile
import h5py
import keras
import numpy as np

made = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.keras")):
    model = keras.saving.load_model(path)
    inputs = [np.array(values, dtype="int32" if path.stem == "words" else "float32") for values in json.loads(path.with_suffix(".json").read_text())]
    outputs = model.predict(inputs if len(inputs) > 1 else inputs[0], verbose=0)
    archive = zipfile.ZipFile(path)
    sets = {}
    with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
        file.visititems(lambda name, item: sets.update({name: [list(item.shape), round(float(np.sum(item)), 4)]}) if isinstance(item, h5py.Dataset) else None)
    made[path.stem] = {
        "config": json.loads(archive.read("config.json")),
        "weights": sets,
        "outputs": [np.float64(one).round(7).tolist() for one in (outputs if isinstance(outputs, list) else [outputs])],
    }
json.dump(made, sys.stdout)
