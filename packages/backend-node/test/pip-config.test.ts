import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { configuredIndex } from "../src/install/pip-config.ts";

const home = mkdtempSync(join(tmpdir(), "graft-pip-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const config = (name: string, text: string): string => {
  mkdirSync(join(home, name, "pip"), { recursive: true });
  writeFileSync(join(home, name, "pip", "pip.conf"), text);
  return join(home, name);
};

describe("the index from pip's configuration", () => {
  it("prefers the variable to any file", () => {
    const XDG_CONFIG_HOME = config("a", "[global]\nindex-url = https://file.example/simple\n");
    expect(configuredIndex({ HOME: home, XDG_CONFIG_HOME, PIP_INDEX_URL: "https://variable.example/simple" })).toBe(
      "https://variable.example/simple",
    );
    expect(configuredIndex({ HOME: home, XDG_CONFIG_HOME })).toBe("https://file.example/simple");
  });

  it("prefers the command's section to [global], and accepts both spellings", () => {
    const XDG_CONFIG_HOME = config(
      "b",
      "[global]\nindex-url=https://g.example/\n[install]\n index_url : https://i.example/\n",
    );
    expect(configuredIndex({ HOME: home, XDG_CONFIG_HOME })).toBe("https://i.example/");
  });

  it("reads PIP_CONFIG_FILE first, and has no default", () => {
    const XDG_CONFIG_HOME = config("c", "[global]\nfind-links = /x\n[list]\nindex-url = https://no.example/\n");
    writeFileSync(join(home, "own.conf"), "[global]\nindex-url = https://own.example/\n");
    expect(configuredIndex({ HOME: home, XDG_CONFIG_HOME, PIP_CONFIG_FILE: join(home, "own.conf") })).toBe(
      "https://own.example/",
    );
    expect(configuredIndex({ HOME: home, XDG_CONFIG_HOME, PIP_CONFIG_FILE: "/dev/null" })).toBeUndefined();
  });
});
