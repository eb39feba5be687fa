/** Structured log: a fixed event name, facts beside it. One line each. */

export type LogFields = Readonly<Record<string, string | number | boolean | undefined | readonly string[]>>;

export interface Log {
  /** Something a person who runs a cluster wants to see once. */
  info(event: string, fields?: LogFields): void;
  /** Something a person should look at. */
  warn(event: string, fields?: LogFields): void;
}
