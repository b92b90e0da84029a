import { formatPlan, plan as makePlan } from "@graftjs/tuner";
import type { Command } from "../command.ts";
import { withSession } from "../session.ts";
import { recipePath } from "./recipe-path.ts";

export const plan: Command = {
  usage: "graft plan <recipe.json> [--json]",
  about: "Says what a recipe would train, what it would cache and what that costs. Trains nothing.",
  options: { json: "boolean" },
  run: (positionals, { json }, io) =>
    withSession(recipePath("plan", positionals), io, async ({ model, options }) => {
      const made = await makePlan(model, options);
      io.out(json === true ? `${JSON.stringify(made, null, 2)}\n` : `${formatPlan(made)}\n`);
    }),
};
