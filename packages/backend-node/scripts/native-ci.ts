/**
 * `pnpm --filter @graftjs/backend-node native-ci` installs native TensorFlow if it is missing. Then it runs the tests that need it: our
 * own ones, and tfjs-core's published suite on this backend. If the wheel cannot be downloaded, it fails.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { installNative } from "../src/install/install.ts";

const root = join(import.meta.dirname, "..");
const reports = join(root, "..", "..", ".reports");
const tool = (name: string): string =>
  [join(root, "node_modules/.bin", name), join(root, "../../node_modules/.bin", name)].find(existsSync) ?? name;
const run = (name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): boolean =>
  spawnSync(tool(name), args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } }).status === 0;

const report = await installNative({ projectDir: root, ownRoute: false, write: (text) => process.stdout.write(text) });
console.log(`TensorFlow ${report.tensorflow}: ${report.status} in ${report.seconds} s`);
mkdirSync(reports, { recursive: true });
const ours = run("vitest", [
  "run",
  "--config",
  "native-test/vitest.config.ts",
  "--reporter=dot",
  "--reporter=json",
  `--outputFile.json=${join(reports, "native.vitest.json")}`,
]);
// Test the kernels for processors with fewer instructions too.
const lesser = ["avx2", "baseline"].map((level) =>
  run(
    "vitest",
    [
      "run",
      "--config",
      "native-test/vitest.config.ts",
      "--reporter=dot",
      "convolutions",
      "trained-blocks",
      "last-axis",
    ],
    { GRAFT_NATIVE_SIMD: level },
  ),
);
const suite = run("tsx", ["native-test/core-suite/run.ts"]);
process.exitCode = ours && lesser.every(Boolean) && suite ? 0 : 1;
