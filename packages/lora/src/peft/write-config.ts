import type { AdapterHandle } from "../adapter/adapter-patch.ts";
import type { Change } from "../methods/change.ts";
import type { Initialization } from "../initial/low-rank-values.ts";
import { DEFAULTS } from "./default-config.ts";
import { type ModuleNames, moduleName } from "./module-names.ts";
import { pythonJson } from "./python-json.ts";

/** The settings that a low-rank or Kronecker change tells about itself. */
interface Settings extends Change {
  readonly rank: number;
  readonly scale: number;
  readonly dropout?: number;
  readonly factor?: number;
  readonly initialization?: Initialization;
}

/** Returns how a low-rank change began. Undefined for other changes. */
export function initializationOf(
  change: Change & Partial<Pick<Settings, "initialization">>,
): Initialization | undefined {
  return change.initialization;
}

/** Makes the text of `adapter_config.json` for an adapter. */
export function configText(
  { method, changes }: AdapterHandle,
  names: ModuleNames | undefined,
  modulesToSave: readonly string[],
  baseModel: string | undefined,
): string {
  const moduleOf = ({ target }: Change): string => moduleName(target.path, names);
  const common = {
    base_model_name_or_path: baseModel ?? null,
    target_modules: changes.map(moduleOf),
    modules_to_save: modulesToSave.length > 0 ? modulesToSave.map((path) => moduleName(path, names)) : null,
  };
  if (method === "ia3") {
    const inputs = changes.filter(({ input }) => input !== undefined);
    return pythonJson({ ...DEFAULTS.IA3, ...common, feedforward_modules: inputs.map(moduleOf) });
  }
  const settings = changes as readonly Settings[];
  const { factor = -1 } = settings[0] ?? {};
  const dropout = Math.max(0, ...settings.map(({ dropout = 0 }) => dropout));
  const entries = settings.map((change) => ({ module: moduleOf(change), rank: change.rank, scale: change.scale }));
  const plain = alphas(entries, (rank) => rank);
  const stabilized = alphas(entries, Math.sqrt);
  const usesRoot = method !== "lokr" && !plain.every(Number.isInteger) && stabilized.every(Number.isInteger);
  const alphaOf = usesRoot ? stabilized : plain;
  const [r, alpha] = [mostFrequent(entries.map(({ rank }) => rank)), mostFrequent(alphaOf)];
  const differing = (values: readonly number[], usual: number): Record<string, number> =>
    Object.fromEntries(
      entries.flatMap(({ module }, i) => (values[i] === usual ? [] : [[module, values[i] as number]])),
    );
  const patterns = {
    r,
    rank_pattern: differing(
      entries.map(({ rank }) => rank),
      r,
    ),
    alpha_pattern: differing(alphaOf, alpha),
  };
  const fields =
    method === "lokr"
      ? { ...DEFAULTS.LOKR, ...common, ...patterns, alpha, decompose_factor: factor }
      : {
          ...DEFAULTS.LORA,
          ...common,
          ...patterns,
          lora_alpha: alpha,
          lora_dropout: dropout,
          use_dora: method === "dora",
          use_rslora: usesRoot,
          ...(settings.some((change) => initializationOf(change) === "pissa") ? { init_lora_weights: "pissa" } : {}),
        };
  return pythonJson(fields);
}

/** Returns each α, without the last digits, which the division left over. */
function alphas(
  entries: readonly { readonly rank: number; readonly scale: number }[],
  divisor: (rank: number) => number,
): readonly number[] {
  return entries.map(({ rank, scale }) => Number((scale * divisor(rank)).toPrecision(14)));
}

function mostFrequent(values: readonly number[]): number {
  const count = (value: number): number => values.filter((other) => other === value).length;
  return values.reduce((best, value) => (count(value) > count(best) ? value : best), values[0] ?? 8);
}
