import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { terminalPlot } from "../src/plots/terminal-plot.ts";
import { compareRuns } from "../src/runs/compare-runs.ts";
import { plainJson } from "../src/recipe/plain-json.ts";
import { folder, graft, setUp, tearDown, write } from "./fixture.ts";

let recipe: Record<string, unknown> & { run: object };
beforeEach(async () => {
  recipe = (await setUp()) as typeof recipe;
  write("recipe.json", recipe);
});
afterAll(tearDown);

it("prints the version of the package", async () => {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"));
  expect(await graft("--version")).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

describe("recipes", () => {
  it("may begin with a byte order mark, and have comments in a .jsonc file", async () => {
    write("bom.json", `\ufeff${JSON.stringify(recipe)}`);
    expect(await graft("explain", "bom.json")).toMatchObject({ code: 0, err: "" });
    const commented = JSON.stringify(recipe, null, 2)
      .replace("{", "{ // a /* comment")
      .replace(/\n}$/, ", /* end\n */\n}");
    write("recipe.jsonc", commented);
    expect(await graft("explain", "recipe.jsonc")).toMatchObject({ code: 0, err: "" });
    write("commented.json", commented);
    expect(await graft("explain", "commented.json")).toMatchObject({ code: 2, err: expect.stringContaining(".jsonc") });
  });

  it("keep strings and positions when comments are taken out", () => {
    const text = '{"a": "// no, /* no */ ,]", /* x\n */ "b": [1, 2,\n], "c\\"//": 3, // end\n}';
    expect(JSON.parse(plainJson(text))).toEqual({ a: "// no, /* no */ ,]", b: [1, 2], 'c"//': 3 });
    expect(plainJson(text)).toHaveLength(text.length);
    expect(plainJson(text).indexOf('"b"')).toBe(text.indexOf('"b"'));
  });

  it("without backends train on the best one that is installed", async () => {
    const { backends: _backends, ...rest } = recipe;
    write("recipe.json", rest);
    expect(await graft("run", "recipe.json")).toMatchObject({ code: 0, err: "" });
  });

  it("get the names of the right kind first", async () => {
    write("recipe.json", { ...recipe, rule: "adan", hooks: ["nothing-like-it"] });
    const { err } = await graft("explain", "recipe.json");
    expect(err).toMatch(/rule: no plugin is named `adan`. Did you mean `adam`/);
    expect(err).toMatch(/no plugin is named `nothing-like-it`.*Registered: .*`clip-by-global-norm`/);
    expect(err).not.toMatch(/nothing-like-it.*`sgd`/);
  });

  it("that name a module without a list of plugins say what to write", async () => {
    write("one.js", 'export const plugin = { kind: "hook", name: "one", description: "x", create: () => ({}) };');
    write("recipe.json", { ...recipe, plugins: [...(recipe.plugins as string[]), "./one.js"] });
    expect((await graft("run", "recipe.json")).err).toMatch(
      /exports the plugin `plugin`.*export const plugins = \[plugin\]/,
    );
  });
});

it("a run says at once that it cannot write below /proc", async () => {
  const { code, err } = await graft("run", "recipe.json", "--out", "/proc/graft/deep/delta.safetensors");
  expect(code).toBe(2);
  expect(err).toMatch(/The output folder \/proc\/graft\/deep is not writable/);
});

it("a resumed run may have more epochs, another output and other observers", async () => {
  await graft("run", "recipe.json", "--checkpoint", "state");
  const longer = {
    ...recipe,
    observers: ["progress"],
    run: { ...recipe.run, epochs: 4, output: "longer.safetensors" },
  };
  write("recipe.json", longer);
  const { code, out, err } = await graft("run", "recipe.json", "--checkpoint", "state", "--resume");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  // The recipe's own progress is not printed a second time.
  expect(out.match(/^epoch [34]\/4/gm)).toHaveLength(2);
  write("recipe.json", { ...longer, rule: { use: "sgd", with: { momentum: 0.5 } } });
  expect((await graft("run", "recipe.json", "--checkpoint", "state", "--resume")).err).toMatch(
    /momentum: was 0.9, is 0.5/,
  );
});

describe("output for other programs", () => {
  it("--json prints a line for each step and epoch, and the result last", async () => {
    const { out } = await graft("run", "recipe.json", "--json");
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    const events = lines.map(({ event }) => event).join(" ");
    expect(events).toBe("start step step step epoch step step step epoch end result");
    expect(lines.at(-1)).toMatchObject({
      steps: 6,
      history: { epoch: [0, 1] },
      delta: join("<folder>", "out", "delta.safetensors"),
    });
  });

  it("--runs keeps each run in a folder of its own, and compare shows them", async () => {
    expect(await graft("run", "recipe.json", "--runs", "runs")).toMatchObject({ code: 0, err: "" });
    write("recipe.json", { ...recipe, learningRate: 0.5 });
    await graft("run", "recipe.json", "--runs", "runs");
    expect(readdirSync(join(folder, "runs"))).toEqual(["001-recipe", "002-recipe"]);
    expect(readdirSync(join(folder, "runs", "002-recipe")).sort()).toEqual(["delta.safetensors", "result.json"]);
    const { out } = await graft("compare", "runs");
    expect(out).toMatch(
      /^run +best +loss +steps +time +learningRate\n001-recipe +\d\/2 .* 0.1\n002-recipe +\d\/2 .* 0.5\n$/,
    );
    expect((await graft("compare", "runs/001-recipe", "runs")).out.split("\n")).toHaveLength(5);
    expect(await graft("compare", "out")).toMatchObject({ code: 2, err: expect.stringContaining("cannot be read") });
    expect(await graft("compare", ".")).toMatchObject({ code: 2, err: expect.stringContaining("No finished run") });
    expect(await graft("run", "recipe.json", "--runs", "runs", "--out", "x")).toMatchObject({ code: 2 });
  });

  it("compare chooses the epoch with the smallest validation loss, and skips values that are not finite", () => {
    const result = (loss: unknown[], val_loss: unknown[]) =>
      ({ history: { loss, val_loss }, steps: 3, seconds: [1, 1, 1], warnings: [], recipe: { a: [1] } }) as never;
    const [, first, second] = compareRuns([
      { name: "x", result: result([3, 2, 1], [1, 0.5, 2]) },
      { name: "y", result: result([3, 2, 1], ["NaN", 2, "Infinity"]) },
    ]);
    expect(first?.slice(0, 4)).toEqual(["x", "2/3", "2.000", "0.5000"]);
    expect(second?.slice(0, 4)).toEqual(["y", "2/3", "2.000", "2.000"]);
  });

  it("completion lists commands and options for three shells", async () => {
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, out } = await graft("completion", shell);
      expect(code).toBe(0);
      expect(out).toMatch(/compare/);
      expect(out).toMatch(/(--|-l )resume/);
    }
    expect(await graft("completion", "tcsh")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/bash, zsh or fish/),
    });
  });
});

