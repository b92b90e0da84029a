import type { MetricSums } from "./metric-sums.ts";
import type { Collective } from "../../parallel/collective.ts";

type Saved = Awaited<ReturnType<MetricSums["save"]>>;

/** Wraps the sums of one rank, so that the numbers of the epoch are those of all ranks. */
export function sharedSums(sums: MetricSums, collective: Collective): MetricSums {
  const save = async (): Promise<Saved> => total(collective.gather(encoded(await sums.save())).map(decoded));
  return {
    add: (outcome, examples) => sums.add(outcome, examples),
    save,
    async finish() {
      sums.load(await save());
      return sums.finish();
    },
    load(saved) {
      // The saved sums are those of all ranks.
      if (collective.rank === 0) sums.load(saved);
      else sums.dispose();
    },
    dispose: () => sums.dispose(),
  };
}

/** Adds the sums of all ranks, in the order of the ranks. A rank without a batch has none. */
function total(parts: readonly Saved[]): Saved {
  const [first = [], ...others] = parts.map(({ sums }) => sums).filter((sums) => sums.length > 0);
  const sums = first.map((sum, i) => {
    const into = sum.slice();
    const [rank = 0] = into;
    for (const other of others)
      for (let k = 1 + rank; k < into.length; k++) into[k] = (into[k] as number) + (other[i]?.[k] as number);
    return into;
  });
  return { examples: parts.reduce((sum, { examples }) => sum + examples, 0), sums };
}

/** Writes the number of examples, then each sum after its length. */
function encoded({ examples, sums }: Saved): Uint8Array {
  const numbers = [examples, ...sums.flatMap((sum) => [sum.length, ...sum])];
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

function decoded(bytes: Uint8Array): Saved {
  const [examples = 0, ...rest] = new Float64Array(bytes.slice().buffer);
  const sums: Float32Array[] = [];
  for (let at = 0; at < rest.length; ) {
    const length = rest[at] as number;
    sums.push(Float32Array.from(rest.slice(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return { examples, sums };
}
