import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const folder = join(import.meta.dirname, "..");
const tsx = join(folder, "../../node_modules/.bin/tsx");

it("each adapter is better than the base on its own pictures, and rows with their own adapters agree", async () => {
  const { stdout } = await promisify(execFile)(tsx, ["main.ts", "--short"], { cwd: folder, timeout: 300_000 });
  const row = (name: string): number[] => {
    const line = stdout.split("\n").find((text) => text.startsWith(`${name} `) && text.includes("%")) ?? "";
    return [...line.matchAll(/([\d.]+) %/g)].map(([, value]) => Number(value));
  };
  const [base, inverted, turned] = [row("base"), row("inverted"), row("turned")];
  expect(inverted[1]).toBeGreaterThan((base[1] as number) + 15);
  expect(turned[2]).toBeGreaterThan((base[2] as number) + 15);
  const own = ((base[0] as number) + (inverted[1] as number) + (turned[2] as number)) / 3;
  const mixed = Number(/each row with its adapter: ([\d.]+) %/.exec(stdout)?.[1]);
  expect(mixed).toBeCloseTo(own, 0);
}, 310_000);
