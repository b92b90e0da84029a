import type { DataContext } from "@graftjs/tuner";
import type { LabelForm } from "./labels.ts";

/** Returns the form of the labels that the model's output and its loss take. */
export function labelsOf({ outputs }: DataContext): LabelForm {
  const [output] = outputs;
  if (output?.sparse) return "index";
  return output?.shape.at(-1) === 1 ? "binary" : "one-hot";
}
