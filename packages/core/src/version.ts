/** Version of this package, as its package.json says: what a plugin's `coreVersion` is compared with. */
export const CORE_VERSION = "0.1.0";
