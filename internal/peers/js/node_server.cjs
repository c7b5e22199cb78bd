// An HTTPS server by Node: node node_server.cjs '{"certificate", "key",
// "groups"}'. A GET is answered with a line that has the path, a POST with its
// own body. Prints the port, and ends with its standard input.
'use strict';
const fs = require('node:fs');
const https = require('node:https');

const { certificate, key, groups } = JSON.parse(process.argv[2]);

const server = https.createServer({
  cert: fs.readFileSync(certificate),
  key: fs.readFileSync(key),
  ecdhCurve: groups,
  minVersion: 'TLSv1.3',
}, (request, response) => {
  if (request.method === 'POST') return request.pipe(response);
  response.end(`Node answers ${request.url}\n`);
});
server.on('tlsClientError', (err) => console.log(`tls: ${err.message}`));
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));

process.stdin.on('end', () => process.exit()).resume();
