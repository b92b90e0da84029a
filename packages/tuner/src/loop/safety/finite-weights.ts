import { formatNames, NonFiniteError } from "@graftjs/core";
import type * as tf from "@tensorflow/tfjs-core";
import { writtenWeights } from "../../models/weights.ts";
import type { Assembly } from "../assembly/assembly.ts";
import { notFiniteInOneRead } from "./finite.ts";

/**
 * Checks the trained parameters and the moving statistics, with one read. Run it before an epoch's result is used, and at the end.
 *
 * @throws NonFiniteError that names them if a value is infinite or NaN.
 */
export async function assertFiniteWeights(assembly: Assembly, when: string): Promise<void> {
  const written = writtenWeights(assembly).filter(({ variable }) => variable.dtype === "float32");
  const values = Object.fromEntries(written.map(({ name, variable }) => [name, variable as tf.Tensor]));
  const wrong = await notFiniteInOneRead(values);
  if (wrong.length === 0) return;
  throw new NonFiniteError(
    `${formatNames(wrong)} ${wrong.length === 1 ? "is" : "are"} infinite or NaN ${when}.`,
    "Each step was finite when it was taken. Does a layer, a callback or a fused kernel write these values? Continue from a checkpoint.",
  );
}
