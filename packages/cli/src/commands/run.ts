import { dirname, resolve } from "node:path";
import { fineTune, formatPlan, plan, progress, saveDelta, writeFileAtomic } from "@graftjs/tuner";
import type { Command } from "../command.ts";
import { assertWritable } from "../output.ts";
import { openSession } from "../session.ts";
import { recipePath } from "./recipe-path.ts";

export const run: Command = {
  usage: "graft run <recipe.json> [--out delta.safetensors] [--json]",
  about: "Fine-tunes by a recipe and saves what was trained as one small file.",
  options: { out: "string", json: "boolean" },
  async run(positionals, { out: given, json }, { out, cwd, isTty }) {
    const session = await openSession(recipePath("run", positionals), cwd);
    try {
      const { file, model, options, resolved } = session;
      const target =
        given === undefined
          ? resolve(file.folder, file.run.output ?? "delta.safetensors")
          : resolve(cwd, String(given));
      await assertWritable(dirname(target));
      if (!json) out(`${formatPlan(await plan(model, options))}\n`);
      const observers = [...resolved.observers, ...(json ? [] : [progress({ stream: { write: out, isTTY: isTty } })])];
      const result = await fineTune(model, { ...options, observers });
      const delta = await saveDelta(model, result, { recipe: file.recipe });
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
