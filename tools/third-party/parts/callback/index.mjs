// Scales the rate down step by step. Its memory is the number of steps and a running mean of the first parameter.
const slowDown = ({ every = 2, factor = 0.97 } = {}) => {
  let run;
  let steps = 0;
  let mean = new Float32Array(1);
  return {
    name: "slow-down",
    runStart(started) {
      run = started;
      steps = 0;
      mean = new Float32Array(run.params[0].shape.reduce((a, b) => a * b, 1));
    },
    stepEnd() {
      steps += 1;
      if (steps % every === 0) run.scaleRate(factor ** (steps / every));
      // The resume test kills the process between two checkpoints.
      if (steps === Number(process.env.THIRD_PARTY_KILL_AT)) process.kill(process.pid, "SIGKILL");
    },
    async epochEnd() {
      const values = (await run.readWeights()).get(run.params[0].name);
      mean = mean.map((old, i) => 0.9 * old + 0.1 * values[i]);
    },
    async finish() {
      run.warn(`slow-down saw ${steps} steps, mean ${mean.reduce((a, b) => a + b, 0)}`);
    },
    async save() {
      return { json: { steps }, tensors: new Map([["mean", mean]]) };
    },
    load({ json, tensors }) {
      steps = json.steps;
      mean = tensors.get("mean");
    },
  };
};

/** A Standard Schema by hand: a third party may use any library, or none. */
const options = {
  "~standard": {
    version: 1,
    vendor: "third-party",
    validate: (value) =>
      value?.every === undefined || value.every > 0
        ? { value: value ?? {} }
        : { issues: [{ message: "must be above 0", path: ["every"] }] },
  },
};

export const plugins = [
  { kind: "callback", name: "slow-down", description: "Slows the run down", options, create: slowDown },
];
