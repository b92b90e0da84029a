import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { compareGradients, type GradientCheck, gradientValues } from "./gradient-check.ts";

/** What is known of one backend. Plain data: `graft doctor --json` prints it as it is. */
export interface Diagnosis {
  readonly name: string;
  readonly device: "cpu" | "gpu";
  /** Installed, started, and every gradient right. */
  readonly ok: boolean;
  /** Why not, in one line. */
  readonly reason?: string;
  /** The command or change that mends it. */
  readonly fix?: string;
  /** What it is, where it says so. */
  readonly description?: string;
  /** Kernels that training needs and it lacks. */
  readonly missingKernels: readonly string[];
  /** Ten gradients against the reference; empty where it did not start. */
  readonly gradients: readonly GradientCheck[];
  /** Milliseconds of one product of 256×256 matrices, read back: the best of five. */
  readonly matMulMs?: number;
}

/**
 * Looks at every backend: installed or not and why, the command that fixes it, missing kernels, a self-check of ten
 * gradients against the plain JavaScript backend, one small timing. Never throws; the backend that was current is current
 * again afterwards. The app imports `@tensorflow/tfjs-layers` (gradients) and `@tensorflow/tfjs-backend-cpu` (reference).
 */
export async function diagnose(adapters: readonly BackendAdapter[]): Promise<readonly Diagnosis[]> {
  const before = tf.engine().backendName;
  const reference = await referenceValues();
  const found: Diagnosis[] = [];
  for (const adapter of adapters) found.push(await look(adapter, reference));
  if (before && tf.findBackendFactory(before) !== null) await tf.setBackend(before);
  return found;
}

type Values = Awaited<ReturnType<typeof gradientValues>>;

async function look(adapter: BackendAdapter, reference: Values | string): Promise<Diagnosis> {
  const { name, device } = adapter;
  const nothing = { name, device, ok: false, missingKernels: [], gradients: [] };
  const probe = await adapter.availability();
  if (!probe.ok) return { ...nothing, reason: probe.reason, ...(probe.fix ? { fix: probe.fix } : {}) };
  try {
    const session = await adapter.init();
    try {
      const { missingKernels, description } = session.capabilities;
      const gradients = typeof reference === "string" ? [] : compareGradients(await gradientValues(), reference);
      const wrong = gradients.filter(({ ok }) => !ok).map(({ op, reason }) => `${op} (${reason})`);
      const problem =
        typeof reference === "string"
          ? reference
          : missingKernels.length > 0
            ? `cannot train, lacks ${missingKernels.join(", ")}`
            : wrong.length > 0
              ? `wrong gradients: ${wrong.join(", ")}`
              : undefined;
      return {
        name,
        device,
        ok: problem === undefined,
        missingKernels,
        gradients,
        matMulMs: await matMulMs(),
        ...(problem ? { reason: problem } : {}),
        ...(description ? { description } : {}),
      };
    } finally {
      await session.dispose();
    }
  } catch (cause) {
    const hint = cause instanceof Error && "hint" in cause ? { fix: String(cause.hint) } : {};
    return { ...nothing, reason: messageOf(cause).split("\n")[0] as string, ...hint };
  }
}

/** The ten gradients of the plain JavaScript backend, or why there are none. */
async function referenceValues(): Promise<Values | string> {
  if (!tf.getGradient("Sum")) return "no gradients are registered: import @tensorflow/tfjs-layers";
  if (tf.findBackendFactory("cpu") === null) return "nothing to compare with: import @tensorflow/tfjs-backend-cpu";
  await tf.setBackend("cpu");
  return gradientValues();
}

async function matMulMs(): Promise<number> {
  const a = tf.randomUniform<tf.Rank.R2>([256, 256]);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    const product = tf.matMul(a, a);
    await product.data();
    best = Math.min(best, performance.now() - began);
    product.dispose();
  }
  a.dispose();
  return Math.round(best * 100) / 100;
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
