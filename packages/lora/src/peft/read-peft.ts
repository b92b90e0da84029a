import { formatNames, type LayersLike, nearestNames } from "@graftjs/core";
import { readSafetensors } from "@graftjs/tuner";
import { type AdapterHandle, type AdapterPatch, adapterPatch, type PlannedChange } from "../adapter/adapter-patch.ts";
import { findTargets } from "../targets/find-targets.ts";
import { type GroupedTensors, groupTensors } from "./group-tensors.ts";
import { covers, coversAround, type ModuleNames, moduleName } from "./module-names.ts";
import { type PeftConfig, parseConfig } from "./parse-config.ts";
import { throwIfAny } from "./peft-error.ts";
import { origins, type PeftFiles } from "./peft-files.ts";
import { planChange } from "./plan-change.ts";
import { assignSaved, matchSaved, type SavedModule } from "./saved-modules.ts";

/** Options of {@link readPeft}. */
export interface ReadPeftOptions {
  /** Module names in PyTorch by layer path. @default the path with `.` for `/` */
  readonly names?: ModuleNames;
}

/**
 * Makes a patch from the files of an adapter that HF PEFT saved: LoRA, DoRA, IA3 or LoKr. The patch has the rank, scale and values of
 * the files, and training can continue from there. Modules that the file stores in full (`modules_to_save`) replace the weights
 * of their layers; `restore` puts the old weights back, while `active` and `unmerge` do not.
 *
 * @throws PeftError with all problems if the config is not usable or a tensor is unknown, and SafetensorsError if the file of the
 *   tensors is damaged. At `apply`, PeftError with all problems if the adapter does not fit the model: layers that it lacks,
 *   targets without tensors, other shapes or ranks. The model is then unchanged.
 */
export function readPeft(files: PeftFiles, { names }: ReadPeftOptions = {}): AdapterPatch {
  const configText = files["adapter_config.json"];
  const config = parseConfig(configText);
  const grouped = groupTensors(readSafetensors(files["adapter_model.safetensors"]).tensors, config.modulesToSave);
  throwIfAny(grouped.problems, "adapter_model.safetensors has tensors that Graft cannot use.", FIT);
  return {
    name: config.method,
    apply(model, ...rest) {
      const { changes, saved } = planAll(model, config, grouped, names);
      const handle = adapterPatch(config.method, () => changes).apply(model, ...rest);
      keepSaved(handle, saved);
      const origin = { configText, names, saved: saved.flatMap(({ weights }) => weights) };
      origins.set(handle, origin);
      handle.file = {
        storesLayers: saved.length > 0,
        swapped: () => void origins.set(handle, { ...origin, configText: undefined }),
      };
      return handle;
    },
  };
}

const FIT = "Is it the adapter of another model? `names` maps layer paths to module names.";

function planAll(
  model: LayersLike,
  config: PeftConfig,
  { adapted, saved }: GroupedTensors,
  names: ModuleNames | undefined,
): { readonly changes: readonly PlannedChange[]; readonly saved: readonly SavedModule[] } {
  const problems: string[] = [];
  const targets = findTargets(model).map((target) => ({ target, module: moduleName(target.path, names) }));
  const known = targets.map(({ module }) => module);
  for (const module of adapted.keys()) {
    if (known.includes(module)) continue;
    const near = nearestNames(module, known);
    const hint = near.length > 0 ? ` Similar: ${formatNames(near)}.` : "";
    problems.push(`\`${module}\` has an adapter in the file, but \`${model.name}\` has no such layer.${hint}`);
  }
  const changes = targets.flatMap(({ target, module }) => {
    const tensors = adapted.get(module);
    if (tensors) return [planChange(config, target, module, tensors, problems)];
    if (config.isTarget?.(module) && !coversAround(config.modulesToSave, module))
      problems.push(`\`${module}\` is a target, but the file has no tensors for it.`);
    return [];
  });
  for (const name of config.targetModules ?? [])
    if (![...adapted.keys()].some((module) => covers([name], module)))
      problems.push(`The target \`${name}\` has no tensors in the file.`);
  for (const name of config.modulesToSave)
    if (![...saved.keys()].some((module) => coversAround([name], module)))
      problems.push(`\`${name}\` is in \`modules_to_save\`, but the file has no tensors for it.`);
  const modules = matchSaved(model, saved, names, problems);
  throwIfAny(problems, `The adapter does not fit \`${model.name}\`. Nothing was changed.`, FIT);
  return { changes, saved: modules };
}

/** Assigns the modules that are stored in full, and puts the old weights back when the adapter is taken off. */
function keepSaved(handle: AdapterHandle, modules: readonly SavedModule[]): void {
  const release = assignSaved(modules);
  const { restore, mergeAndUnload } = handle;
  handle.restore = () => {
    restore();
    release(true);
  };
  handle.mergeAndUnload = () => {
    mergeAndUnload();
    release(false);
  };
}
