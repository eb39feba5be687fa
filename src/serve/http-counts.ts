/** Counts what an HTTP server answers: by status, and the bytes that left. */
import type { RequestListener } from 'node:http';

export interface HttpCounts {
  /** By status; one that broke off before its answer began is not among them. */
  readonly responses: Map<number, number>;
  bytes: number;
}

export function newHttpCounts(): HttpCounts {
  return { responses: new Map(), bytes: 0 };
}

export function counted(counts: HttpCounts, handler: RequestListener): RequestListener {
  return (request, response) => {
    // A connection that is kept carries many answers.
    const { socket } = request;
    const before = socket.bytesWritten;
    response.once('close', () => {
      counts.bytes += socket.bytesWritten - before;
      if (!response.headersSent) return;
      counts.responses.set(response.statusCode, (counts.responses.get(response.statusCode) ?? 0) + 1);
    });
    return handler(request, response);
  };
}
