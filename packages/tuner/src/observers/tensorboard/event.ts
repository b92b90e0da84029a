import { ProtoWriter } from "./proto.ts";

/** Encodes the first event of a file, which states the version of the format. */
export function versionEvent(seconds: number): Uint8Array {
  return new ProtoWriter().double(1, seconds).string(3, "brain.Event:2").finish();
}

/** Encodes an `Event.summary` with one value. For the field numbers see tensorflow/core/util/event.proto and framework/summary.proto. */
function summaryEvent(
  seconds: number,
  step: number,
  tag: string,
  fill: (value: ProtoWriter) => ProtoWriter,
): Uint8Array {
  const value = fill(new ProtoWriter().string(1, tag));
  const summary = new ProtoWriter().message(1, value);
  return new ProtoWriter().double(1, seconds).varint(2, step).message(5, summary).finish();
}

/** Encodes a scalar. @param seconds time since 1970. */
export function scalarEvent(seconds: number, step: number, tag: string, number: number): Uint8Array {
  return summaryEvent(seconds, step, tag, (value) => value.float(2, number));
}

/** Encodes a histogram of `values` with `buckets` equal buckets between the smallest and the largest finite value. */
export function histogramEvent(
  seconds: number,
  step: number,
  tag: string,
  values: ArrayLike<number>,
  buckets = 30,
): Uint8Array {
  const finite = Array.from(values).filter(Number.isFinite);
  const min = finite.reduce((a, b) => Math.min(a, b), finite[0] ?? 0);
  const max = finite.reduce((a, b) => Math.max(a, b), finite[0] ?? 0);
  const width = (max - min) / buckets || 1;
  const counts = new Array<number>(buckets).fill(0);
  for (const value of finite) {
    const bucket = Math.min(buckets - 1, Math.floor((value - min) / width));
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  const histogram = new ProtoWriter()
    .double(1, min)
    .double(2, max)
    .double(3, finite.length)
    .double(
      4,
      finite.reduce((a, b) => a + b, 0),
    )
    .double(
      5,
      finite.reduce((a, b) => a + b * b, 0),
    )
    .packedDoubles(
      6,
      counts.map((_, i) => (i === buckets - 1 ? max : min + (i + 1) * width)),
    )
    .packedDoubles(7, counts);
  return summaryEvent(seconds, step, tag, (value) => value.message(5, histogram));
}

/** Encodes an image event. `png` is the encoded image. */
export function imageEvent(
  seconds: number,
  step: number,
  tag: string,
  { width, height, channels, png }: { width: number; height: number; channels: number; png: Uint8Array },
): Uint8Array {
  const image = new ProtoWriter().varint(1, height).varint(2, width).varint(3, channels).bytes(4, png);
  return summaryEvent(seconds, step, tag, (value) => value.message(4, image));
}
