import { existsSync } from "node:fs";
import { vulkanDriver } from "../../../tools/browser/install-debian.mjs";

/** Points Dawn's Vulkan loader at SwiftShader, before Dawn is loaded. A missing driver fails: the tests are not skipped. */
export function useSoftwareGpu(): void {
  const driver = vulkanDriver();
  if (!existsSync(driver)) throw new Error(`No Vulkan driver at ${driver}. Run: node tools/browser/install-debian.mjs`);
  process.env.VK_ICD_FILENAMES = driver;
}
