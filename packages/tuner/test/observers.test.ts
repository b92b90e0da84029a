import "@tensorflow/tfjs-backend-cpu";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plugins as corePlugins, type Observer, sgd } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  csv,
  type Drift,
  drift,
  type FineTuneOptions,
  fineTune,
  htmlReport,
  jsonl,
  plugins,
  progress,
} from "../src/index.ts";
import { crc32c } from "../src/observers/tensorboard/record.ts";
import { mlp } from "./nets.ts";
import { examples, mapStore } from "./support.ts";
import oracle from "./tensorboard-oracle.json" with { type: "json" };
import { tensorBoardSample } from "./tensorboard-sample.ts";

beforeEach(() => tf.setBackend("cpu"));

const options = () =>
  ({
    data: examples([4]),
    loss: "categoricalCrossentropy",
    trainable: "head",
    rule: sgd(),
    learningRate: 0.1,
    epochs: 2,
    batchSize: 8,
    metrics: ["accuracy"],
  }) as const;

describe("observers", () => {
  it("draws a bar with the remaining time on a terminal, and prints one plain line per epoch elsewhere", async () => {
    let clock = 0;
    const written: string[] = [];
    const stream = (isTTY: boolean) => ({ isTTY, columns: 200, write: (text: string) => written.push(text) });
    const now = () => (clock += 500);
    (await fineTune(mlp(), { ...options(), observers: [progress({ stream: stream(true), now })] })).restore();
    const bars = written.filter((text) => text.includes("left"));
    expect(bars).toHaveLength(6);
    expect(bars[0]).toMatch(/epoch 1\/2 {2}\[=== +\] {2}\S+ s left {2}\d+ examples\/s {2}rate 0.100 {2}loss \d/);
    written.length = 0;
    (await fineTune(mlp(), { ...options(), observers: [progress({ stream: stream(false) })] })).restore();
    expect(written).toHaveLength(2);
    expect(written.join("")).not.toContain("\r");
    expect(written.join("")).not.toContain("\u001b");
    expect(written[0]).toMatch(/^epoch 1\/2 {2}.* loss \d.* acc \d.*\n$/);
    written.length = 0;
    const counted = { ...options(), metrics: ["confusion"], observers: [progress({ stream: stream(false) })] } as const;
    (await fineTune(mlp(), counted)).restore();
    expect(written[0]).toMatch(/ loss [\d.]+\n$/);
  });

  it("writes JSON lines, CSV and one page, and the run continues if a file cannot be written", async () => {
    const folder = mkdtempSync(join(tmpdir(), "graft-"));
    const at = (name: string) => join(folder, name);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const observers = [
      jsonl({ to: at("run.jsonl") }),
      csv({ to: at("run.csv") }),
      htmlReport({ to: at("run.html"), title: "A<b" }),
      jsonl({ to: "/proc/none/x" }),
    ];
    (await fineTune(mlp(), { ...options(), observers })).restore();
    const lines = readFileSync(at("run.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { event: string });
    expect(lines.map(({ event }) => event)).toEqual([
      "start",
      "step",
      "step",
      "step",
      "epoch",
      "step",
      "step",
      "step",
      "epoch",
      "end",
    ]);
    expect(readFileSync(at("run.csv"), "utf8")).toMatch(
      /^epoch,step,seconds,loss,acc\r\n0,3,[\d.]+,[\d.]+,[\d.]+\r\n1,6,/,
    );
    const html = readFileSync(at("run.html"), "utf8");
    expect(html).toContain("<h1>A&#60;b</h1>");
    // Loss and accuracy by epoch, loss and learning rate by step.
    expect(html.match(/<polyline/g)).toHaveLength(4);
    expect(html).not.toMatch(/<script|https?:/);
    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    expect(readdirSync(folder).sort()).toEqual(["run.csv", "run.html", "run.jsonl"]);
  });

  it("continues its files when a run is resumed, with every step and epoch once", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const given = (folder: string, more: Partial<FineTuneOptions>, last: readonly Observer[] = []) => ({
      ...options(),
      epochs: 4,
      observers: [
        jsonl({ to: join(folder, "run.jsonl") }),
        csv({ to: join(folder, "run.csv") }),
        htmlReport({ to: join(folder, "run.html") }),
        drift({ to: join(folder, "drift.jsonl"), everySteps: 1 }),
        ...last,
      ],
      ...more,
    });
    const [whole, parts] = [0, 1].map(() => mkdtempSync(join(tmpdir(), "graft-"))) as [string, string];
    (await fineTune(mlp(), given(whole, {}))).restore();
    const checkpoint = { to: mapStore(), everySteps: 2, resume: true };
    // The run is stopped in the second epoch, then by an error one step after a checkpoint, then in the last line of the last epoch.
    (await fineTune(mlp(), given(parts, { checkpoint, maxSteps: 5 }))).restore();
    const failing = {
      stepEnd: ({ step }: { step: number }) => (step === 9 ? Promise.reject(new Error("killed")) : undefined),
    };
    await expect(fineTune(mlp(), given(parts, { checkpoint }, [failing]))).rejects.toThrow("killed");
    appendFileSync(join(parts, "run.jsonl"), '{"event":"step","st');
    (await fineTune(mlp(), given(parts, { checkpoint }))).restore();
    const events = (folder: string, event: string) =>
      readFileSync(join(folder, "run.jsonl"), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>)
        .filter((line) => line.event === event)
        .map(({ seconds: _, ...rest }) => rest);
    expect(events(parts, "step")).toEqual(events(whole, "step"));
    expect(events(parts, "step")).toHaveLength(12);
    expect(events(parts, "epoch")).toEqual(events(whole, "epoch"));
    expect(events(parts, "start").map(({ step }) => step)).toEqual([0, 5, 8]);
    expect(events(parts, "end").map(({ steps }) => steps)).toEqual([5, 12]);
    const rows = (folder: string): string[] =>
      readFileSync(join(folder, "run.csv"), "utf8")
        .replace(/^(\d+,\d+),[\d.e-]+/gm, "$1")
        .split("\r\n");
    expect(rows(parts)).toEqual(rows(whole));
    expect(rows(parts)).toHaveLength(6);
    const cells = (folder: string): string[] =>
      [...readFileSync(join(folder, "run.html"), "utf8").matchAll(/<tr>(.*?)<\/tr>/g)].map(([row]) =>
        row.replace(/^(<tr><td>\d<\/td>)<td>[^<]*/, "$1"),
      );
    expect(cells(parts)).toEqual(cells(whole));
    const drifts = readFileSync(join(parts, "drift.jsonl"), "utf8").trim().split("\n");
    expect(drifts.map((line) => (JSON.parse(line) as Drift).step)).toEqual(
      Array.from({ length: 24 }, (_, i) => 1 + (i >> 1)),
    );
    vi.restoreAllMocks();
  });

  it("reports drift and the real ratio of the last update, also to a file named in a recipe", async () => {
    const seen: Drift[] = [];
    const always: Drift[] = [];
    const to = join(mkdtempSync(join(tmpdir(), "graft-")), "drift.jsonl");
    const use = [{ use: "drift", with: { to, everySteps: 3 } }];
    const registry = createRegistry([...corePlugins, ...plugins]);
    const { observers } = await registry.resolve({ observers: use, rule: "sgd", learningRate: 0.1 });
    (
      await fineTune(mlp(), {
        ...options(),
        observers: [
          drift({ everySteps: 3, onDrift: (drifts) => void seen.push(...drifts) }),
          drift({ everySteps: 1, onDrift: (drifts) => void always.push(...drifts) }),
          ...observers,
        ],
      })
    ).restore();
    const lines = readFileSync(to, "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as Drift)).toEqual(
      JSON.parse(JSON.stringify(seen, (_, value) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value))),
    );
    expect(seen.map(({ step, name }) => `${step} ${name}`)).toEqual([
      "3 head/kernel",
      "3 head/bias",
      "6 head/kernel",
      "6 head/bias",
    ]);
    // Measured at every step or at every third, the ratio is that of one step.
    expect(seen).toEqual(always.filter(({ step }) => step % 3 === 0));
    expect(always[0]?.drift).toBe(always[0]?.update);
    expect(seen[0]?.update).toBeLessThan(seen[0]?.drift as number);
    expect(seen[2]?.drift).toBeGreaterThan(seen[0]?.drift as number);
    expect(seen[1]?.drift).toBe(Number.POSITIVE_INFINITY);
  });

  it("writes the event file that TensorBoard's own reader has read", async () => {
    const bytes = await tensorBoardSample();
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
    expect(crc32c(bytes)).toBe(oracle.crc32c);
    expect(oracle.scalars).toEqual({
      loss: [
        [1, 0.5],
        [300, 0.25],
      ],
      learning_rate: [
        [1, expect.closeTo(0.1, 6)],
        [300, expect.closeTo(0.1, 6)],
      ],
      epoch_loss: [[300, 0.375]],
    });
    expect(oracle.histograms["head/kernel"]).toMatchObject({ step: 300, num: 6, min: -1, max: 2 });
    expect(oracle.images["digits/0"]).toEqual({
      width: 3,
      height: 2,
      pixels: [
        [0, 128, 255],
        [255, 128, 0],
      ],
    });
  });
});

