import type { DataContext, DataPort, ModelCard, TunableModel } from "@graftjs/tuner";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { projectPackage } from "../project/project-package.ts";
import { isSparse, type LossUse, lossOfOutput } from "./loss-of-output.ts";

/**
 * Describes a recipe's model to its data source.
 *
 * @param folder the recipe's folder, from which optional packages are imported.
 * @param base facts that are stored with the model.
 */
export function dataContext(
  model: TunableModel,
  loss: LossUse,
  folder: string,
  base: ModelCard | undefined,
): DataContext {
  const { inputNames, outputNames, inputs, outputs } = "ports" in model ? model.ports : (model as LayersModel);
  const portsOf = (names: readonly string[], ports: readonly Port[]): DataPort[] =>
    // A sequential model that was loaded has no list of names.
    ports.map(({ shape, name }, i) => ({ name: names[i] ?? name ?? String(i), shape }));
  return {
    inputs: portsOf(inputNames, inputs),
    outputs: portsOf(outputNames, outputs).map((port, i) => ({
      ...port,
      sparse: isSparse(lossOfOutput(outputNames, loss, i)),
    })),
    ...(base?.reader ? { reader: base.reader } : {}),
    ...(base?.classes ? { classes: base.classes } : {}),
    importPackage: (name) => projectPackage(name, folder),
  };
}

interface Port {
  readonly shape: readonly (number | null)[];
  readonly name?: string;
}
