// `pnpm bench webgl` measures draws and time of one update of 160 parameters in Chromium: Graft compared with stock tfjs, and for
// lars and lamb with tfjs's operations written by hand. The two take turns. Writes results.json and the table of the README.
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { WEBGL_FLAGS } from "../../../tools/browser/flags.ts";
import { openPage } from "../../../tools/browser/page.ts";
import type { Figures } from "./page.ts";

const ROUNDS = 9;
const page = await openPage({ entry: new URL("./page.ts", import.meta.url), flags: WEBGL_FLAGS });
const measured = await page.call<{ device: string; updates: Record<string, Figures> }>("measure", ROUNDS);
await page.close();
const machine = `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} threads`;
const results = { machine, ...measured, parameters: 160, rounds: ROUNDS };
writeFileSync(new URL("./results.json", import.meta.url), `${JSON.stringify(results, null, 2)}\n`);
const table = [
  "| rule | draws, stock → Graft | ms, stock → Graft | faster |",
  "|---|---|---|---|",
  ...Object.entries(results.updates).map(
    ([name, { draws, milliseconds: ms, faster }]) =>
      `| ${name} | ${draws.stock} → ${draws.graft} | ${ms.stock} → ${ms.graft} | ${faster}× |`,
  ),
  "",
  `(${results.device}; ${machine}; median of ${ROUNDS} rounds.)`,
].join("\n");
const readme = new URL("../README.md", import.meta.url);
const marked = /(<!-- bench:backend-webgl -->\n)[\s\S]*(<!-- \/bench -->)/;
const text = readFileSync(readme, "utf8");
writeFileSync(
  readme,
  text.replace(marked, (_, open: string, close: string) => `${open}${table}\n${close}`),
);
console.log(JSON.stringify(results, null, 2));
