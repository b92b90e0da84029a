import type { ModelCard } from "@graftjs/tuner";

/** Tells from its first bytes whether a file is the `index.html` of a page that Graft has written. */
export const isPage = (start: string): boolean => start.startsWith(HEAD);

const HEAD = '<!doctype html>\n<html lang="en">\n  <head>\n    <meta name="generator" content="graft">';

/** Only this page's own files, and nothing that is made of text. WebAssembly has a permission of its own. */
const POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'";

/**
 * Writes the `index.html` of the page.
 *
 * @param classes names of the classes, for the heading.
 * @param scripts files of the page, in the order in which they run.
 */
export function pageHtml(classes: ModelCard["classes"], scripts: readonly string[]): string {
  const title = escaped(titleOf(classes));
  return `${HEAD}
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="${POLICY}">
    <title>${title}</title>
    <link rel="stylesheet" href="page.css">
${scripts.map((name) => `    <script defer src="${name}"></script>`).join("\n")}
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      <div class="drop">
        <label for="file">Choose a picture, drop it on this page, or paste it.</label>
        <input id="file" type="file" accept="image/*" disabled>
      </div>
      <p id="status" role="status">Loading the model …</p>
      <noscript><p>This page needs JavaScript.</p></noscript>
      <img id="picture" alt="" hidden>
      <ol id="classes" aria-label="Most probable classes"></ol>
    </main>
    <footer><p>Pictures stay on this device: nothing is sent.</p></footer>
  </body>
</html>
`;
}

function titleOf(classes: readonly string[] = []): string {
  if (classes.length < 2) return "What is in the picture?";
  if (classes.length > 5) return `Which of ${classes.length} classes is it?`;
  return `Is it ${classes.slice(0, -1).join(", ")} or ${classes.at(-1)}?`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
