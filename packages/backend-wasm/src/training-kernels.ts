import { assertOptions, BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { resultFixes } from "./stock-fixes/wrong-results.ts";
import { scalarKernels, scalarKernelsWithoutSimd } from "./stock-fixes/scalar-loops.ts";
import { fallbackKernels } from "./fallback/index.ts";
import { emptyReductions } from "./stock-fixes/empty-reductions.ts";
import { acceptIntegers, integerKernelNames } from "./stock-fixes/integer-inputs.ts";
import { nanFixes } from "./stock-fixes/keep-nan.ts";
import { highRankBroadcasts } from "./stock-fixes/high-rank-broadcast.ts";
import { einsumKernel } from "./gradients/einsum.ts";
import { dilatedFusedGradients } from "./gradients/fused-dilations.ts";
import { correctGradients, fusedGradients } from "./gradients/index.ts";
import { fusedConv2d } from "./kernels/conv-fused.ts";
import { windowFixes } from "./stock-fixes/window-size.ts";
import { identityKernel } from "./kernels/identity.ts";
import { fusedKernels, simdKernels } from "./kernels/index.ts";
import { guardMemory } from "./memory/guard.ts";
import { optimizerKernels } from "./kernels/optimizers/index.ts";
import { trainingKernelOptions } from "./options.ts";
import { replaceGradients } from "./tfjs-registry/gradients.ts";
import { once, type Registration, replaceKernels, together } from "./tfjs-registry/kernels.ts";
import type { WasmBackend } from "./heap/heap.ts";
import { asKernelFunc } from "./heap/simd-kernel.ts";
import { type SimdLevel, simdLevel } from "./simd/module.ts";

/** Options of {@link registerTrainingKernels}. */
export interface TrainingKernelOptions {
  /**
   * `simd`: own kernels. `composed`: the missing ones put together from stock kernels, slow; for engines without SIMD.
   * @default "auto": simd where the engine has it, else composed, with one warning.
   */
  readonly kernels?: "auto" | "simd" | "composed";
}

let warned = false;

/**
 * Registers the training kernels that stock wasm lacks, gets wrong or computes slowly, without the adapter: for an app
 * that sets up tfjs's wasm backend itself. Call it once the backend is ready.
 *
 * @returns `dispose()` puts the stock kernels back.
 * @throws OptionsError for a wrong option.
 * @throws BackendError where the current backend is not a wasm that runs, or where `kernels` is "simd" and the engine has
 *   no SIMD. Where it throws, nothing is registered.
 */
export function registerTrainingKernels(options: TrainingKernelOptions = {}): Registration {
  assertOptions("registerTrainingKernels", trainingKernelOptions, options);
  const { kernels = "auto" } = options;
  const level = kernels === "composed" ? "none" : simdLevel();
  if (level === "none" && kernels === "simd") {
    throw new BackendError(
      "This engine has no WebAssembly SIMD.",
      'Leave `kernels` at "auto" for the slow, composed kernels.',
    );
  }
  const backend = runningBackend();
  if (level === "none" && kernels === "auto" && !warned) {
    warned = true;
    console.warn(
      "@graftjs/backend-wasm: this engine has no WebAssembly SIMD; training runs on composed kernels, many times slower.",
    );
  }
  // Opened twice, the kernels are registered once and go with the last who asked for them, in whatever order they leave.
  const open = registered.at(-1);
  const mine = open?.level === level && open.backend === backend ? open : register(level, backend);
  mine.users++;
  return once(() => {
    mine.users--;
    while (registered.at(-1)?.users === 0) registered.pop()?.registration.dispose();
  });
}

interface Registered {
  readonly level: SimdLevel;
  readonly backend: unknown;
  readonly registration: Registration;
  users: number;
}

/** @throws BackendError where wasm is not what runs: kernels and the guard of its memory would stand before nothing. */
function runningBackend(): WasmBackend {
  const current = tf.getBackend();
  const backend = current === "wasm" ? (tf.backend() as WasmBackend) : undefined;
  // A backend that was disposed has let go of its heap.
  if (backend?.wasm) return backend;
  throw new BackendError(
    `registerTrainingKernels: the current backend is ${current ? `"${current}"` : "none"}${backend ? ", and was disposed" : ""}.`,
    'Start wasm first: `await tf.setBackend("wasm")`, or let `wasmBackend().init()` do both.',
  );
}

/** What stands in tfjs's registry, which is one for all, on top of one another. */
const registered: Registered[] = [];

function register(level: SimdLevel, backend: WasmBackend): Registered {
  const registration = together([
    () => replaceKernels(kernelTable(level)),
    () => replaceGradients(level === "none" ? correctGradients : [...correctGradients, ...fusedGradients]),
    dilatedFusedGradients,
    () => guardMemory(backend),
  ]);
  const entry = { level, backend, registration, users: 0 };
  registered.push(entry);
  return entry;
}

/** Names of the kernels that {@link registerTrainingKernels} would register on this engine. */
export function trainingKernelNames(): readonly string[] {
  return Object.keys(kernelTable(simdLevel()));
}

/** A kernel that stands in front of the stock one. */
const stockOf = (name: string): tf.KernelFunc | undefined => tf.getKernel(name, "wasm")?.kernelFunc;

function kernelTable(level: SimdLevel): { readonly [name: string]: tf.KernelFunc } {
  const guards = Object.entries({ ...emptyReductions, ...highRankBroadcasts, ...windowFixes, ...resultFixes }).flatMap(
    ([name, guard]) => {
      const stock = stockOf(name);
      return stock ? [[name, guard(stock)] as const] : [];
    },
  );
  const guarded: { [name: string]: tf.KernelFunc } = { ...Object.fromEntries(guards), ...scalarKernels };
  if (level === "none") {
    Object.assign(guarded, fallbackKernels, scalarKernelsWithoutSimd);
    for (const [name, guard] of Object.entries(nanFixes)) guarded[name] = guard(guarded[name] as tf.KernelFunc);
  }
  const integers = integerKernelNames.map(
    (name) => [name, acceptIntegers(name, guarded[name] ?? stockOf(name))] as const,
  );
  const always: { readonly [name: string]: tf.KernelFunc } = {
    ...guarded,
    ...Object.fromEntries(integers),
    Einsum: einsumKernel,
    Identity: identityKernel,
  };
  if (level === "none") return always;
  const simd = Object.entries({ ...simdKernels, ...fusedKernels });
  return {
    ...always,
    ...Object.fromEntries(
      simd.map(([name, kernel]) => [name, asKernelFunc(name, kernel, always[name] ?? stockOf(name))]),
    ),
    ...optimizerKernels,
    GraftConv2D: fusedConv2d,
  };
}
