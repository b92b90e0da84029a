import type { BackendAdapter } from "@graftjs/core";
import { type Call, type Message, StudioError } from "./protocol.ts";
import { commandsOf } from "./worker/commands.ts";
import { openSession } from "./worker/open-session.ts";
import type { Session } from "./worker/session.ts";
import { stateOf } from "./worker/state.ts";

export interface ServeStudioOptions {
  /** Backends in order of preference. The first one that can train is used. */
  readonly backends: readonly BackendAdapter[];
}

/** The part of a Worker's global scope that the studio uses. */
export interface StudioPort {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
}

/** Serves a `<graft-studio>` from inside a Web Worker. Call it once, as the only statement of the Worker's module. */
export function serveStudio(
  { backends }: ServeStudioOptions,
  port: StudioPort = globalThis as unknown as StudioPort,
): void {
  const send = (message: Message): void => port.postMessage(message);
  let session: Session | undefined;
  let commands: ReturnType<typeof commandsOf> | undefined;
  let waiting = false;
  /** Many changes in a row are sent as one state. */
  const changed = (): void => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      if (session) send({ type: "state", state: stateOf(session) });
    }, 30);
  };
  const run = async ({ command, argument }: Call): Promise<unknown> => {
    if (command === "open") {
      session = await openSession(argument as never, backends, changed);
      commands = commandsOf(session);
      changed();
      return undefined;
    }
    if (!commands) throw new StudioError("unknown", "The project is not open yet.");
    return commands[command](argument as never);
  };
  port.onmessage = ({ data }) => {
    const call = data as Call;
    run(call).then(
      (value) => send({ type: "answer", id: call.id, value }),
      (error: unknown) => {
        const code = error instanceof StudioError ? error.code : "unknown";
        send({ type: "error", id: call.id, code, message: error instanceof Error ? error.message : String(error) });
      },
    );
  };
}
