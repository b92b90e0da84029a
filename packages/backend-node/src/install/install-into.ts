import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNoSpace } from "../errors.ts";
import { assertCompiler, compileBinding, placePrebuilt } from "./binding.ts";
import { HEADERS } from "./binding-sources.ts";
import {
  filesIn,
  installFolder,
  MANIFEST,
  type Manifest,
  makeStaging,
  missingFolders,
  publish,
  removeIfEmpty,
  sweepStaging,
  troubleOf,
} from "./cache.ts";
import { obtainWheel } from "./download.ts";
import { existingInstall } from "./existing.ts";
import type { InstallReport } from "./install.ts";
import { cleanWhenInterrupted } from "./interrupted.ts";
import { takeLock, waitForLock } from "./lock.ts";
import type { InstallPlan } from "./plan.ts";
import { type Reporter, sizeOf } from "./report.ts";
import { type Unpacked, unpackWheel } from "./unpack.ts";
import { noteVerification } from "./verified.ts";
import type { PinnedWheel } from "./wheels.ts";

type Installed = Pick<InstallReport, "status" | "folder" | "tensorflow" | "bytes">;

/** The part of `installNative` below the cache folder. */
export async function installInto(cache: string, plan: InstallPlan, report: Reporter): Promise<Installed> {
  const folder = installFolder(cache, plan.target, plan.wheels[0]?.version ?? "");
  const existing = await existingInstall(folder, plan, report);
  if (existing !== undefined) {
    tidy(cache, plan);
    return existing;
  }
  if (plan.compile) await assertCompiler();
  const fresh = missingFolders(cache);
  const { waited, release } = await waitForLock(cache, report, plan.patienceMs);
  try {
    const madeMeanwhile = waited ? await existingInstall(folder, plan, report) : undefined;
    return madeMeanwhile ?? (await installAnew(cache, folder, plan, report, release));
  } finally {
    removeIfEmpty(join(cache, "downloads"));
    release();
    for (const folder of [cache, ...fresh]) removeIfEmpty(folder);
  }
}

/** Fetches, unpacks, verifies, and puts the install in its place. The lock is held. */
async function installAnew(
  cache: string,
  folder: string,
  plan: InstallPlan,
  report: Reporter,
  release: () => void,
): Promise<Installed> {
  const staging = makeStaging(cache);
  const clean = (): void => rmSync(staging, { recursive: true, force: true, maxRetries: 5 });
  const uninterrupted = cleanWhenInterrupted(() => {
    clean();
    release();
  });
  const downloads = join(cache, "downloads");
  try {
    sweepStaging(cache);
    const tree = join(staging, "tree");
    mkdirSync(join(tree, "tensorflow"), { recursive: true });
    const libraries: Record<string, Unpacked> = {};
    for (const wheel of plan.wheels) {
      const path = await obtainWheel(wheel, plan, downloads, staging, report);
      Object.assign(libraries, await unpack(path, wheel, tree, report));
      if (plan.compile && wheel === plan.wheels[0]) await unpackWheel(path, HEADERS, staging);
    }
    if (plan.compile) await compileBinding(tree, join(staging, "tensorflow", "include"), join(staging, "compile"));
    else await placePrebuilt(plan.target, tree);
    report.step(
      plan.compile ? "compiled the binding from tfjs-node's sources" : `took the binding that ships for ${plan.target}`,
    );
    report.step(`took ${await plan.placeJs(tree, plan.projectDir)}`);
    const { tensorflow, milliseconds } = await plan.verify(tree);
    report.step(`verified: TensorFlow ${tensorflow} multiplied two matrices in a child process (${milliseconds} ms)`);
    const manifest: Manifest = {
      format: 1,
      target: plan.target,
      tensorflow,
      files: filesIn(tree),
      sha256: Object.fromEntries(Object.entries(libraries).map(([path, { sha256 }]) => [path, sha256])),
      binding: plan.compile ? "compiled" : "prebuilt",
      installedAt: new Date().toISOString(),
    };
    writeFileSync(join(tree, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    noteVerification(tree, tensorflow);
    publish(tree, folder, staging);
    removeDownloads(downloads, plan);
    const bytes = sizeOf(folder);
    report.step(`installed in ${folder} (${(bytes / 1e6).toFixed(0)} MB)`);
    return { status: "installed", folder, tensorflow, bytes };
  } catch (cause) {
    // Wheels whose sum was right and the beginning of one are kept for the next run, unless they are what fills the disk.
    if (isNoSpace(cause)) rmSync(downloads, { recursive: true, force: true });
    throw troubleOf(cause, cache);
  } finally {
    clean();
    uninterrupted();
  }
}

/** What a run left that was killed behind its rename, where this user may write and nobody is at work. */
function tidy(cache: string, plan: InstallPlan): void {
  if (readdirSync(cache).every((name) => !name.startsWith(".") && name !== "downloads")) return;
  try {
    const lock = takeLock(cache);
    if (!("release" in lock)) return;
    sweepStaging(cache);
    removeDownloads(join(cache, "downloads"), plan);
    lock.release();
  } catch {
    // somebody else's cache
  }
}

/** An install's own wheels: those of the other device may be half fetched. */
function removeDownloads(downloads: string, { wheels }: InstallPlan): void {
  for (const { file } of wheels) for (const end of ["", ".part"]) rmSync(join(downloads, file + end), { force: true });
  removeIfEmpty(downloads);
}

async function unpack(
  path: string,
  wheel: PinnedWheel,
  tree: string,
  report: Reporter,
): Promise<Readonly<Record<string, Unpacked>>> {
  const bar = report.bar(`unpack ${wheel.project}`);
  let done = 0;
  try {
    const files = await unpackWheel(path, wheel.members, tree, (count) => {
      done += count;
      bar.to(done, undefined);
    });
    report.step(`unpacked ${Object.keys(files).length} files of ${wheel.project} (${(done / 1e6).toFixed(0)} MB)`);
    return files;
  } finally {
    bar.end();
  }
}
