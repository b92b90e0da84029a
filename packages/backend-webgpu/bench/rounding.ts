// `npx tsx packages/backend-webgpu/bench/rounding.ts frozen-bn [runs]` compares an example's 20 steps on cpu with the same steps on cpu
// for inputs that differ by at most one unit in the last place. This shows how much rounding changes the weights. Writes into
// rounding.json.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs-core";
import { floats } from "../../../tools/browser/blobs.ts";
import { exampleBlobs } from "../../../tools/browser/example-blobs.ts";
import { compareExample, exampleReference } from "../../../tools/browser/suite/examples/index.ts";
import { random } from "../../../tools/browser/suite/numbers.ts";

const [name = "frozen-bn", runs = "2"] = process.argv.slice(2);
const file = new URL("./rounding.json", import.meta.url);
const found: Record<string, number[]> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
tf.env().set("PROD", true);
await tf.setBackend("cpu");
const given = await exampleBlobs(name);
const reference = await exampleReference(name, given);
const inputs = Object.keys(given).filter((key) => key.endsWith("/xs"));
if (inputs.length === 0) throw new Error(`${name} has no inputs to round: ${Object.keys(given).join(", ")}.`);
const errors: number[] = [];
for (let seed = 1; seed <= Number(runs); seed++) {
  const next = random(seed);
  const off = inputs.map((key) => {
    const values = floats(given, key).map((x) => x * (1 + (2 * next() - 1) * 2 ** -24));
    return [key, new Uint8Array(values.buffer)] as const;
  });
  const row = await compareExample(name, { ...given, ...Object.fromEntries(off), ...reference });
  console.log(name, JSON.stringify(row));
  errors.push(row.error);
  writeFileSync(file, `${JSON.stringify({ ...found, [name]: errors }, null, 2)}\n`);
}
