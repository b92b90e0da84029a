// `pnpm bench <name>` runs packages/<name>/bench/index.ts, which prints its figures and writes results.json next to itself.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const aliases: Readonly<Record<string, string>> = {
  wasm: "backend-wasm",
  native: "backend-node",
  webgpu: "backend-webgpu",
  webgl: "backend-webgl",
  surgery: "gradient-surgery",
};
const entry = (name: string): string =>
  name === "against"
    ? join(import.meta.dirname, "bench-against.ts")
    : join(root, "packages", aliases[name] ?? name, "bench", "index.ts");

const [name = "", ...rest] = process.argv.slice(2);
if (!existsSync(entry(name))) {
  const known = readdirSync(join(root, "packages")).filter((folder) => existsSync(entry(folder)));
  console.error(`No bench is named "${name}". Choose one of: ${known.join(", ")}.`);
  process.exit(2);
}
const { status } = spawnSync(join(root, "node_modules/.bin/tsx"), [entry(name), ...rest], {
  stdio: "inherit",
  cwd: root,
});
process.exitCode = status ?? 1;
