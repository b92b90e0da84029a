import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import * as tfl from "@tensorflow/tfjs-layers";
import { main } from "../src/index.ts";

/** The tests' folder. It is inside the package, so that recipes in it find the plugins of the workspace. */
export const folder: string = join(import.meta.dirname, "..", ".cache", `test-${process.pid}`);

/** Writes a tiny model and its data module. Returns a valid recipe, which a test may break. */
export async function setUp(): Promise<Record<string, unknown>> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const model = tfl.sequential({
    layers: [
      tfl.layers.dense({ name: "body", units: 4, inputShape: [3], activation: "relu" }),
      tfl.layers.dense({ name: "head", units: 2, activation: "softmax" }),
    ],
  });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ["weights.bin"], weights: weightSpecs }];
      writeFileSync(join(folder, "model.json"), JSON.stringify({ modelTopology, weightsManifest }));
      writeFileSync(join(folder, "weights.bin"), new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData)));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: "JSON" } };
    }),
  );
  model.dispose();
  writeFileSync(
    join(folder, "data.js"),
    `import * as tf from "@tensorflow/tfjs-core";
export default () => {
  const xs = tf.randomNormal([48, 3], 0, 1, "float32", 1);
  return { data: { xs, ys: tf.oneHot(tf.cast(tf.greater(tf.sum(xs, 1), 0), "int32"), 2) } };
};
`,
  );
  return {
    plugins: ["@graftjs/gradient-surgery", "@graftjs/backend-wasm"],
    backends: ["wasm"],
    trainable: "head/**",
    hooks: [{ use: "clip-by-global-norm", with: { norm: 1 } }],
    rule: { use: "sgd", with: { momentum: 0.9 } },
    learningRate: 0.1,
    run: { model: "model.json", data: "data.js", epochs: 2, batchSize: 16, output: "out/delta.safetensors" },
  };
}

/** Deletes the tests' folder. */
export function tearDown(): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes a file into the tests' folder: text, or a value as JSON. */
export function write(name: string, content: unknown): void {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
}

/** Runs the command. Returns its exit code and both outputs as a person would see them, with the tests' folder replaced. */
export async function graft(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await main(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    isTty: false,
    cwd: folder,
  });
  const cut = (text: string): string => text.replaceAll(folder, "<folder>");
  return { code, out: cut(out), err: cut(err) };
}

/** Writes a tone as PCM with 16 bits. @param seconds length. @default 0.25 */
export function tone(name: string, frequency: number, rate: number, seconds = 0.25): void {
  const samples = Int16Array.from(
    { length: Math.round(rate * seconds) },
    (_, i) => 9000 * Math.sin((2 * Math.PI * frequency * i) / rate),
  );
  const header = Buffer.alloc(44);
  header.write("RIFF\0\0\0\0WAVEfmt ", "latin1");
  header.writeUInt32LE(36 + samples.byteLength, 4);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(samples.byteLength, 40);
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), Buffer.concat([header, new Uint8Array(samples.buffer)]));
}
