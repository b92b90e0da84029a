import { expect, it } from "vitest";
import type { TestPage } from "./page.ts";
import type { Crash, LossRow } from "./suite/loss.ts";
import type { PoolReport } from "./suite/memory.ts";
import type { Row } from "./suite/ops.ts";
import type { MovedStatistics } from "./suite/statistics.ts";
import { writeTable } from "./tables.ts";

/** Whether the long forms of the tests run. A software GPU would take too long for CI. */
export const LONG: boolean = process.env.GRAFT_LONG === "1";
/** The sweep over layers runs each n-th net in CI. An odd number picks both ways of training. */
export const EVERY: number = LONG ? 1 : 3;
/** The same on a software GPU, which compiles and runs a net in some seconds. */
const EVERY_ON_GPU = LONG ? 1 : 51;
/** Number of moments of a run at which the device is taken away. A moment takes two seconds. */
export const MOMENTS: number = LONG ? 50 : 6;
/** Steps of fine-tuning with each package. Twenty take more than half a minute on a software GPU. */
const TRAINED_STEPS = LONG ? 20 : 6;
/** Steps around a frozen batch norm. A thousand take two minutes on a software GPU. */
const STEPS = LONG ? 1000 : 50;

/**
 * Functions that run the suites on a GPU backend, in a page or in Node. Some may be left out if another environment runs the same
 * nets on the same adapter.
 */
export interface GpuSubject {
  readonly packageName: string;
  readonly environment: string;
  ops?(): Promise<{ readonly rows: readonly Row[]; readonly leaked: number }>;
  training?(steps: number): Promise<{
    readonly gradients: readonly Row[];
    readonly weights: readonly (Row & { readonly moved: number })[];
    readonly leaked: number;
  }>;
  equivalences?(): Promise<{ readonly rows: readonly Row[]; readonly leaked: number }>;
  layers?(every: number): Promise<{ readonly rows: readonly Row[]; readonly leaked: number }>;
  pools(): Promise<PoolReport>;
  statistics?(steps: number): Promise<MovedStatistics>;
}

/** Registers the tests that every GPU backend must pass. A session must be open when they run. */
export function testGpu(subject: GpuSubject): void {
  const { packageName, environment, ops, training, equivalences, layers, pools, statistics } = subject;
  if (ops) {
    it("agrees with cpu in every op and gradient that training needs, without leaks", async () => {
      const { rows, leaked } = await ops();
      writeTable(packageName, environment, rows);
      expect(rows.length).toBeGreaterThanOrEqual(157);
      expect(rows.filter(({ error }) => error === null || !(error <= 1e-3))).toEqual([]);
      expect(leaked).toBe(0);
    });
  }

  if (training) {
    it(`agrees with cpu in the gradients of whole nets and after ${TRAINED_STEPS} steps with each package, without leaks`, async () => {
      const { gradients, weights, leaked } = await training(TRAINED_STEPS);
      expect(gradients.filter(({ error }) => error === null || !(error <= 1e-4))).toEqual([]);
      expect(weights.filter(({ error }) => error === null || !(error <= 1e-4))).toEqual([]);
      expect(weights.filter(({ moved }) => !(moved > 5e-4 * TRAINED_STEPS))).toEqual([]);
      expect(leaked).toBe(0);
    });
  }

  if (equivalences) {
    it("gives equal weights with optimizers that are equal by definition, without leaks", async () => {
      const { rows, leaked } = await equivalences();
      expect(rows.length).toBeGreaterThanOrEqual(16);
      expect(rows.filter(({ error }) => error === null || !(error <= 1e-5))).toEqual([]);
      expect(leaked).toBe(0);
    });
  }

  if (layers) {
    it("trains every kind of layer as cpu trains it, without leaks", async () => {
      const { rows, leaked } = await layers(EVERY_ON_GPU);
      expect(rows.length).toBeGreaterThan(80 / EVERY_ON_GPU);
      expect(rows.filter(({ error }) => error === null || !(error <= 1e-4))).toEqual([]);
      expect(leaked).toBe(0);
    });
  }

  it("allocates at most 1.5 times the live bytes after twelve batch sizes and trim()", async () => {
    const { live, beforeTrim, afterTrim, freed } = await pools();
    expect(afterTrim).toBe(beforeTrim - freed);
    expect(afterTrim).toBeLessThanOrEqual(1.5 * live);
    // Otherwise the pool was empty before, and trim() has proved nothing.
    expect(beforeTrim).toBeGreaterThan(2 * live);
  });

  if (statistics) {
    it(`leaves no tensor after ${STEPS} steps and changes no bit of a frozen batch norm's statistics; stock changes all of them in one step`, async () => {
      expect(await statistics(STEPS)).toEqual({ patched: 0, stock: 2, of: 2, leaked: 0 });
    });
  }
}

/** Checks the rows of a lost device. `during` names methods that must be among the calls at which it was lost. */
export function expectSurvived(rows: readonly LossRow[], moments: number, during: readonly string[]): void {
  expect(rows).toHaveLength(moments);
  expect(new Set(rows.map(({ call }) => call)).size).toBe(moments);
  expect([...new Set(rows.map((row) => row.during))].sort()).toEqual([...during].sort());
  expect(rows.filter(({ killedIn }) => killedIn < 0)).toEqual([]);
  // The error comes within one step: from the step of the loss, or from the next one.
  expect(rows.filter(({ killedIn, thrownIn }) => thrownIn < killedIn || thrownIn > killedIn + 1)).toEqual([]);
  expect(rows.filter(({ error }) => !(error <= 1e-4))).toEqual([]);
  expect(rows.some(({ resumedFrom }) => resumedFrom > 0)).toBe(true);
}

/** Ends Chromium's GPU process in the middle of a run and checks the result. The page exports the parts of `crashing()`. */
export async function expectCrashSurvived(page: TestPage): Promise<void> {
  const done = page.call<Awaited<Crash["done"]>>("crash");
  await expect.poll(() => page.call("crashWaiting"), { timeout: 60_000 }).toBe(true);
  await page.killGpuProcess();
  await page.call("crashGoOn");
  const { thrownIn, resumedFrom, error } = await done;
  expect({ thrownIn, resumedFrom }).toEqual({ thrownIn: 3, resumedFrom: 3 });
  expect(error).toBeLessThanOrEqual(1e-4);
}
