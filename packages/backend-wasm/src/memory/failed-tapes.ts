import type { Registration } from "@graftjs/backend";
import * as tf from "@tensorflow/tfjs-core";
import { once } from "../tfjs-registry/registration.ts";

type Gradients = ReturnType<typeof tf.engine>["gradients"];
interface TapedEngine {
  gradients: Gradients;
  readonly state: { gradientDepth: number; activeTape: { readonly saved?: readonly tf.Tensor[] }[] | null };
}

/** Frees the tensors that the tape has saved if a step throws. Stock tfjs drops such a tape, and its tensors are never freed. */
export function freeFailedTapes(): Registration {
  const engine = tf.engine() as unknown as TapedEngine;
  const stock = engine.gradients;
  const own = Object.hasOwn(engine, "gradients");
  const freeing = ((...args: Parameters<Gradients>) => {
    try {
      return stock.apply(engine as never, args);
    } catch (error) {
      if (engine.state.gradientDepth === 0) {
        tf.dispose((engine.state.activeTape ?? []).flatMap(({ saved }) => [...(saved ?? [])]));
        engine.state.activeTape = null;
      }
      throw error;
    }
  }) as Gradients;
  engine.gradients = freeing;
  return once(() => {
    if (engine.gradients !== freeing) return;
    if (own) engine.gradients = stock;
    else delete (engine as { gradients?: Gradients }).gradients;
  });
}
