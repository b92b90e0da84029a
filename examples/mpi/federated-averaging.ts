import type { Callback, CallbackRun } from "@graftjs/core";
import type { Collective } from "@graftjs/mpi";

/**
 * Makes a callback for federated averaging (McMahan et al. 2017): each rank trains on data that only it has, and after each epoch all ranks
 * take the mean of their weights. A rank counts as often as it has examples. Examples never leave their rank.
 *
 * It is a plugin that needs only the interfaces `Callback` and `Collective`. Do not give the collective to `fineTune` too, because then the
 * ranks would average gradients.
 *
 * @param examples number of this rank's examples
 */
export function federatedAveraging(collective: Collective, examples: number): Callback {
  let run: CallbackRun;
  return {
    name: "federated-averaging",
    async runStart(started) {
      run = started;
      // All begin with the weights of rank 0.
      await average(run, collective, collective.rank === 0 ? 1 : 0);
    },
    // At the end of each epoch, so that the validation measures the mean.
    beforeValidation: () => average(run, collective, examples),
  };
}

/** Replaces the weights by their weighted mean over all ranks, in one sum. */
async function average(run: CallbackRun, collective: Collective, weight: number): Promise<void> {
  const weights = await run.readWeights();
  const all = new Float32Array([...weights.values()].reduce((sum, { length }) => sum + length, 1));
  all[0] = weight;
  let at = 1;
  for (const values of weights.values())
    for (const value of values) {
      all[at] = value * weight;
      at++;
    }
  collective.sum(all);
  const total = all[0];
  at = 1;
  const means = [...weights].map(([name, { length }]) => {
    const mean = all.slice(at, at + length).map((value) => value / total);
    at += length;
    return [name, mean] as const;
  });
  run.writeWeights(new Map(means));
}
