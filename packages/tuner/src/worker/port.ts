/** What a port's listeners get: a message has `data`, the error of a Worker `message`. */
export interface PortEvent {
  readonly type?: string;
  readonly data?: unknown;
  readonly message?: unknown;
}

/** One end of a channel: a Worker, `self` in one, a MessagePort, or `parentPort` and Worker of node:worker_threads. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  addEventListener?(type: string, listener: (event: PortEvent) => void): void;
  removeEventListener?(type: string, listener: (event: PortEvent) => void): void;
  on?(type: string, listener: (data: unknown) => void): unknown;
  off?(type: string, listener: (data: unknown) => void): unknown;
  /** A MessagePort keeps still until it is started. */
  start?(): void;
}

/**
 * Calls `listener` with every message, whichever of the two interfaces the port has.
 *
 * @param lost called with the reason when nothing more will come: the worker threw outside a run, ended, or the port was closed.
 * @returns what ends the listening.
 */
export function listen(
  port: WorkerPort,
  listener: (data: unknown) => void,
  lost?: (reason: string) => void,
): () => void {
  const heard: [type: string, listener: (event: unknown) => void][] = [
    ["message", port.on ? listener : (event) => listener((event as PortEvent).data)],
  ];
  if (lost) {
    const thrown = (error: unknown): void =>
      lost(String((error as PortEvent | undefined)?.message ?? "It could not be loaded."));
    heard.push(["error", thrown]);
    heard.push(["messageerror", () => lost("A message could not be read.")]);
    heard.push(["exit", (code) => lost(`It ended with exit code ${String(code)}.`)]);
    heard.push(["close", () => lost("The port was closed.")]);
  }
  for (const [type, act] of heard) {
    if (port.on) port.on(type, act);
    else port.addEventListener?.(type, act);
  }
  port.start?.();
  return () => {
    for (const [type, act] of heard) {
      if (port.off) port.off(type, act);
      else port.removeEventListener?.(type, act);
    }
  };
}
