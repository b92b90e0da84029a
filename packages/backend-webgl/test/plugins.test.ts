import { OptionsError } from "@graftjs/core";
import { expect, it } from "vitest";
import * as webgl from "../src/index.ts";

it("exports its public names", () => {
  expect(Object.keys(webgl).sort()).toEqual(["plugins", "webglBackend"]);
});

it("is a backend named webgl in a registry", () => {
  expect(webgl.plugins.map(({ kind, name }) => `${kind} ${name}`)).toEqual(["backend webgl"]);
});

it("names every wrong option at once", () => {
  const options = { allowFloat16: 1, textureByte: 0 } as never;
  expect(() => webgl.webglBackend(options)).toThrow(OptionsError);
  expect(() => webgl.webglBackend(options)).toThrow(/allowFloat16.*textureBytes/s);
});

it("reports in Node that a canvas is missing, and names other backends", async () => {
  const probe = await webgl.webglBackend().availability();
  expect(probe).toMatchObject({ ok: false, reason: expect.stringContaining("no canvas") });
  expect(!probe.ok && probe.fix).toMatch(/node, webgpu or wasm/);
});
