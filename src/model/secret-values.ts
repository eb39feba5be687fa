/** The content of secrets, by the names that overlays call them. Never logged, never part of a generation. */
export type SecretValues = Readonly<Record<string, Uint8Array>>;
