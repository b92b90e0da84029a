import type { Sources } from "./download.ts";
import type { placeJsHalf } from "./js-half.ts";
import type { Target } from "./target.ts";
import type { verifyInstall } from "./verify.ts";
import type { PinnedWheel } from "./wheels.ts";

/** What an install needs beside the options; tests pass small wheels and their own check. */
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
