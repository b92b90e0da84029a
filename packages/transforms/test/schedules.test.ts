import { rateAt, type Schedule } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import {
  constant,
  cosine,
  linear,
  oneCycle,
  plugins,
  polynomial,
  type SizedSchedule,
  sequence,
  warmup,
  warmupCosine,
} from "@graftjs/transforms";
import { describe, expect, it } from "vitest";
import oracle from "../../core/test/oracle.json" with { type: "json" };

const registry = createRegistry([plugins]);

for (const { name, options, values } of oracle.schedules) {
  it(`${name} ${JSON.stringify(options)} is optax's or torch's at 60 steps`, async () => {
    const schedule = await registry.create("schedule", { use: name, with: options });
    for (const [step, expected] of values.entries()) expect(schedule(step), `step ${step}`).toBeCloseTo(expected, 8);
  });
}

it("every schedule of this package has an oracle", () => {
  // The test below compares `sequence` with the joined schedules of optax.
  const named = registry.list("schedule").flatMap(({ name }) => (name === "sequence" ? [] : [name]));
  expect([...new Set(oracle.schedules.map(({ name }) => name))].sort()).toEqual(named.sort());
});

it("a warm-up joins any schedule, another warm-up too, and is a function of the step alone", () => {
  const schedule = warmup({
    steps: 10,
    schedule: warmup({ steps: 5, start: 0.2, schedule: cosine({ start: 1, steps: 20 }) }),
  });
  const rates = [0, 5, 10, 12, 15, 25, 35].map(schedule);
  expect(rates[0]).toBe(0);
  expect(rates[2]).toBeCloseTo(0.2);
  expect(rates[4]).toBeCloseTo(1);
  expect(rates[6]).toBeCloseTo(0);
  // Read in any order, as a resumed run does.
  expect([35, 25, 15, 12, 10, 5, 0].map(schedule).reverse()).toEqual(rates);
});

describe("schedules that span a run", () => {
  const part = (use: string, options: object, steps?: number) => ({ schedule: { use, with: options }, steps });

  it("join as optax's join_schedules does", async () => {
    const oracleOf = oracle.schedules.find(({ name, options }) => name === "warmup" && "start" in options);
    const rise = part("linear", { start: 0.05, end: 0.5, steps: 12 }, 12);
    for (const fall of [
      part("polynomial", { start: 0.5, end: 0.05, steps: 30 }, 30),
      part("polynomial", { start: 0.5, end: 0.05 }, 30),
    ]) {
      const schedule = await registry.create("schedule", { use: "sequence", with: { parts: [rise, fall] } });
      for (const [step, expected] of (oracleOf?.values ?? []).entries())
        expect(schedule(step)).toBeCloseTo(expected, 8);
    }
    const open = sequence({ parts: [{ schedule: 0.1, steps: 3 }, { schedule: cosine({ start: 1 }) }] });
    expect(open.steps).toBeUndefined();
    const [ten, alone] = [open.forSteps(10), cosine({ start: 1, steps: 7 })];
    expect([0, 2, 3, 5, 9].map(ten)).toEqual([0.1, 0.1, ...[0, 2, 6].map(alone)]);
  });

  it("take any length, and have no rate without one", () => {
    for (const [open, fixed] of [
      [cosine({ start: 1 }), cosine({ start: 1, steps: 9 })],
      [linear({ start: 1, end: 0 }), linear({ start: 1, end: 0, steps: 9 })],
      [polynomial({ start: 1 }), polynomial({ start: 1, steps: 9 })],
      [oneCycle({ peak: 1 }), oneCycle({ peak: 1, totalSteps: 9 })],
      [warmupCosine({ peak: 1, warmupSteps: 2 }), warmupCosine({ peak: 1, warmupSteps: 2, totalSteps: 9 })],
      [
        warmup({ steps: 2, schedule: cosine({ start: 1 }) }),
        warmup({ steps: 2, schedule: cosine({ start: 1, steps: 7 }) }),
      ],
    ] as unknown as readonly (readonly [SizedSchedule, SizedSchedule])[]) {
      expect([open.steps, fixed.steps]).toEqual([undefined, 9]);
      const steps = [0, 1, 4, 8, 9, 20];
      expect(steps.map(open.forSteps(9))).toEqual(steps.map(fixed));
      expect(() => open(0)).toThrow(/has no length.*\s.*number of steps/);
    }
  });

  it.each([
    [() => sequence({ parts: [] }), /0 parts/],
    [() => sequence({ parts: [{ schedule: 1 }, { schedule: 2 }] }), /2 of them without `steps`/],
    [
      () => sequence({ parts: [{ schedule: 1, steps: 9 }, { schedule: 2 }] }).forSteps(9),
      /take 9 steps, and the run has 9/,
    ],
    [() => sequence({ parts: [{ schedule: cosine({ start: 1, steps: 4 }), steps: 5 }] }), /has 4 steps.* has 5/],
  ])("refuse parts that do not fit", (make, message) => expect(make).toThrow(message));
});

it("identities: a linear schedule of equal ends is constant, a rate is a schedule", () => {
  const flat: Schedule = linear({ start: 0.3, end: 0.3, steps: 9 });
  for (const step of [0, 4, 9, 100]) {
    expect(flat(step)).toBeCloseTo(constant({ value: 0.3 })(step), 12);
    expect(rateAt(0.3, step)).toBe(0.3);
  }
});
