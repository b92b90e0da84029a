import { brokenConstraints, formatNames } from "@graftjs/core";
import type { FineTuneOptions } from "./fine-tune-options.ts";

const OBSERVER = ["runStart", "stepEnd", "epochEnd", "runEnd"];
const CALLBACK = [...OBSERVER.slice(0, 3), "beforeValidation", "afterValidation", "finish", "save", "load", "dispose"];

/** Methods of tfjs's callbacks, and the methods that are called at the same time here. */
const TFJS: Readonly<Record<string, string>> = {
  onTrainBegin: "runStart",
  onBatchEnd: "stepEnd",
  onEpochEnd: "epochEnd",
  onTrainEnd: "runEnd",
};

/**
 * Returns a line for each part that has not the form of its kind, and for each two parts that exclude each other. The schema takes any
 * object or function as a part, because it does not know the kinds. Values that the schema refuses are passed over.
 */
export function misshapenParts(options: FineTuneOptions): string[] {
  const { observers, callbacks, patches } = options;
  return [
    ...ruleProblems(options.rule),
    ...each(patches, "patches", (patch) => patchProblem(patch)),
    ...each(observers, "observers", (observer) => listenerProblem(observer, OBSERVER, "an observer")),
    ...each(callbacks, "callbacks", (callback) => listenerProblem(callback, CALLBACK, "a callback")),
    ...exclusions(options),
  ];
}

function ruleProblems(rule: unknown): string[] {
  if (typeof rule === "function") return ["`rule` is the function that makes a rule. Call it: `rule: adam()`."];
  if (!isObject(rule) || "use" in rule || rule.terminal === true) return [];
  if (typeof rule.applyGradients === "function") {
    return [
      "`rule` is an optimizer of tfjs, which does not know the selected parameters. Import `sgd` or `adam` from " +
        "@graftjs/core: `rule: adam()`, and give the rate as `learningRate`.",
    ];
  }
  return ["`rule` is not an update rule. Give `sgd()`, `adam()` or `gradientDescent()`, and hooks as `hooks`."];
}

function patchProblem(patch: unknown): string | undefined {
  if (typeof patch === "function") return "is the function that makes a patch. Call it: `patches: [frozenBatchNorm()]`";
  if (!isObject(patch) || "use" in patch || typeof patch.apply === "function") return undefined;
  return "has no method `apply`, so it is not a patch";
}

function listenerProblem(value: unknown, methods: readonly string[], kind: string): string | undefined {
  if (typeof value === "function")
    return `is a function. If it makes ${kind}, call it; if not, give it as a method: \`{ epochEnd: (epoch) => ... }\``;
  if (!isObject(value) || "use" in value) return undefined;
  const foreign = Object.keys(TFJS).filter((name) => typeof value[name] === "function");
  if (foreign.length > 0) {
    const known = foreign.flatMap((name) => {
      const method = TFJS[name] as string;
      return methods.includes(method) ? [method] : [];
    });
    return `has the method ${formatNames(foreign)} of a tfjs callback, which is never called. ${kind} has ${formatNames(known.length > 0 ? known : methods)}`;
  }
  // Only observers: the name of a callback is checked later, with a message of its own.
  if (kind === "a callback" || methods.some((name) => typeof value[name] === "function")) return undefined;
  return `has no method of ${kind}, so it would never be called. Its methods are ${formatNames(methods)}`;
}

/** Hooks and rules may name others that take their effect away. A registry reads the same from their plugins. */
function exclusions({ hooks = [], rule }: FineTuneOptions): string[] {
  if (!Array.isArray(hooks)) return [];
  const parts = [...hooks.map((plugin, i) => ({ at: `hooks[${i}]`, plugin })), { at: "rule", plugin: rule }];
  return brokenConstraints(parts.filter(({ plugin }) => isObject(plugin)));
}

function each(list: unknown, name: string, problem: (value: unknown) => string | undefined): string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((value, i) => {
    const found = problem(value);
    return found === undefined ? [] : [`\`${name}[${i}]\` ${found}.`];
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
