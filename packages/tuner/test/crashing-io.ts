import type { FileIo } from "../src/files/io.ts";

/** The simulated machine has crashed. */
export class Crash extends Error {}

/**
 * Simulates a disk that can lose power. Contents of a file are safe after a flush, and its name is safe after a flush of the folder.
 * `arm` selects the call that crashes, and `how` says whether it happens half, not at all, or completely before the crash. After the
 * crash, all calls fail until `reboot`.
 */
export function crashingDisk(): {
  io: FileIo;
  arm(call: number, how: "before" | "half" | "after"): void;
  /** Restarts the machine. If `lucky`, everything that was pending reached the disk. */
  reboot(lucky: boolean): void;
  readonly calls: number;
  readonly names: readonly string[];
} {
  let durable = new Map<string, Uint8Array>();
  let pending = new Map<string, Uint8Array>();
  let calls = 0;
  let crash: { call: number; how: "before" | "half" | "after" } | undefined;
  let down = false;
  const powered = <T>(act: () => T): T => {
    if (down) throw new Crash();
    return act();
  };
  const step = async (act: () => void, half: () => void = () => {}): Promise<void> => {
    powered(() => {});
    const how = crash && calls === crash.call ? crash.how : undefined;
    calls++;
    down = how !== undefined;
    if (how === "before") throw new Crash();
    if (how === "half") {
      half();
      throw new Crash();
    }
    act();
    if (how === "after") throw new Crash();
  };
  const io: FileIo = {
    writeFlushed: (path, bytes) =>
      step(
        () => void pending.set(path, bytes.slice()),
        () => void pending.set(path, bytes.slice(0, bytes.length >> 1)),
      ),
    append: (path, bytes) =>
      step(() => void pending.set(path, Uint8Array.from([...(pending.get(path) ?? []), ...bytes]))),
    rename: (from, to) =>
      step(() => {
        pending.set(to, pending.get(from) as Uint8Array);
        pending.delete(from);
      }),
    flushFolder: () =>
      step(() => {
        durable = new Map(pending);
      }),
    remove: (path) => step(() => void pending.delete(path)),
    makeFolder: () => step(() => {}),
    read: async (path) => powered(() => pending.get(path)?.slice()),
    list: async (path) =>
      powered(() =>
        [...pending.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1)),
      ),
  };
  return {
    io,
    arm(call, how) {
      crash = { call: calls + call, how };
    },
    reboot(lucky) {
      crash = undefined;
      down = false;
      if (lucky) durable = new Map(pending);
      else pending = new Map(durable);
    },
    get calls() {
      return calls;
    },
    get names() {
      return [...pending.keys()];
    },
  };
}
