import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookInChild } from "../src/doctor/child.ts";
import { folder, graft, tearDown } from "./fixture.ts";

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(tearDown);
const node = (code: string): readonly string[] => [process.execPath, "-e", code, "--"];

describe("a backend's process", () => {
  it.each([
    ["aborts", 'console.error("terminate called"); process.abort()', /^its process ended with SIGABRT: /],
    [
      "throws",
      'throw new Error("libtensorflow_cc.so.2: no such file")',
      /ended with 1: Error: libtensorflow_cc\.so\.2: no such file$/,
    ],
    ["throws no error", "throw 'no error'", /^its process ended with 1: (?!Node\.js)/],
    ["says nothing", "process.exit(3)", /^its process ended with 3$/],
  ])("%s: a line of the report, with the reason", async (_, code, reason) => {
    expect(await lookInChild([], folder, { command: node(code) })).toMatch(reason);
  });

  it("hangs: it is ended and said so", async () => {
    const command = node('console.error("loading"); setInterval(() => {}, 1000)');
    expect(await lookInChild([], folder, { command, timeoutMs: 500 })).toMatch(
      /^its process did not answer within 0\.5 s(: loading)?$/,
    );
  });

  it("cannot be started: said so", async () => {
    expect(await lookInChild([], folder, { command: ["/nowhere/node"] })).toMatch(
      /could not be started: spawn .*ENOENT/,
    );
  });

  it("answers, behind lines that a library printed: the diagnosis", async () => {
    const command = node('console.log("I am a library [1]\\n" + JSON.stringify([{ name: "x" }], null, 2))');
    expect(await lookInChild([], folder, { command })).toEqual({ name: "x" });
  });
});

describe("graft doctor", () => {
  it("--only an unknown backend: exit code 2 and the nearest names", async () => {
    const { code, err, out } = await graft("doctor", "--only", "wasn");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/no backend `wasn`[\s\S]*Did you mean `wasm`/);
  });

  it("looks at the CUDA install too, in the folder that --cache names", async () => {
    const { code, out } = await graft("doctor", "--only", "node-gpu", "--cache", "elsewhere", "--json");
    expect(code).toBe(0);
    const [found] = JSON.parse(out);
    expect(found).toMatchObject({ name: "node-gpu", device: "gpu", ok: false });
    if (process.platform === "linux" && process.arch === "x64") {
      expect(found.reason).toMatch(/<folder>\/elsewhere\/tensorflow-[\d.]+-linux-x64-gpu/);
      expect(found.fix).toBe("graft install-native --gpu --cache <folder>/elsewhere");
    }
  });

  it("takes no other arguments", async () => {
    const { code, err } = await graft("doctor", "wasm");
    expect(code).toBe(2);
    expect(err).toMatch(/Unexpected argument `wasm`[\s\S]*--only/);
  });
});
