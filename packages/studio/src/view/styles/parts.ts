/** The parts of the page, from top to bottom. */
export const partStyles = `
header { display: flex; justify-content: space-between; align-items: flex-start; gap: 1rem; margin-bottom: 2rem; }
header > div { min-width: 0; flex: 1; }
.menu { position: relative; }
.menu > summary {
  list-style: none; min-height: 2.75rem; padding: 0.5625rem 1rem; border: 1px solid var(--edge); border-radius: 10px;
  font-weight: 550; background: var(--card);
}
.menu > summary::-webkit-details-marker { display: none; }
.menu > summary::after { content: " ▾"; color: var(--soft); }
.menu > summary:hover { background: var(--sunken); }
.menu-items {
  position: absolute; right: 0; top: calc(100% + 0.375rem); z-index: 2; display: grid; min-width: 12rem; padding: 0.375rem;
  background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: 0 8px 28px rgb(0 0 0 / 0.16);
}
.menu-items button { border: 0; text-align: left; font-weight: 450; }
.opening { padding: 0 0 1.5rem; color: var(--soft); }
.cards { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; margin-top: 1.25rem; }
.class-head { display: flex; align-items: center; gap: 0.625rem; margin: -0.375rem -0.5rem 0.75rem 0; }
.dot { width: 12px; height: 12px; border-radius: 50%; background: var(--colour); flex: none; }
.count { color: var(--soft); font-size: 0.9375rem; white-space: nowrap; }
.empty { color: var(--soft); margin-bottom: 1rem; }
.class.dropping, .try.dropping { outline: 3px solid var(--colour, var(--accent)); outline-offset: -1px; }
.thumbnails { display: flex; flex-wrap: wrap; gap: 0.5rem; margin-bottom: 0.5rem; }
.thumbnails li { position: relative; width: 56px; }
.thumbnails img { display: block; width: 56px; height: 56px; object-fit: cover; border-radius: 8px; background: var(--sunken); }
.thumbnails .remove {
  position: absolute; top: -6px; right: -6px; width: 24px; height: 24px; min-height: 0; padding: 0; border-radius: 50%;
  line-height: 1; opacity: 0;
}
.thumbnails li:hover .remove, .thumbnails .remove:focus-visible { opacity: 1; }
@media (hover: none) { .thumbnails .remove { opacity: 1; } }
.class .row { margin-top: 0.75rem; }
.camera-view, .try-view { border-radius: 10px; overflow: hidden; background: var(--sunken); margin: 0.75rem 0; }
.camera-view { max-width: 20rem; aspect-ratio: 1; }
.try-view { position: relative; aspect-ratio: 4 / 3; }
.try-view > * { position: absolute; inset: 0; }
.drawing { margin-top: 0.75rem; }
.drawing canvas { display: block; width: min(100%, 20rem); border: 1px solid var(--edge); border-radius: 10px; touch-action: none; cursor: crosshair; }
.drawing .hint { margin-top: 0.5rem; font-size: 0.875rem; }
.try-view .drawing { display: flex; flex-direction: column; align-items: center; margin: 0; padding: 0.5rem; }
.try-view .drawing canvas { width: auto; height: calc(100% - 2.75rem); }
video, .chosen { display: block; width: 100%; height: 100%; object-fit: cover; }
video { transform: scaleX(-1); }
.chosen { object-fit: contain; }
.choice, .progress { margin-top: 1rem; }
.choice .hint + .hint { margin-top: 0.25rem; }
.note { color: var(--soft); font-size: 0.9375rem; margin-top: 0.75rem; }
.choice .primary { margin-top: 1rem; }
.progress-head { display: grid; gap: 0.375rem; }
.status { color: var(--soft); font-size: 0.9375rem; font-variant-numeric: tabular-nums; min-height: 1.5em; }
.chart { margin: 1rem 0 1.25rem; }
.chart svg { display: block; width: 100%; height: 96px; overflow: visible; }
.chart .grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.chart polyline { fill: none; stroke-width: 2.5; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.chart .learned polyline, polyline.learned { stroke: var(--edge); }
polyline.aside { stroke: var(--accent); }
dl { margin: 0.75rem 0 0; display: grid; gap: 0.25rem; }
.legend { display: flex; gap: 0.5rem; align-items: baseline; font-size: 0.9375rem; }
.legend::before { content: ""; width: 14px; height: 3px; border-radius: 2px; align-self: center; background: none; flex: none; }
.legend.learned::before { background: var(--edge); }
.legend.aside::before { background: var(--accent); }
dt { color: var(--soft); flex: 1; }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; }
.bars { display: grid; gap: 0.625rem; margin: 1rem 0; }
.bars li { display: grid; grid-template-columns: minmax(4rem, 7rem) 1fr 3.25rem; gap: 0.75rem; align-items: center; }
.bar-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-size: 0.9375rem; }
.bar { height: 12px; border-radius: 6px; background: var(--sunken); overflow: hidden; }
.bar-fill { display: block; height: 100%; width: 0; border-radius: 6px; background: var(--colour); }
.bar-number { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); font-size: 0.9375rem; min-height: 1.5em; }
.best .bar-name, .best .bar-number { font-weight: 650; color: var(--ink); }
.section-head { display: flex; justify-content: space-between; align-items: center; min-height: 2.75rem; margin: -0.5rem 0 0; }
.score strong { display: block; font-size: 2rem; line-height: 1.2; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.mistakes .caption {
  display: block; font-size: 0.75rem; line-height: 1.3; color: var(--soft); overflow: hidden; text-overflow: ellipsis;
  white-space: nowrap; margin-top: 2px;
}
details:not(.menu) { margin-top: 1rem; }
details:not(.menu) > summary { color: var(--soft); font-weight: 550; padding: 0.5rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; margin-top: 0.5rem; }
th, td { padding: 0.375rem 0.625rem; text-align: right; font-variant-numeric: tabular-nums; }
th { font-weight: 500; color: var(--soft); max-width: 7rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
th[scope="row"] { text-align: left; }
tbody tr { border-top: 1px solid var(--line); }
td.right { background: var(--right); font-weight: 600; }
.download + .download { margin-top: 1.25rem; }
.download { margin-top: 1rem; }
.download .hint { margin-top: 0.375rem; font-size: 0.875rem; }
.message {
  position: fixed; inset: auto 1rem 1rem; margin: 0 auto; max-width: 32rem; padding: 0.875rem 1.125rem; border-radius: 12px;
  background: var(--alert); color: var(--on-alert); z-index: 3; box-shadow: 0 8px 28px rgb(0 0 0 / 0.24);
}
`;
