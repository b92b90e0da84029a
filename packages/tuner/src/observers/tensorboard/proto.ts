/** Writes protocol buffer fields (protobuf.dev, "Encoding"). Supports only the wire types that event files use. */
export class ProtoWriter {
  readonly #bytes: number[] = [];

  varint(field: number, value: number): this {
    this.#tag(field, 0);
    this.#varint(value);
    return this;
  }
  double(field: number, value: number): this {
    this.#tag(field, 1);
    this.#push(new Uint8Array(Float64Array.of(value).buffer));
    return this;
  }
  float(field: number, value: number): this {
    this.#tag(field, 5);
    this.#push(new Uint8Array(Float32Array.of(value).buffer));
    return this;
  }
  bytes(field: number, value: Uint8Array): this {
    this.#tag(field, 2);
    this.#varint(value.length);
    this.#push(value);
    return this;
  }
  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }
  message(field: number, value: ProtoWriter): this {
    return this.bytes(field, value.finish());
  }
  packedDoubles(field: number, values: readonly number[]): this {
    return this.bytes(field, new Uint8Array(Float64Array.from(values).buffer));
  }
  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #tag(field: number, type: number): void {
    this.#varint(field * 8 + type);
  }
  /** Writes a non-negative safe integer. */
  #varint(value: number): void {
    let rest = value;
    while (rest >= 128) {
      this.#bytes.push((rest % 128) + 128);
      rest = Math.floor(rest / 128);
    }
    this.#bytes.push(rest);
  }
  #push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }
}
