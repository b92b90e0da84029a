import { type Registration, replaceKernels } from "@graftjs/backend";
import { BackendError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { dilatedFusedGradients } from "./gradients/fused-dilations.ts";
import { correctGradients, fusedGradients } from "./gradients/index.ts";
import { kernelTable } from "./kernel-table.ts";
import { guardMemory } from "./memory/guard.ts";
import { type TrainingKernelOptions, trainingKernelOptions } from "./options.ts";
import { type SimdLevel, simdLevel } from "./simd/module.ts";
import type { WasmBackend } from "./stock-backend/wasm-backend.ts";
import { replaceGradients } from "./tfjs-registry/gradients.ts";
import { once, together } from "./tfjs-registry/registration.ts";

let warned = false;

/**
 * Registers the training kernels that stock wasm lacks, computes wrongly or computes slowly. Use it without the adapter in an
 * app that sets up tfjs's wasm backend itself. Call it once the backend is ready.
 *
 * @returns `dispose()` puts the stock kernels back.
 * @throws OptionsError for a wrong option.
 * @throws BackendError if the current backend is not a running wasm backend, or if `kernels` is "simd" and the engine has no
 *   SIMD. Nothing is registered then.
 */
export function registerTrainingKernels(options: TrainingKernelOptions = {}): Registration {
  const { kernels = "auto" } = trainingKernelOptions.parse("registerTrainingKernels", options);
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
  // Equal calls share one registration. It ends with its last user, in whatever order they end.
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

/** Returns the running wasm backend. @throws BackendError if there is none, because the kernels and the guard need its heap. */
function runningBackend(): WasmBackend {
  const current = tf.getBackend();
  const backend = current === "wasm" ? (tf.backend() as WasmBackend) : undefined;
  // A disposed backend has no `wasm`.
  if (backend?.wasm) return backend;
  throw new BackendError(
    `registerTrainingKernels: the current backend is ${current ? `"${current}"` : "none"}${backend ? ", and was disposed" : ""}.`,
    'Start wasm first: `await tf.setBackend("wasm")`, or let `wasmBackend().init()` do both.',
  );
}

/** The registrations in tfjs's global registry, the latest last. */
const registered: Registered[] = [];

function register(level: SimdLevel, backend: WasmBackend): Registered {
  const registration = together([
    () => replaceKernels("wasm", kernelTable(level)),
    () => replaceGradients(level === "none" ? correctGradients : [...correctGradients, ...fusedGradients]),
    dilatedFusedGradients,
    () => guardMemory(backend),
  ]);
  const entry = { level, backend, registration, users: 0 };
  registered.push(entry);
  return entry;
}
