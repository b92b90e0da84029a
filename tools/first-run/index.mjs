// Tries Graft as a new user would, from packed tarballs in an empty folder: pictures, sounds, texts and a table, each by `npm create graft`,
// `npm install`, train and predict, and a web page. Writes the seconds and the sizes to first-run.json.
// Usage: node tools/first-run/index.mjs [--tarballs folder] [--keep] [kind ...]
// Give --tarballs a folder that was never used before: npm keeps what it has installed from a path.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { bin, run } from "../bootstrap.mjs";
import { localRegistry } from "./local-registry.mjs";
import { writePictures, writeSounds, writeTable, writeTexts } from "./sample-data.mjs";
import { startProgram } from "./start-program.mjs";
import { tryPage } from "./try-page.mjs";

const KINDS = {
  pictures: { write: writePictures, flags: ["--pictures", "pictures"], file: "../new.png", expected: /star/ },
  sounds: { write: writeSounds, flags: ["--sounds", "sounds"], file: "../new.wav", expected: /rising/ },
  texts: { write: writeTexts, flags: ["--texts", "texts"], file: "../new.txt", expected: /sea/ },
  table: {
    ...{ write: writeTable, flags: ["--table", "fruits.csv", "--target", "kind"], file: "../new.csv" },
    expected: /pear[\s\S]*plum/,
  },
};

const argv = process.argv.slice(2);
const given = argv.includes("--tarballs") ? argv[argv.indexOf("--tarballs") + 1] : undefined;
const names = [...Object.keys(KINDS), "page"].filter((kind) => argv.includes(kind));
const wanted = names.length > 0 ? names : [...Object.keys(KINDS), "page"];
const folder = mkdtempSync(join(tmpdir(), "graft-first-run-"));
const tarballs = given ?? join(folder, "tarballs");
if (given === undefined) {
  mkdirSync(tarballs);
  run(bin("pnpm"), ["--filter", "./packages/*", "-r", "pack", "--pack-destination", tarballs], { quiet: true });
}
const registry = await localRegistry(tarballs);
const results = {
  date: new Date().toISOString().slice(0, 10),
  ...{ node: process.version, cores: availableParallelism(), cpu: cpus()[0]?.model, load: loadavg()[0] },
  kinds: {},
};
try {
  for (const kind of wanted) {
    results.kinds[kind] = kind === "page" ? await page() : await project(kind, KINDS[kind]);
    console.log(kind, JSON.stringify(results.kinds[kind]));
  }
} finally {
  registry.close();
  if (argv.includes("--keep")) console.log(`Kept ${folder}`);
  else rmSync(folder, { recursive: true, force: true });
}
if (names.length === 0) {
  writeFileSync(join(import.meta.dirname, "first-run.json"), `${JSON.stringify(results, null, 2)}\n`);
}

/** Runs the commands that the README of `create-graft` shows. */
async function project(kind, { write, flags, file, expected }) {
  await write(folder);
  const create = await created(`my-${kind}`, flags);
  const at = join(folder, `my-${kind}`);
  const install = await command("npm", ["install", "--no-audit", "--no-fund"], at);
  const again = await reinstalled(at);
  const train = await offline("npm", ["run", "train"], at);
  const predict = await offline("npm", ["run", "predict", "--", file], at);
  return {
    create: create.seconds,
    install: install.seconds,
    installWarm: again,
    train: train.seconds,
    firstStep: train.firstStep,
    predict: predict.seconds,
    total: round(create.seconds + install.seconds + train.seconds + predict.seconds),
    right: expected.test(predict.out),
    withoutNetwork: train.offline && predict.offline,
    warnings: [...train.err.split("\n"), ...predict.err.split("\n")].filter((line) => /warn|looks like/i.test(line)),
    megabytes: megabytes(join(at, "node_modules")),
    largest: largest(join(at, "node_modules")),
  };
}

async function page() {
  const create = await created("page", ["--page"]);
  const at = join(folder, "page");
  const install = await command("npm", ["install", "--no-audit", "--no-fund"], at);
  const build = await command("npm", ["run", "build"], at);
  const tried = await tryPage(join(at, "dist"));
  return { create: create.seconds, install: install.seconds, build: build.seconds, ...tried };
}

function created(name, flags) {
  const args = ["exec", "--yes", `--package=${registry.fileOf("create-graft")}`, "--", "create-graft", name, ...flags];
  writeFileSync(join(folder, ".npmrc"), registry.npmrc);
  return command("npm", args, folder).then((result) => {
    writeFileSync(join(folder, name, ".npmrc"), registry.npmrc);
    return result;
  });
}

/** Installs again from npm's cache: the time without downloads. */
async function reinstalled(at) {
  rmSync(join(at, "node_modules"), { recursive: true });
  return (await command("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline"], at)).seconds;
}

async function command(name, args, cwd) {
  const result = await startProgram(name, args, cwd);
  if (result.status !== 0) throw new Error(`${name} ${args.join(" ")} failed:\n${result.out}\n${result.err}`);
  return result;
}

/** Runs a command without a network, if this machine allows that. */
async function offline(name, args, cwd) {
  const alone = spawnSync("unshare", ["-rn", "true"]).status === 0;
  const result = await (alone ? command("unshare", ["-rn", name, ...args], cwd) : command(name, args, cwd));
  return { ...result, offline: alone };
}

function megabytes(path) {
  return round(
    Number(execFileSync("du", ["-sk", "--apparent-size", path], { encoding: "utf8" }).split("\t")[0]) / 1024,
  );
}

/** The ten largest packages, in megabytes. */
function largest(modules) {
  const packages = readdirSync(modules).flatMap((name) =>
    name.startsWith("@") ? readdirSync(join(modules, name)).map((own) => `${name}/${own}`) : [name],
  );
  const sized = packages.map((name) => [name, megabytes(join(modules, name))]).sort((a, b) => b[1] - a[1]);
  return Object.fromEntries(sized.slice(0, 10));
}

function round(value) {
  return Math.round(100 * value) / 100;
}
