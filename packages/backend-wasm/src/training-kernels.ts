import * as tf from "@tensorflow/tfjs-core";
import { composedKernels } from "./composed/index.ts";
import { fusedKernels, simdKernels } from "./kernels/index.ts";
import { type Registration, replaceKernels } from "./registry/kernels.ts";
import { asKernelFunc } from "./simd/kernel.ts";
import { type SimdLevel, simdLevel } from "./simd/module.ts";

/** Options of {@link registerTrainingKernels}. */
export interface TrainingKernelOptions {
  /**
   * `simd`: own kernels. `composed`: the missing ones put together from stock kernels, slow; for engines without SIMD.
   * @default "auto": simd where the engine has it, else composed, with one warning.
   */
  readonly kernels?: "auto" | "simd" | "composed";
}

/** Stock wasm has this kernel, slow but right, so composing it gains nothing. It stays in the table as an oracle. */
const STOCK_IS_RIGHT = "Conv2DBackpropInput";

let warned = false;

/**
 * Registers the training kernels that stock wasm lacks, gets wrong or computes slowly, without the adapter: for an app
 * that sets up tfjs's wasm backend itself. Call it once the backend is ready.
 *
 * @returns `dispose()` puts the stock kernels back.
 * @throws Error where `kernels` is "simd" and the engine has no SIMD.
 */
export function registerTrainingKernels({ kernels = "auto" }: TrainingKernelOptions = {}): Registration {
  const level = kernels === "composed" ? "none" : simdLevel();
  if (level === "none" && kernels === "simd") {
    throw new Error('This engine has no WebAssembly SIMD. Leave `kernels` at "auto" for the slow, composed kernels.');
  }
  if (level === "none" && kernels === "auto" && !warned) {
    warned = true;
    console.warn(
      "@graftjs/backend-wasm: this engine has no WebAssembly SIMD; training runs on composed kernels, many times slower.",
    );
  }
  return replaceKernels(kernelTable(level));
}

/** Names of the kernels that {@link registerTrainingKernels} would register on this engine. */
export function trainingKernelNames(): readonly string[] {
  return Object.keys(kernelTable(simdLevel()));
}

function kernelTable(level: SimdLevel): { readonly [name: string]: tf.KernelFunc } {
  if (level === "none")
    return Object.fromEntries(Object.entries(composedKernels).filter(([name]) => name !== STOCK_IS_RIGHT));
  return Object.fromEntries(
    Object.entries({ ...simdKernels, ...fusedKernels }).map(([name, kernel]) => [
      name,
      asKernelFunc(name, kernel, tf.getKernel(name, "wasm")?.kernelFunc),
    ]),
  );
}
