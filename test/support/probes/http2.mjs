// One request in HTTP/2 through a tunnel. input: { proxy: { host, port }, connect: 'host:port', authority?, path }.
// Prints { alpn, status, headers, body }.
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';

const [servername] = input.connect.split(':');
const socket = connectTcp(input.proxy);
socket.write(`CONNECT ${input.connect} HTTP/1.1\r\nHost: ${input.connect}\r\n\r\n`);
const [tunnel] = await once(socket, 'data');
if (!tunnel.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error('no tunnel');
const secure = connectTls({ socket, servername, ALPNProtocols: ['h2'] });
await once(secure, 'secureConnect');
const session = connectHttp2(`https://${servername}`, { createConnection: () => secure });
const request = session.request({ ':path': input.path, ':authority': input.authority ?? servername });
request.end();
const [{ ':status': status, ...headers }] = await once(request, 'response');
let body = '';
for await (const chunk of request) body += chunk;
process.stdout.write(JSON.stringify({ alpn: secure.alpnProtocol, status, headers, body }), () =>
  process.exit(0),
);
