/** One end of a channel: a Worker, `self` in one, a MessagePort, or `parentPort` and Worker of node:worker_threads. */
export interface WorkerPort {
  postMessage(message: unknown): void;
  addEventListener?(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  on?(type: "message", listener: (data: unknown) => void): unknown;
  /** A MessagePort keeps still until it is started. */
  start?(): void;
}

/** Calls `listener` with every message, whichever of the two interfaces the port has. */
export function listen(port: WorkerPort, listener: (data: unknown) => void): void {
  if (port.on) port.on("message", listener);
  else port.addEventListener?.("message", ({ data }) => listener(data));
  port.start?.();
}
