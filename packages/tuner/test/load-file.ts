// Loads the model files that are named on the command line, and prints a line for each. For a test that watches the files and addresses
// that this process opens.
import "@tensorflow/tfjs-backend-cpu";
import { existsSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import * as fflate from "fflate";
import * as h5wasm from "h5wasm";
import { loadModel } from "../src/index.ts";

tf.env().set("PROD", true);
const packages: Readonly<Record<string, unknown>> = { h5wasm, fflate };
const importPackage = async <T>(name: string): Promise<T> => packages[name] as T;
// Everything of the program itself is loaded now. strace sees this call.
existsSync(`${process.argv[2]}-loads-now`);
for (const path of process.argv.slice(2)) {
  const loaded = await loadModel(path, { importPackage });
  console.log(`${loaded.format}: ${loaded.params.length} parameters`);
  loaded.dispose();
}
