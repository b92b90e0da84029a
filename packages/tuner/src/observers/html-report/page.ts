import { escaped } from "./escaped.ts";

/** Colours by theme. Each pair of text and background has a contrast of at least 4.5. */
const STYLE = `
:root{color-scheme:light dark;--text:#1a1a1a;--back:#fff;--soft:#5c5c5c;--grid:#dcdcdc;--c0:#1660a8;--c1:#b34700;--right:30 130 60;--wrong:190 40 40;--error:#b00020}
@media(prefers-color-scheme:dark){:root{--text:#e8e8e8;--back:#161616;--soft:#a8a8a8;--grid:#3a3a3a;--c0:#6cb2f2;--c1:#ff9f5a;--right:70 190 110;--wrong:235 90 90;--error:#ff7b8a}}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;padding:0 1rem;max-width:64rem;color:var(--text);background:var(--back)}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:1rem 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:1rem 1.5rem}
figure{margin:0}figcaption{font-weight:600}figcaption span{font-weight:400;margin-left:.75rem}figcaption span::before{content:"— "}
svg{width:100%;height:auto;display:block}svg text{font-size:11px;fill:var(--soft)}text.y{text-anchor:end;dominant-baseline:middle}text.x{text-anchor:middle}
.grid{stroke:var(--grid);stroke-width:1}.curve{fill:none;stroke-width:2;stroke-linejoin:round}
.c0{stroke:var(--c0)}.c1{stroke:var(--c1)}span.c0{color:var(--c0)}span.c1{color:var(--c1)}circle.c0{fill:var(--c0)}circle.c1{fill:var(--c1)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .6rem;text-align:right;white-space:nowrap}
thead th{border-bottom:1px solid var(--grid)}tr.best td{font-weight:700}th[scope=row]{text-align:left}
.confusion .right{background:rgb(var(--right)/calc(var(--share)*.45))}.confusion .wrong{background:rgb(var(--wrong)/calc(var(--share)*.6))}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.5rem,1fr));gap:1rem}.pictures img{width:100%;display:block;border-radius:4px}
.pictures figcaption{font-weight:400;font-size:.85rem;overflow-wrap:anywhere}.pictures .wrong figcaption{color:var(--error)}
.error{color:var(--error);white-space:pre-wrap}`.replaceAll("\n", "");

/** Builds a page without scripts or external files. `body` is HTML, `title` plain text. */
export function page(title: string, body: string): string {
  const head = `<meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)}</title><style>${STYLE}</style>`;
  return `<!doctype html><html lang="en">${head}<h1>${escaped(title)}</h1>${body}</html>\n`;
}

/** Lists facts by label. */
export function facts(entries: readonly (readonly [label: string, value: string])[]): string {
  return `<dl>${entries.map(([label, value]) => `<dt>${escaped(label)}</dt><dd>${escaped(value)}</dd>`).join("")}</dl>`;
}
