import "@tensorflow/tfjs-backend-cpu";
import { HookedOptimizer, masked, OptionsError, StateError, sgd } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, expect, it } from "vitest";
import { lars, larsMomentum, larsReport, trustStates } from "../src/index.ts";
import { dispose, gradients, net, norm } from "./sample.ts";

beforeEach(() => tf.setBackend("cpu"));

it("has ‖w‖, ‖g‖, ratio and effective rate of the last step per adapted parameter", async () => {
  const params = net();
  const w = norm(params[0]?.variable.dataSync() ?? []);
  const rule = larsMomentum({ weightDecay: 0, trustCoefficient: 0.1 });
  const optimizer = new HookedOptimizer({
    params,
    rule,
    learningRate: (step) => (step === 0 ? 0.5 : 99),
    rateMultipliers: [{ params: "conv", factor: 0.1 }],
  });
  const grads = gradients(params, 0);
  const g = norm((grads["conv/kernel"] as tf.Tensor).dataSync());
  optimizer.applyNamed(grads);
  tf.dispose(grads);
  const before = tf.memory().numTensors;
  const report = await larsReport(optimizer);
  expect(tf.memory().numTensors).toBe(before);
  expect(report.rows.map(({ name }) => name)).toEqual(["conv/kernel", "head/kernel"]);
  expect([report.step, report.others]).toEqual([1, 3]);
  const [row] = report.rows;
  expect(row?.weightNorm).toBeCloseTo(w, 4);
  expect(row?.gradNorm).toBeCloseTo(g, 4);
  expect(row?.ratio).toBeCloseTo((0.1 * w) / g, 5);
  expect(row?.rate).toBeCloseTo((0.05 * 0.1 * w) / g, 6);
  expect(row?.change).toBeCloseTo(0.05 * 0.1, 6); // LARS changes a parameter by γη of its norm
  expect(row?.mark).toBeUndefined();
  optimizer.dispose();
  dispose(params);
});

it("marks stuck and exploding parameters, and draws both as a chart", async () => {
  const params = net(["head/kernel"]);
  const rule = larsMomentum({ weightDecay: 0, momentum: 0, zeroNorm: "one" });
  const optimizer = new HookedOptimizer({ params, rule, learningRate: 10 });
  tf.tidy(() => {
    const grads = gradients(params, 0);
    optimizer.applyNamed({ ...grads, "conv/kernel": tf.zerosLike(grads["conv/kernel"] as tf.Tensor) });
  });
  const report = await larsReport(optimizer);
  expect(report.rows.map(({ name, mark }) => [name, mark])).toEqual([
    ["conv/kernel", "stuck"],
    ["head/kernel", "exploding"], // zero weights, ratio 1, rate 10
  ]);
  const [caption, heads, stuck, exploding] = report.toString().split("\n");
  expect(caption).toBe("step 1: 2 scaled, 3 not; 1 stuck, 1 exploding");
  expect(heads).toMatch(/^parameter +‖w‖ +‖g‖ +ratio +rate +change/);
  expect(stuck).toMatch(/^conv\/kernel .* stuck$/);
  expect(exploding).toMatch(/^head\/kernel .*█+ exploding$/);
  const svg = report.toSVG();
  expect(svg).toMatch(/^<svg xmlns=.*<\/svg>$/);
  expect(svg.match(/<rect /g)?.length).toBe(2);
  expect(svg).toContain('fill="#c0392b"');
  const quiet = await larsReport(optimizer, { stuckBelow: 0, explodingAbove: 1e9 });
  expect(quiet.rows.every(({ mark }) => mark === undefined)).toBe(true);
  optimizer.dispose();
  dispose(params);
});

it("escapes parameter names in the SVG", async () => {
  const [first, ...rest] = net();
  const params = [{ ...first, name: 'a<script>"&/kernel' } as NonNullable<typeof first>, ...rest];
  const optimizer = new HookedOptimizer({ params, rule: larsMomentum(), learningRate: 1 });
  tf.tidy(() => optimizer.applyNamed(gradients(params, 0)));
  expect((await larsReport(optimizer)).toSVG()).toContain("a&lt;script>&quot;&amp;/kernel");
  optimizer.dispose();
  dispose(params);
});

it("finds hooks inside masks, and throws without ratios", async () => {
  const params = net();
  const hooks = [masked(lars(), "conv/kernel"), { ...masked(lars({ dialect: "larc" }), "head/kernel"), name: "larc" }];
  const optimizer = new HookedOptimizer({ params, hooks, rule: sgd(), learningRate: 1 });
  await expect(larsReport(optimizer)).rejects.toThrow(StateError);
  tf.tidy(() => optimizer.applyNamed(gradients(params, 0)));
  expect(trustStates(optimizer).map(({ names }) => names)).toEqual([["conv/kernel"], ["head/kernel"]]);
  expect((await larsReport(optimizer)).rows.length).toBe(2);
  await expect(larsReport(optimizer, { stuckBelow: 1, explodingAbove: 0 })).rejects.toThrow(OptionsError);
  optimizer.dispose();
  dispose(params);
});
