import { addClass } from "./add-class.ts";
import type { Command } from "./command.ts";
import { compare } from "./compare.ts";
import { completion } from "./completion.ts";
import { diff } from "./diff.ts";
import { doctor } from "./doctor.ts";
import { evaluate } from "./eval.ts";
import { findLr } from "./find-lr.ts";
import { exportModel } from "./export.ts";
import { explain } from "./explain.ts";
import { init } from "./init.ts";
import { inspect } from "./inspect.ts";
import { installNative, uninstallNative } from "./install-native.ts";
import { list } from "./list.ts";
import { merge } from "./merge.ts";
import { plan } from "./plan.ts";
import { predict } from "./predict.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import { stack } from "./stack.ts";

/** Every subcommand, in the order of `graft --help`. */
export const commands: Readonly<Record<string, Command>> = {
  init,
  run,
  "add-class": addClass,
  predict,
  eval: evaluate,
  plan,
  "find-lr": findLr,
  explain,
  compare,
  inspect,
  merge,
  export: exportModel,
  stack,
  diff,
  list,
  schema,
  doctor,
  "install-native": installNative,
  "uninstall-native": uninstallNative,
  completion: completion(() => commands),
};
