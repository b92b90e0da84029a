import { formatNames, RecipeError } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import type { Assembly } from "../assembly/assembly.ts";
import { differences, type Identity } from "../resume/identity.ts";
import { fingerprint, fingerprintDigest } from "../../models/fingerprint.ts";
import { writtenWeights } from "../../models/weights.ts";
import type { Collective } from "../../parallel/collective.ts";
import { gatherTexts, knownToAll } from "../../parallel/together.ts";

/**
 * Checks that all ranks are about to do the same run.
 *
 * @throws RecipeError that names the ranks and each difference. No step was taken.
 */
export function assertSameRun(collective: Collective, assembly: Assembly, identity: Identity): void {
  const { epochs, maxSteps, checkpoint, statsEvery } = assembly.options;
  const { everySteps, resume } = checkpoint ?? {};
  const mine: Identity = {
    ...identity,
    ...{ epochs, maxSteps, statsEvery, checkpoints: checkpoint !== undefined, everySteps, resume },
    ranks: collective.size,
    wire: collective.wire ?? "float32",
    backend: tf.getBackend(),
    tfjs: tf.version_core,
  };
  const all = gatherTexts(collective, JSON.stringify(mine)).map((text) => JSON.parse(text) as Identity);
  const [first = mine, ...others] = all;
  const problems = others.flatMap((other, i) =>
    differences(first, other).map((line) => `rank ${i + 1} and rank 0, ${line.replace(": was ", ": rank 0 has ")}`),
  );
  if (problems.length === 0) return;
  throw knownToAll(
    new RecipeError(
      `The ranks would do different runs, in ${problems.length} place(s).`,
      `${problems.join("\n")}\nStart every rank with the same recipe, data, model and versions. No step was taken.`,
    ),
  );
}

/** Gives every rank the weights of rank 0: trained parameters and statistics. A new head may have been made at random. */
export async function shareWeights(collective: Collective, assembly: Assembly): Promise<void> {
  for (const { variable } of writtenWeights(assembly)) {
    const values = (await variable.data()).slice();
    collective.broadcast(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    if (collective.rank === 0) continue;
    const tensor = tf.tensor(values, variable.shape, variable.dtype);
    variable.assign(tensor);
    tensor.dispose();
  }
}

/**
 * Checks that all ranks have the same weights, bit for bit.
 *
 * @throws RecipeError that names the ranks that have other weights than rank 0.
 */
export async function assertSameWeights(collective: Collective, assembly: Assembly): Promise<void> {
  const print = fingerprintDigest(await fingerprint(writtenWeights(assembly)));
  const prints = gatherTexts(collective, `${assembly.optimizer.step} ${print}`);
  const others = prints.flatMap((other, rank) => (other === prints[0] ? [] : [`rank ${rank}`]));
  if (others.length === 0) return;
  throw knownToAll(
    new RecipeError(
      `After step ${assembly.optimizer.step}, ${formatNames(others)} had other weights than rank 0.`,
      "Do all ranks have the same processor, libraries and backend? Does a callback write weights by chance?",
    ),
  );
}
