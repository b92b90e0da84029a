import type { Plugin } from "@graftjs/core";
import { hookPlugins } from "./hooks/plugins.ts";
import { schedulePlugins } from "./schedules/plugins.ts";

/** All hooks, rule wrappers and schedules of this package, for a registry. */
export const plugins: readonly Plugin[] = [...hookPlugins, ...schedulePlugins];
