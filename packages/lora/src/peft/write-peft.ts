import type { Param } from "@graftjs/core";
import { type StoredTensor, writeSafetensors } from "@graftjs/tuner";
import type { AdapterHandle } from "../adapter/adapter-patch.ts";
import { addedLayout, ownLayout } from "./layouts.ts";
import { type ModuleNames, moduleName } from "./module-names.ts";
import { throwIfAny } from "./peft-error.ts";
import { origins, type PeftFiles } from "./peft-files.ts";
import { toStored } from "./stored-values.ts";
import { mixesAxes, padsUnevenly, unsupportedTarget } from "./unsupported-target.ts";
import { configText, initializationOf } from "./write-config.ts";

/** Options of {@link writePeft}. */
export interface WritePeftOptions {
  /** Module names in PyTorch by layer path. @default those that the adapter was read with, or the path with `.` for `/` */
  readonly names?: ModuleNames;
  /**
   * All weights of the layers to store in full beside the adapter, such as a head that trained, as `namedParams(model)` lists them.
   * @default those of the file that the adapter was read from
   */
  readonly modulesToSave?: readonly Param[];
  /** Name of the base model for `base_model_name_or_path`. @default null */
  readonly baseModel?: string;
  /** Receives a line for every layer that computes the same in PyTorch only under a condition. @default console.warn */
  readonly warn?: (line: string) => void;
}

/**
 * Writes an adapter as the two files of HF PEFT, which `PeftModel.from_pretrained` loads. The config is the one that the adapter was
 * read with, if it came from files and the options do not change it.
 *
 * @throws PeftError with all layers that PEFT has no adapter for: recurrent, transposed and dilated ones, and any with SSF. Nothing
 *   is written then.
 */
export async function writePeft(handle: AdapterHandle, options: WritePeftOptions = {}): Promise<PeftFiles> {
  const origin = origins.get(handle);
  const { names = origin?.names, modulesToSave = origin?.saved ?? [], baseModel, warn = console.warn } = options;
  const { method, changes } = handle;
  const problems =
    method === "ssf"
      ? ["PEFT has no adapter like SSF."]
      : changes.flatMap(
          (change) =>
            unsupportedTarget(method, change.target, initializationOf(change)) ??
            mixesAxes(
              change.target,
              change.params.map(({ role }) => role),
            ) ??
            [],
        );
  const parts = changes.flatMap(({ target, params, input }) =>
    params.map(({ role, shape, variable }) => {
      const layout = addedLayout(target, role, shape, input !== undefined);
      return { key: `${moduleName(target.path, names)}.${layout.suffix}`, layout, variable };
    }),
  );
  const whole = modulesToSave.flatMap((param) => {
    const layout = ownLayout(param);
    if (!layout) problems.push(`${param.name} cannot be stored in full. Dense, convolution and embedding layers can.`);
    return layout
      ? [{ key: `${moduleName(pathOf(param), names)}.${layout.suffix}`, layout, variable: param.variable }]
      : [];
  });
  const all = [...parts, ...whole];
  const twice = all.map(({ key }) => key).filter((key, i, keys) => keys.indexOf(key) !== i);
  problems.push(...new Set(twice.map((key) => `Two tensors would be called \`${key}\`.`)));
  throwIfAny(problems, "The adapter cannot be written for PEFT.", "`saveDelta` stores every adapter.");
  for (const { target } of changes) {
    if (padsUnevenly(target))
      warn(
        `${target.name}: TensorFlow's "same" with strides pads more after than before. The adapter computes the same in PyTorch only ` +
          "if the model there pads its input by hand in the same way.",
      );
  }
  const tensors = new Map<string, StoredTensor>();
  for (const { key, layout, variable } of all) tensors.set(`base_model.model.${key}`, await toStored(variable, layout));
  const read = origin?.configText;
  const same = !options.names && !options.modulesToSave && baseModel === undefined;
  return {
    "adapter_config.json": read && same ? read : configText(handle, names, modulesToSave.map(pathOf), baseModel),
    "adapter_model.safetensors": writeSafetensors(tensors, new Map([["format", "pt"]])),
  };
}

/** Returns the path of a weight's layer. */
function pathOf({ name, role }: Param): string {
  return name.slice(0, -role.length - 1);
}
