import { OptionsError } from "@graftjs/core";

type Fs = typeof import("node:fs/promises");

/** Name of a lock: process id, start of that process, number of the host, and a random part that is never used again. */
const LOCK = /^run-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{12}\.(claim|held)$/;
/** Milliseconds after which a run no longer waits for another one that starts at the same moment. */
const PATIENCE = 5000;

/**
 * Reserves a folder for one run, also against other processes of this machine. A process that has ended holds no lock: its files are
 * recognized by its process id and the time of its start, and removed.
 *
 * A run first writes a claim and then looks for others. So of two runs that start together, at least one sees the other. The claim whose
 * name comes first stays and waits until it is the only one; the other runs take theirs back and wait. A run that sees a held lock is
 * refused.
 *
 * @returns a function that releases the folder. Undefined if no lock can be written: then no checkpoint can be written either.
 * @throws OptionsError if another run holds the folder. Nothing is changed then.
 */
export async function lockFolder(folder: string): Promise<(() => Promise<void>) | undefined> {
  const specifier = "node:fs/promises";
  const fs = (await import(/* @vite-ignore */ specifier)) as Fs;
  const me = `${process.pid}-${(await stateOf(fs, process.pid)).start}-${await hostNumber()}`;
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const before = await livingLocks(fs, folder);
    refuseIfHeld(folder, before);
    if (before.length > 0) {
      await later(deadline, folder, before);
      continue;
    }
    const name = `run-${me}-${randomHex(12)}`;
    const claim = `${folder}/${name}.claim`;
    try {
      await fs.mkdir(folder, { recursive: true });
      await fs.writeFile(claim, "", { flag: "wx" });
    } catch {
      return undefined;
    }
    try {
      if (await isOnlyClaim(fs, folder, name, deadline)) {
        await fs.writeFile(`${folder}/${name}.held`, "", { flag: "wx" });
        return async () => {
          for (const kind of ["held", "claim"])
            await fs.rm(`${folder}/${name}.${kind}`, { force: true }).catch(() => {});
        };
      }
    } catch (error) {
      await fs.rm(claim, { force: true });
      throw error;
    }
    await fs.rm(claim, { force: true });
    await later(deadline, folder, [`${name}.claim`]);
  }
}

/** Waits until all other claims are gone, and returns true. Returns false at once if another claim comes first in order. */
async function isOnlyClaim(fs: Fs, folder: string, name: string, deadline: number): Promise<boolean> {
  for (;;) {
    const others = (await livingLocks(fs, folder)).filter((file) => !file.startsWith(name));
    if (others.length === 0) return true;
    refuseIfHeld(folder, others);
    if (others.some((file) => file < name)) return false;
    await later(deadline, folder, others);
  }
}

/** Waits a random time. @throws OptionsError if the time is up */
async function later(deadline: number, folder: string, others: readonly string[]): Promise<void> {
  if (Date.now() > deadline) throw heldBy(folder, others[0] as string);
  await new Promise((resolve) => setTimeout(resolve, 2 + Math.random() * 20));
}

function refuseIfHeld(folder: string, locks: readonly string[]): void {
  const held = locks.find((file) => file.endsWith(".held"));
  if (held !== undefined) throw heldBy(folder, held);
}

function heldBy(folder: string, file: string): OptionsError {
  const pid = LOCK.exec(file)?.[1];
  return new OptionsError(
    `${folder} is in use by another run (process ${pid}).`,
    `Wait until it ends, or use another folder. Nothing was changed. If no such run exists, delete ${folder}/${file}.`,
  );
}

/** Lists the locks whose process is running. Removes those whose process has ended. */
async function livingLocks(fs: Fs, folder: string): Promise<string[]> {
  const files = await fs.readdir(folder).catch(() => []);
  const living: string[] = [];
  for (const file of files) {
    const [, pid, start, host] = LOCK.exec(file) ?? [];
    if (pid === undefined) continue;
    // A process of another machine cannot be looked up.
    if (host !== (await hostNumber()) || (await isAlive(fs, Number(pid), start as string))) living.push(file);
    else await fs.rm(`${folder}/${file}`, { force: true }).catch(() => {});
  }
  return living;
}

async function isAlive(fs: Fs, pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const { start: now, ended } = await stateOf(fs, pid);
  // "0": the system does not tell, or the process has just ended. It is then taken for alive unless it is gone.
  return !ended && (now === "0" || start === "0" || now === start);
}

/**
 * Returns when a process started, in clock ticks since the machine did, and whether it has ended and only waits for its parent to notice.
 * The start is "0" if the system does not tell. See proc(5), fields 3 and 22.
 */
async function stateOf(fs: Fs, pid: number): Promise<{ readonly start: string; readonly ended: boolean }> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The second field is the name in brackets, which may itself contain spaces and brackets.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { start: fields[19] ?? "0", ended: /^[ZX]$/.test(fields[0] ?? "") };
}

let host: Promise<string> | undefined;

/** Returns a number for this machine: a hash of its name. */
function hostNumber(): Promise<string> {
  const specifier = "node:os";
  host ??= (import(/* @vite-ignore */ specifier) as Promise<typeof import("node:os")>).then(({ hostname }) => {
    let hash = 5381;
    for (const char of hostname()) hash = (Math.imul(hash, 33) ^ (char.codePointAt(0) as number)) >>> 0;
    return hash.toString(16).padStart(8, "0");
  });
  return host;
}

function randomHex(digits: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(digits / 2));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
