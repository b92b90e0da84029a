import { BackendError } from "@graftjs/core";
import "@tensorflow/tfjs-core";
import { expect, it, vi } from "vitest";
import { wasmBackend } from "../src/index.ts";

const failed = (init: () => Promise<unknown>): Promise<Error> =>
  init().then(
    () => Promise.reject(new Error("It started.")),
    (error: Error) => error,
  );

it("names the folder that it searched, and says that paths cannot change after a failed start", async () => {
  for (const log of ["error", "warn", "log"] as const) vi.spyOn(console, log).mockImplementation(() => {});
  const folder = "/no/such/folder/";
  const first = await failed(() => wasmBackend({ wasmPaths: folder }).init());
  expect(first).toBeInstanceOf(BackendError);
  expect(first.message).toContain(`looked for its .wasm files in "${folder}"`);
  for (const threads of [1, 2]) {
    const second = await failed(() => wasmBackend({ threads }).init());
    expect(second).toBeInstanceOf(BackendError);
    expect(second.message).toMatch(/failed to start before.*Restart the process, or reload the page/s);
  }
});
