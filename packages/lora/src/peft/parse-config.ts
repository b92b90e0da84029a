import type { Initialization } from "../initial/low-rank-values.ts";
import { covers } from "./module-names.ts";
import { PeftError, throwIfAny } from "./peft-error.ts";
import { ExpressionError, fullMatch } from "./regular-expression.ts";

/** The fields of `adapter_config.json` that decide how an adapter computes. */
export interface PeftConfig {
  readonly method: "lora" | "dora" | "ia3" | "lokr";
  /** Names of the adapted modules. Undefined if the file has a regular expression, or numbers of layers. */
  readonly targetModules: readonly string[] | undefined;
  /** Tells whether the file adapts a module of this name. Undefined if the file has numbers of layers, or "all-linear". */
  readonly isTarget: ((module: string) => boolean) | undefined;
  readonly modulesToSave: readonly string[];
  readonly feedforwardModules: readonly string[];
  readonly dropout: number;
  readonly initialization: Initialization;
  /** The factor of the sizes, for `lokr`. */
  readonly factor: number;
  /** Returns the rank of a module. */
  rank(module: string): number;
  /** Returns the factor s of a module's change. */
  scale(module: string): number;
}

/** Values of `init_lora_weights` that leave the base as it is, and "pissa", whose residual Graft computes too. */
const SAME_BASE: readonly unknown[] = [undefined, null, true, false, "gaussian", "orthogonal", "eva", "mica", "pissa"];

type Fields = Readonly<Record<string, unknown>>;

/** Fields that change how an adapter computes or which tensors it has, in a way that Graft does not support. */
const UNSUPPORTED = [
  "alora_invocation_tokens arrow_config bias decompose_both kasa_config layer_replication lora_bias megatron_config",
  "module_dropout monteclora_config rank_dropout target_parameters trainable_token_indices use_bdlora use_effective_conv2d",
  "use_qalora velora_config",
]
  .join(" ")
  .split(" ");
/** Values that switch such a field off. */
const OFF: readonly unknown[] = [undefined, null, false, 0, "none"];

/**
 * Reads `adapter_config.json` with the defaults of PEFT: rank 8, α 8, scale α/r unless `use_rslora` is set.
 *
 * @throws PeftError with all problems, if the text is not JSON, is not of a supported type, or has wrong or unsupported fields
 */
export function parseConfig(text: string): PeftConfig {
  const fields = fieldsOf(text);
  const problems = UNSUPPORTED.filter((key) => !OFF.includes(fields[key])).map(
    (key) => `\`${key}\` is ${JSON.stringify(fields[key])}, which Graft does not support.`,
  );
  if (!SAME_BASE.includes(fields.init_lora_weights))
    problems.push(
      `\`init_lora_weights\` is ${JSON.stringify(fields.init_lora_weights)}, which changes the weights of the base in Python in a way ` +
        "that Graft does not compute.",
    );
  const report = (key: string, wanted: string): void => {
    problems.push(`\`${key}\` is ${JSON.stringify(fields[key])}, but must be ${wanted}.`);
  };
  const names = (key: string): readonly string[] => {
    const value = fields[key] ?? [];
    const list = typeof value === "string" ? [value] : value;
    if (Array.isArray(list) && list.every((one) => typeof one === "string")) return list;
    report(key, "a list of module names");
    return [];
  };
  const number = (key: string, fallback: number, test: (value: number) => boolean, wanted: string): number => {
    const value = fields[key] ?? fallback;
    if (typeof value === "number" && test(value)) return value;
    report(key, wanted);
    return fallback;
  };
  const type = fields.peft_type as "LORA" | "IA3" | "LOKR";
  const positive = (value: number): boolean => Number.isFinite(value) && value > 0;
  const count = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  const r = number("r", 8, count, "an integer ≥ 1");
  const alpha = number(type === "LOKR" ? "alpha" : "lora_alpha", 8, positive, "a number > 0");
  const rankOf = pattern(fields, "rank_pattern", (value) => count(value), problems);
  const alphaOf = pattern(fields, "alpha_pattern", positive, problems);
  const targetNames =
    typeof fields.target_modules === "string" || hasLayers(fields) ? undefined : names("target_modules");
  const selects = selection(fields, "target_modules", targetNames ?? [], problems);
  const excludes = selection(
    fields,
    "exclude_modules",
    typeof fields.exclude_modules === "string" ? [] : names("exclude_modules"),
    problems,
  );
  const config: PeftConfig = {
    method: type === "LORA" ? (fields.use_dora === true ? "dora" : "lora") : type === "IA3" ? "ia3" : "lokr",
    targetModules: targetNames,
    isTarget:
      hasLayers(fields) || fields.target_modules === "all-linear"
        ? undefined
        : (module) => selects(module) && !excludes(module),
    modulesToSave: names("modules_to_save"),
    feedforwardModules: names("feedforward_modules"),
    initialization: fields.init_lora_weights === "pissa" ? "pissa" : "default",
    dropout: number("lora_dropout", 0, (value) => value >= 0 && value < 1, "a number from 0 to 1"),
    factor: number("decompose_factor", -1, (value) => value === -1 || count(value), "an integer ≥ 1, or -1"),
    rank: (module) => rankOf(module) ?? r,
    scale: (module) => {
      const rank = rankOf(module) ?? r;
      return (alphaOf(module) ?? alpha) / (fields.use_rslora === true ? Math.sqrt(rank) : rank);
    },
  };
  throwIfAny(problems, "adapter_config.json cannot be used.", "Save the adapter in PEFT without these settings.");
  return config;
}

