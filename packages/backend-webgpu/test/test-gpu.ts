import { existsSync } from "node:fs";
import { hardware } from "../../../tools/browser/flags.ts";
import { vulkanDriver } from "../../../tools/browser/install-debian.mjs";

/**
 * Points Dawn's Vulkan loader at SwiftShader, before Dawn is loaded; with `GRAFT_GPU=hardware` leaves it the machine's own
 * drivers. A missing driver fails: the tests are not skipped.
 */
export function useTestGpu(): void {
  if (hardware) return;
  const driver = vulkanDriver();
  if (!existsSync(driver)) throw new Error(`No Vulkan driver at ${driver}. Run: node tools/browser/install-debian.mjs`);
  process.env.VK_ICD_FILENAMES = driver;
}
