// Prints the table of docs/mpi-cost.md: milliseconds per step for the sum of the gradients, by number of ranks.
//
//   node tools/mpi/cost-model.mjs [seconds of latency] [bytes per second]       default: gigabit Ethernet
const [latency = 1e-4, bandwidth = 1.25e8 * 0.9] = process.argv.slice(2).map(Number);
const RANKS = [2, 4, 16, 64];
const TRAINED = [
  ["head of MobileNetV2, 10 classes", 1280 * 10 + 10],
  ["LoRA of rank 4 on MiniLM-L6, queries and values", 12 * 2 * 4 * 384],
  ["last block and head of MobileNetV2", 1280 * 10 + 10 + 320 * 1280 + 2 * 1280],
  ["all of MobileNetV2", 3_538_984],
];

/** A sum goes up and down a tree if it is small, and around a ring in parts if it is large. Whichever is faster is taken. */
function seconds(bytes, ranks) {
  const rounds = Math.ceil(Math.log2(ranks));
  const tree = 2 * rounds * (latency + bytes / bandwidth);
  const ring = 2 * (ranks - 1) * latency + ((2 * (ranks - 1)) / ranks) * (bytes / bandwidth);
  return Math.min(tree, ring);
}

console.log(`| trained | bytes per step | ${RANKS.map((ranks) => `${ranks} ranks`).join(" | ")} |`);
console.log(`|---|---|${RANKS.map(() => "---").join("|")}|`);
for (const [what, parameters] of TRAINED) {
  const bytes = 4 * parameters + 16;
  const cells = RANKS.map((ranks) => `${Number((1000 * seconds(bytes, ranks)).toPrecision(2))} ms`);
  console.log(`| ${what} | ${bytes.toLocaleString("en")} | ${cells.join(" | ")} |`);
}
