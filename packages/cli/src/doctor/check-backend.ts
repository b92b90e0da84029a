// The reference backend of the gradients, and the gradients themselves.
import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-layers";
import type { BackendAdapter } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Finding } from "./doctor-check.ts";
import { compareGradients, type GradientCheck, gradientValues } from "./gradient-check.ts";

/** The finding about a backend. */
export interface BackendFinding extends Finding {
  readonly device: "cpu" | "gpu";
  /** Kernels that training needs and the backend lacks. */
  readonly missingKernels: readonly string[];
  /** Ten gradients, compared with tfjs's cpu backend. Empty if the backend did not start. */
  readonly gradients: readonly GradientCheck[];
  /** Milliseconds for the product of two 256×256 matrices, including reading the result: the best of five. */
  readonly matMulMs?: number;
}

/**
 * Starts a backend, and checks its kernels, ten gradients and its speed. The backend that was current before is current
 * again afterwards.
 *
 * @throws the adapter's error if the backend does not start
 */
export async function checkBackend(adapter: BackendAdapter): Promise<BackendFinding> {
  const previous = tf.engine().backendName;
  tf.env().set("PROD", true);
  try {
    return await check(adapter);
  } finally {
    if (previous && tf.findBackendFactory(previous) !== null) await tf.setBackend(previous);
  }
}

async function check(adapter: BackendAdapter): Promise<BackendFinding> {
  const { device } = adapter;
  const availability = await adapter.availability();
  if (!availability.ok) {
    const { reason, fix } = availability;
    return { ok: false, device, reason, ...(fix ? { fix } : {}), missingKernels: [], gradients: [] };
  }
  await tf.setBackend("cpu");
  const reference = await gradientValues();
  const session = await adapter.init();
  try {
    const { missingKernels, description } = session.capabilities;
    const gradients = compareGradients(await gradientValues(), reference);
    const wrong = gradients.filter(({ ok }) => !ok).map(({ op, reason }) => `${op} (${reason})`);
    const matMulMs = await timeMatMul();
    const reason =
      missingKernels.length > 0
        ? `cannot train, lacks ${missingKernels.join(", ")}`
        : wrong.length > 0
          ? `wrong gradients: ${wrong.join(", ")}`
          : undefined;
    const facts = [
      ...(description ? [description] : []),
      `${gradients.length - wrong.length} of ${gradients.length} gradients correct`,
      `256×256 matMul ${matMulMs} ms`,
    ];
    return {
      ok: reason === undefined,
      device,
      description: facts.join(", "),
      ...(reason ? { reason } : {}),
      ...{ missingKernels, gradients, matMulMs },
    };
  } finally {
    await session.dispose();
  }
}

async function timeMatMul(): Promise<number> {
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
