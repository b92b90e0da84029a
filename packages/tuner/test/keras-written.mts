// Writes the models of keras-written-models.ts as .keras files into a folder, for keras-written-oracle.py.
import "@tensorflow/tfjs-backend-cpu";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { type H5Wasm, saveKeras } from "../src/index.ts";
import { modelsForKeras } from "./keras-written-models.ts";

const folder = process.argv[2] as string;
await tf.setBackend("cpu");
for (const [name, { model, inputs }] of Object.entries(modelsForKeras())) {
  writeFileSync(join(folder, `${name}.keras`), await saveKeras(model, { h5wasm: h5wasm as unknown as H5Wasm, fflate }));
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(inputs.map((input) => input.arraySync())));
}
