import type { CurvePoint } from "../project/project.ts";
import { h, setText, svg } from "./h.ts";
import type { Context } from "./part.ts";

const [WIDTH, HEIGHT] = [300, 96];

/** The curve of right answers, with the newest values as numbers. */
export function chart({ texts }: Context): {
  readonly element: HTMLElement;
  update(curve: readonly CurvePoint[]): void;
} {
  const lines = { learned: svg("polyline", { class: "learned" }), aside: svg("polyline", { class: "aside" }) };
  const grid = [0, 0.5, 1].map((share) => svg("line", { class: "grid", x1: 0, x2: WIDTH, y1: y(share), y2: y(share) }));
  const picture = svg(
    "svg",
    { viewBox: `0 -4 ${WIDTH} ${HEIGHT + 8}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    ...grid,
    lines.learned,
    lines.aside,
  );
  const values = { learned: h("dd"), aside: h("dd"), error: h("dd") };
  const entry = (kind: keyof typeof values, label: string): HTMLElement =>
    h("div", { class: `legend ${kind}` }, h("dt", {}, label), values[kind]);
  const legend = h(
    "dl",
    {},
    entry("learned", texts.rightLearned),
    entry("aside", texts.rightKeptAside),
    entry("error", texts.error),
  );
  const element = h("div", { class: "chart" });
  element.append(picture, legend);
  return {
    element,
    update(curve) {
      const last = curve.at(-1);
      lines.learned.setAttribute("points", points(curve.map(({ accuracy }) => accuracy)));
      lines.aside.setAttribute("points", points(curve.map(({ heldOut }) => heldOut)));
      setText(values.learned, last ? texts.percent(last.accuracy) : "–");
      setText(values.aside, last?.heldOut === undefined ? "–" : texts.percent(last.heldOut));
      setText(values.error, last ? last.loss.toFixed(2) : "–");
    },
  };
}

function y(share: number): number {
  return HEIGHT * (1 - share);
}

function points(shares: readonly (number | undefined)[]): string {
  const wide = WIDTH / Math.max(1, shares.length - 1);
  return shares.flatMap((share, i) => (share === undefined ? [] : [`${i * wide},${y(share)}`])).join(" ");
}
