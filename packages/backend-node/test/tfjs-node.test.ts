import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { installNative, nativeBackend } from "../src/index.ts";
import { reporter } from "../src/install/report.ts";
import { ownRoute, stateOfTfjsNode } from "../src/install/tfjs-node.ts";

const require = createRequire(import.meta.url);
const here = (name: string): string => JSON.stringify(require.resolve(name));
/** Fake of tfjs-node's addon: plain JavaScript that registers a backend as tfjs-node does. */
const WORKS = `
const tf = require(${here("@tensorflow/tfjs-core")});
const { MathBackendCPU } = require(${here("@tensorflow/tfjs-backend-cpu")});
tf.copyRegisteredKernels("cpu", "tensorflow");
const binding = { TF_Version: "2.9.1", isUsingGpuDevice: () => false };
tf.registerBackend("tensorflow", () => Object.assign(new MathBackendCPU(), { binding, isUsingGpuDevice: false, isGPUPackage: false }), 3);
tf.setBackend("tensorflow");
module.exports = tf;`;

let project: string;
let folder: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "graft-project-"));
  folder = join(project, "node_modules/@tensorflow/tfjs-node");
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

/** Makes a package named tfjs-node in the project. Its install script puts the addon into `lib`. */
function tfjsNode(code: string, { built = true, script = "" } = {}): void {
  for (const part of ["scripts", ...(built ? ["lib"] : [])]) mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    '{ "name": "@tensorflow/tfjs-node", "version": "4.22.0", "main": "index.js" }',
  );
  writeFileSync(join(folder, "index.js"), code);
  writeFileSync(join(folder, "scripts/install.js"), script);
}

describe("the project's own tfjs-node", () => {
  it("is absent", () => {
    // Use a separate process, because this one may have a NODE_PATH that leads to our tfjs-node.
    const module = join(import.meta.dirname, "../src/install/tfjs-node.ts");
    const code = `import { stateOfTfjsNode } from ${JSON.stringify(module)};
      console.log(JSON.stringify(await stateOfTfjsNode(${JSON.stringify(project)})));`;
    const { NODE_PATH, ...env } = process.env;
    const args = ["--import", import.meta.resolve("tsx"), "--input-type=module", "-e", code];
    expect(JSON.parse(execFileSync(process.execPath, args, { env, encoding: "utf8" }))).toEqual({ state: "absent" });
  });

  it("works, was never built, or is broken; then the reason is named", async () => {
    tfjsNode(WORKS);
    expect(await stateOfTfjsNode(project)).toEqual({ state: "works", folder, tensorflow: "2.9.1" });
    tfjsNode('throw new Error("The specified module could not be found: tfjs_binding.node")');
    expect(await stateOfTfjsNode(project)).toEqual({
      state: "broken",
      folder,
      reason: "Error: The specified module could not be found: tfjs_binding.node",
    });
    tfjsNode('process.kill(process.pid, "SIGILL")');
    expect(await stateOfTfjsNode(project)).toMatchObject({ state: "broken", reason: expect.stringMatching(/SIGILL/) });
    rmSync(folder, { recursive: true });
    tfjsNode(WORKS, { built: false });
    expect(await stateOfTfjsNode(project)).toMatchObject({ reason: "its native addon was never built" });
  });

  it("its install script is tried if it is not built, and that is reported", async () => {
    tfjsNode(WORKS, { built: false, script: 'require("node:fs").mkdirSync("lib")' });
    const report = reporter();
    const before = await stateOfTfjsNode(project);
    expect(await ownRoute(project, before, report)).toMatchObject({ state: "works", tensorflow: "2.9.1" });
    expect(report.steps).toEqual([
      expect.stringMatching(/trying @tensorflow\/tfjs-node's own install script.*3 minutes/),
    ]);
  });

  it("reports the error of a failed script, and removes its folder from the package", async () => {
    const script =
      'require("node:fs").mkdirSync("deps"); new (require("node:events"))().emit("error", new Error("getaddrinfo EAI_AGAIN"));';
    tfjsNode(WORKS, { built: false, script });
    const before = await stateOfTfjsNode(project);
    expect(await ownRoute(project, before, reporter())).toMatchObject({
      state: "broken",
      reason: "its install script failed (Error: getaddrinfo EAI_AGAIN)",
    });
    expect(existsSync(join(folder, "deps"))).toBe(false);
    mkdirSync(join(folder, "deps"));
    writeFileSync(join(folder, "scripts/install.js"), "process.exit(1)");
    await ownRoute(project, before, reporter());
    expect(existsSync(join(folder, "deps"))).toBe(true);
  });

  it("is used and loaded by the adapter if it works; nothing is installed", async () => {
    tfjsNode(WORKS);
    const cacheDir = join(project, "cache");
    const report = await installNative({ projectDir: project, cacheDir });
    expect(report).toMatchObject({ status: "tfjs-node", folder, tensorflow: "2.9.1", bytes: 0 });
    expect(existsSync(cacheDir)).toBe(false);
    const adapter = nativeBackend({ projectDir: project, cacheDir, fused: false });
    expect(await adapter.availability()).toMatchObject({
      ok: true,
      capabilities: { description: `native TensorFlow in ${folder}` },
    });
    expect(tf.findBackendFactory("tensorflow")).toBeNull();
    const session = await adapter.init();
    expect(tf.getBackend()).toBe("tensorflow");
    expect(session.capabilities.description).toBe("TensorFlow 2.9.1, CPU");
    expect(Array.from(await tf.add([1, 2], 1).data())).toEqual([2, 3]);
    await session.dispose();
  });
});
