import { arch, platform } from "node:os";
import { basename, resolve } from "node:path";
import type { Observer } from "@graftjs/core";
import { type HtmlReportOptions, htmlReport } from "@graftjs/tuner";
import * as tf from "@tensorflow/tfjs-core";
import { ownVersion } from "../project/own-version.ts";
import { destinationOf } from "../recipe/anchored.ts";
import { modelPath } from "../recipe/model-path.ts";
import { reportPictures } from "./report-pictures.ts";
import type { Session } from "./session.ts";

/** Returns the facts that a report of a run shows besides its figures: names, versions, and pictures with the model's answers. */
export function reportFacts(session: Session): Pick<HtmlReportOptions, "classes" | "details" | "pictures"> {
  const { file, card } = session;
  const { run } = file.recipe as { run: { data?: unknown } };
  return {
    classes: card.classes ?? [],
    details: {
      recipe: basename(file.path),
      model: modelPath(file.run.model),
      data: typeof run.data === "string" ? run.data : JSON.stringify(run.data),
      backend: tf.getBackend(),
      versions: `Graft ${ownVersion()}, tfjs ${tf.version_core}, Node ${process.versions.node}, ${platform()} ${arch()}`,
    },
    pictures: () => reportPictures(session),
  };
}

/** Replaces the reports among a recipe's observers by ones that also show these facts. What the recipe sets itself stays. */
export function withFacts(observers: readonly Observer[], session: Session): readonly Observer[] {
  const uses = session.file.recipe.observers ?? [];
  return observers.map((observer, i) => {
    const use = uses[i] as { readonly with?: HtmlReportOptions } | undefined;
    if (observer.name !== "html-report" || destinationOf(use) === undefined) return observer;
    const own = use?.with as HtmlReportOptions;
    const facts = reportFacts(session);
    return htmlReport({
      ...{ ...facts, ...own, to: resolve(session.file.folder, String(own.to)) },
      details: { ...facts.details, ...own.details },
    });
  });
}
