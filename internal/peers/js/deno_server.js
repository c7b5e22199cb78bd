// An HTTPS server by Deno: deno run deno_server.js '{"certificate", "key"}'. A
// GET is answered with a line that has the path, a POST with its own body.
// Prints the port, and ends with its standard input.
const { certificate, key } = JSON.parse(Deno.args[0]);

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  cert: Deno.readTextFileSync(certificate),
  key: Deno.readTextFileSync(key),
  onListen: ({ port }) => console.log(`port ${port}`),
}, async (request) =>
  request.method === "POST"
    ? new Response(await request.text()) // whole: it closes the connection after a stream
    : new Response(`Deno answers ${new URL(request.url).pathname}\n`));

for await (const _ of Deno.stdin.readable);
Deno.exit();
