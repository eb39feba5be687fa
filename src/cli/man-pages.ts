/** Man pages from the tree of commands, as --help is: pi-image(1), and one for each command below it. mdoc(7), which groff and mandoc read. */
import type { Argument, Command, Option } from 'commander';

export interface ManPage {
  /** `pi-image-node.1` */
  readonly file: string;
  readonly text: string;
}

export function manPages(program: Command, date: string): ManPage[] {
  const commands = visible(program);
  return [
    { file: 'pi-image.1', text: mainPage(program, commands, date) },
    ...commands.map((command) => ({ file: `pi-image-${command.name()}.1`, text: commandPage(command, date) })),
  ];
}

function visible(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');
}

function mainPage(program: Command, commands: readonly Command[], date: string): string {
  return [
    ...head('pi-image', program.description(), date),
    '.Sh SYNOPSIS',
    '.Nm pi-image',
    '.Op Ar options',
    '.Ar command',
    '.Sh DESCRIPTION',
    ...paragraph(program.description()),
    '.Pp',
    'Each command has a page of its own, for example',
    '.Xr pi-image-node 1 .',
    ...tagged(
      '.It Cm',
      commands.map((command) => [word(command.name()), summaryOf(command)]),
    ),
    '.Sh OPTIONS',
    'Before the command:',
    ...optionList(program.options),
    '.Sh FILES',
    ...tagged('.It Pa', [
      ['/etc/pi-image/cluster.yaml', 'What is true of the site.'],
      ['/var/lib/pi-image', 'Images, secrets, and what the service knows.'],
      ['/run/pi-image/api.sock', 'Where the service answers.'],
    ]),
    '.Sh EXIT STATUS',
    ...tagged('.It', [
      ['0', 'Done.'],
      ['1', 'It failed; why, and what to do, stands on standard error.'],
      ['2', 'The command line is wrong.'],
      ['70', 'A bug of pi-image.'],
      ['130', 'It was interrupted.'],
    ]),
    '.Sh SEE ALSO',
    ...commands
      .map((command) => `.Xr pi-image-${command.name()} 1`)
      .toSorted()
      .map((reference, index) => `${reference}${index + 1 < commands.length ? ' ,' : ''}`),
    '',
  ].join('\n');
}

/** A command with its verbs, each with all that --help says of it. */
function commandPage(command: Command, date: string): string {
  const name = `pi-image-${command.name()}`;
  const verbs = descendants(command);
  return [
    ...head(name, summaryOf(command), date),
    '.Sh SYNOPSIS',
    ...(verbs.length === 0 ? synopsis(command) : verbs.flatMap(synopsis)),
    '.Sh DESCRIPTION',
    ...body(command),
    ...verbs.flatMap((verb) => [`.Ss ${line(pathOf(verb))}`].concat(body(verb))),
    '.Sh SEE ALSO',
    '.Xr pi-image 1',
    '',
  ].join('\n');
}

function descendants(command: Command): Command[] {
  return visible(command).flatMap((child) => {
    const below = descendants(child);
    return below.length === 0 ? [child] : below;
  });
}

function pathOf(command: Command): string {
  const names = [command.name(), ...command.aliases()].join('|');
  return command.parent === null ? names : `${pathOf(command.parent)} ${names}`;
}

function head(name: string, summary: string, date: string): string[] {
  return [
    String.raw`.\" Made from the help of pi-image.`,
    `.Dd ${date}`,
    `.Dt ${name.toUpperCase()} 1`,
    '.Os pi-image',
    '.Sh NAME',
    `.Nm ${name}`,
    `.Nd ${line(summary.replace(/\.$/, ''))}`,
  ];
}

function synopsis(command: Command): string[] {
  const hasOptions = command.options.some((option) => !option.hidden);
  return [
    `.Nm ${line(pathOf(command))}`,
    ...(hasOptions ? ['.Op Ar options'] : []),
    ...command.registeredArguments.map(argumentLine),
  ];
}

