import { type BackendAdapter, BackendLostError, type BackendSession } from "@graftjs/core";
import { type BackendNeed, openBackend } from "./open-backend.ts";

/**
 * Runs `run` on the first of `adapters` that can do the job. If the device is lost during the run, runs it again on the
 * next adapter.
 *
 * The tensors of a lost device are lost too: `run` builds model and optimizer itself each time, and continues from the
 * last checkpoint (`lost` is given from the second call on). The last session stays open; lost sessions are disposed.
 *
 * @param need the job of the backend. @default "training"
 * @throws BackendError if no backend can do the job; the BackendLostError if no adapter is left; errors of `run`.
 */
export async function runOnBackends<T>(
  adapters: readonly BackendAdapter[],
  run: (session: BackendSession, lost: BackendLostError | undefined) => Promise<T>,
  need: BackendNeed = "training",
): Promise<T> {
  let rest = adapters;
  let lost: BackendLostError | undefined;
  for (;;) {
    const session = await openBackend(rest, need);
    try {
      return await run(session, lost);
    } catch (error) {
      if (!(error instanceof BackendLostError)) throw error;
      await session.dispose();
      rest = rest.slice(rest.findIndex(({ name }) => name === session.name) + 1);
      if (rest.length === 0) throw error;
      lost = error;
    }
  }
}
