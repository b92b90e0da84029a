// A BERT encoder in plain tfjs-core, written as blocks. Names follow the checkpoint: `encoder/layer/0/attention/self/query/kernel` is
// `encoder.layer.0.attention.self.query.weight` there.
import { attention, type Block, gelu, type Scope } from "@graftjs/blocks";
import * as tf from "@tensorflow/tfjs-core";

/** Sizes of an encoder, with the names of Hugging Face's config.json. */
export interface EncoderConfig {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_attention_heads: number;
  readonly num_hidden_layers: number;
  readonly vocab_size: number;
  readonly max_position_embeddings: number;
  readonly type_vocab_size: number;
  readonly layer_norm_eps: number;
}

/** Returns the variable of one weight, by its name in the model and its shape. Kernels are [inputs, outputs]. */
export type WeightOf = (name: string, shape: readonly number[]) => tf.Variable;

/** A variable's path within its block, with its shape. */
type Shapes = Readonly<Record<string, readonly number[]>>;

/**
 * Makes the blocks of an encoder.
 *
 * The first block takes the ids of the tokens [batch, tokens] and the mask of the tokens [batch, tokens], 0 for padding. Each block
 * returns the hidden states [batch, tokens, hidden] and the mask.
 */
export function encoderBlocks(config: EncoderConfig, weightOf: WeightOf): Block[] {
  const { num_hidden_layers: layers } = config;
  return [embeddings(config, weightOf), ...Array.from({ length: layers }, (_, i) => layer(i, config, weightOf))];
}

/** Makes the block that averages the hidden states of the tokens that are not padding: [batch, hidden]. */
export function meanPooling(): Block {
  return {
    name: "pooling",
    call: ([x, mask]) => {
      const counted = tf.expandDims(tf.cast(mask as tf.Tensor, "float32"), -1);
      return tf.div(tf.sum(tf.mul(x as tf.Tensor, counted), 1), tf.sum(counted, 1));
    },
  };
}

function embeddings(config: EncoderConfig, weightOf: WeightOf): Block {
  const { hidden_size: width, layer_norm_eps: epsilon } = config;
  const shapes: Shapes = {
    "word_embeddings/embeddings": [config.vocab_size, width],
    "position_embeddings/embeddings": [config.max_position_embeddings, width],
    "token_type_embeddings/embeddings": [config.type_vocab_size, width],
    ...norm("LayerNorm", width),
  };
  return {
    name: "embeddings",
    variables: variables("embeddings", shapes, weightOf),
    call: ([ids, mask], scope) => {
      const places = (ids as tf.Tensor).shape[1] as number;
      const positions = scope.embed("position_embeddings", tf.range(0, places, 1, "int32"));
      const type = scope.embed("token_type_embeddings", tf.zeros([1], "int32"));
      const sum = tf.add(scope.embed("word_embeddings", ids as tf.Tensor), tf.add(positions, type));
      return [scope.layerNorm("LayerNorm", sum, epsilon), mask as tf.Tensor];
    },
  };
}

function layer(index: number, config: EncoderConfig, weightOf: WeightOf): Block {
  const { hidden_size: width, intermediate_size: inner, layer_norm_eps: epsilon } = config;
  const name = `encoder/layer/${index}`;
  const shapes: Shapes = {
    ...dense("attention/self/query", width, width),
    ...dense("attention/self/key", width, width),
    ...dense("attention/self/value", width, width),
    ...dense("attention/output/dense", width, width),
    ...norm("attention/output/LayerNorm", width),
    ...dense("intermediate/dense", width, inner),
    ...dense("output/dense", inner, width),
    ...norm("output/LayerNorm", width),
  };
  return {
    name,
    variables: variables(name, shapes, weightOf),
    call: ([x, mask], scope) => {
      const attended = selfAttention(x as tf.Tensor, mask as tf.Tensor, config.num_attention_heads, scope);
      const middle = scope.layerNorm("attention/output/LayerNorm", tf.add(x as tf.Tensor, attended), epsilon);
      const grown = gelu(scope.dense("intermediate/dense", middle));
      const sum = tf.add(middle, scope.dense("output/dense", grown));
      return [scope.layerNorm("output/LayerNorm", sum, epsilon), mask as tf.Tensor];
    },
  };
}

function selfAttention(x: tf.Tensor, mask: tf.Tensor, heads: number, scope: Scope): tf.Tensor {
  const [q, k, v] = ["query", "key", "value"].map((role) => scope.dense(`attention/self/${role}`, x)) as [
    tf.Tensor,
    tf.Tensor,
    tf.Tensor,
  ];
  return scope.dense("attention/output/dense", attention(q, k, v, { heads, mask }));
}

const dense = (path: string, inputs: number, outputs: number): Shapes => ({
  [`${path}/kernel`]: [inputs, outputs],
  [`${path}/bias`]: [outputs],
});

const norm = (path: string, width: number): Shapes => ({ [`${path}/gamma`]: [width], [`${path}/beta`]: [width] });

function variables(block: string, shapes: Shapes, weightOf: WeightOf): Record<string, tf.Variable> {
  return Object.fromEntries(Object.entries(shapes).map(([path, shape]) => [path, weightOf(`${block}/${path}`, shape)]));
}
