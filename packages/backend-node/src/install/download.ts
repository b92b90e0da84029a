import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "@graftjs/backend";
import { DownloadError, isNoSpace } from "../errors.ts";
import { checkFile } from "./checksum.ts";
import { indexDownload } from "./package-index.ts";
import { pipDownload } from "./pip.ts";
import type { InstallPlan } from "./plan.ts";
import type { Reporter } from "./report.ts";
import { fits, type Sources } from "./sources.ts";
import type { PinnedWheel } from "./wheels.ts";

/**
 * Gets a wheel and checks its sha256. The sources are the user's file, a file of an interrupted run, pip, and the index, in this
 * order.
 *
 * @param downloads folder that is kept between runs, so that the next run continues an interrupted one.
 * @returns the path of the wheel.
 * @throws DownloadError with the answer of each source, ChecksumError after the wrong file was removed, or an error with code
 * ENOSPC.
 */
export async function obtainWheel(
  wheel: PinnedWheel,
  { sources, wheels: pinned }: Pick<InstallPlan, "sources" | "wheels">,
  downloads: string,
  staging: string,
  report: Reporter,
): Promise<string> {
  const offered =
    sources.wheels.find((path) => basename(path) === wheel.file) ??
    sources.wheels.find((path) => fits(path, sources.wheels, pinned.length === 1 ? [wheel] : []));
  if (offered !== undefined) {
    await check(offered, wheel, report);
    return offered;
  }
  mkdirSync(downloads, { recursive: true });
  const path = join(downloads, wheel.file);
  if (!existsSync(path)) await fetchWheel(wheel, sources, path, staging, report);
  else report.step(`found ${wheel.file} from an earlier run`);
  try {
    await check(path, wheel, report);
  } catch (cause) {
    rmSync(path, { force: true });
    throw cause;
  }
  return path;
}

async function fetchWheel(
  wheel: PinnedWheel,
  sources: Sources,
  path: string,
  staging: string,
  report: Reporter,
): Promise<void> {
  const answers: string[] = [];
  const { index } = sources;
  const pip = await sources.pip();
  if (pip !== undefined) {
    const bar = report.watch(`pip download ${wheel.project}==${wheel.version}`, staging);
    const answer = await pipDownload(pip, wheel, join(staging, "pip"), join(staging, "pip-tmp")).finally(bar.end);
    if ("path" in answer) {
      renameSync(answer.path, path);
      report.step(`pip downloaded ${wheel.project} ${wheel.version}`);
      return;
    }
    answers.push(answer.reason);
  } else {
    answers.push("no pip was found (python3 -m pip, python -m pip, pip3, pip)");
  }
  if (index !== undefined) {
    const bar = report.bar(`download ${wheel.project} ${wheel.version}`);
    try {
      await indexDownload(index, wheel, path, bar.to);
      report.step(`downloaded ${wheel.project} ${wheel.version} from the configured index`);
      return;
    } catch (cause) {
      if (isNoSpace(cause)) throw cause;
      answers.push(messageOf(cause));
    } finally {
      bar.end();
    }
  } else {
    answers.push("no package index is configured (PIP_INDEX_URL, or index-url in pip.conf)");
  }
  throw new DownloadError(
    `${wheel.project} ${wheel.version} could not be downloaded:\n  ${answers.join("\n  ").replaceAll("\n", "\n  ")}`,
    `If the network failed, run the command again: it continues the download. Otherwise install Python's pip, set PIP_INDEX_URL to your package index, or download ${wheel.file} elsewhere and pass it with --wheel.`,
  );
}

async function check(path: string, wheel: PinnedWheel, report: Reporter): Promise<void> {
  const bar = report.bar(`sha256 of ${wheel.file}`);
  let done = 0;
  try {
    await checkFile(path, wheel.sha256, (count) => {
      done += count;
      bar.to(done, undefined);
    });
  } finally {
    bar.end();
  }
  report.step(`sha256 of ${wheel.project} ${wheel.version} is the pinned one`);
}
