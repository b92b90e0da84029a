/** One case of the sweep over shapes, strides, paddings, dilations and multipliers. */
export interface ConvCase {
  readonly depthwise: boolean;
  readonly x: readonly [number, number, number, number];
  readonly filter: readonly [number, number, number, number];
  readonly strides: [number, number];
  readonly dilations: [number, number];
  readonly pad: "same" | "valid" | number | number[][];
}

const PADS: readonly ConvCase["pad"][] = [
  "same",
  "valid",
  0,
  1,
  [
    [0, 0],
    [1, 0],
    [0, 2],
    [0, 0],
  ],
  [
    [0, 0],
    [2, 1],
    [1, 2],
    [0, 0],
  ],
];
const IMAGES = [
  [1, 7, 7],
  [2, 9, 10],
  [3, 8, 13],
] as const;

/** Yields every combination. The caller leaves out those with an empty output. */
export function* convCases(): Generator<ConvCase> {
  const strides: readonly [number, number][] = [
    [1, 1],
    [2, 2],
    [2, 3],
    [3, 3],
  ];
  for (const depthwise of [false, true]) {
    const channels = depthwise ? [1, 3, 4, 6, 8, 13] : [1, 3, 4, 6, 7, 12];
    const outs = depthwise ? [1, 2, 3] : [1, 5, 8, 17];
    const windows = depthwise
      ? ([
          [1, 1],
          [3, 3],
          [5, 5],
          [2, 7],
        ] as const)
      : ([
          [1, 1],
          [3, 3],
          [5, 2],
        ] as const);
    for (const [batch, height, width] of IMAGES)
      for (const c of channels)
        for (const out of outs)
          for (const [kh, kw] of windows)
            for (const stride of strides)
              for (const pad of PADS)
                for (const dilation of [1, 2]) {
                  if (dilation > 1 && kh === 1 && kw === 1) continue;
                  yield {
                    depthwise,
                    x: [batch, height, width, c],
                    filter: [kh, kw, c, out],
                    strides: stride,
                    dilations: [dilation, dilation],
                    pad,
                  };
                }
  }
}

/** Selects the k-th of every n cases: a fixed sample that includes every axis of the sweep. */
export function sample(every: number, offset = 0): readonly ConvCase[] {
  return [...convCases()].filter((_, index) => index % every === offset);
}
