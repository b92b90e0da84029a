import { l2Norm, type Observer, type Param } from "@graftjs/core";
import * as tf from "@tensorflow/tfjs-core";
import { assertFits, type HostWeights, uploadWeights } from "./host-weights.ts";

/** The distance of a model from its pretrained weights. */
export interface KnowledgeReading {
  /** ‖w − w⁰‖ / ‖w⁰‖ by layer. Infinity if w⁰ is 0 and w is not. */
  readonly drift: { readonly [layer: string]: number };
  /** The same ratio over all parameters together. */
  readonly total: number;
  /** The result of `accuracy`, if it is given. */
  readonly accuracy?: number;
}

/** Options of {@link knowledgeGauge}. */
export interface KnowledgeGaugeOptions {
  readonly params: readonly Param[];
  /** Pretrained weights, from `readWeights` before training. */
  readonly reference: HostWeights;
  /** Computes the accuracy, or another score, on examples of the old task. */
  readonly accuracy?: () => number | Promise<number>;
  /** Called with the reading of each epoch. */
  readonly log?: (reading: KnowledgeReading, epoch: number) => void;
}

/** Measures the distance from the pretrained weights, as an observer of a run or on request. */
export interface KnowledgeGauge extends Observer {
  /** Measures now. Reads from the device once. */
  measure(): Promise<KnowledgeReading>;
  /** The readings of all epochs. */
  readonly history: readonly KnowledgeReading[];
}

/**
 * Measures after each epoch how far each layer has moved from its pretrained weights, and the accuracy on old examples. It is
 * an observer and changes nothing. In `model.fit`, call `epochEnd` or `measure`.
 *
 * @throws SelectionError if `reference` does not fit `params`.
 */
export function knowledgeGauge({ params, reference, accuracy, log }: KnowledgeGaugeOptions): KnowledgeGauge {
  const variables = Object.fromEntries(params.map(({ name, variable }) => [name, variable]));
  assertFits("`reference` of knowledgeGauge", reference, variables);
  const layers = [...new Set(params.map(({ layer }) => layer))];
  const history: KnowledgeReading[] = [];
  const norms = (names: readonly string[]): tf.Tensor =>
    tf.tidy(() => {
      const now = Object.fromEntries(names.map((name) => [name, variables[name] as tf.Tensor]));
      const origin = uploadWeights("`reference` of knowledgeGauge", reference, now);
      const away = names.map((name) => tf.sub(now[name] as tf.Tensor, origin[name] as tf.Tensor));
      return tf.stack([l2Norm(away), l2Norm(Object.values(origin))]);
    });
  const measure = async (): Promise<KnowledgeReading> => {
    const packed = tf.tidy(() =>
      tf.concat(layers.map((layer) => norms(params.filter((p) => p.layer === layer).map(({ name }) => name)))),
    );
    const values = await packed.data();
    packed.dispose();
    const ratio = (away: number, size: number): number => (away === 0 ? 0 : away / size);
    const drift = layers.map(
      (layer, i) => [layer, ratio(values[2 * i] as number, values[2 * i + 1] as number)] as const,
    );
    const totalNorm = (offset: number): number => Math.hypot(...layers.map((_, i) => values[2 * i + offset] as number));
    const score = accuracy ? { accuracy: await accuracy() } : {};
    return { drift: Object.fromEntries(drift), total: ratio(totalNorm(0), totalNorm(1)), ...score };
  };
  return {
    name: "knowledge-gauge",
    measure,
    history,
    async epochEnd({ epoch }) {
      const reading = await measure();
      history.push(reading);
      log?.(reading, epoch);
    },
  };
}
