/** Writes the measured numbers into README.md, between its markers. Run `npx tsx packages/lars/bench/readme.ts` after the benches. */
import { readFileSync, writeFileSync } from "node:fs";

interface Figures {
  readonly ms: Readonly<Record<string, number>>;
  readonly fasterThanComposed: number;
  readonly fasterThanByHand: number;
  readonly timesCopy: number;
}
interface Results {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly networks: Readonly<
    Record<string, { tensors: number; parameters: number; median: Figures; fastest: Figures }>
  >;
  readonly agreement: readonly { readonly part: string; readonly cases: number; readonly worst: number }[];
}
interface ZeroNorm {
  readonly table: readonly { zeroNorm: string; headOverBody: number; losses: Readonly<Record<string, number>> }[];
}
interface Example {
  readonly runs: readonly {
    rule: string;
    peak: number;
    batchSize: number;
    epochs: number;
    seed: number;
    accuracy: number;
  }[];
}

const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as T;
const { machine, networks, agreement } = read<Results>("results.json");
const { table } = read<ZeroNorm>("zero-norm.json");
const { runs } = read<Example>("../../../examples/lars/results.json");

const cost = [
  `One \`larsMomentum\` step on wasm (paper, momentum 0.9): median, and the fastest step in parentheses. ${machine.cpu}, Node ${machine.node.slice(1)}:`,
  "",
  "| | parameters | fused | copy of weights, gradients, velocities | fused / copy | plain tfjs ops / fused | our composed path / fused |",
  "|---|---|---|---|---|---|---|",
  ...Object.entries(networks).map(([name, { tensors, parameters, median: m, fastest: f }]) => {
    const both = (pick: (figures: Figures) => number | undefined, unit = ""): string =>
      `${pick(m)}${unit} (${pick(f)})`;
    const cells = [
      `${name}, ${tensors} tensors`,
      `${(parameters / 1e6).toFixed(1)} M`,
      both(({ ms }) => ms.fused, " ms"),
      both(({ ms }) => ms.copy, " ms"),
      both(({ timesCopy }) => timesCopy),
      both(({ fasterThanByHand }) => fasterThanByHand),
      both(({ fasterThanComposed }) => fasterThanComposed),
    ];
    return `| ${cells.join(" | ")} |`;
  }),
].join("\n");

const zero = [
  "| | first step of the head / of the body | loss after 10 steps | 50 | 200 |",
  "|---|---|---|---|---|",
  ...table.map(
    ({ zeroNorm, headOverBody, losses }) =>
      `| ${zeroNorm} | ${headOverBody.toPrecision(2)} | ${losses[10]?.toPrecision(2)} | ${losses[50]?.toPrecision(2)} | ${losses[199]?.toPrecision(2)} |`,
  ),
].join("\n");

const oracles: Readonly<Record<string, string>> = {
  "timm-optax": "timm (`always_adapt=True`), optax, LAMB of both, and the equations of the paper",
  tensorflow: "TensorFlow models",
};
const checked = `50 steps over kernels and biases with a changing rate were compared with float64 runs. ${agreement
  .map(
    ({ part, cases, worst }) => `${oracles[part]}: ${cases} runs, largest relative difference ${worst.toPrecision(2)}.`,
  )
  .join(" ")} The numbers are in \`test/oracle.json\`, made by \`test/oracle.py\`.`;

/** Returns the best rate of a rule, and the range of accuracies over its seeds. */
function best(rule: string, batchSize: number): { peak: number; span: string; seeds: number; epochs: number } {
  const tried = runs.filter((run) => run.rule === rule && run.batchSize === batchSize);
  const top = tried.filter(({ seed }) => seed === 1).reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
  const chosen = tried.filter(({ peak }) => peak === top.peak).map(({ accuracy }) => 100 * accuracy);
  const span = `${Math.min(...chosen).toFixed(1)}–${Math.max(...chosen).toFixed(1)} %`;
  return { peak: top.peak, span, seeds: chosen.length, epochs: top.epochs };
}
const compared = (batchSize: number): string => {
  const [sgd, lars] = [best("sgd", batchSize), best("lars", batchSize)];
  return `${sgd.epochs} epochs, ${sgd.seeds} seeds, the best rate of a grid for each rule: SGD (rate ${sgd.peak}) ${sgd.span}, LARS (rate ${lars.peak}) ${lars.span}`;
};
const large = `Accuracy on 1,808 test images after training on 8,192 digits in batches of 1,024, ${compared(1024)} (\`examples/lars/results.json\`).`;
const small = `The same digits in batches of 32, ${compared(32)}.`;

const file = new URL("../README.md", import.meta.url);
let text = readFileSync(file, "utf8");
for (const [name, value] of Object.entries({ lars: cost, "zero-norm": zero, agreement: checked, large, small })) {
  const marker = new RegExp(`(<!-- bench:${name} -->\n)[\\s\\S]*?(\n<!-- /bench -->)`);
  if (!marker.test(text)) throw new Error(`README.md has no marker bench:${name}.`);
  text = text.replace(marker, (_, start: string, end: string) => `${start}${value}${end}`);
}
writeFileSync(file, text);
