import { existsSync } from "node:fs";
import { hardware } from "../../../tools/browser/flags.ts";
import { vulkanDriver } from "../../../tools/browser/install-debian.mjs";

/**
 * Points Dawn's Vulkan loader at SwiftShader. Call it before Dawn is loaded. With `GRAFT_GPU=hardware` the machine's own drivers are
 * used.
 *
 * @throws Error if the driver is missing, so that the tests fail and are not skipped.
 */
export function useTestGpu(): void {
  if (hardware) return;
  const driver = vulkanDriver();
  if (!existsSync(driver)) throw new Error(`No Vulkan driver at ${driver}. Run: node tools/browser/install-debian.mjs`);
  process.env.VK_ICD_FILENAMES = driver;
}
