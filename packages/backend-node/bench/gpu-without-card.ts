/**
 * Installs the CUDA build into a temporary folder, loads it with `device: "gpu"` in a child process and records the output. It is meant
 * for a machine without a graphics card. It downloads 4 GB and needs 8 GB of disk meanwhile. Writes gpu-without-card.json.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { installNative } from "../src/install/install.ts";
import { WHEELS } from "../src/install/wheels.ts";

const LOAD = `
import { nativeBackend } from "@graftjs/backend-node";
import * as tf from "@tensorflow/tfjs-core";
const session = await nativeBackend(JSON.parse(process.argv[1])).init();
const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
console.log(JSON.stringify({ runs: session.capabilities.description, matMul: Array.from(await tf.matMul(x, x).data()) }));
await session.dispose();`;

const cacheDir = mkdtempSync(join(tmpdir(), "graft-gpu-"));
try {
  const { tensorflow, seconds, bytes } = await installNative({
    device: "gpu",
    cacheDir,
    ownRoute: false,
    write: (text) => process.stdout.write(text),
  });
  const again = await installNative({ device: "gpu", cacheDir, ownRoute: false });
  const load = (options: object): { readonly out: unknown; readonly stderr: readonly string[] } => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", LOAD, JSON.stringify({ device: "gpu", cacheDir, ...options })],
      { encoding: "utf8", cwd: join(import.meta.dirname, "..") },
    );
    if (status !== 0) throw new Error(stderr);
    return { out: JSON.parse(stdout), stderr: stderr.trim().split("\n") };
  };
  const quiet = load({});
  const result = {
    tensorflow,
    packages: WHEELS["linux-x64-gpu"].length,
    megabytes: Math.round(bytes / 1e6),
    secondsFetchedAndInstalled: seconds,
    secondsSecondRun: again.seconds,
    loadAverageAfter: Math.round((loadavg()[0] ?? 0) * 10) / 10,
    loaded: quiet.out,
    stderr: quiet.stderr,
    linesOfStderrAtLogLevel2: load({ logLevel: 2 }).stderr.length,
  };
  writeFileSync(join(import.meta.dirname, "gpu-without-card.json"), `${JSON.stringify(result, null, 2)}\n`);
  console.log(result);
} finally {
  rmSync(cacheDir, { recursive: true, force: true });
}
