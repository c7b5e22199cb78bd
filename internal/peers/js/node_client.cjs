// One HTTPS request by Node: node node_client.cjs '{"url", "root", "groups",
// "label"}',
// a POST with the body on standard input, or a GET if that is empty. Prints
// what came back and what was negotiated, as JSON.
'use strict';
const fs = require('node:fs');
const https = require('node:https');

const { url, root, groups, label } = JSON.parse(process.argv[2]);
const body = fs.readFileSync(0);

const request = https.request(url, {
  method: body.length ? 'POST' : 'GET',
  headers: body.length ? { 'content-length': body.length } : {},
  ca: fs.readFileSync(root),
  ecdhCurve: groups,
  minVersion: 'TLSv1.3',
  ALPNProtocols: ['http/1.1'],
  family: 4,
  agent: false,
}, async (response) => {
  const { socket } = response;
  const visit = {
    Status: response.statusCode,
    Group: socket.getEphemeralKeyInfo().name,
    Version: socket.getProtocol(),
    Cipher: socket.getCipher().standardName,
    Exporter: socket.exportKeyingMaterial(32, label, Buffer.alloc(0)).toString('hex'),
    Body: '',
  };
  response.setEncoding('utf8');
  for await (const chunk of response) visit.Body += chunk;
  console.log(JSON.stringify(visit));
});
request.on('error', (err) => {
  console.error(err.message);
  process.exit(1);
});
request.end(body);
