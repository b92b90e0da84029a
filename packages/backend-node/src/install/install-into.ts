import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isNoSpace } from "../errors.ts";
import { assertCompiler, compileBinding, placePrebuilt } from "./binding.ts";
import { HEADERS } from "./binding-sources.ts";
import {
  BINDING,
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
import { sha256 } from "./checksum.ts";
import { obtainWheel } from "./download.ts";
import { existingInstall } from "./existing.ts";
import { cleanWhenInterrupted } from "./interrupted.ts";
import { takeLock, waitForLock } from "./lock.ts";
import type { Installed, InstallPlan } from "./plan.ts";
import { type Reporter, sizeOf } from "./report.ts";
import { type Unpacked, unpackWheel } from "./unpack.ts";
import { noteVerification } from "./verified.ts";
import type { PinnedWheel } from "./wheels.ts";

/** Does the part of `installNative` that works on the cache folder. */
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
    return madeMeanwhile ?? (await installFresh(cache, folder, plan, report, release));
  } finally {
    removeIfEmpty(join(cache, "downloads"));
    release();
    for (const folder of [cache, ...fresh]) removeIfEmpty(folder);
  }
}

/** Downloads, unpacks and verifies an install, then moves it to its place. The caller holds the lock. */
async function installFresh(
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
    // Before the downloads, because a damaged binding makes them useless.
    if (!plan.compile) await placePrebuilt(plan.target, tree);
    const libraries: Record<string, Unpacked> = {};
    for (const wheel of plan.wheels) {
      const path = await obtainWheel(wheel, plan, downloads, staging, report);
      Object.assign(libraries, await unpack(path, wheel, tree, report));
      if (plan.compile && wheel === plan.wheels[0]) await unpackWheel(path, HEADERS, staging);
    }
    if (plan.compile) await compileBinding(tree, join(staging, "tensorflow", "include"), join(staging, "compile"));
    report.step(
      plan.compile ? "compiled the binding from tfjs-node's sources" : `used the shipped binding for ${plan.target}`,
    );
    report.step(`used ${await plan.placeJs(tree, plan.projectDir)}`);
    const { tensorflow, milliseconds } = await plan.verify(tree);
    report.step(`verified: TensorFlow ${tensorflow} multiplied two matrices in a child process (${milliseconds} ms)`);
    const manifest: Manifest = {
      format: 1,
      target: plan.target,
      tensorflow,
      files: filesIn(tree),
      sha256: {
        ...Object.fromEntries(Object.entries(libraries).map(([path, unpacked]) => [path, unpacked.sha256])),
        // The sum of a shipped binding is in this package.
        ...(plan.compile ? { [BINDING]: await sha256(join(tree, BINDING)) } : {}),
      },
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
    // Keep checked wheels and the beginning of an unfinished one for the next run, unless they fill the disk.
    if (isNoSpace(cause)) rmSync(downloads, { recursive: true, force: true });
    throw troubleOf(cause, cache);
  } finally {
    clean();
    uninterrupted();
  }
}

/** Removes leftovers of a run that was killed after its rename, if this user may write and no other process is at work. */
function tidy(cache: string, plan: InstallPlan): void {
  if (readdirSync(cache).every((name) => !name.startsWith(".") && name !== "downloads")) return;
  try {
    const lock = takeLock(cache);
    if (!("release" in lock)) return;
    sweepStaging(cache);
    removeDownloads(join(cache, "downloads"), plan);
    lock.release();
  } catch {
    // not writable by this user
  }
}

/** Removes the wheels of this install only, because a download for the other device may be unfinished. */
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
