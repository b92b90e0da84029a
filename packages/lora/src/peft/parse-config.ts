import type { Initialization } from "../initial/low-rank-values.ts";
import { covers } from "./module-names.ts";
import { PeftError, throwIfAny } from "./peft-error.ts";

/** The fields of `adapter_config.json` that decide how an adapter computes. */
export interface PeftConfig {
  readonly method: "lora" | "dora" | "ia3" | "lokr";
  /** Names of the adapted modules. Undefined if the file has a regular expression, or leaves modules out by rules. */
  readonly targetModules: readonly string[] | undefined;
  readonly excludeModules: readonly string[];
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
  const config: PeftConfig = {
    method: type === "LORA" ? (fields.use_dora === true ? "dora" : "lora") : type === "IA3" ? "ia3" : "lokr",
    targetModules: typeof fields.target_modules === "string" || hasRules(fields) ? undefined : names("target_modules"),
    excludeModules: typeof fields.exclude_modules === "string" ? [] : names("exclude_modules"),
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

/** Tells whether more than the list of names decides which modules are adapted. */
function hasRules(fields: Fields): boolean {
  const { layers_to_transform: layers, exclude_modules: excluded } = fields;
  return typeof excluded === "string" || (layers !== undefined && layers !== null);
}

/**
 * Reads a pattern of module names. PEFT treats names as regular expressions. Only plain names, with `^` in front or not, are read:
 * an expression from a file could take for ever.
 */
function pattern(
  fields: Fields,
  key: string,
  valid: (value: number) => boolean,
  problems: string[],
): (module: string) => number | undefined {
  const entries = Object.entries(fields[key] ?? {}).map(([name, value]) => {
    const plain = name.replace(/^\^/, "").replace(/\$$/, "").replaceAll("\\.", ".");
    if (!/^[\w.-]+$/.test(plain)) problems.push(`\`${key}\` has the expression ${JSON.stringify(name)}. Write a name.`);
    else if (typeof value !== "number" || !valid(value))
      problems.push(`\`${key}\` has the value ${JSON.stringify(value)} for \`${name}\`.`);
    return { plain, whole: name.startsWith("^"), value: value as number };
  });
  return (module) => entries.find(({ plain, whole }) => (whole ? module === plain : covers([plain], module)))?.value;
}
