import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { lockFolder } from "../src/files/folder-lock.ts";
import { csv } from "../src/index.ts";
import { seeded } from "../src/random/random.ts";

/** The results of trials, with one line for each that went wrong. */
export interface RunFuzz {
  readonly trials: number;
  readonly wrong: readonly string[];
}

const rounds = fileURLToPath(new URL("lock-rounds.ts", import.meta.url));

/** Lets two processes take the lock of one folder `pairs` times each. Wrong: both held it at once, a crash, or a lock that is left. */
export async function fuzzLocks(pairs: number): Promise<RunFuzz> {
  const folder = mkdtempSync(join(tmpdir(), "graft-locks-"));
  try {
    const outputs = await Promise.all([rounder(folder, pairs), rounder(folder, pairs)].map(({ output }) => output));
    const wrong = outputs.flatMap((text) => {
      const { held = 0, violations = 1 } = JSON.parse(text || "{}") as { held?: number; violations?: number };
      return violations > 0 || held === 0 ? [`one process reports ${text || "nothing"}`] : [];
    });
    return { trials: pairs, wrong: [...wrong, ...leftLocks(folder)] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Kills a process that takes and releases a lock, at a random moment. Wrong: the next run is refused, or a lock is left. */
export async function fuzzKilledLocks(kills: number): Promise<RunFuzz> {
  const random = seeded(11);
  const wrong: string[] = [];
  for (let i = 0; i < kills; i++) {
    const folder = mkdtempSync(join(tmpdir(), "graft-locks-"));
    const { child, output } = rounder(folder, 1_000_000);
    while (!readdirSync(folder).some((name) => name.startsWith("ready-"))) await pause(5);
    await pause(random() * 20);
    child.kill("SIGKILL");
    await output;
    await lockFolder(folder).then(
      (release) => release?.(),
      (error: unknown) => wrong.push(`kill ${i}: ${String(error)}`),
    );
    wrong.push(...leftLocks(folder).map((line) => `kill ${i}: ${line}`));
    rmSync(folder, { recursive: true });
  }
  return { trials: kills, wrong };
}

/** Writes random names of metrics as CSV, before and after a resume. Wrong: a reader of RFC 4180 sees other columns, or a formula. */
export async function fuzzCsvNames(files: number): Promise<RunFuzz> {
  const random = seeded(12);
  const alphabet = [
    "=",
    "+",
    "-",
    "@",
    '"',
    ",",
    "\n",
    "\r",
    "\t",
    "\u001b",
    "\u0000",
    "'",
    " ",
    "a",
    "é",
    "\u2028",
    "",
  ];
  const name = (): string =>
    Array.from({ length: 1 + random() * 6 }, () => alphabet[Math.floor(random() * alphabet.length)]).join("") || "x";
  const wrong: string[] = [];
  for (let i = 0; i < files; i++) {
    const names = [...new Set(Array.from({ length: 1 + random() * 5 }, name))];
    let text = "";
    const observer = csv({
      to(more) {
        text += more;
      },
    });
    await observer.runStart?.({ params: [], epochs: 1, stepsPerEpoch: 1, batchSize: 1, step: 0 });
    const logs = Object.fromEntries(names.map((key, n) => [key, n]));
    await observer.epochEnd?.({ epoch: 0, step: 1, seconds: 1, logs });
    const [header = [], row = []]: readonly (readonly string[])[] = readCsv(text);
    const count = 3 + names.length;
    const formula = header.find((cell) => /^[=+\-@\t\r]/.test(cell));
    if (header.length !== count || row.length !== count || formula !== undefined) {
      wrong.push(`${JSON.stringify(names)} became ${JSON.stringify(text)}`);
    }
  }
  return { trials: files, wrong };
}

/** Reads CSV, character by character (RFC 4180). */
function readCsv(text: string): string[][] {
  const rows: string[][] = [[""]];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const row = rows.at(-1) as string[];
    const char = text[i] as string;
    if (quoted && char === '"' && text[i + 1] === '"') row[row.length - 1] += text[i++] as string;
    else if (char === '"') quoted = !quoted;
    else if (!quoted && char === ",") row.push("");
    else if (!quoted && char === "\r" && text[i + 1] === "\n") {
      rows.push([""]);
      i++;
    } else row[row.length - 1] += char;
  }
  return rows.slice(0, -1);
}

function rounder(folder: string, count: number) {
  const child = spawn(process.execPath, ["--import", "tsx", rounds, folder, String(count), "2"]);
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const output = new Promise<string>((resolve) => child.on("close", () => resolve(text)));
  return { child, output };
}

function leftLocks(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => (name.startsWith("run-") ? [`${name} is left`] : []));
}
