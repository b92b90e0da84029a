import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { readSafetensors } from "@graftjs/tuner";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

let recipe: Record<string, unknown>;
let made = 0;
const ran = join(folder, "ran");
/** Writes a plugin that leaves a file when its code runs. Node loads each path once, so every call gives another name. */
function spy(place = folder): string {
  const name = `spy-${made++}.mjs`;
  mkdirSync(place, { recursive: true });
  writeFileSync(
    join(place, name),
    `import { writeFileSync } from "node:fs"; writeFileSync(${JSON.stringify(ran)}, ""); export const plugins = [];`,
  );
  return name;
}
const withPlugin = (name: string, more: object = {}): void =>
  write("recipe.json", { ...recipe, plugins: [...(recipe.plugins as string[]), name], ...more });

beforeEach(async () => {
  recipe = await setUp();
});
afterAll(tearDown);

describe("code that a recipe names by path", () => {
  it.each(["explain", "list", "schema", "plan"])(
    "is not run by graft %s, unless --trust-paths asks for it",
    async (command) => {
      withPlugin(`./${spy()}`);
      expect(await graft(command, "recipe.json")).toMatchObject({
        code: 2,
        err: expect.stringContaining("--trust-paths"),
      });
      expect(existsSync(ran)).toBe(false);
      expect(await graft(command, "recipe.json", "--trust-paths")).toMatchObject({ code: 0, err: "" });
      expect(existsSync(ran)).toBe(true);
    },
  );

  it("is run by graft run only from the recipe's folder: not by .., absolute paths, file: or a link", async () => {
    const outside = join(dirname(folder), "outside");
    const name = spy(outside);
    symlinkSync(join(outside, name), join(folder, "link.mjs"));
    const paths = [`../outside/${name}`, join(outside, name), pathToFileURL(join(outside, name)).href, "./link.mjs"];
    for (const path of paths) {
      withPlugin(path);
      expect(await graft("run", "recipe.json"), path).toMatchObject({
        code: 2,
        err: expect.stringContaining("outside the recipe's folder"),
      });
      write("recipe.json", { ...recipe, run: { ...(recipe.run as object), data: path } });
      expect(await graft("run", "recipe.json"), path).toMatchObject({
        code: 2,
        err: expect.stringContaining("outside the recipe's folder"),
      });
    }
    expect(existsSync(ran)).toBe(false);
    withPlugin(`../outside/${name}`);
    expect(await graft("run", "recipe.json", "--trust-paths")).toMatchObject({ code: 0 });
    expect(existsSync(ran)).toBe(true);
  });

  it("is never run for an invalid recipe", async () => {
    withPlugin(`./${spy()}`, { run: { ...(recipe.run as object), epochs: -1 } });
    expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringContaining("epochs") });
    expect(existsSync(ran)).toBe(false);
    for (const [more, message] of [
      [{ hooks: [{ use: "clip-by-global-norm", with: { norm: -1 } }] }, "norm"],
      [{ hooks: ["sgd"] }, "`sgd` is a rule"],
      [{ hooks: ["clip-by-global-norn", { use: "clip-by-global-norm", with: { norn: 1 } }] }, "norn"],
      [{ rule: undefined }, "rule is missing"],
      [{ trainable: "hed/**" }, "hed"],
      [{ learningRate: -1 }, "learningRate is -1"],
    ] as const) {
      withPlugin(`./${spy()}`, more);
      expect(await graft("run", "recipe.json")).toMatchObject({ code: 2, err: expect.stringContaining(message) });
      expect(existsSync(ran), message).toBe(false);
    }
  });

  it.each(["explain", "list", "schema"])("is never run by graft %s for an invalid recipe", async (command) => {
    for (const [more, message] of [
      [{ hooks: [{ use: "clip-by-global-norm", with: { norm: -1 } }] }, "norm"],
      [{ hooks: ["sgd"] }, "`sgd` is a rule"],
      [{ run: { ...(recipe.run as object), epochs: -1 } }, "epochs"],
      [{ run: { ...(recipe.run as object), epoch: 1 } }, "epoch"],
    ] as const) {
      withPlugin(`./${spy()}`, more);
      expect(await graft(command, "recipe.json", "--trust-paths"), message).toMatchObject({
        code: 2,
        err: expect.stringContaining(message),
      });
      expect(existsSync(ran), message).toBe(false);
    }
    // A recipe that is not finished is what `list` and `schema` are for.
    withPlugin(`./${spy()}`, { rule: undefined, run: undefined });
    expect(await graft(command, "recipe.json", "--trust-paths")).toMatchObject({ code: command === "explain" ? 2 : 0 });
    expect(existsSync(ran)).toBe(command !== "explain");
    rmSync(ran, { force: true });
    withPlugin(`./${spy()}`, { run: {} });
    expect(await graft(command, "recipe.json", "--trust-paths")).toMatchObject({ code: command === "explain" ? 2 : 0 });
    expect(existsSync(ran)).toBe(command !== "explain");
  });

  it("is run if a name may come from it: nothing else tells the names of its plugins", async () => {
    withPlugin(`./${spy()}`, { hooks: ["perhaps-of-the-plugin"] });
    const { code, err } = await graft("run", "recipe.json");
    expect(code).toBe(2);
    expect(err).toContain("no plugin is named `perhaps-of-the-plugin`");
    expect(existsSync(ran)).toBe(true);
  });

  it("is refused with --untrusted, and so are packages of others and data modules", async () => {
    withPlugin(`./${spy()}`);
    expect((await graft("run", "recipe.json", "--untrusted")).err).toContain("is not a package of Graft");
    withPlugin("graft-plugin-of-somebody");
    expect((await graft("explain", "recipe.json", "--untrusted")).err).toContain("is not a package of Graft");
    write("recipe.json", recipe);
    expect(await graft("run", "recipe.json", "--untrusted")).toMatchObject({
      code: 2,
      err: expect.stringContaining('"data.js" is code'),
    });
    expect(existsSync(ran)).toBe(false);
  });
});

