import type { placeJsHalf } from "./js-half.ts";
import type { Sources } from "./sources.ts";
import type { Target } from "./target.ts";
import type { verifyInstall } from "./verify.ts";
import type { PinnedWheel } from "./wheels.ts";

/** Settings of an install that are derived from the options. Tests pass small wheels and their own check. */
export interface InstallPlan {
  readonly target: Target;
  readonly wheels: readonly PinnedWheel[];
  readonly sources: Sources;
  readonly compile: boolean;
  readonly projectDir: string;
  readonly verify: typeof verifyInstall;
  readonly placeJs: typeof placeJsHalf;
  /** How long to wait for another installer, in ms. @default 600000 */
  readonly patienceMs?: number;
}

/** An install, or a tfjs-node of the project that is used in place of one. */
export interface Installed {
  /** `installed`, `already` (nothing to do), or `tfjs-node` (the project's own one works and is used). */
  readonly status: "installed" | "already" | "tfjs-node";
  /** Path of the install, or of the project's tfjs-node. */
  readonly folder: string;
  /** Version of the library, such as `2.16.2`. */
  readonly tensorflow: string;
  /** Size on disk in bytes, 0 for the project's tfjs-node. */
  readonly bytes: number;
}
