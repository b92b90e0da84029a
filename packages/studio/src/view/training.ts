import { EFFORTS, type Effort } from "../project/project.ts";
import type { StudioState } from "../protocol.ts";
import { chart } from "./chart.ts";
import { h, setText, show } from "./h.ts";
import type { Context, Part } from "./part.ts";

/** The choice of the effort, the start of a training, and its progress. */
export function training(context: Context): Part {
  const { client, texts, attempt, announce } = context;
  const slider = h("input", { type: "range", min: 0, max: 2, step: 1, value: 0, id: "effort", list: "efforts" });
  const names = h(
    "div",
    { class: "ticks", "aria-hidden": "true" },
    ...EFFORTS.map((effort) => h("span", {}, texts.efforts[effort].name)),
  );
  const description = h("p", { class: "hint", id: "effort-description" });
  const cost = h("p", { class: "hint" });
  slider.setAttribute("aria-describedby", "effort-description");
  const start = h("button", { type: "button", class: "primary wide" }, texts.train);
  const note = h("p", { class: "note" });
  const bar = h("progress", { max: 1, value: 0, "aria-label": texts.training });
  const status = h("span", { class: "status" });
  const pause = h("button", { type: "button" }, texts.pause);
  const stop = h("button", { type: "button" }, texts.stop);
  const curve = chart(context);
  const choice = h(
    "div",
    { class: "choice" },
    h("label", { for: "effort" }, texts.effort),
    slider,
    names,
    description,
    cost,
    note,
    start,
  );
  const progress = h(
    "div",
    { class: "progress" },
    h("div", { class: "progress-head" }, bar, status),
    curve.element,
    h("div", { class: "row" }, pause, stop),
  );
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "train" },
    h("h2", { id: "train" }, texts.training),
    choice,
    progress,
  );
  let latest: StudioState | undefined;
  const effort = (): Effort => EFFORTS[Number(slider.value)] ?? "head";
  const describe = (): void => {
    slider.setAttribute("aria-valuetext", texts.efforts[effort()].name);
    setText(description, texts.efforts[effort()].description);
    const ready = latest && hasTwo(latest) && latest.costs;
    setText(cost, ready ? texts.about(ready[effort()]) : "");
    show(cost, cost.textContent !== "");
  };
  slider.addEventListener("input", describe);
  start.addEventListener("click", async () => {
    await attempt(client.call("train", latest?.training?.effort ?? effort()));
    if (latest?.result) announce(texts.trained);
  });
  pause.addEventListener("click", () =>
    attempt(client.call(latest?.training?.status === "paused" ? "resume" : "pause")),
  );
  stop.addEventListener("click", () => attempt(client.call("stop")));
  return {
    element,
    update(state) {
      latest = state;
      const { training: now, result } = state;
      const active = now !== undefined && now.status !== "interrupted";
      const interrupted = now?.status === "interrupted";
      show(choice, !active);
      show(progress, active);
      setText(start, interrupted ? texts.continueTraining : result ? texts.trainAgain : texts.train);
      start.disabled = !hasTwo(state);
      setText(note, interrupted ? texts.interrupted : hasTwo(state) ? "" : texts.needsPictures);
      show(note, note.textContent !== "");
      if (interrupted) slider.value = String(EFFORTS.indexOf(now.effort));
      describe();
      if (!active) return;
      const share = now.steps === 0 ? 0 : now.step / now.steps;
      // The head is trained in a moment. With more effort, it only prepares the rest.
      const begins = now.status === "preparing" || (now.stage === "head" && now.effort !== "head");
      progress.dataset.stage = now.stage;
      if (begins) bar.removeAttribute("value");
      else bar.value = share;
      const running = begins ? texts.preparing : texts.round(share, now.secondsLeft);
      setText(status, { preparing: texts.preparing, paused: texts.paused, running }[now.status]);
      setText(pause, now.status === "paused" ? texts.resume : texts.pause);
      curve.update(now.curve);
    },
  };
}

/** Returns whether two classes have pictures. */
function hasTwo({ pictures }: StudioState): boolean {
  return Object.values(pictures).filter((ids) => ids.length > 0).length >= 2;
}
