import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { beforeEach, describe, expect, it } from "vitest";
import { fromFloat16, toFloat16 } from "../src/files/safetensors/float16.ts";
import { tensorOf } from "../src/files/safetensors/tensors.ts";
import { readSafetensors, writeSafetensors } from "../src/index.ts";
import { fuzzModelJson, fuzzSafetensors } from "./fuzz.ts";
import oracle from "./oracle.json" with { type: "json" };

beforeEach(() => tf.setBackend("cpu"));
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

describe("safetensors", () => {
  it("reads a file of the reference implementation, and writes the same bytes", () => {
    const file = readSafetensors(bytesOf(oracle.safetensors));
    expect(file.metadata.get("made")).toBe("by safetensors");
    for (const [name, values] of Object.entries(oracle.values)) {
      const tensor = tensorOf(file.tensors.get(name) as never, name);
      expect([...tensor.dataSync()]).toEqual(values.map((value) => Math.fround(Number(value))));
      tensor.dispose();
    }
    expect(writeSafetensors(file.tensors, file.metadata)).toEqual(bytesOf(oracle.safetensors));
  });

  it("rounds float16 as numpy does", () => {
    for (const [bits, value] of oracle.float16 as [number, number][]) expect(fromFloat16(bits)).toBe(value);
    for (const [value, bits] of oracle.toFloat16 as [number, number][]) expect(toFloat16(value)).toBe(bits);
    expect(fromFloat16(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(fromFloat16(0x7e00)).toBeNaN();
  });

  it("enforces the format's rules", () => {
    const file = (header: string, data = 8, claim?: number): Uint8Array => {
      const json = new TextEncoder().encode(header);
      const out = new Uint8Array(8 + json.length + data);
      new DataView(out.buffer).setBigUint64(0, BigInt(claim ?? json.length), true);
      out.set(json, 8);
      return out;
    };
    const t = (from: number, to: number, shape = "[1]") =>
      `{"dtype":"F32","shape":${shape},"data_offsets":[${from},${to}]}`;
    const cases: [Uint8Array, RegExp][] = [
      [file("{}", 0, 200_000_000), /claims 200000000 bytes, but the format allows/],
      [file("{}", 0, 50), /claims 50 bytes, but the file has/],
      [file(` {"a":${t(0, 4)}}`, 4), /start with/],
      [file(`{"a":${t(0, 4)},"a":${t(4, 8)}}`), /"a" twice/],
      [file(`{"a":${t(0, 4)},"\\u0061":${t(4, 8)}}`), /"a" twice/],
      [file(`{"a":${t(4, 8)}}`), /begins at 4/],
      [file(`{"a":${t(0, 4)},"b":${t(0, 4)}}`, 4), /begins at 0, but the data before it ends at 4/],
      [file(`{"a":${t(0, 4)}}`), /data has 8 bytes, but the header describes 4/],
      [file(`{"a":${t(0, 8)}}`), /8 bytes, but F32 \[1\] takes 4/],
      [file(`{"a":${t(0, 8, "[4294967296,4294967296]")}}`), /too large/],
      [file(`{"__metadata__":{"a":1}}`, 0), /not a string/],
      [new Uint8Array(3), /3 bytes/],
    ];
    for (const [bytes, message] of cases) expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it("throws only typed errors for 4,000 damaged files", async () => {
    for (const result of [fuzzSafetensors(2000), await fuzzModelJson(2000)]) {
      expect(result.wrong).toEqual([]);
      expect(result.refused).toBeGreaterThan(1000);
    }
  });
});
