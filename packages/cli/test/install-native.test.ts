import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folder, graft, tearDown, write } from "./fixture.ts";

/** A stand-in for @graftjs/backend-node in the project. It records the options that it is given and installs nothing. */
const FAKE = `
import { writeFileSync } from "node:fs";
const note = ({ write, ...options }) => writeFileSync(${JSON.stringify(join(folder, "asked.json"))}, JSON.stringify(options));
export async function installNative(options) {
  note(options);
  options.write?.("- unpacked\\n");
  return { status: "installed", tensorflow: "9.9.9", seconds: 1.2, undo: options.undoWith + " --cache x" };
}
export function uninstallNative(options) {
  note(options);
  return options.device === "gpu" ? { removed: [], bytes: 0 } : { removed: ["/cache/tensorflow-9.9.9"], bytes: 633e6 };
}`;

beforeAll(() => {
  const at = "node_modules/@graftjs/backend-node";
  mkdirSync(join(folder, at), { recursive: true });
  write(`${at}/package.json`, { name: "@graftjs/backend-node", type: "module", exports: "./index.js" });
  write(`${at}/index.js`, FAKE);
});
afterAll(tearDown);

/** Returns the recorded options. */
const asked = (): object => JSON.parse(readFileSync(join(folder, "asked.json"), "utf8")) as object;

it("install-native reports each step and ends with the command that undoes the install", async () => {
  expect(await graft("install-native")).toEqual({
    code: 0,
    err: "",
    out: "- unpacked\nReady: TensorFlow 9.9.9 in 1.2 s. To undo: graft uninstall-native --cache x\n",
  });
  expect(asked()).toEqual({
    device: "cpu",
    projectDir: folder,
    wheels: [],
    ownRoute: true,
    undoWith: "graft uninstall-native",
    isTerminal: false,
  });
});

it("install-native passes every flag on; relative paths start from the caller's folder", async () => {
  const flags = [
    "--gpu",
    "--compile",
    "--wheel",
    "a.whl",
    "--wheel",
    "/b.whl",
    "--cache",
    "c",
    "--skip-own-route",
    "--json",
  ];
  const { code, out } = await graft("install-native", ...flags);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ status: "installed" });
  expect(asked()).toMatchObject({
    device: "gpu",
    compile: true,
    wheels: [join(folder, "a.whl"), "/b.whl"],
    cacheDir: join(folder, "c"),
    ownRoute: false,
  });
});

it("uninstall-native says which files it removed, or that there were none", async () => {
  expect((await graft("uninstall-native", "--cache", "c")).out).toBe("Removed 633 MB: /cache/tensorflow-9.9.9\n");
  expect(asked()).toEqual({ cacheDir: join(folder, "c") });
  expect((await graft("uninstall-native", "--gpu")).out).toBe("Nothing was installed.\n");
  expect(JSON.parse((await graft("uninstall-native", "--json")).out)).toMatchObject({ bytes: 633e6 });
});

it.each([
  [["install-native", "gpu"], /Unexpected argument `gpu`[\s\S]*graft install-native \[--gpu\]/],
  [["uninstall-native", "all"], /Unexpected argument `all`/],
  [["install-native", "--gpo"], /--gpo/],
])("%o: exit code 2 and the correct usage", async (argv, message) => {
  const { code, err } = await graft(...argv);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
