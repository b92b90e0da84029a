import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { folder, graft, tearDown, write } from "./fixture.ts";

/** The project's own @graftjs/backend-node: it writes down what it is asked, and installs nothing. */
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

const asked = (): object => JSON.parse(readFileSync(join(folder, "asked.json"), "utf8")) as object;

it("install-native says what is done, and ends with the command that undoes it from here", async () => {
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

it("install-native hands every flag on; paths are the caller's", async () => {
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

it("uninstall-native says what it removed, or that there was nothing", async () => {
  expect((await graft("uninstall-native", "--cache", "c")).out).toBe("Removed 633 MB: /cache/tensorflow-9.9.9\n");
  expect(asked()).toEqual({ cacheDir: join(folder, "c") });
  expect((await graft("uninstall-native", "--gpu")).out).toBe("Nothing was installed.\n");
  expect(JSON.parse((await graft("uninstall-native", "--json")).out)).toMatchObject({ bytes: 633e6 });
});

it.each([
  [["install-native", "gpu"], /`gpu` is one argument too many[\s\S]*graft install-native \[--gpu\]/],
  [["uninstall-native", "all"], /`all` is one argument too many/],
  [["install-native", "--gpo"], /--gpo/],
])("%o: exit code 2 and how it is called", async (argv, message) => {
  const { code, err } = await graft(...argv);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
