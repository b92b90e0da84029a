/** Buttons, fields, the slider and the progress bar. Every target is at least 44 pixels high, or 24 within a dense list. */
export const formStyles = `
button, summary, input { font: inherit; color: inherit; }
button {
  min-height: 2.75rem; padding: 0.5rem 1rem; border: 1px solid var(--edge); border-radius: 10px;
  background: var(--card); font-weight: 550; cursor: pointer; touch-action: manipulation;
}
button:hover { background: var(--sunken); }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.primary:hover { background: color-mix(in srgb, var(--accent) 88%, var(--ink)); }
button.wide { width: 100%; }
button.quiet { border-color: transparent; background: none; color: var(--soft); padding-inline: 0.625rem; }
button.quiet:hover { color: var(--ink); background: var(--sunken); }
button.icon { width: 2.75rem; padding: 0; font-size: 1.25rem; line-height: 1; }
button:disabled { background: var(--sunken); border-color: var(--line); color: var(--soft); cursor: default; }
button[aria-pressed="true"] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.add {
  width: 100%; margin-top: 1.25rem; min-height: 3.5rem; border: 1.5px dashed var(--edge); border-radius: var(--radius);
  background: none; display: flex; gap: 0.5rem; align-items: center; justify-content: center;
}
button.add span { font-size: 1.25rem; line-height: 1; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
input.name, input.project-name {
  background: none; border: 1px solid transparent; border-radius: 8px; min-width: 0; text-overflow: ellipsis;
}
input.name:hover, input.project-name:hover { border-color: var(--line); }
input.name:focus, input.project-name:focus { border-color: var(--edge); background: var(--card); }
input::placeholder { color: var(--ink); opacity: 1; }
input.name { flex: 1; font-weight: 600; font-size: 1.0625rem; padding: 0.5rem; margin-left: -0.25rem; }
input.project-name {
  font-weight: 700; font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.015em; padding: 0.25rem 0.5rem;
  margin-left: -0.5625rem; width: min(24rem, 100%);
}
input[type="range"] { width: 100%; height: 2rem; margin: 0.25rem 0 0; accent-color: var(--accent); cursor: pointer; }
label { font-weight: 550; }
.ticks { display: grid; grid-template-columns: 1fr 1fr 1fr; font-size: 0.875rem; color: var(--soft); margin-bottom: 0.75rem; }
.ticks :nth-child(2) { text-align: center; }
.ticks :nth-child(3) { text-align: right; }
progress {
  appearance: none; width: 100%; height: 8px; border: 0; border-radius: 4px; overflow: hidden;
  background: var(--sunken); accent-color: var(--accent);
}
progress::-webkit-progress-bar { background: var(--sunken); }
progress::-webkit-progress-value { background: var(--accent); border-radius: 4px; }
progress::-moz-progress-bar { background: var(--accent); border-radius: 4px; }
summary { cursor: pointer; }
`;
