import { mkdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runInChild } from "../src/doctor/run-in-child.ts";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(tearDown);
const node = (code: string): readonly string[] => [process.execPath, "-e", code, "--"];

describe("a check in a child process", () => {
  it.each([
    ["aborts", 'console.error("terminate called"); process.abort()', /^its process ended with SIGABRT: /],
    [
      "throws",
      'throw new Error("libtensorflow_cc.so.2: no such file")',
      /ended with 1: Error: libtensorflow_cc\.so\.2: no such file$/,
    ],
    ["throws no error", "throw 'no error'", /^its process ended with 1: (?!Node\.js)/],
    ["says nothing", "process.exit(3)", /^its process ended with 3$/],
  ])("%s: the report has one line with the reason", async (_, code, reason) => {
    expect(await runInChild([], folder, { command: node(code) })).toMatch(reason);
  });

  it("hangs: it is ended, and the report says so", async () => {
    const command = node('console.error("loading"); setInterval(() => {}, 1000)');
    expect(await runInChild([], folder, { command, timeoutMs: 500 })).toMatch(
      /^its process did not answer within 0\.5 s(: loading)?$/,
    );
  });

  it("cannot be started: the report says so", async () => {
    expect(await runInChild([], folder, { command: ["/nowhere/node"] })).toMatch(
      /could not be started: spawn .*ENOENT/,
    );
  });

  it("answers after lines that a library printed: the report is found", async () => {
    const command = node('console.log("I am a library [1]\\n" + JSON.stringify([{ name: "x" }], null, 2))');
    expect(await runInChild([], folder, { command })).toEqual({ name: "x" });
  });
});

describe("graft doctor", () => {
  it("--only with an unknown check: exit code 2 and similar names", async () => {
    const { code, err, out } = await graft("doctor", "--only", "backend-wasn");
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/no check `backend-wasn`[\s\S]*Did you mean `backend-wasm`/);
  });

  it("checks the CUDA install too, in the folder of --cache", async () => {
    const { code, out } = await graft("doctor", "--only", "backend-node-gpu", "--cache", "elsewhere", "--json");
    expect(code).toBe(0);
    const [found] = JSON.parse(out);
    expect(found).toMatchObject({ name: "backend-node-gpu", device: "gpu", ok: false });
    if (process.platform === "linux" && process.arch === "x64") {
      expect(found.reason).toMatch(/<folder>\/elsewhere\/tensorflow-[\d.]+-linux-x64-gpu/);
      expect(found.fix).toBe("graft install-native --gpu --cache <folder>/elsewhere");
    }
  });

  it("takes no arguments after the recipe", async () => {
    const { code, err } = await graft("doctor", "recipe.json", "wasm");
    expect(code).toBe(2);
    expect(err).toMatch(/Unexpected argument `wasm`[\s\S]*--only/);
  });

  it("runs and lists the checks of the packages that a recipe or --plugin names, even if one crashes", async () => {
    write("recipe.json", { ...(await setUp()), plugins: ["./disk.js"] });
    const source = (name: string, run: string): string =>
      `const create = () => ({ name: "${name}", run: async ({ cwd }) => ${run} });
export const plugins = [{ kind: "doctor-check", name: "${name}", description: "Looks at the ${name}", create }];
`;
    write("disk.js", source("disk", '({ ok: true, description: cwd + ": 3 GB free", free: 3e9 })'));
    write("driver.js", source("driver", "process.abort()"));
    write("lock.js", source("lock", '{ throw Object.assign(new Error("It is held."), { hint: "rm lock" }) }'));
    const listed = (await graft("list", "recipe.json", "--trust-paths")).out;
    expect(listed).toMatch(/^doctor-check +disk +Looks at the disk$/m);
    expect(listed).toMatch(/^doctor-check +backend-wasm /m);
    const plugins = ["--plugin", "./driver.js", "--plugin", "./lock.js"];
    const only = ["disk", "driver", "lock", "backend-cpu"].flatMap((name) => ["--only", name]);
    const { out, code } = await graft("doctor", "recipe.json", ...plugins, ...only);
    expect(code).toBe(0);
    expect(out).toMatch(/^ok {2}disk +<folder>: 3 GB free$/m);
    expect(out).toMatch(/^-- {2}driver\n {6}its process ended with SIGABRT/m);
    expect(out).toMatch(/^-- {2}lock\n {6}It is held\.\n {6}To fix it: rm lock$/m);
    expect(out).toMatch(/^ok {2}backend-cpu +.*10 of 10 gradients correct/m);
    const disk = JSON.parse((await graft("doctor", "recipe.json", "--only", "disk", "--json")).out);
    expect(disk).toMatchObject([{ name: "disk", ok: true, free: 3e9 }]);
  });
});
