import type { Command } from "../command.ts";
import { explain } from "./explain.ts";
import { list } from "./list.ts";
import { plan } from "./plan.ts";
import { run } from "./run.ts";

/** Every subcommand, in the order of the listing. */
export const commands: Readonly<Record<string, Command>> = { run, plan, explain, list };
