/** Event of a port. Messages have `data`; errors of a Worker have `message`. */
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
  /** Starts a MessagePort, which delivers no messages before that. */
  start?(): void;
}

/**
 * Calls `listener` with every message of a port. Supports the interfaces of browsers and of Node.
 *
 * @param lost called with the reason if no more messages will come: the worker threw outside a run or ended, or the port was closed.
 * @returns a function that removes the listeners.
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
