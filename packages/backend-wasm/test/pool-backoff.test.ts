import { afterEach, describe, expect, it, vi } from "vitest";
import { PoolBackoff } from "../src/threads/pool-backoff.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

describe("PoolBackoff", () => {
  it("closes the pool for thirty times the loss, then opens it again", () => {
    const now = vi.spyOn(performance, "now").mockReturnValue(0);
    const ledger = new PoolBackoff();
    ledger.enter({ chunks: 10, helped: 5, chunk: 0.1, waited: 0.2, end: 100 });
    expect(ledger.open).toBe(true);
    ledger.enter({ chunks: 10, helped: 1, chunk: 0.1, waited: 12.2, end: 200 });
    now.mockReturnValue(200);
    expect(ledger.open).toBe(false);
    now.mockReturnValue(200 + 30 * 12 - 1);
    expect(ledger.open).toBe(false);
    now.mockReturnValue(200 + 30 * 12 + 1);
    expect(ledger.open).toBe(true);
  });

  it("does not let past gains pay for a present loss", () => {
    vi.spyOn(performance, "now").mockReturnValue(0);
    const ledger = new PoolBackoff();
    for (let i = 0; i < 1000; i++) ledger.enter({ chunks: 10, helped: 5, chunk: 0.1, waited: 0, end: i });
    expect(ledger.open).toBe(true);
    ledger.enter({ chunks: 10, helped: 0, chunk: 0.1, waited: 2.5, end: 1000 });
    expect(ledger.open).toBe(false);
  });

  it("closes the pool if workers never help, because chunks cost more than the whole", () => {
    vi.spyOn(performance, "now").mockReturnValue(0);
    const ledger = new PoolBackoff();
    for (let i = 0; i < 30; i++) ledger.enter({ chunks: 12, helped: 0, chunk: 0.05, waited: 0, end: i + 1 });
    expect(ledger.open).toBe(false);
  });
});
