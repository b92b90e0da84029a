import type { StoredTensor } from "@graftjs/tuner";
import { coversAround } from "./module-names.ts";

/** The tensors of a file, by module name and then by the rest of their keys. */
export interface GroupedTensors {
  /** Parameters of adapters. */
  readonly adapted: ReadonlyMap<string, ReadonlyMap<string, StoredTensor>>;
  /** Weights of modules that are stored in full. */
  readonly saved: ReadonlyMap<string, ReadonlyMap<string, StoredTensor>>;
  readonly problems: readonly string[];
}

const PREFIX = "base_model.model.";
const ADDED =
  /^(.+)\.(lora_[AB]\.weight|lora_embedding_[AB]|lora_magnitude_vector|ia3_l|lokr_w1|lokr_w2|lokr_w2_a|lokr_w2_b)$/;
const OWN = /^(.+)\.([^.]+)$/;

/** Sorts the tensors of an adapter's file by module. */
export function groupTensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  modulesToSave: readonly string[],
): GroupedTensors {
  const adapted = new Map<string, Map<string, StoredTensor>>();
  const saved = new Map<string, Map<string, StoredTensor>>();
  const problems: string[] = [];
  for (const [key, tensor] of tensors) {
    const rest = key.startsWith(PREFIX) ? key.slice(PREFIX.length) : "";
    const [, module, suffix] = ADDED.exec(rest) ?? [];
    const [, whole, name] = OWN.exec(rest) ?? [];
    if (module && suffix) place(adapted, module, suffix, tensor);
    else if (whole && name && coversAround(modulesToSave, whole)) place(saved, whole, name, tensor);
    else problems.push(`\`${key}\` is neither a parameter of an adapter nor in \`modules_to_save\`.`);
  }
  return { adapted, saved, problems };
}

function place(
  groups: Map<string, Map<string, StoredTensor>>,
  module: string,
  name: string,
  tensor: StoredTensor,
): void {
  groups.set(module, (groups.get(module) ?? new Map<string, StoredTensor>()).set(name, tensor));
}