describe("names of metrics in CSV", () => {
  const names = ['=cmd|"/c calc"!A1', "+1", "-2", "@sum", 'a "quoted", b', "line\nbreak\r", "\u001b[2J", "plain"];
  const epoch = (n: number, keys: readonly string[]) => ({
    epoch: n,
    step: n + 1,
    seconds: 1,
    logs: Object.fromEntries(keys.map((key) => [key, names.indexOf(key) + n / 10])),
  });
  const start = { params: [], epochs: 3, stepsPerEpoch: 1, batchSize: 1 };

  it("are quoted, are never formulas, and keep their columns after a resume", async () => {
    const to = join(mkdtempSync(join(tmpdir(), "graft-")), "names.csv");
    const first = csv({ to });
    await first.runStart?.({ ...start, step: 0 });
    for (const n of [0, 1]) await first.epochEnd?.(epoch(n, names));
    const again = csv({ to });
    await again.runStart?.({ ...start, step: 1, earlier: [epoch(0, names)] });
    // The order of a resumed run may differ.
    for (const n of [1, 2]) await again.epochEnd?.(epoch(n, [...names].reverse()));
    const [header = "", ...rows] = readFileSync(to, "utf8").trimEnd().split("\r\n");
    expect(rows).toHaveLength(3);
    rows.forEach((row, n) => {
      expect(row.split(",").slice(3).map(Number)).toEqual(names.map((_, i) => i + n / 10));
    });
    // By hand, from RFC 4180 and OWASP's page on CSV injection.
    expect(header).toBe(
      `epoch,step,seconds,"'=cmd|""/c calc""!A1",'+1,'-2,'@sum,"a ""quoted"", b",line\\u000abreak\\u000d,\\u001b[2J,plain`,
    );
  });
});
