/** The rooms of ARCHITECTURE.md hold: imports go downhill, pure rooms stay pure, one file imports each package. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

const source = path.resolve(import.meta.dirname, '../src');

/** What each room may import, beside itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  wire: ['model'],
  plan: ['model', 'wire'],
  host: ['model'],
  serve: ['model', 'wire', 'plan', 'host'],
  build: ['model', 'plan', 'host'],
  fleet: ['model', 'plan', 'host'],
  rack: ['model', 'wire', 'host'],
  api: ['model'],
  dashboard: ['model', 'api', 'plan'],
  cli: ['model', 'wire', 'plan', 'host', 'serve', 'build', 'fleet', 'rack', 'api'],
};

/** What a room without effects may use of Node. */
const pureNodeModules = new Set(['node:crypto', 'node:net', 'node:path']);
const pureRooms = new Set(['model', 'wire', 'plan']);

/** Packages and the only files that may import them; folders end in `/`, beginnings of names in `-`. */
const importers: Readonly<Record<string, readonly string[]>> = {
  zod: ['model/', 'api/', 'host/yaml-file.ts'],
  yaml: ['host/yaml-file.ts', 'host/yaml-text.ts'],
  handlebars: ['plan/render.ts'],
  'tar-stream': ['host/tar.ts'],
  express: ['api/', 'serve/http-', 'cli/commands/serve.ts'],
  commander: ['cli/'],
  'better-sqlite3': ['host/database/'],
  kysely: ['host/database/'],
  'net-snmp': ['host/snmp.ts'],
  preact: ['dashboard/'],
  esbuild: ['cli/bundle-dashboard.ts'],
};

/** What the browser's code may import from other rooms to run, beside types: no package comes along with it. */
const forBrowsers = new Set(['model/boot-phase.ts', 'model/bytes.ts', 'plan/boot-bars.ts']);

/** Ways to an effect that need no import. */
const effects =
  /\b(?:process\.|Date\.now\(|new Date\(\)|Math\.random\(|setTimeout\(|setInterval\(|fetch\(|performance\.)/;

interface Import {
  readonly file: string;
  readonly target: string;
  /** Nothing of it is there when the code runs. */
  readonly isType?: boolean;
  /** Loaded when it is asked for. */
  readonly isLate?: boolean;
}

/** Every violation of the table, as sentences. */
export function violations(imports: readonly Import[]): string[] {
  return imports.flatMap((each) => {
    if (each.target.startsWith('node:')) return effectViolation(each);
    return each.target.startsWith('.') ? uphillViolation(each) : packageViolation(each);
  });
}

const roomOf = (file: string) => file.split('/')[0] ?? '';

function effectViolation({ file, target }: Import): string[] {
  if (roomOf(file) === 'dashboard') return [`${file}: a browser has no ${target}`];
  if (!pureRooms.has(roomOf(file)) || pureNodeModules.has(target)) return [];
  return [`${file}: ${target} is an effect, and ${roomOf(file)}/ is pure`];
}

function packageViolation({ file, target }: Import): string[] {
  const [first = '', second] = target.split('/');
  const name = first.startsWith('@') ? `${first}/${second}` : first;
  const places = importers[name] ?? [];
  const isAllowed = places.some((place) => file === place || (/[/-]$/.test(place) && file.startsWith(place)));
  return isAllowed ? [] : [`${file}: ${name} is not imported here`];
}

function uphillViolation({ file, target, isType = false }: Import): string[] {
  const from = roomOf(file);
  const imported = path.posix.normalize(path.posix.join(path.posix.dirname(file), target));
  const to = roomOf(imported);
  if (from === 'dashboard' && to !== from && !isType && !forBrowsers.has(imported)) {
    return [`${file}: of ${imported} only types`];
  }
  return to === from || mayImport[from]?.includes(to) === true ? [] : [`${file}: ${from}/ must not import ${to}/`];
}

function readImports(file: string): Import[] {
  const text = readFileSync(path.join(source, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s(type\s)?[^'"`;]*?from\s+'([^']+)'|import\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g,
  );
  return [...found].map(([, type, ...targets]) => ({
    file,
    target: targets.find((target) => target !== undefined) ?? '',
    isType: type !== undefined,
    isLate: targets[1] !== undefined,
  }));
}

/** All that is loaded before the first line of a file runs. */
function loadedWith(first: string): Set<string> {
  const seen = new Set([first]);
  for (const file of seen) {
    for (const { target, isType, isLate } of file.endsWith('.ts') ? readImports(file) : []) {
      if (isType === true || isLate === true) continue;
      seen.add(
        target.startsWith('.') ? path.posix.normalize(path.posix.join(path.posix.dirname(file), target)) : target,
      );
    }
  }
  return seen;
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => /\.tsx?$/.test(file));

describe('the import table', () => {
  test('every file lies in a room', () => {
    expect(files.filter((file) => mayImport[roomOf(file)] === undefined)).toEqual([]);
  });

  test('no file imports uphill or reaches an effect from a pure room', () => {
    expect(violations(files.flatMap(readImports))).toEqual([]);
  });

  test('pure rooms use no clock, timer, chance, network or process', () => {
    const guilty = files.filter((file) => {
      if (!pureRooms.has(roomOf(file))) return false;
      const code = readFileSync(path.join(source, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return effects.test(code);
    });
    expect(guilty).toEqual([]);
  });

  test.each([
    ['plan/x.ts', '../serve/dhcp.ts', 'plan/x.ts: plan/ must not import serve/'],
    ['model/x.ts', '../wire/tftp.ts', 'model/x.ts: model/ must not import wire/'],
    ['wire/x.ts', 'node:fs', 'wire/x.ts: node:fs is an effect, and wire/ is pure'],
    ['serve/x.ts', 'tar-stream', 'serve/x.ts: tar-stream is not imported here'],
    ['dashboard/x.tsx', '../model/boot.ts', 'dashboard/x.tsx: of model/boot.ts only types'],
    ['dashboard/x.tsx', 'node:path', 'dashboard/x.tsx: a browser has no node:path'],
    ['serve/x.ts', '../dashboard/words.ts', 'serve/x.ts: serve/ must not import dashboard/'],
  ])('an import of %s from %s is caught', (file, target, sentence) => {
    expect(violations([{ file, target }])).toEqual([sentence]);
  });
});

/** Both have been slower than what they asked for: 300 ms of loading what a command without a service needs. */
describe('commands that ask the service load nothing of it', () => {
  const heavy = ['kysely', 'better-sqlite3', 'express', 'handlebars', 'net-snmp', 'tar-stream'];

  test.each(['main.ts', 'commands/status.ts', 'commands/node.ts', 'commands/node-set.ts'])('%s', (file) => {
    const loaded = loadedWith(`cli/${file}`);
    expect(heavy.filter((name) => loaded.has(name))).toEqual([]);
  });

  test('what is loaded is found through other files', () => {
    expect(loadedWith('cli/local-nodes.ts')).toContain('kysely');
  });
});
