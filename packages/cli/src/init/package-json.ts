/** Peers of Graft's packages in a new project, which its own code imports too. */
const TFJS = {
  "@tensorflow/tfjs-backend-cpu": "^4.22.0",
  "@tensorflow/tfjs-core": "^4.22.0",
  "@tensorflow/tfjs-layers": "^4.22.0",
};

export interface ProjectPackage {
  /** Name of the folder, from which the package's name is made. */
  readonly folder: string;
  /** Graft's packages without `@graftjs/`. */
  readonly graft: readonly string[];
  /** Range of Graft's packages. */
  readonly version: string;
  /** Other packages by name, with their ranges. */
  readonly others?: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports?: string;
}

/** Writes the `package.json` of a new project. It is private, so that nobody publishes it by mistake. */
export function packageJson({ folder, graft, version, others = {}, scripts, exports }: ProjectPackage): string {
  const ours = Object.fromEntries(graft.map((name) => [`@graftjs/${name}`, version]));
  const dependencies = Object.entries({ ...ours, ...TFJS, ...others }).sort(([a], [b]) => (a < b ? -1 : 1));
  const made = {
    name: nameOf(folder),
    version: "0.0.0",
    private: true,
    type: "module",
    ...(exports ? { exports } : {}),
    scripts,
    dependencies: Object.fromEntries(dependencies),
  };
  return `${JSON.stringify(made, null, 2)}\n`;
}

/** Makes a package name of a folder's name: lower case, without characters that npm refuses. */
function nameOf(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name || "my-model";
}
