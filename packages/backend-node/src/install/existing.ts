import { messageOf } from "../errors.ts";
import { refreshPrebuilt } from "./binding.ts";
import { type Manifest, readInstall } from "./cache.ts";
import type { InstallPlan } from "./plan.ts";
import { type Reporter, sizeOf } from "./report.ts";
import { checkLibraries, noteVerification, recallVerification } from "./verified.ts";

/** An install that is there. */
export interface Existing {
  readonly status: "already";
  readonly folder: string;
  readonly tensorflow: string;
  readonly bytes: number;
}

/** The install in `folder` if it is whole, what the plan asks for, and computes; its binding is brought up to this version. */
export async function existingInstall(
  folder: string,
  plan: InstallPlan,
  report: Reporter,
): Promise<Existing | undefined> {
  const present = readInstall(folder);
  if (present === undefined || (plan.compile && present.binding !== "compiled")) return undefined;
  try {
    if (present.binding === "prebuilt" && (await refreshPrebuilt(plan.target, folder, present)))
      report.step("the binding is replaced by the one of this version of the package");
    const tensorflow = await confirm(folder, present, plan, report);
    return { status: "already", folder, tensorflow, bytes: sizeOf(folder) };
  } catch (cause) {
    const why = messageOf(cause).split("\n")[0]?.replace(/\.$/, "");
    report.step(`${folder} is there and no good (${why}): installing anew`);
    return undefined;
  }
}

/** Version of an install that computes: as it was noted where nothing changed since, else by a child process. */
async function confirm(folder: string, present: Manifest, plan: InstallPlan, report: Reporter): Promise<string> {
  const known = recallVerification(folder);
  if (known.state === "unchanged") {
    const { tensorflow, at } = known.verification;
    report.step(`${folder} is installed; it computed on ${at} and nothing changed since (TensorFlow ${tensorflow})`);
    return tensorflow;
  }
  if (known.state === "unknown") await checkLibraries(folder, present);
  const { tensorflow, milliseconds } = await plan.verify(folder);
  noteVerification(folder, tensorflow);
  report.step(`${folder} is installed and computes (TensorFlow ${tensorflow}, ${milliseconds} ms)`);
  return tensorflow;
}
