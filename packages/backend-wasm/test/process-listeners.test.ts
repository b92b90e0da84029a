import * as tf from "@tensorflow/tfjs-core";
import { transform } from "esbuild";
import { expect, it } from "vitest";
import { wasmBackend } from "../src/index.ts";
import { isEmscriptens } from "../src/stock-backend/process-listeners.ts";

const EVENTS = ["uncaughtException", "unhandledRejection"] as const;

it("keeps the process's listeners for uncaught errors, and removes those of Emscripten's start-up", async () => {
  const listeners = (): unknown[][] => EVENTS.map((event) => process.listeners(event as "exit"));
  const before = listeners();
  // An app adds its own listeners while the backend starts.
  const added: (() => void)[] = [];
  const timer = setInterval(() => {
    const listener = (): void => console.error("an error nobody has caught");
    added.push(listener);
    for (const event of EVENTS) process.on(event, listener);
  }, 0);
  const session = await wasmBackend().init();
  clearInterval(timer);
  expect(tf.getBackend()).toBe("wasm");
  expect(added.length).toBeGreaterThan(0);
  expect(listeners()).toEqual(before.map((own) => [...own, ...added]));
  for (const listener of added) for (const event of EVENTS) process.removeListener(event, listener);
  await session.dispose();
});

it("recognizes Emscripten's listeners in their original and minified forms, and no others", async () => {
  const ITS = [
    "(function(ex){if(!(ex instanceof ExitStatus)){throw ex}})",
    "(function(reason){throw reason})",
    "((reason) => {\n  throw reason;\n})",
  ] as const;
  const OTHERS = [
    "((error) => { console.error(error); throw error; })",
    "((error) => { throw new Error('wrapped', { cause: error }); })",
    "((error) => { if (!(error instanceof Expected)) { report(error); throw error; } })",
    "(() => {})",
  ];
  const evaluated = (code: string): unknown => new Function(`return ${code}`)();
  for (const [texts, expected] of [
    [ITS, true],
    [OTHERS, false],
  ] as const)
    for (const text of texts)
      for (const minify of [false, true]) {
        const { code } = await transform(`listen${text}`, { minify });
        const listener = evaluated(code.replace(/^listen|;\s*$/g, ""));
        expect(
          EVENTS.some((event) => isEmscriptens(event, listener)),
          code,
        ).toBe(expected);
      }
});
