// Installs the packages that tests need on Debian. The GPU tests need Chromium, which contains SwiftShader, and the Vulkan loader, which
// Dawn opens. A test of the files that loaders open needs strace. Run `node tools/browser/install-debian.mjs` or call `installBrowser()`.
// It does nothing if they are installed. It throws if they cannot be installed, because tests fail without a browser and are not skipped.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";

const PACKAGES = ["chromium", "libvulkan1", "strace"];

/** Debian's paths. `CHROMIUM_PATH` and `VK_ICD_FILENAMES` override them. */
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
    throw new Error(
      `apt-get has installed ${PACKAGES.join(" and ")}, but the files are not at Debian's usual paths. Set CHROMIUM_PATH and VK_ICD_FILENAMES.`,
    );
}

function hasAll() {
  return existsSync(chromiumPath()) && existsSync(vulkanDriver()) && existsSync("/usr/bin/strace") && hasVulkanLoader();
}

function hasVulkanLoader() {
  try {
    return execFileSync("/sbin/ldconfig", ["-p"], { encoding: "utf8" }).includes("libvulkan.so.1");
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) installBrowser();
