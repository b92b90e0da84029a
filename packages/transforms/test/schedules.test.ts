import { rateAt, type Schedule } from "@graftjs/core";
import { createRegistry } from "@graftjs/registry";
import { constant, cosine, linear, plugins, warmup } from "@graftjs/transforms";
import { expect, it } from "vitest";
import oracle from "../../core/test/oracle.json" with { type: "json" };

const registry = createRegistry([plugins]);

for (const { name, options, values } of oracle.schedules) {
  it(`${name} ${JSON.stringify(options)} is optax's or torch's at 60 steps`, async () => {
    const schedule = await registry.create("schedule", { use: name, with: options });
    for (const [step, expected] of values.entries()) expect(schedule(step), `step ${step}`).toBeCloseTo(expected, 8);
  });
}

it("every schedule of this package has an oracle", () => {
  const named = registry.list("schedule").map(({ name }) => name);
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

it("identities: a linear schedule of equal ends is constant, a rate is a schedule", () => {
  const flat: Schedule = linear({ start: 0.3, end: 0.3, steps: 9 });
  for (const step of [0, 4, 9, 100]) {
    expect(flat(step)).toBeCloseTo(constant({ value: 0.3 })(step), 12);
    expect(rateAt(0.3, step)).toBe(0.3);
  }
});
