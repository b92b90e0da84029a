import ts from "typescript";
import { cComments } from "./c-comments.ts";
import { blank, type Passage } from "./passage.ts";

type Text = ts.StringLiteral | ts.NoSubstitutionTemplateLiteral | ts.TemplateExpression;

/** Reads the comments of a TypeScript or JavaScript file, those of shaders inside its templates, and its messages. */
export function scriptPassages(file: string, source: string): Passage[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest);
  const literals: ts.Node[] = [];
  const found: Passage[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateExpression(node)) {
      const line = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
      const text = textOf(node, tree);
      if (isMessage(text)) found.push({ file, line, text, kind: "message" });
      if (text.includes("\n")) found.push(...cComments(file, text, line));
    }
    if (ts.isLiteralExpression(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      literals.push(node);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return [...cComments(file, withoutLiterals(source, literals, tree)), ...found];
}

/** Blanks out literals. The parser knows which `//` is part of a string or pattern; those that are left start comments. */
function withoutLiterals(source: string, literals: readonly ts.Node[], tree: ts.SourceFile): string {
  const parts: string[] = [];
  let end = 0;
  for (const literal of literals) {
    const start = literal.getStart(tree);
    parts.push(source.slice(end, start), blank(source.slice(start, literal.end)));
    end = literal.end;
  }
  return [...parts, source.slice(end)].join("");
}

/** Text of a literal without its quotes. `${…}` is blanked out except for one `…`, which stands for its value. */
function textOf(node: Text, tree: ts.SourceFile): string {
  const start = node.getStart(tree);
  let text = node.getText(tree);
  if (ts.isTemplateExpression(node)) {
    for (const { expression, literal } of node.templateSpans) {
      const [from, to] = [expression.getFullStart() - 2 - start, literal.getStart(tree) + 1 - start];
      text = `${text.slice(0, from)}…${blank(text.slice(from + 1, to))}${text.slice(to)}`;
    }
  }
  return ` ${text.slice(1, -1)} `;
}

/** A literal is a message if it has three words in a row. Names, paths and selectors have fewer. */
function isMessage(text: string): boolean {
  return /[A-Za-z…]+[,;:]? +[A-Za-z…]+[,;:]? +[A-Za-z…]+/.test(text);
}
