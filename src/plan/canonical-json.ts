/** One spelling for one value: keys sorted, nothing undefined. What is hashed or compared is written like this. */
import { hash } from 'node:crypto';

export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => (isGroup(field) ? sortKeys(field) : field));
}

/** @returns lower-case hex */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content);
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sortKeys(group: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(group).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
