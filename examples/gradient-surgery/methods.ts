import { type AnyCombiner, type AnyHook, type AnyRule, sgd } from "@graftjs/core";
import { aGem, anchor, driftCap, ewc, type HostWeights, meanGradient, pcgrad, upgrad } from "@graftjs/gradient-surgery";

/** A method to learn the new digits and keep the old ones. */
export interface Method {
  readonly name: string;
  /** If given, the memory of old digits is a second task. */
  readonly combiner?: AnyCombiner;
  readonly hooks?: readonly AnyHook[];
  readonly rule?: AnyRule;
  /** The final value for wiseFt. */
  readonly slider?: number;
}

/** Returns the methods to compare. The first trains on the new digits only. */
export function methods(reference: HostWeights, fisher: HostWeights): readonly Method[] {
  return [
    { name: "new digits alone" },
    { name: "anchor 0.1", hooks: [anchor({ strength: 0.1, reference })] },
    { name: "ewc 100", hooks: [ewc({ strength: 100, fisher, reference })] },
    { name: "drift-cap 0.2", rule: driftCap(sgd(), { radius: 0.2, reference }) },
    { name: "wise-ft 0.5", slider: 0.5 },
    { name: "memory, mean", combiner: meanGradient() },
    { name: "memory, pcgrad", combiner: pcgrad({ reduction: "mean" }) },
    { name: "memory, upgrad", combiner: upgrad() },
    { name: "memory, a-gem", combiner: aGem({ memory: "memory" }) },
  ];
}
