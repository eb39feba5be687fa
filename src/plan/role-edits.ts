/** What did an edit of cluster.yaml or of overlays change for each role? Told as events; what stays the same tells nothing. */
import type { Cluster, Role } from '../model/cluster.ts';
import type { NewEvent } from '../model/event.ts';
import type { OverlaySource, OverlaySourceFile } from '../model/overlay-source.ts';
import type { ClusterView } from '../model/view.ts';
import { canonicalJson } from './canonical-json.ts';
import { isSameFile } from './same-config.ts';

type Written = Pick<ClusterView, 'cluster' | 'overlays'>;

/** Field -> what became of it. */
type Edits = Readonly<Record<string, string>>;

export function roleEdits(before: Written, after: Written): NewEvent[] {
  if (before.cluster === after.cluster && before.overlays === after.overlays) return [];
  const names = new Set([...Object.keys(before.cluster.roles), ...Object.keys(after.cluster.roles)]);
  return [...names].flatMap((role): NewEvent[] => {
    const [was, is] = [before.cluster.roles[role], after.cluster.roles[role]];
    if (was === undefined) return [{ kind: 'role.added', fields: { role } }];
    if (is === undefined) return [{ kind: 'role.removed', fields: { role } }];
    const kept = is.overlays.filter((name) => was.overlays.includes(name));
    const edits = { ...definitionEdits(was, is), ...varEdits(role, before, after), ...fileEdits(kept, before, after) };
    return Object.keys(edits).length === 0 ? [] : [{ kind: 'role.edited', fields: { role, ...edits } }];
  });
}

function definitionEdits(before: Role, after: Role): Edits {
  const { overlays, kernelArguments, ready, ...values } = before;
  return {
    ...changedValues(valuesOf(values), valuesOf(after)),
    ...changedList('overlays', overlays, after.overlays),
    ...changedList('kernelArguments', kernelArguments, after.kernelArguments),
    ...changedList('ready', ready, after.ready),
  };
}

const valuesOf = ({
  image,
  root,
  persistent,
  boot,
  deadline,
}: Omit<Role, 'overlays' | 'kernelArguments' | 'ready'>) => ({
  image,
  root,
  persistent,
  boot,
  deadline: `${deadline / 1000}s`,
});

/** Those of the cluster count as far as the role has none of the name: nodes see both as one. */
function varEdits(role: string, before: Written, after: Written): Edits {
  return changedValues(varsOf(role, before.cluster), varsOf(role, after.cluster));
}

const varsOf = (role: string, { vars, roles }: Cluster) =>
  Object.fromEntries(Object.entries({ ...vars, ...roles[role]?.vars }).map(([name, value]) => [`vars.${name}`, value]));

function changedValues(before: Readonly<Record<string, unknown>>, after: Readonly<Record<string, unknown>>): Edits {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const told = names.map((name) => [name, wordOf(before[name]), wordOf(after[name])] as const);
  return Object.fromEntries(told.flatMap(([name, was, is]) => (was === is ? [] : [[name, `${was} -> ${is}`]])));
}

function wordOf(value: unknown): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? value : canonicalJson(value);
}

function changedList(name: string, before: readonly string[], after: readonly string[]): Edits {
  const added = after.filter((each) => !before.includes(each)).map((each) => `+${each}`);
  const gone = before.filter((each) => !after.includes(each)).map((each) => `-${each}`);
  if (added.length + gone.length > 0) return { [name]: [...added, ...gone].join(' ') };
  return canonicalJson(before) === canonicalJson(after) ? {} : { [name]: 'in another order' };
}

/** @param kept overlays that the role had and has: one that came or went stands in its list */
function fileEdits(kept: readonly string[], before: Written, after: Written): Edits {
  return Object.fromEntries(
    kept.flatMap((name) => {
      const [was, is] = [before.overlays.get(name), after.overlays.get(name)];
      if (was === undefined || is === undefined || was === is) return [];
      const files = changedFiles(was, is);
      return files.length === 0 ? [] : [[`overlays.${name}`, shortened(files)]];
    }),
  );
}

function changedFiles(before: OverlaySource, after: OverlaySource): string[] {
  const [was, is] = [byPath(before), byPath(after)];
  const isOther = (file: OverlaySourceFile) => {
    const old = was.get(file.path);
    return old !== undefined && old !== file && !isSameFile(old, file);
  };
  return [
    ...(canonicalJson(before.spec) === canonicalJson(after.spec) ? [] : ['overlay.yaml']),
    ...after.files.filter(isOther).map(({ path }) => path),
    ...after.files.filter(({ path }) => !was.has(path)).map(({ path }) => `+${path}`),
    ...before.files.filter(({ path }) => !is.has(path)).map(({ path }) => `-${path}`),
  ];
}

const byPath = ({ files }: OverlaySource) => new Map(files.map((file) => [file.path, file]));

/** An overlay may have thousands of files, and an event is read by people. */
const shownFiles = 10;

function shortened(files: readonly string[]): string {
  const rest = files.length - shownFiles;
  return [...files.slice(0, shownFiles), ...(rest > 0 ? [`and ${rest} more`] : [])].join(' ');
}
