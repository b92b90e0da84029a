import { composedKernels } from "./composed/index.ts";
import { type Registration, replaceKernels } from "./registry/kernels.ts";

/** Stock wasm has this kernel, slow but right, so composing it gains nothing. It stays in the table as an oracle. */
const STOCK_IS_RIGHT = "Conv2DBackpropInput";

const missing = Object.fromEntries(Object.entries(composedKernels).filter(([name]) => name !== STOCK_IS_RIGHT));

/** Names of the kernels that {@link registerTrainingKernels} registers. */
export const trainingKernelNames: readonly string[] = Object.keys(missing);

/**
 * Registers the training kernels that stock wasm lacks or gets wrong, without the adapter: for an app that sets up
 * tfjs's wasm backend itself. Call it once the backend is ready.
 *
 * @returns `dispose()` puts the stock kernels back.
 */
export function registerTrainingKernels(): Registration {
  return replaceKernels(missing);
}
