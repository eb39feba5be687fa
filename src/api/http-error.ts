/** Refusals that HTTP has words of its own for; everything else is an error of the domain. */
import { PiImageError } from '../model/errors.ts';

export class HttpError extends PiImageError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    options: { readonly hint?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options);
    this.status = status;
    this.headers = options.headers ?? {};
  }
}
