// Installs what the GPU tests need on Debian: Chromium, which brings SwiftShader, and the Vulkan loader that Dawn opens.
// `node tools/browser/install-debian.mjs`, or `installBrowser()`. Does nothing where they are; throws where they cannot be had:
// a missing browser fails, it does not skip.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PACKAGES = ["chromium", "libvulkan1"];

/** Debian's paths; `CHROMIUM_PATH` and `VK_ICD_FILENAMES` point elsewhere. */
export const chromiumPath = () => process.env.CHROMIUM_PATH ?? "/usr/bin/chromium";
export const vulkanDriver = () => process.env.VK_ICD_FILENAMES ?? "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Installs the missing Debian packages, as root or through sudo. */
export function installBrowser() {
  if (hasAll()) return;
  const sudo = process.getuid?.() === 0 ? [] : ["sudo"];
  const run = (...command) => {
    const [program, ...args] = [...sudo, ...command];
    execFileSync(program, args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  };
  run("apt-get", "update", "-qq");
  run("apt-get", "install", "-y", "-qq", "--no-install-recommends", ...PACKAGES);
  if (!hasAll())
    throw new Error(`apt-get installed ${PACKAGES.join(" and ")}, and they are not where Debian puts them.`);
}

function hasAll() {
  return existsSync(chromiumPath()) && existsSync(vulkanDriver()) && hasVulkanLoader();
}

function hasVulkanLoader() {
  try {
    return execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).includes("libvulkan.so.1");
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) installBrowser();
