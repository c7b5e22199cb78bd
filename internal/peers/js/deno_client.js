// One HTTPS request by Deno: deno run deno_client.js '{"url", "root"}', a POST
// with the body on standard input, or a GET if that is empty. Prints what came
// back as JSON; of TLS, Deno tells nothing.
const { url, root } = JSON.parse(Deno.args[0]);
const body = await new Response(Deno.stdin.readable).text();

const client = Deno.createHttpClient({ caCerts: [Deno.readTextFileSync(root)], http2: false });
const response = await fetch(url, { client, ...(body && { method: "POST", body }) });
console.log(JSON.stringify({ Status: response.status, Body: await response.text() }));
Deno.exit();