describe("find-lr", () => {
  it("draws the curve in the terminal and as SVG, and names a rate", async () => {
    const { code, out, err } = await graft("find-lr", "recipe.json", "--steps", "40", "--svg", "plots/curve.svg");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/loss \(smoothed\)[\s\S]*•[\s\S]*1e-5 .*1e-4 .* learning rate/);
    const [, suggestion] = /Suggestion: "learningRate": (\S+)/.exec(out) ?? [];
    expect(Number(suggestion)).toBeGreaterThan(1e-6);
    const svg = readFileSync(join(folder, "plots/curve.svg"), "utf8");
    expect(svg).toMatch(/^<svg xmlns[\s\S]*valley[\s\S]*<\/svg>\n$/);
    expect(svg).not.toMatch(/NaN|undefined/);
    const { rates, losses, estimates } = JSON.parse(
      (await graft("find-lr", "recipe.json", "--steps", "9", "--json")).out,
    );
    expect(rates).toHaveLength(losses.length);
    expect(Object.keys(estimates)).toEqual(["steep", "valley", "minimum"]);
    expect(await graft("find-lr", "recipe.json", "--from", "x")).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--from/),
    });
  });

  it("puts points, ticks and marks at their places", () => {
    const plot = {
      xs: [1e-4, 1e-3, 1e-2, 1e-1, 1],
      ys: [3, 3, 2, 1, 9],
      marks: [{ x: 1e-2, letter: "s", name: "steep" }],
      xTitle: "rate",
      yTitle: "loss",
    };
    // 9 is cut off at 5, twice the height of the first value above the least one.
    expect(terminalPlot(plot, 17, 5)).toBe(
      [
        "     loss",
        "5.00 │        :       •",
        "     │        :",
        "     │•   •   :",
        "     │        •",
        "1.00 │        s   •",
        "     └─────────────────",
        "      1e-4    0.01    1  rate",
        "      s steep 0.01",
        "",
      ].join("\n"),
    );
  });
});
