/** What do iPXE and U-Boot read on this node? Texts around the node's command line, rendered from boot/<board>/<name>.hbs. */
import { ConfigError } from '../model/errors.ts';
import type { BoardTemplates } from '../model/view.ts';
import { compileTemplate, type Template, type TemplateVariables } from './render.ts';

/**
 * iPXE expands `${…}` and splits commands at the others where they stand alone; U-Boot expands `${…}` too.
 * Neither has a way to quote them.
 */
const special = /\$\{|(?:^| )(?:&&|\|\||;)(?= |$)/;

/** @returns undefined for a board whose firmware asks for no such text */
export function renderLoaderTexts(
  templates: BoardTemplates,
  variables: TemplateVariables & { readonly commandLine: string },
  folder: string,
): Readonly<Record<string, string>> | undefined {
  if (templates.texts === undefined) return undefined;
  const [found] = special.exec(variables.commandLine) ?? [];
  if (found !== undefined) {
    throw new ConfigError(`the command line of ${folder} holds "${found.trim()}", which iPXE and U-Boot would act on`, {
      hint: 'Look at kernelArguments of the role, and leave it out.',
    });
  }
  const rendered = compiledTexts(templates.texts, folder).map(([name, text]) => [name, text(variables)] as const);
  return Object.fromEntries(rendered);
}

/** A thousand nodes compile once. */
const compiled = new WeakMap<ReadonlyMap<string, string>, readonly (readonly [name: string, Template])[]>();

function compiledTexts(texts: ReadonlyMap<string, string>, folder: string) {
  const known =
    compiled.get(texts) ??
    [...texts].map(([name, text]) => [name, compileTemplate(text, `${folder}/${name}.hbs`)] as const);
  compiled.set(texts, known);
  return known;
}
