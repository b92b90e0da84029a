import { messageOf } from "@graftjs/backend";

import { type Refreshed, refreshPrebuilt } from "./binding.ts";
import { type Manifest, readInstall } from "./cache.ts";
import type { Installed, InstallPlan } from "./plan.ts";
import { type Reporter, sizeOf } from "./report.ts";
import { checkLibraries, noteVerification, recallVerification } from "./verified.ts";

/**
 * Returns the install in `folder` if it is complete, fits the plan and computes, and undefined otherwise. Replaces its binding if
 * that belongs to another version of this package.
 */
export async function existingInstall(
  folder: string,
  plan: InstallPlan,
  report: Reporter,
): Promise<Installed | undefined> {
  const present = readInstall(folder);
  if (present === undefined || (plan.compile && present.binding !== "compiled")) return undefined;
  let refreshed: Refreshed | undefined;
  try {
    if (present.binding === "prebuilt") refreshed = await refreshPrebuilt(plan.target, folder, present);
    if (refreshed) report.step("replaced the binding by the one of this version of the package");
    const tensorflow = await confirm(folder, present, plan, report);
    refreshed?.keep();
    return { status: "already", folder, tensorflow, bytes: sizeOf(folder) };
  } catch (cause) {
    refreshed?.undo();
    const why = messageOf(cause).split("\n")[0]?.replace(/\.$/, "");
    report.step(`${folder} exists but does not work (${why}): installing again`);
    return undefined;
  }
}

/**
 * Returns TensorFlow's version if the install computes. If nothing has changed since the last check, the version is read from
 * its note; otherwise a child process computes again.
 */
async function confirm(folder: string, present: Manifest, plan: InstallPlan, report: Reporter): Promise<string> {
  const known = recallVerification(folder);
  if (known.state === "unchanged") {
    const { tensorflow, at } = known.verification;
    report.step(`${folder} is installed; it computed on ${at} and has not changed since (TensorFlow ${tensorflow})`);
    return tensorflow;
  }
  if (known.state === "unknown") await checkLibraries(folder, present);
  const { tensorflow, milliseconds } = await plan.verify(folder);
  noteVerification(folder, tensorflow);
  report.step(`${folder} is installed and computes (TensorFlow ${tensorflow}, ${milliseconds} ms)`);
  return tensorflow;
}
