/** Takes webhooks on 127.0.0.1:9000 and prints each as a line of JSON; says 503 to the first. */
import { createServer } from 'node:http';

let count = 0;
createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    process.stdout.write(`${JSON.stringify({ headers: request.headers, body: Buffer.concat(chunks).toString() })}\n`);
    response.writeHead(count++ === 0 ? 503 : 204).end();
  });
}).listen(9000, '127.0.0.1', () => process.stdout.write('listening\n'));