function fieldsOf(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PeftError("adapter_config.json is not JSON.", "Is the file complete?", { cause });
  }
  // Without a prototype, so that a missing field is undefined whatever its name is.
  const fields: Fields = Object.assign(Object.create(null), value);
  if (["LORA", "IA3", "LOKR"].includes(fields.peft_type as string)) return fields;
  throw new PeftError(
    `adapter_config.json has the \`peft_type\` ${JSON.stringify(fields.peft_type)}.`,
    'Graft reads "LORA", which includes DoRA, "IA3" and "LOKR".',
  );
}

/** Tells whether numbers of layers decide too which modules are adapted. */
function hasLayers({ layers_to_transform: layers }: Fields): boolean {
  return layers !== undefined && layers !== null;
}

/** Makes the test of the modules that `target_modules` or `exclude_modules` selects: a list of names, or an expression. */
function selection(
  fields: Fields,
  key: string,
  list: readonly string[],
  problems: string[],
): (module: string) => boolean {
  const value = fields[key];
  if (typeof value !== "string") return (module) => covers(list, module);
  return expression(key, value, value, problems) ?? (() => false);
}

/**
 * Reads numbers by module. The keys are expressions that match a whole name, or its end after a dot. The first one counts, as in
 * PEFT's `get_pattern_key`.
 */
function pattern(
  fields: Fields,
  key: string,
  valid: (value: number) => boolean,
  problems: string[],
): (module: string) => number | undefined {
  const entries = Object.entries(fields[key] ?? {}).map(([name, value]) => {
    if (typeof value !== "number" || !valid(value))
      problems.push(`\`${key}\` has the value ${JSON.stringify(value)} for \`${name}\`.`);
    return { matches: expression(key, name, `(.*\\.)?(${name})$`, problems), value: value as number };
  });
  return (module) => entries.find(({ matches }) => matches?.(module))?.value;
}

/** Compiles an expression of a file. A match that takes too long throws a PeftError. */
function expression(
  key: string,
  shown: string,
  source: string,
  problems: string[],
): ((module: string) => boolean) | undefined {
  const said = (error: unknown): string => {
    if (!(error instanceof ExpressionError)) throw error;
    return `\`${key}\` has the expression ${JSON.stringify(shown)}, which ${error.message}.`;
  };
  try {
    const matches = fullMatch(source);
    return (module) => {
      try {
        return matches(module);
      } catch (cause) {
        throw new PeftError(said(cause), "Write a simpler expression, or names.", { cause });
      }
    };
  } catch (error) {
    problems.push(`${said(error)} Graft does not support it.`);
    return undefined;
  }
}
