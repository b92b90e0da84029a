import { testHook, testRule } from "@graftjs/testing";
import { type LarsDialect, type LarsMomentumOptions, lamb, lambc, lars, larsMomentum } from "../src/index.ts";

testHook(() => lars({ trustCoefficient: 0.1 }));
testHook(() => ({ ...lars({ dialect: "larc", weightDecay: 0.01, granularity: "layer" }), name: "lars, layer, LARC" }));

const named = (name: string, options: LarsMomentumOptions): void =>
  testRule(() => ({ ...larsMomentum({ trustCoefficient: 0.1, momentum: 0.9, ...options }), name }));

for (const dialect of [
  "paper",
  "torch",
  "larc",
  "optax",
  "tf-classic",
  "tf-popular",
] as const satisfies LarsDialect[]) {
  named(dialect, { dialect });
}
named("paper, Nesterov, layer", { nesterov: true, granularity: "layer" });

const overflow = {
  "is finite for gradients of 1e20": "Adam squares the gradient, which overflows float32; `maxGradNorm` prevents it",
};
testRule(() => lamb(), { expectedFailures: overflow });
testRule(() => ({ ...lamb({ maxGradNorm: 1 }), name: "lamb with maxGradNorm" }));
testRule(() => lambc(), { expectedFailures: overflow });
