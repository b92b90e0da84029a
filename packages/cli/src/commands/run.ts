import { dirname, resolve } from "node:path";
import { fineTune, formatPlan, plan, progress, saveDelta, writeFileAtomic } from "@graftjs/tuner";
import type { Command } from "../command.ts";
import { interruptible } from "../interrupt.ts";
import { assertWritable } from "../output.ts";
import { openSession } from "../session.ts";
import { UsageError } from "../usage-error.ts";
import { recipePath } from "./recipe-path.ts";

/** Steps between two checkpoints: what a crash costs at most. */
const EVERY_STEPS = 50;

export const run: Command = {
  usage: "graft run <recipe.json> [--out delta.safetensors] [--checkpoint folder] [--resume] [--json]",
  about:
    "Fine-tunes by a recipe and saves what was trained as one small file.\n" +
    `With --checkpoint the whole state is written every ${EVERY_STEPS} steps; --resume goes on from the newest whole one.\n` +
    "Ctrl-C ends the run after the step in progress, and says how to go on.",
  options: { out: "string", checkpoint: "string", resume: "boolean", json: "boolean" },
  async run(positionals, { out: given, checkpoint: to, resume, json }, { out, cwd, isTty }) {
    const path = recipePath("run", positionals);
    if (resume === true && to === undefined) {
      throw new UsageError("--resume needs --checkpoint.", `graft run ${path} --checkpoint folder --resume`);
    }
    const session = await openSession(path, cwd);
    try {
      const { file, model, options, resolved } = session;
      const { folder, recipe } = file;
      const target =
        given === undefined ? resolve(folder, file.run.output ?? "delta.safetensors") : resolve(cwd, String(given));
      await assertWritable(dirname(target));
      if (!json) out(`${formatPlan(await plan(model, options))}\n`);
      const observers = [...resolved.observers, ...(json ? [] : [progress({ stream: { write: out, isTTY: isTty } })])];
      const state = { to: resolve(cwd, String(to)), resume: resume === true, recipe, everySteps: EVERY_STEPS };
      const checkpoint = to === undefined ? {} : { checkpoint: state };
      const wayOn =
        to === undefined
          ? "Nothing was saved: give --checkpoint folder next time."
          : `Go on with: graft run ${path} --checkpoint ${String(to)} --resume`;
      const result = await interruptible(wayOn, (signal) =>
        fineTune(model, { ...options, ...checkpoint, observers, signal }),
      );
      const delta = await saveDelta(model, result, { recipe });
      await writeFileAtomic(target, delta);
      result.restore();
      const { history, steps, seconds } = result;
      if (json) out(`${JSON.stringify({ history, steps, seconds, delta: target, bytes: delta.byteLength })}\n`);
      else out(`Saved ${target} (${(delta.byteLength / 1024).toFixed(1)} kB).\n`);
    } finally {
      await session.dispose();
    }
  },
};