describe("a suggested command", () => {
  it("contains nothing that is not the name of a package", async () => {
    for (const name of ["x; rm -rf ~", "$(touch ran)", "`id`", "a\nb", "@a/../b", "-g", "a b"]) {
      withPlugin(name);
      const { code, err } = await graft("explain", "recipe.json", "--trust-paths");
      expect(code).toBe(2);
      expect(err).not.toContain("npm install");
    }
    withPlugin("@nobody/no-plugin/part");
    expect((await graft("explain", "recipe.json")).err).toContain("npm install @nobody/no-plugin\n");
  });
});

describe("the places that a run writes", () => {
  const refused = async (more: object, ...flags: string[]): Promise<string> => {
    write("recipe.json", { ...recipe, ...more });
    const before = ["recipe.json", "model.json", "weights.bin", "data.js"].map((name) =>
      readFileSync(join(folder, name)),
    );
    const { code, err } = await graft("run", "recipe.json", ...flags);
    expect(code).toBe(2);
    const after = ["recipe.json", "model.json", "weights.bin", "data.js"].map((name) =>
      readFileSync(join(folder, name)),
    );
    expect(after).toEqual(before);
    return err;
  };

  it.each([
    ["model.json", "a file of the base model"],
    ["weights.bin", "a file of the base model"],
    ["data.js", "the data of the recipe"],
    ["recipe.json", "the recipe"],
  ])("are never %s", async (name, what) => {
    expect(await refused({}, "--out", name)).toContain(`which is ${what}`);
    expect(await refused({}, "--out", `./x/../${name}`)).toContain(`which is ${what}`);
    expect(await refused({ observers: [{ use: "csv", with: { to: name } }] })).toContain(`which is ${what}`);
    expect(await refused({}, "--checkpoint", name)).toContain(what);
    expect(await refused({ run: { ...(recipe.run as object), cache: { store: name } } })).toContain(what);
    symlinkSync(join(folder, name), join(folder, "link"));
    expect(await refused({}, "--out", "link")).toContain(`which is ${what}`);
  });

  it("are never a file that Graft has not written", async () => {
    write("thesis.txt", "A thesis.");
    expect(await refused({}, "--out", "thesis.txt")).toContain("which Graft has not written");
    for (const use of ["csv", "jsonl", "drift", "html-report"]) {
      expect(await refused({ observers: [{ use, with: { to: "thesis.txt" } }] })).toContain(
        "which Graft has not written",
      );
    }
    expect(readFileSync(join(folder, "thesis.txt"), "utf8")).toBe("A thesis.");
    expect(
      await refused({
        observers: [
          { use: "csv", with: { to: "a" } },
          { use: "jsonl", with: { to: "a" } },
        ],
      }),
    ).toContain("is written twice");
  });

  it("may be results of an earlier run; `to` of an observer is relative to the recipe", async () => {
    mkdirSync(join(folder, "sub"));
    const observers = ["csv", "jsonl", "drift", "html-report"].map((use) => ({ use, with: { to: `logs/${use}` } }));
    const run = { ...(recipe.run as object), model: "../model.json", output: "delta.safetensors" };
    write("sub/data.js", readFileSync(join(folder, "data.js"), "utf8"));
    write("sub/recipe.json", { ...recipe, observers, run });
    for (let i = 0; i < 2; i++) expect(await graft("run", "sub/recipe.json")).toMatchObject({ code: 0, err: "" });
    for (const use of ["csv", "jsonl", "html-report"]) expect(existsSync(join(folder, "sub/logs", use))).toBe(true);
    expect(readSafetensors(readFileSync(join(folder, "sub/delta.safetensors"))).tensors.size).toBe(2);
  });
});

it("control characters of names are shown, not obeyed", async () => {
  const name = "\u001b[2J\u009b1mx\u202e\n\r";
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(folder, "evil.safetensors"), Buffer.concat([size, header, Buffer.alloc(4)]));
  const shown = "\\u001b[2J\\u009b1mx\\u202e\\u000a\\u000d";
  const { out } = await graft("inspect", "evil.safetensors");
  expect(out.split("\n")).toHaveLength(3);
  expect(out).toContain(`  ${shown}  F32  [1]`);
  const json = (await graft("inspect", "evil.safetensors", "--json")).out;
  expect(JSON.parse(json)).toMatchObject({ tensors: [{ name }] });
  withPlugin(name);
  const all = [
    await graft("explain", "recipe.json"),
    await graft("run", "recipe.json"),
    await graft("explain", name),
    await graft(name),
  ];
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there.
  for (const { out, err } of all) expect(out + err).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/);
});
