/** Fetches the catalog of Raspberry Pi, with the lists that it refers to. */
import { checkShape } from '../model/check-shape.ts';
import { HostError } from '../model/errors.ts';
import { OsList, type OsListItem } from '../model/os-list.ts';

const timeoutMs = 30_000;
const largestBytes = 32 * 1024 * 1024;

export async function fetchOsList(url: string, signal: AbortSignal): Promise<readonly OsListItem[]> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const hint = 'Look at the address and at the network; --catalog URL names another list.';
  let text: string;
  try {
    const response = await fetch(url, { signal: deadline });
    if (!response.ok) throw new HostError(`the server answered ${response.status}`);
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw error;
    const { cause } = error as Error;
    throw new HostError(`cannot read the catalog at ${url}`, { cause: cause instanceof Error ? cause : error, hint });
  }
  if (text.length > largestBytes) throw new HostError(`the catalog at ${url} is too long`, { hint });
  const shaped = checkShape(OsList, parseJson(text, url));
  if (shaped.kind === 'valid') return shaped.value.os_list;
  const [problem] = shaped.problems;
  throw new HostError(`the catalog at ${url} is not as expected: ${problem?.path.join('.')}: ${problem?.message}`, {
    hint: 'It must be a list as Raspberry Pi Imager reads it.',
  });
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HostError(`the catalog at ${url} is not JSON`, { cause: error, hint: 'Look at the address.' });
  }
}
