import { type BackendAdapter, type BackendNeed, type BackendSession, openBackend } from "./backend.ts";
import { BackendLostError } from "./errors.ts";

/**
 * Runs `run` on the first of `adapters` that can do the job, and anew on the next ones when a device is lost on the way.
 *
 * A lost device takes its tensors along: `run` builds model and optimizer itself each time, and goes on from the last
 * checkpoint (`lost` is given from the second time on). The session it ends with stays open; lost ones are disposed.
 *
 * @param need what the backend must be able to do. @default "training"
 * @throws BackendError where no backend can do it; the BackendLostError where none is left; what `run` throws.
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
