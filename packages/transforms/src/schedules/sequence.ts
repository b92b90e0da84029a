import { OptionsError, type OptionsSchema, optionsSchema, rateAt, type Schedule } from "@graftjs/core";
import { count } from "./fields.ts";
import { isSized, type SizedSchedule, sized } from "./sized.ts";

/** One stretch of a {@link sequence}. */
export interface SequencePart {
  /** A schedule, which begins with its own step 0, or a number. */
  readonly schedule: Schedule | number;
  /** Number of steps, ≥ 1. One part may leave it out: it takes the steps that remain of the run. */
  readonly steps?: number;
}

export interface SequenceOptions {
  /** The schedules in order. */
  readonly parts: readonly SequencePart[];
}

export const sequenceOptions: OptionsSchema<SequenceOptions> = optionsSchema<SequenceOptions>(
  {
    parts: {
      type: "array",
      items: {
        type: "object",
        properties: {
          schedule: { plugin: "schedule", description: "A schedule, or a rate" },
          steps: count("Number of steps. One part may leave it out"),
        },
        required: ["schedule"],
        additionalProperties: false,
      },
      description: "The schedules in order, each with its number of steps",
    },
  },
  ["parts"],
);

/**
 * Joins schedules: each one runs for its number of steps, and begins with its own step 0 (optax `join_schedules`). After the
 * end, the last schedule continues.
 *
 * @throws OptionsError if `parts` is empty, if two parts lack `steps`, or if a schedule has another length than its part.
 */
export function sequence(options: SequenceOptions): SizedSchedule {
  const { parts } = sequenceOptions.parse("sequence", options);
  const open = parts.filter(({ steps }) => steps === undefined).length;
  if (parts.length === 0 || open > 1)
    throw new OptionsError(
      `\`sequence\` has ${parts.length} parts, and ${open} of them without \`steps\`.`,
      "Give at least one part, and `steps` to all parts but one.",
    );
  const fixed = parts.reduce((sum, { steps = 0 }) => sum + steps, 0);
  return sized("sequence", open === 0 ? fixed : undefined, (total) => joined(parts, total - fixed, total));
}

function joined(parts: readonly SequencePart[], rest: number, total: number): Schedule {
  if (rest < 0 || (rest < 1 && parts.some(({ steps }) => steps === undefined)))
    throw new OptionsError(
      `The parts of \`sequence\` take ${total - rest} steps, and the run has ${total}.`,
      "Give the parts fewer steps, or the run more epochs.",
    );
  let from = 0;
  const stretches = parts.map(({ schedule, steps = rest }) => {
    const stretch = { from, rate: spanning(schedule, steps) };
    from += steps;
    return stretch;
  });
  return (step) => {
    const now = stretches.findLast((stretch) => stretch.from <= step) ?? stretches[0];
    return now ? rateAt(now.rate, step - now.from) : 0;
  };
}

function spanning(schedule: Schedule | number, steps: number): Schedule | number {
  if (!isSized(schedule)) return schedule;
  if (schedule.steps === undefined) return schedule.forSteps(steps);
  if (schedule.steps === steps) return schedule;
  throw new OptionsError(
    `A schedule of \`sequence\` has ${schedule.steps} steps, and its part has ${steps}.`,
    "Leave the schedule's own length out.",
  );
}
