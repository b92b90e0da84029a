/** Colours, sizes and the layout. Texts have a contrast of 4.5 or more, controls and bars of 3 or more, in both schemes. */
export const tokenStyles = `
:host {
  color-scheme: light dark;
  display: block;
  --page: light-dark(#f6f5f1, #15171c);
  --card: light-dark(#ffffff, #1e2128);
  --sunken: light-dark(#f1efe9, #272b34);
  --line: light-dark(#e2dfd6, #343944);
  --edge: light-dark(#8a8578, #737b8c);
  --ink: light-dark(#23211c, #eceef2);
  --soft: light-dark(#5f5b51, #a9b0bf);
  --accent: light-dark(#2a5bd0, #8fb2ff);
  --on-accent: light-dark(#ffffff, #10172a);
  --right: light-dark(#dcefe2, #1f3a2b);
  --alert: light-dark(#23211c, #eceef2);
  --on-alert: light-dark(#ffffff, #15171c);
  --radius: 14px;
  font: 400 1rem/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
  color: var(--ink);
  background: var(--page);
  container-type: inline-size;
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
.colour-0 { --colour: light-dark(#2a5bd0, #7ea6ff); }
.colour-1 { --colour: light-dark(#c2410c, #ff9d66); }
.colour-2 { --colour: light-dark(#15803d, #5fd08a); }
.colour-3 { --colour: light-dark(#a21caf, #e58af0); }
.colour-4 { --colour: light-dark(#0e7490, #5cc8e0); }
.colour-5 { --colour: light-dark(#a16207, #e6bd4f); }
.studio { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 2rem; }
.side { display: grid; grid-template-columns: minmax(0, 1fr); gap: 1.25rem; align-content: start; }
@container (max-width: 30rem) { .row button { flex: 1 1 auto; } }
@container (min-width: 56rem) {
  .studio { padding: 2rem 2rem 4rem; }
  .columns { grid-template-columns: minmax(0, 1fr) 23rem; gap: 2.5rem; }
}
h2 { font-size: 1.125rem; font-weight: 650; line-height: 1.3; margin: 0; letter-spacing: -0.005em; }
h3 { font-size: 0.9375rem; font-weight: 600; margin: 1.25rem 0 0.5rem; }
p { margin: 0; }
ul { list-style: none; margin: 0; padding: 0; }
h2 + .hint { margin-top: 0.25rem; }
.hint { color: var(--soft); font-size: 0.9375rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: var(--radius); padding: 1.25rem; }
.row { display: flex; flex-wrap: wrap; gap: 0.625rem; }
@media (prefers-reduced-motion: no-preference) {
  .bar-fill { transition: width 0.15s ease-out; }
  button, summary { transition: background-color 0.12s, border-color 0.12s; }
}
`;
