import type { RunControl } from "../../options/run-control.ts";
import type { Collective } from "../../parallel/collective.ts";
import { knownToAll } from "../../parallel/together.ts";

/** The decisions of all ranks about the end of a run. */
export interface Agreement {
  /** Aborted on every rank before the same step. */
  readonly signal: AbortSignal;
  /** Whether a rank was stopped, as far as the ranks have told each other. */
  readonly stopped: boolean;
  /** This rank's votes, for `count`: 1 if it was aborted, and 1 if it was stopped. */
  votes(): readonly [aborted: number, stopped: number];
  /** Takes note of the sums of all votes. */
  count(aborted: number, stopped: number): void;
  /** Asks all ranks. Later votes travel with the gradients. */
  ask(): void;
}

/** Makes one decision of the signals and controls of all ranks. */
export function agreement(
  collective: Collective,
  signal: AbortSignal | undefined,
  control: RunControl | undefined,
): Agreement {
  const controller = new AbortController();
  let stopped = false;
  const agreed: Agreement = {
    signal: controller.signal,
    get stopped() {
      return stopped;
    },
    votes: () => [signal?.aborted === true ? 1 : 0, control?.stopped === true ? 1 : 0],
    count(aborted, stops) {
      stopped ||= stops > 0;
      if (aborted === 0 || controller.signal.aborted) return;
      const reason: unknown = signal?.aborted ? signal.reason : new Error("The run was stopped on another rank.");
      controller.abort(typeof reason === "object" && reason !== null ? knownToAll(reason) : reason);
    },
    ask() {
      const votes = Float32Array.from(agreed.votes());
      collective.sum(votes);
      agreed.count(votes[0] as number, votes[1] as number);
    },
  };
  return agreed;
}
