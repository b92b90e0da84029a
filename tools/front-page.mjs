// Runs the programs and the recipe of the front page, and the programs of the packages' READMEs, as a user would: from the packed
// tarballs, in an empty folder, in plain JavaScript. The first argument is the folder of the tarballs.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./bootstrap.mjs";
import { makeProject } from "./third-party/project.mjs";

const folder = mkdtempSync(join(tmpdir(), "graft-front-page-"));
try {
  makeProject(folder, process.argv[2]);
  frontPage();
  const packages = readdirSync(join(root, "packages"));
  const run = packages.flatMap((name) => programs(`packages/${name}/README.md`));
  console.log(`Front page: its programs and its recipe run, and ${run.length} programs of the packages' READMEs.`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function frontPage() {
  const file = "README.md";
  const blocks = blocksOf(file);
  assertInstalls(file, blocks);
  for (const { info, code } of blocks) if (/^[\w-]+\.\w+$/.test(info)) writeFileSync(join(folder, info), code);
  for (const program of ["pretrain.mjs", "hook.mjs"]) {
    const { out } = start(file, [program]);
    const [, losses = ""] = /^loss (.*)$/m.exec(out) ?? [];
    const values = losses.split(" ").map(Number);
    assert.ok(
      // Its first weights are random, so how far the loss falls differs from run to run.
      values.length > 3 && values.at(-1) < values[0],
      `${file}: the loss of ${program} does not fall: ${out}`,
    );
  }
  const recipe = ["node_modules/@graftjs/cli/dist/bin.js", "run", "recipe.json"];
  const epochs = [...start(file, recipe).out.matchAll(/^epoch .* loss (\S+)/gm)].map(([, loss]) => Number(loss));
  assert.ok(epochs.length > 3 && epochs.at(-1) < epochs[0], `${file}: the loss of the recipe does not fall: ${epochs}`);
}

/** Runs the programs of a README that need no page, and compares what they print with the block of output below them. */
function programs(file) {
  const blocks = blocksOf(file);
  assertInstalls(file, blocks);
  return blocks.flatMap(({ language, info, code }, i) => {
    if (language !== "js" || info === "browser") return [];
    writeFileSync(join(folder, "program.mjs"), code);
    const { out } = start(file, ["program.mjs"]);
    const next = blocks[i + 1];
    if (next?.info === "output") assert.equal(out.trim(), next.code.trim(), `${file}: another output`);
    return [file];
  });
}

/** Runs Node in the folder. Fails if the program fails, or prints tfjs's advertisement. */
function start(file, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: "utf8",
    timeout: 120_000,
  });
  assert.equal(status, 0, `${file}: ${args.join(" ")} failed:\n${stderr}`);
  assert.doesNotMatch(stderr, /looks like you are running TensorFlow\.js/, `${file}: prints an advertisement`);
  return { out: stdout };
}

/** Checks that the README's install lines name every package that its programs import. */
function assertInstalls(file, blocks) {
  const lines = readFileSync(join(root, file), "utf8").match(/npm install .*/g) ?? [];
  const installed = new Set(lines.flatMap((line) => line.split(/\s+/)));
  for (const { language, code } of blocks) {
    if (language !== "js" && language !== "ts") continue;
    for (const [, name] of code.matchAll(/(?:from|import) "([^".][^"]*)"/g)) {
      const wanted = name
        .split("/")
        .slice(0, name.startsWith("@") ? 2 : 1)
        .join("/");
      assert.ok(wanted.startsWith("node:") || installed.has(wanted), `${file}: the install line lacks ${wanted}`);
    }
  }
}

/** Returns the fenced blocks of a README: language, the rest of the opening line, and the code. */
function blocksOf(file) {
  const text = readFileSync(join(root, file), "utf8");
  return [...text.matchAll(/^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm)].map(([, language, info, code]) => ({
    language,
    info,
    code,
  }));
}
