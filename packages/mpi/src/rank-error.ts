import { GraftError } from "@graftjs/core";

/** Another rank failed or did not arrive in time, so this rank cannot continue. */
export class RankError extends GraftError {}

/** @param message the failed rank's message, with its number. */
export function failedRank(message: string): RankError {
  return new RankError(
    `The run ends because another rank failed. ${message}`,
    "Fix that rank's problem and start all ranks again.",
  );
}

/** @param seconds the time limit that has passed. */
export function lateRank(rank: number, seconds: number): RankError {
  return new RankError(
    `Rank ${rank} waited ${seconds} s for the other ranks. At least one of them hangs, or is too slow.`,
    "If the ranks only need more time, raise `timeoutSeconds` (GRAFT_TIMEOUT_SECONDS for `graft run`).",
  );
}
