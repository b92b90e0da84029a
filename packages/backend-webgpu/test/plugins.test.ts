import { OptionsError } from "@graftjs/core";
import { expect, it } from "vitest";
import * as browser from "../src/index.ts";
import * as node from "../src/node.ts";

it("exports the same names in browsers and in Node", () => {
  expect(Object.keys(browser).sort()).toEqual(["plugins", "webgpuBackend"]);
  expect(Object.keys(node).sort()).toEqual(Object.keys(browser).sort());
});

it("is a backend named webgpu in a registry", () => {
  for (const { plugins } of [browser, node]) {
    expect(plugins.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["backend webgpu"]);
  }
});

it("names every wrong option at once", () => {
  const options = { powerPreference: "most", minLimit: {} } as never;
  for (const { webgpuBackend } of [browser, node]) {
    expect(() => webgpuBackend(options)).toThrow(OptionsError);
    expect(() => webgpuBackend(options)).toThrow(/powerPreference.*minLimits/s);
  }
});

it("reports in Node that the browser's entry finds no WebGPU, without throwing", async () => {
  const gpu = Object.getOwnPropertyDescriptor(globalThis.navigator ?? {}, "gpu");
  expect(gpu).toBeUndefined();
  expect(await browser.webgpuBackend().availability()).toMatchObject({
    ok: false,
    reason: expect.stringContaining("navigator.gpu"),
  });
});
