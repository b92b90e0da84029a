import type { CallbackRun } from "@graftjs/core";
import { readWeights, writeWeights, writtenWeights } from "../../models/weights.ts";
import type { Assembly } from "../assembly/assembly.ts";

/** Makes the part of a run that one callback may use. */
export function callbackRun(assembly: Assembly, calls: Pick<CallbackRun, "scaleRate" | "warn">): CallbackRun {
  const written = writtenWeights(assembly);
  return {
    params: assembly.params,
    optimizer: assembly.optimizer,
    validates: assembly.validation !== undefined,
    readWeights: () => readWeights(written),
    writeWeights: (values) => writeWeights(written, values),
    ...calls,
  };
}
