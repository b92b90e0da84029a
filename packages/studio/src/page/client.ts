import { type Answer, type Argument, type Call, type CommandName, type Message, StudioError } from "../protocol.ts";
import type { StudioState } from "../protocol.ts";

/** The page's end of the connection to the Worker. */
export interface StudioClient {
  /** Runs a command in the Worker. @throws StudioError with a code that the page can explain */
  call<K extends CommandName>(
    command: K,
    ...argument: Argument<K> extends undefined ? [] : [argument: Argument<K>]
  ): Promise<Answer<K>>;
  /** Ends the Worker. Stored work stays. */
  close(): void;
}

/**
 * Connects to a Worker that runs `serveStudio`.
 *
 * @param onState gets the whole state after each change
 * @param onLost is called if the Worker fails as a whole
 */
export function connectStudio(
  worker: Worker,
  onState: (state: StudioState) => void,
  onLost: (error: Error) => void,
): StudioClient {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let last = 0;
  worker.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type === "state") return onState(data.state);
    const call = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.type === "answer") call?.resolve(data.value);
    else call?.reject(new StudioError(data.code, data.message));
  };
  worker.onerror = (event) => {
    const error = new StudioError("unknown", event.message || "The Worker could not start.");
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    onLost(error);
  };
  return {
    call<K extends CommandName>(command: K, ...[argument]: unknown[]) {
      const id = ++last;
      return new Promise<Answer<K>>((resolve, reject) => {
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
        worker.postMessage({ id, command, argument } satisfies Call, framesIn(argument));
      });
    },
    close: () => worker.terminate(),
  };
}

/** Frames are handed over instead of copied. */
function framesIn(argument: unknown): ImageBitmap[] {
  const parts = typeof argument === "object" && argument !== null ? [argument, ...Object.values(argument)] : [];
  return parts.filter((part) => part instanceof ImageBitmap);
}