function argumentLine(argument: Argument): string {
  const name = `${word(argument.name())}${argument.variadic ? ' ...' : ''}`;
  return argument.required ? `.Ar ${name}` : `.Op Ar ${name}`;
}

/** What --help prints below `Usage:`. */
function body(command: Command): string[] {
  const described = command.registeredArguments.filter(({ description }) => description !== '');
  const args = described.map((argument) => [word(argument.name()), argument.description] as const);
  return [
    ...paragraph(sentence(command.description() || summaryOf(command))),
    ...tagged('.It Ar', args),
    ...optionList(command.options),
    ...examples(command),
  ];
}

function summaryOf(command: Command): string {
  return command.summary() || command.description();
}

/** A summary stands without a capital and without an end. */
function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.:!?]$/.test(begun) ? begun : `${begun}.`;
}

function optionList(options: readonly Option[]): string[] {
  const shown = options.filter((option) => !option.hidden);
  return tagged(
    '.It Fl',
    shown.map((option) => [optionTerm(option), optionText(option)]),
  );
}

/** `.Fl o , Fl -output Ar format`: mdoc puts a hyphen before each. */
function optionTerm({ flags }: Option): string {
  const [, names = flags, value = ''] = /^([^<[]*?)\s*([<[].*)?$/.exec(flags) ?? [];
  const fl = names.split(/,\s*/).map((name) => word(name.replace(/^-/, '')));
  const argument = value.replaceAll(/[<>[\]]/g, '');
  return `${fl.join(' , Fl ')}${argument === '' ? '' : ` Ar ${word(argument)}`}`;
}

function optionText(option: Option): string {
  const choices = option.argChoices === undefined ? [] : [`One of: ${option.argChoices.join(', ')}.`];
  // What it is depends on the option.
  const value = option.defaultValue as unknown;
  const isSaid = typeof value === 'number' || (typeof value === 'string' && value !== '');
  return [
    sentence(option.description),
    ...choices,
    ...(isSaid ? [`Default: ${option.defaultValueDescription ?? value}.`] : []),
  ].join(' ');
}

/** A list of terms with a text each; none for none. */
function tagged(item: string, entries: readonly (readonly [term: string, text: string])[]): string[] {
  if (entries.length === 0) return [];
  return ['.Bl -tag -width Ds', ...entries.flatMap(([term, text]) => [`${item} ${term}`, ...paragraph(text)]), '.El'];
}

/** What was added to the help after its options: the examples, as they are typed. */
function examples(command: Command): string[] {
  const text = afterHelp(command).trim();
  if (text === '') return [];
  const lines = text.split('\n').map((each) => (each === '' ? '' : line(each)));
  return ['.Bd -literal', ...lines, '.Ed'];
}

/** commander prints it behind the help itself, and tells it to nobody. */
function afterHelp(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (part) => void parts.push(part) }).outputHelp();
  return parts.slice(parts.indexOf(command.helpInformation()) + 1).join('');
}

/** One line of mdoc for each sentence: between two of them there is more room. */
function paragraph(text: string): string[] {
  return text
    .split(/\n|(?<=[.!?][)"'\]]*)\s+/)
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map(line);
}

/** Nothing in it is a request, and its hyphens can be copied. */
function line(text: string): string {
  const escaped = escapeText(text);
  return /^[.']/.test(escaped) ? String.raw`\&${escaped}` : escaped;
}

/** As an argument of a request: one word, and no macro by chance. */
function word(text: string): string {
  const escaped = escapeText(text).replaceAll('"', String.raw`\(dq`);
  const quoted = /\s/.test(escaped) ? `"${escaped}"` : escaped;
  return /^[A-Z][a-z]$/.test(text) || /^[.,:;()[\]?!|]$/.test(text) ? String.raw`\&${quoted}` : quoted;
}

function escapeText(text: string): string {
  return text.replaceAll('\\', String.raw`\e`).replaceAll('-', String.raw`\-`);
}
