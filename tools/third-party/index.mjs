// Tests that a third party's parts work with the packed packages, outside the repository: each part is listed, explained,
// checked, run by a recipe, and resumed bit for bit after a kill. The first argument is the folder of the tarballs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeProject } from "./project.mjs";

/** 48 examples of three numbers; the label is the sign of their sum. */
const DATA = `import * as tf from "@tensorflow/tfjs-core";
export default () => {
  const xs = tf.randomNormal([48, 3], 0, 1, "float32", 1);
  return { data: { xs, ys: tf.oneHot(tf.cast(tf.greater(tf.sum(xs, 1), 0), "int32"), 2) } };
};
`;
/** 15 epochs of 6 steps. The checkpoint at step 50 lies within an epoch. */
const RUN = { epochs: 15, batchSize: 8 };
/** A step after the checkpoint at step 50. */
const KILL_AT = "77";

const folder = mkdtempSync(join(tmpdir(), "graft-third-party-"));
try {
  const parts = makeProject(folder, process.argv[2]);
  writeModel();
  writeFileSync(join(folder, "model.pointer"), "model.json\n");
  writeFileSync(join(folder, "data.mjs"), DATA);
  const recipe = recipeOf(parts);
  write("recipe.json", recipe);

  const names = ["slow-down", "gain", "sure", "focal", "pointer", "fading-l2"];
  const listed = graft("list", "recipe.json");
  const explained = graft("explain", "recipe.json");
  for (const name of names) {
    assert.match(listed.out, new RegExp(`^\\S+ +${name} `, "m"), `list does not show ${name}`);
    assert.match(explained.out, new RegExp(name), `explain does not show ${name}`);
  }

  write("wrong.json", wrongOptions(recipe));
  const wrong = graft("explain", "wrong.json");
  assert.equal(wrong.code, 2);
  for (const option of ["every", "by", "above", "gamma", "encoding", "factor"]) {
    assert.match(wrong.err, new RegExp(`\\b${option}\\b`), `the wrong option ${option} was not found`);
  }

  const whole = graft("run", "recipe.json", "--out", "whole.safetensors");
  assert.equal(whole.code, 0, whole.err);
  assert.match(whole.out, /sure/, "the metric is not in the output");

  const killed = graft(
    { THIRD_PARTY_KILL_AT: KILL_AT },
    "run",
    "recipe.json",
    "--out",
    "parts.safetensors",
    "--checkpoint",
    "state",
  );
  assert.equal(killed.signal, "SIGKILL");
  const resumed = graft("run", "recipe.json", "--out", "parts.safetensors", "--checkpoint", "state", "--resume");
  assert.equal(resumed.code, 0, resumed.err);
  const [a, b] = ["whole", "parts"].map((name) => readFileSync(join(folder, `${name}.safetensors`)));
  assert.ok(a.equals(b), "the resumed run has other weights");
  console.log(`Third-party parts: ${names.join(", ")}: listed, explained, checked, run, resumed bit for bit.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function recipeOf(parts) {
  return {
    plugins: ["@graftjs/backend-wasm", ...parts],
    backends: ["wasm"],
    trainable: "all",
    regularizers: [{ use: "fading-l2", with: { factor: 0.1 } }],
    rule: { use: "sgd", with: { momentum: 0.9 } },
    learningRate: 0.05,
    callbacks: [{ use: "slow-down", with: { every: 4 } }],
    run: {
      ...RUN,
      model: { path: "model.pointer", format: { use: "pointer", with: { encoding: "utf-8" } } },
      data: "data.mjs",
      loss: { use: "focal", with: { gamma: 1.5 } },
      augment: [{ use: "gain", with: { by: 0.3 } }],
      metrics: ["accuracy", { use: "sure", with: { above: 0.55 } }],
    },
  };
}

/** The recipe with one wrong option in each part. */
function wrongOptions(recipe) {
  return {
    ...recipe,
    regularizers: [{ use: "fading-l2", with: { factor: -1 } }],
    callbacks: [{ use: "slow-down", with: { every: 0 } }],
    run: {
      ...recipe.run,
      model: { path: "model.pointer", format: { use: "pointer", with: { encoding: "ebcdic" } } },
      loss: { use: "focal", with: { gamma: "two" } },
      augment: [{ use: "gain", with: { by: -1 } }],
      metrics: [{ use: "sure", with: { above: 2 } }],
    },
  };
}

/** Writes a net of two layers with fixed weights, in the form of `model.save`. */
function writeModel() {
  const dense = (name, units, activation, more = {}) => ({
    class_name: "Dense",
    config: { name, units, activation, use_bias: true, trainable: true, ...more },
  });
  const layers = [
    dense("body", 4, "tanh", { batch_input_shape: [null, 3], dtype: "float32" }),
    dense("head", 2, "softmax"),
  ];
  const specs = [
    ["body/kernel", [3, 4]],
    ["body/bias", [4]],
    ["head/kernel", [4, 2]],
    ["head/bias", [2]],
  ].map(([name, shape]) => ({ name, shape, dtype: "float32" }));
  const size = specs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b), 0);
  writeFileSync(
    join(folder, "weights.bin"),
    new Uint8Array(Float32Array.from({ length: size }, (_, i) => Math.sin(i)).buffer),
  );
  const config = { name: "net", layers };
  const modelTopology = {
    class_name: "Sequential",
    config,
    keras_version: "tfjs-layers 4.22.0",
    backend: "tensor_flow.js",
  };
  write("model.json", { modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights: specs }] });
}

function write(name, value) {
  writeFileSync(join(folder, name), JSON.stringify(value));
}

/** Runs the packed command. The first argument may be environment variables. */
function graft(...args) {
  const env = typeof args[0] === "object" ? args.shift() : {};
  const bin = join(folder, "node_modules/@graftjs/cli/dist/bin.js");
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { code: status, signal, out: stdout, err: stderr };
}
