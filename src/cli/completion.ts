/** Completion scripts for the shells, made from the tree of commands itself: they cannot lag behind it. */
import type { Argument, Command, Option } from 'commander';

import { unreachable } from '../model/errors.ts';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** One command with the words that may follow it. */
interface Entry {
  /** `node list`; empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly Option[];
  /** Words that an argument may be. */
  readonly choices: readonly string[];
  /** Nouns whose names are arguments here: completed by asking `pi-image <noun> list -o name`. */
  readonly nouns: readonly string[];
}

export function renderCompletion(shell: Shell, program: Command): string {
  const entries = entriesOf(program, '');
  switch (shell) {
    case 'bash':
      return renderBash(entries);
    case 'zsh':
      return renderZsh(entries);
    case 'fish':
      return renderFish(entries);
    default:
      return unreachable(shell);
  }
}

function entriesOf(command: Command, path: string): Entry[] {
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');
  const own: Entry = {
    path,
    commands: commands.flatMap((child) =>
      namesOf(child).map((name) => ({ name, summary: child.summary() || child.description() })),
    ),
    options: command.options.filter((option) => !option.hidden),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    nouns: command.registeredArguments.flatMap(nounOf),
  };
  const below = commands.flatMap((child) =>
    namesOf(child).flatMap((name) => entriesOf(child, `${path} ${name}`.trim())),
  );
  return [own, ...below];
}

const namesOf = (command: Command): string[] => [command.name(), ...command.aliases()];

/** An argument `<node>` or `[nodes...]` is the name of a node, `<overlay|node>` of one or the other. */
function nounOf(argument: Argument): string[] {
  const nouns = argument.name().split('|');
  return nouns.map((noun) => noun.replace(/s$/, '')).filter((noun) => withNames.has(noun));
}

const withNames = new Set(['node', 'role', 'overlay', 'image']);

function wordsOf({ commands, options, choices }: Entry): string[] {
  const flags = options.flatMap(({ long }) => long ?? []);
  return [...commands.map(({ name }) => name), ...choices, ...flags, '--help'];
}

const listNames = (noun: string) => `pi-image ${noun} list -o name 2>/dev/null`;

/** The words before the cursor that are commands make the path; what follows `-o` is one of its choices. */
function renderBash(entries: readonly Entry[]): string {
  const cases = entries.map((entry) => {
    const names = entry.nouns.map((noun) => ` $(${listNames(noun)})`).join('');
    return `    '${entry.path}') words="${wordsOf(entry).join(' ')}${names}" ;;`;
  });
  const paths = entries.map(({ path }) => `'${path}'`).filter((path) => path !== "''");
  return `# pi-image completion bash; load it with: source <(pi-image completion bash)
_pi_image() {
  local chain='' word words='' index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "\${chain:+$chain }$word" in
      ${paths.join(' | ')}) chain="\${chain:+$chain }$word" ;;
    esac
  done
  case "$chain \${COMP_WORDS[COMP_CWORD - 1]}" in
${valueCases(entries).join('\n')}
  esac
  case "\${COMP_WORDS[COMP_CWORD - 1]}" in
    -o | --output) COMPREPLY=($(compgen -W 'table json yaml name' -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;
    -n | --node) COMPREPLY=($(compgen -W "$(${listNames('node')})" -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;
    -f | --file | --config | --state | --runtime) COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;
  esac
  case "$chain" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -F _pi_image pi-image
`;
}

/** What may follow an option of this command, where that is one of a few words. */
function valueCases(entries: readonly Entry[]): string[] {
  return entries.flatMap(({ path, options }) =>
    options
      .filter(({ argChoices }) => argChoices !== undefined)
      .map(({ short, long, argChoices }) => {
        const flags = [short, long].filter((flag) => flag !== undefined && flag !== null);
        const places = flags.map((flag) => `'${path} ${flag}'`).join(' | ');
        return `    ${places}) COMPREPLY=($(compgen -W '${argChoices?.join(' ')}' -- "\${COMP_WORDS[COMP_CWORD]}")); return ;;`;
      }),
  );
}

/** zsh runs bash completions; only the way in differs. `path` is its PATH: no variable may have that name. */
function renderZsh(entries: readonly Entry[]): string {
  return `#compdef pi-image
# pi-image completion zsh; load it with: source <(pi-image completion zsh)
autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${renderBash(entries).split('\n').slice(1).join('\n')}`;
}

function renderFish(entries: readonly Entry[]): string {
  const lines = entries.flatMap((entry) => {
    const when = `-n '__pi_image_at ${JSON.stringify(entry.path)}'`;
    return [
      ...entry.commands.map(({ name, summary }) => `complete -c pi-image -f ${when} -a ${name} -d ${quote(summary)}`),
      ...entry.options.flatMap((option) => fishOption(option, when)),
      ...entry.choices.map((choice) => `complete -c pi-image -f ${when} -a ${choice}`),
      ...entry.nouns.map((noun) => `complete -c pi-image -f ${when} -a '(${listNames(noun)})'`),
    ];
  });
  const paths = entries.map(({ path }) => quote(path)).join(' ');
  return `# pi-image completion fish; load it with: pi-image completion fish | source
function __pi_image_at
  set -l path ''
  for word in (commandline -opc)[2..]
    set -l next (string trim "$path $word")
    contains -- $next ${paths}; and set path $next
  end
  test "$path" = "$argv[1]"
end
complete -c pi-image -f
${lines.join('\n')}
`;
}

function fishOption(option: Option, when: string): string[] {
  if (option.long === undefined || option.long === null) return [];
  const short = option.short === undefined ? '' : ` -s ${option.short.slice(1)}`;
  const takes = option.required || option.optional ? ' -r' : '';
  const choices = option.argChoices === undefined ? '' : ` -f -a ${quote(option.argChoices.join(' '))}`;
  return [
    `complete -c pi-image ${when} -l ${option.long.slice(2)}${short}${takes}${choices} -d ${quote(option.description)}`,
  ];
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
