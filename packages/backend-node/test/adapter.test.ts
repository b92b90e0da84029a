import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OptionsError } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, describe, expect, it } from "vitest";
import { nativeBackend, plugins, setNativeEnvironment, TooLateError } from "../src/index.ts";
import { markLoaded, variablesFor } from "../src/load/environment.ts";

const empty = mkdtempSync(join(tmpdir(), "graft-empty-"));
afterAll(() => rmSync(empty, { recursive: true, force: true }));
const nothing = { cacheDir: empty, projectDir: empty };

describe("nativeBackend", () => {
  // native-test/loading.test.ts checks that a probe loads nothing although TensorFlow is installed.
  it("probes without throwing and keeps the current backend; the suggested command names the cache", async () => {
    const probe = await nativeBackend(nothing).availability();
    expect(probe).toMatchObject({ ok: false, fix: `graft install-native --cache ${empty}` });
    expect(await nativeBackend({ ...nothing, device: "gpu" }).availability()).toMatchObject({ ok: false });
    expect(tf.findBackendFactory("tensorflow")).toBeNull();
  });

  it("refuses to start and suggests a command", async () => {
    await expect(nativeBackend(nothing).init()).rejects.toThrow(/not installed[\s\S]*graft install-native/);
  });

  it("reports all wrong options at construction", () => {
    expect(() => nativeBackend({ threads: 0, device: "tpu", threds: 2 } as never)).toThrow(OptionsError);
    expect(() => nativeBackend({ threads: 0, device: "tpu", threds: 2 } as never)).toThrow(
      /3 wrong option[\s\S]*threads[\s\S]*tpu[\s\S]*threds/,
    );
  });

  it("is a plugin named `node`, with a patch for layers", () => {
    expect(plugins.map(({ kind, name }) => [kind, name])).toEqual([
      ["backend", "node"],
      ["patch", "native-layers"],
    ]);
    expect(() => createRegistry(plugins)).not.toThrow();
  });
});

describe("options that TensorFlow reads while it loads", () => {
  it("become environment variables, if they are given", () => {
    expect(variablesFor({ threads: 2, interOpThreads: 1, oneDnn: false, allowGrowth: true, logLevel: 3 })).toEqual({
      TF_NUM_INTRAOP_THREADS: "2",
      TF_NUM_INTEROP_THREADS: "1",
      TF_ENABLE_ONEDNN_OPTS: "0",
      TF_FORCE_GPU_ALLOW_GROWTH: "true",
      TF_CPP_MIN_LOG_LEVEL: "3",
    });
    expect(variablesFor({})).toEqual({});
  });

  it.each([
    [undefined, {}, process.arch === "x64" ? "1" : undefined],
    ["0", {}, "0"],
    ["1", { oneDnn: false }, "0"],
  ])("oneDNN, with %s in the environment and %o: %s", (before, options, after) => {
    if (before === undefined) delete process.env.TF_ENABLE_ONEDNN_OPTS;
    else process.env.TF_ENABLE_ONEDNN_OPTS = before;
    setNativeEnvironment(options);
    expect(process.env.TF_ENABLE_ONEDNN_OPTS).toBe(after);
    delete process.env.TF_ENABLE_ONEDNN_OPTS;
  });

  it("are refused by name after TensorFlow is loaded, unless nothing would change", () => {
    setNativeEnvironment({ threads: 3 });
    expect(process.env.TF_NUM_INTRAOP_THREADS).toBe("3");
    markLoaded("cpu");
    expect(() => setNativeEnvironment({ threads: 3 })).not.toThrow();
    expect(() => setNativeEnvironment({ threads: 4, oneDnn: true })).toThrow(TooLateError);
    expect(() => setNativeEnvironment({ threads: 4 })).toThrow(
      /TF_NUM_INTRAOP_THREADS=4[\s\S]*loaded already[\s\S]*setNativeEnvironment/,
    );
    expect(process.env.TF_NUM_INTRAOP_THREADS).toBe("3");
    delete process.env.TF_ENABLE_ONEDNN_OPTS;
    setNativeEnvironment({});
    expect(process.env.TF_ENABLE_ONEDNN_OPTS).toBeUndefined(); // too late to change anything
  });
});
