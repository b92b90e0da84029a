import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { hardware } from "../../../tools/browser/flags.ts";
import { vulkanDriver } from "../../../tools/browser/install-debian.mjs";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("fine-tunes on webgpu, loses the device, and ends on wasm better than chance", async () => {
  const env = { ...process.env, ...(hardware ? {} : { VK_ICD_FILENAMES: vulkanDriver() }) };
  const { stdout } = await promisify(execFile)(tsx, ["main.ts"], { cwd: folder, env, timeout: 300_000 });
  expect(stdout).toMatch(hardware ? /webgpu, .*from step 0/ : /webgpu, SwiftShader.*from step 0/);
  expect(stdout).toMatch(/lost: The WebGPU device was lost/);
  expect(stdout).toMatch(/wasm, .*from step 20/);
  const losses = [...stdout.matchAll(/step \d+: loss ([\d.]+)/g)].map(([, loss]) => Number(loss));
  expect(losses).toHaveLength(4);
  expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  expect(Number(/fine-tuned: (\d+) %/.exec(stdout)?.[1])).toBeGreaterThan(60);
}, 320_000);
