import type { AnyCombiner } from "@graftjs/core";
import {
  aGem,
  alignedMtl,
  cagrad,
  conFig,
  dualProj,
  gem,
  graddrop,
  gradvac,
  imtlG,
  meanGradient,
  mgda,
  nashMtl,
  pcgrad,
  upgrad,
} from "../src/index.ts";

/** All combiners with their defaults, by registry name. */
export const combiners = {
  mean: () => meanGradient(),
  pcgrad: () => pcgrad(),
  gradvac: () => gradvac(),
  mgda: () => mgda(),
  cagrad: () => cagrad(),
  "imtl-g": () => imtlG(),
  "aligned-mtl": () => alignedMtl(),
  upgrad: () => upgrad(),
  "dual-proj": () => dualProj(),
  "con-fig": () => conFig(),
  "nash-mtl": () => nashMtl(),
  graddrop: () => graddrop(),
  "a-gem": () => aGem(),
  gem: () => gem(),
} satisfies { readonly [name: string]: () => AnyCombiner };
