// Holds the house's order: which folder and which package may import which. `import type` counts like any import.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const packages = join(import.meta.dirname, "../../packages");
const names = readdirSync(packages).filter((name) => existsSync(join(packages, name, "src")));

/** An import of one source file. `typeOnly` imports leave no trace at run time. */
interface Import {
  readonly from: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function importsOf(file: string, text = readFileSync(file, "utf8")): Import[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const specifier = (node.moduleSpecifier as ts.StringLiteral).text;
      found.push({ from: file, specifier, typeOnly: isTypeOnly(node) });
    }
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteralLike(argument))
        found.push({ from: file, specifier: argument.text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

it("each class of errors names itself, because a minifier shortens the names of classes", () => {
  const nameless = names
    .filter((name) => !NOT_MINIFIED.includes(name))
    .flatMap((name) =>
      sources(name).flatMap((file) => {
        const classes = readFileSync(file, "utf8").matchAll(/class (\w+) extends (\w*Error) \{([\s\S]*?)\n?\}\n/g);
        return [...classes].flatMap(([, own, , body]) => (body?.includes(`name = "${own}"`) ? [] : `${name}: ${own}`));
      }),
    );
  // Only its subclasses are thrown.
  expect(nameless).toEqual(["core: GraftError"]);
});

/** Packages for Node, and for conversion of files: their code is not minified. */
const NOT_MINIFIED: readonly string[] = ["lora", "mpi"];

function isTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const { importClause } = node;
  if (!importClause) return false;
  if (importClause.isTypeOnly) return true;
  const named = importClause.namedBindings;
  return !importClause.name && !!named && ts.isNamedImports(named) && named.elements.every((one) => one.isTypeOnly);
}

function sources(name: string): string[] {
  return readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("generated"))
    .map((file) => join(packages, name, "src", file));
}

/** Edges between folders of a package. A file at the root of `src` is a node of its own. */
function folderEdges(src: string, imports: readonly Import[]): Map<string, Set<string>> {
  const nodeOf = (file: string): string => {
    const path = relative(src, file);
    return path.includes("/") ? dirname(path) : path;
  };
  const edges = new Map<string, Set<string>>();
  for (const { from, specifier } of imports) {
    if (!specifier.startsWith(".")) continue;
    const [a, b] = [nodeOf(from), nodeOf(join(dirname(from), specifier))];
    if (a !== b) edges.set(a, (edges.get(a) ?? new Set()).add(b));
  }
  return edges;
}

/** Returns one cycle as `a → b → a`, or undefined if there is none. */
function cycleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node].join(" → ");
    if (done.has(node)) return undefined;
    path.push(node);
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node);
    if (cycle) return cycle;
  }
  return undefined;
}

/** Graft packages that `file`'s package imports, at run time unless `types` is set. */
function graftImports(name: string, { types = false } = {}): string[] {
  const found = sources(name)
    .flatMap((file) => importsOf(file))
    .filter(({ specifier, typeOnly }) => specifier.startsWith("@graftjs/") && (types || !typeOnly))
    .map(({ specifier }) => specifier.slice("@graftjs/".length));
  return [...new Set(found)].filter((other) => other !== name).sort();
}

describe("no cycle between the folders of a package", () => {
  for (const name of names) {
    it(name, () => {
      const imports = sources(name).flatMap((file) => importsOf(file));
      expect(cycleIn(folderEdges(join(packages, name, "src"), imports))).toBeUndefined();
    });
  }

  it("finds a planted cycle, also one of types only", () => {
    const src = join(packages, "core/src");
    const planted = [
      ...importsOf(join(src, "params/params.ts"), 'import type { OptimizerHook } from "../step/hook.ts";'),
      ...importsOf(join(src, "step/hook.ts")),
    ];
    expect(cycleIn(folderEdges(src, planted))).toBe("params → step → params");
  });
});

describe("the folders of core stand in one order", () => {
  const ORDER = ["params", "state", "step", "kinds", "rules", "tasks"];
  it("params ← state ← step ← kinds ← rules, tasks", () => {
    const src = join(packages, "core/src");
    const edges = folderEdges(
      src,
      sources("core").flatMap((file) => importsOf(file)),
    );
    const upward = [...edges].flatMap(([from, to]) =>
      [...to]
        .filter((other) => ORDER.includes(from) && ORDER.includes(other))
        .filter((other) => ORDER.indexOf(other) > ORDER.indexOf(from))
        .map((other) => `${from} → ${other}`),
    );
    expect(upward).toEqual([]);
    expect([...(edges.get("rules") ?? [])].includes("tasks")).toBe(false);
  });
});

describe("packages know core only", () => {
  it("core imports no package of Graft, types included", () => {
    expect(graftImports("core", { types: true })).toEqual([]);
  });
  for (const name of [
    "transforms",
    "registry",
    "backend",
    "lars",
    "frozen-bn",
    "gradient-surgery",
    "tuner",
    "testing",
  ]) {
    it(`${name} imports core and nothing else`, () => {
      expect(graftImports(name, { types: true }).filter((other) => other !== "core")).toEqual([]);
    });
  }
  for (const name of ["data", "blocks"]) {
    it(`${name} imports core, and types of the tuner`, () => {
      expect(graftImports(name)).toEqual(["core"]);
      expect(graftImports(name, { types: true })).toEqual(["core", "tuner"]);
    });
  }
  it("presets imports the packages whose parts it puts together", () => {
    expect(graftImports("presets", { types: true })).toEqual(["core", "frozen-bn", "gradient-surgery", "tuner"]);
  });
  for (const name of names.filter((name) => name.startsWith("backend-"))) {
    it(`${name} imports core and backend`, () => {
      expect(graftImports(name).filter((other) => other !== "core" && other !== "backend")).toEqual([]);
    });
  }
  it("the registry is imported at run time by the command only", () => {
    expect(names.filter((name) => graftImports(name).includes("registry"))).toEqual(["cli"]);
  });
});
