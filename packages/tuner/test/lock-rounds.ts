// Takes and releases the lock of a folder many times: node --import tsx lock-rounds.ts folder rounds hold-ms. Prints how often it
// held the lock, how often it was refused, and how often another process was inside at the same time.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lockFolder } from "../src/files/folder-lock.ts";

const [folder = "", rounds = "1", hold = "0"] = process.argv.slice(2);
const inside = join(folder, "inside");
const counts = { held: 0, refused: 0, violations: 0 };
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Both processes of a pair are up before the first round.
writeFileSync(join(folder, `ready-${process.pid}`), "");
for (let i = 0; i < Number(rounds); i++) {
  try {
    const release = await lockFolder(folder);
    counts.held++;
    try {
      writeFileSync(inside, String(process.pid), { flag: "wx" });
    } catch {
      counts.violations++;
    }
    await pause(Math.random() * Number(hold));
    if (readFileSync(inside, "utf8") !== String(process.pid)) counts.violations++;
    rmSync(inside, { force: true });
    if (process.env.GRAFT_TEST_CRASH) process.kill(process.pid, "SIGKILL");
    await release?.();
  } catch {
    counts.refused++;
  }
  await pause(Math.random() * 4);
}
console.log(JSON.stringify(counts));
