import { type BackendAdapter, BackendError, type BackendSession } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";

/**
 * The job of a backend. `"training"` asks for every kernel that the gradients of tfjs may call. A list of kernels asks for
 * exactly these: for the kernels of one model, see `recordKernels`.
 */
export type BackendNeed = "inference" | "training" | { readonly kernels: readonly string[] };

/**
 * Opens the first of `adapters` that can do the job. The session's `passedOver` says why earlier adapters could not.
 *
 * @param need the job. @default "training"
 * @throws BackendError with the reason for each adapter.
 */
export async function openBackend(
  adapters: readonly BackendAdapter[],
  need: BackendNeed = "training",
): Promise<BackendSession> {
  const rejected: string[] = [];
  for (const adapter of adapters) {
    const found = await adapter.availability();
    if (!found.ok) {
      rejected.push(`${adapter.name}: ${found.reason}${found.fix ? ` (${found.fix})` : ""}`);
    } else if (need === "training" && found.capabilities.missingKernels.length > 0) {
      rejected.push(`${adapter.name}: cannot train, lacks ${found.capabilities.missingKernels.join(", ")}`);
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

/** Returns those of `kernels` that the current backend lacks. An adapter registers its own kernels when it is opened. */
function missingOf(kernels: readonly string[]): readonly string[] {
  const present = new Set(tf.getKernelsForBackend(tf.getBackend()).map(({ kernelName }) => kernelName));
  return kernels.filter((name) => !present.has(name));
}
