import type { AnyCombiner } from "@graftjs/core";
import {
  aGem,
  alignedMtl,
  cagrad,
  config,
  dualProj,
  gem,
  graddrop,
  gradvac,
  imtlG,
  mean,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
} from "../src/index.ts";

/** Every combiner with its defaults, by registry name. */
export const combiners = {
  mean: () => mean(),
  pcgrad: () => pcgrad(),
  gradvac: () => gradvac(),
  mgda: () => mgda(),
  cagrad: () => cagrad(),
  "imtl-g": () => imtlG(),
  "aligned-mtl": () => alignedMtl(),
  upgrad: () => upgrad(),
  "dual-proj": () => dualProj(),
  config: () => config(),
  "nash-mtl": () => nashMtl(),
  graddrop: () => graddrop(),
  "a-gem": () => aGem(),
  gem: () => gem(),
} satisfies { readonly [name: string]: () => AnyCombiner };
