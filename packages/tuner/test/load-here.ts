// Loads a .h5 file, for load-hostile.test.ts, which looks at the folder that this runs in. Prints the number of weight values.
import "@tensorflow/tfjs-backend-cpu";
import * as h5wasm from "h5wasm";
import { type H5Wasm, loadKerasH5 } from "../src/index.ts";
import oracle from "./oracle.json" with { type: "json" };

const model = await loadKerasH5(Uint8Array.from(Buffer.from(oracle.h5, "base64")), h5wasm as unknown as H5Wasm);
console.log(`${model.countParams()} values`);
