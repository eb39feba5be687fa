/** A plain express handler with the same data: what `GET /nodes` is compared with. Arguments: socket, file of all nodes. */
import { readFileSync } from 'node:fs';

import express from 'express';

const [socket = '', file = ''] = process.argv.slice(2);
const nodes = JSON.parse(readFileSync(file, 'utf8')) as unknown[];

express()
  .get('/api/v1/nodes', (request, response) => {
    response.json(nodes.slice(0, Number(request.query['limit'])));
  })
  .listen(socket, () => process.stdout.write('listening\n'));
