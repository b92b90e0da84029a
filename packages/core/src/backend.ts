import * as tf from "@tensorflow/tfjs-core";
import { BackendError } from "./errors.ts";

/** What a backend can do, measured from tfjs's kernel registry rather than declared. */
export interface Capabilities {
  /** Kernels that training needs and this backend lacks. */
  readonly missingKernels: readonly string[];
  readonly floatBits: 16 | 32;
  /** Whether `dataSync` works. False on WebGPU. */
  readonly syncRead: boolean;
  /** One line for people: SIMD, threads, the device's name. */
  readonly description?: string;
}

/** The answer of a probe: usable, or why not and what to do. */
export type Probe =
  | { readonly ok: true; readonly capabilities: Capabilities }
  | { readonly ok: false; readonly reason: string; readonly fix?: string };

/** A backend that is current and ready. */
export interface BackendSession {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Backends that stood before this one in the list of `openBackend`, and why each could not do the job. */
  readonly passedOver?: readonly string[];
  /** Undoes what `init` did: stock kernels back, workers ended. */
  dispose(): Promise<void>;
}

/** One way to compute. */
export interface BackendAdapter {
  readonly name: string;
  readonly device: "cpu" | "gpu";
  /** Answers, never throws; leaves the current backend as it was. */
  probe(): Promise<Probe>;
  /** Makes the backend current. Throws a BackendError where `tf.setBackend` would only return false. */
  init(): Promise<BackendSession>;
}

/**
 * What a backend must be able to do: one of two, or run exactly these kernels. `"training"` asks for every kernel that the
 * gradients of tfjs may call; the kernels of the model at hand (see `recordKernels`) are fewer, or others.
 */
export type BackendNeed = "inference" | "training" | { readonly kernels: readonly string[] };

/**
 * Opens the first of `adapters` that can do the job.
 *
 * @param need what the backend must be able to do. @default "training"
 * The session's `passedOver` says why those before it could not.
 *
 * @throws BackendError that says for each adapter why it was passed over.
 */
export async function openBackend(
  adapters: readonly BackendAdapter[],
  need: BackendNeed = "training",
): Promise<BackendSession> {
  const rejected: string[] = [];
  for (const adapter of adapters) {
    const probe = await adapter.probe();
    if (!probe.ok) {
      rejected.push(`${adapter.name}: ${probe.reason}${probe.fix ? ` (${probe.fix})` : ""}`);
    } else if (need === "training" && probe.capabilities.missingKernels.length > 0) {
      rejected.push(`${adapter.name}: cannot train, lacks ${probe.capabilities.missingKernels.join(", ")}`);
    } else {
      try {
        const session = await adapter.init();
        const lacking = typeof need === "object" ? missingOf(need.kernels) : [];
        if (lacking.length === 0) {
          return rejected.length > 0 ? { ...session, dispose: () => session.dispose(), passedOver: rejected } : session;
        }
        await session.dispose();
        rejected.push(`${adapter.name}: cannot run this model, lacks ${lacking.join(", ")}`);
      } catch (cause) {
        rejected.push(`${adapter.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    }
  }
  const job = typeof need === "object" ? "run this model" : `do ${need}`;
  throw new BackendError(
    `None of ${adapters.length} backends can ${job}.`,
    rejected.join("\n") || "No adapter was given.",
  );
}

/** Those of `kernels` that the current backend has not registered. An adapter registers its own when it is opened. */
function missingOf(kernels: readonly string[]): readonly string[] {
  const present = new Set(tf.getKernelsForBackend(tf.getBackend()).map(({ kernelName }) => kernelName));
  return kernels.filter((name) => !present.has(name));
}
