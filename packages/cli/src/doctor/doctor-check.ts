/** The person's folders, which a check may need. */
export interface DoctorContext {
  /** Folder of the person's project. */
  readonly cwd: string;
  /** Folder of `graft install-native --cache`. Undefined: the installer's default folder. */
  readonly cacheDir: string | undefined;
}

/**
 * The result of a check. It must be plain data, because checks run in processes of their own. Further properties are allowed;
 * `graft doctor --json` prints them.
 */
export interface Finding {
  /** Whether everything works. */
  readonly ok: boolean;
  /** The thing that was found, in one line: a device, a version, a measurement. */
  readonly description?: string;
  /** The problem, in one line. */
  readonly reason?: string;
  /** The command or change that fixes the problem. */
  readonly fix?: string;
}

/** One thing that `graft doctor` looks at on this machine. */
export interface DoctorCheck {
  readonly name: string;
  /**
   * Looks and reports. It runs in a process of its own, so it may take long, throw or crash: the report then shows the error.
   * A check that has not answered after two minutes is ended.
   */
  run(context: DoctorContext): Promise<Finding>;
}

// A package's `plugins` may hold checks of this kind. `graft doctor` runs them with its own.
declare module "@graftjs/core" {
  interface PluginKinds {
    "doctor-check": DoctorCheck;
  }
}
