/** Fetches the catalog of Raspberry Pi, with the lists that it refers to. */
import { checkShape } from '../model/check-shape.ts';
import { HostError } from '../model/errors.ts';
import { OsList, type OsListItem } from '../model/os-list.ts';
import { parseJson, type JsonProblem, type Schema } from './json-file.ts';

const timeoutMs = 30_000;
const largestBytes = 32 * 1024 * 1024;

export async function fetchOsList(url: string, signal: AbortSignal): Promise<readonly OsListItem[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const hint = 'Look at the address and at the network; --catalog URL names another list.';
  let text: string;
  try {
    const response = await fetch(url, { signal: deadline });
    if (!response.ok) throw new HostError(`the server answered ${response.status}`);
    text = await readText(response);
  } catch (error) {
    if (signal.aborted) throw error;
    const { cause } = error as Error;
    throw new HostError(`cannot read the catalog at ${url}`, { cause: cause instanceof Error ? cause : error, hint });
  }
  return parseJson(text, shape, (problem) => explain(problem, url)).os_list;
}

/** Not a byte more than it may have: whoever answers there could go on for ever. */
async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > largestBytes) throw new HostError(`it has more than ${largestBytes / 1024 / 1024} MB`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Says what is wrong in words of ours. */
const shape: Schema<OsList> = {
  safeParse: (input) => {
    const shaped = checkShape(OsList, input);
    if (shaped.kind === 'valid') return { success: true, data: shaped.value };
    return { success: false, error: { issues: shaped.problems } };
  },
};

function explain({ at, message, cause }: JsonProblem, url: string): HostError {
  if (at === undefined)
    return new HostError(`the catalog at ${url} is not JSON`, { cause, hint: 'Look at the address.' });
  return new HostError(`the catalog at ${url} is not as expected: ${at}: ${message}`, {
    hint: 'It must be a list as Raspberry Pi Imager reads it.',
  });
}
