/** A full or unwritable disk is the user's to mend, not a bug of ours. */
import { HostError } from '../model/errors.ts';

const reasons: Readonly<Record<string, { readonly what: string; readonly hint: string }>> = {
  ENOSPC: { what: 'the disk is full', hint: 'Make room there; an image needs about 2 GB while it is built.' },
  EDQUOT: { what: 'the quota is used up', hint: 'Make room there, or ask for more.' },
  EROFS: { what: 'the file system is read-only', hint: 'Choose another state directory with --state DIR.' },
  EIO: { what: 'the disk fails', hint: 'Look at "dmesg".' },
};

/** Waits for `work`; what the operating system says about the disk becomes a sentence. */
export async function explainDisk<T>(dir: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = reasons[(error as NodeJS.ErrnoException).code ?? ''];
    if (reason === undefined) throw error;
    throw new HostError(`cannot write below ${dir}: ${reason.what}`, { cause: error, hint: reason.hint });
  }
}
