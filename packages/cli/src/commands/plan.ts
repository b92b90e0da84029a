import { formatPlan, plan as makePlan } from "@graftjs/tuner";
import type { Command } from "../command.ts";
import { openSession } from "../session.ts";
import { recipePath } from "./recipe-path.ts";

export const plan: Command = {
  usage: "graft plan <recipe.json> [--json]",
  about: "Says what a recipe would train, what it would cache and what that costs. Trains nothing.",
  options: { json: "boolean" },
  async run(positionals, { json }, { out, cwd }) {
    const session = await openSession(recipePath("plan", positionals), cwd);
    try {
      const made = await makePlan(session.model, session.options);
      out(json ? `${JSON.stringify(made, null, 2)}\n` : `${formatPlan(made)}\n`);
    } finally {
      await session.dispose();
    }
  },
};
