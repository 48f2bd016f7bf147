// Makes Node clients that ignore HTTPS_PROXY use the sidecar. Loaded by NODE_OPTIONS=--require=<this file>.
//
// Every TLS client in Node (fetch, https with an Agent of any kind, ws, undici, http2, the AWS SDK) ends in
// tls.connect. So that one function is patched: where no socket is given, it gets one that has asked the proxy
// for a tunnel first. What handles the proxy by itself gives a socket and is left alone.
// Where LLM_SIDECAR_PROXY is unset or LLM_SIDECAR is `off`, nothing is patched.
'use strict';

const production = ['APP_ENV', 'ENVIRONMENT', 'FLASK_ENV', 'NODE_ENV'];

function refuseProduction(env) {
  const name = production.find((n) => (env[n] || '').trim().toLowerCase() === 'production');
  let why = name && `${name} is production`;
  if (!why && env.KUBERNETES_SERVICE_HOST && env.LLM_SIDECAR_KUBERNETES !== 'allow') {
    why = 'KUBERNETES_SERVICE_HOST is set, and LLM_SIDECAR_KUBERNETES is not `allow`';
  }
  if (!why) return;
  const text = `llm-sidecar: ${why}, so this process does not start with the drop-in. Take it out of this service.\n`;
  require('fs').writeSync(2, text);
  process.exit(64);
}

// NO_PROXY as most clients read it: exact names, `.suffix` and `suffix` for subdomains, `*`.
function isExcepted(host) {
  const list = (process.env.no_proxy ?? process.env.NO_PROXY ?? '').toLowerCase().split(',');
  return list.map((entry) => entry.trim().replace(/^\*?\./, '')).some(
    (entry) => entry && (entry === '*' || host === entry || host.endsWith('.' + entry)),
  );
}

function proxyFor(options) {
  const url = process.env.https_proxy || process.env.HTTPS_PROXY;
  if (!url || options.socket || options.path || !options.port) return null;
  const host = String(options.host || 'localhost').toLowerCase();
  return isExcepted(host) ? null : new URL(url);
}

function absent(error) {
  const proxy = process.env.LLM_SIDECAR_PROXY;
  if (!error.message.startsWith('the LLM sidecar')) {
    error.message = `the LLM sidecar ${proxy} does not run (${error.message}): start it, or take the drop-in out`;
  }
  return error;
}

// The bytes of a connection through the proxy: what is written waits for the proxy's answer to CONNECT.
function tunnel(proxy, host, port) {
  const socket = require('net').connect({ host: proxy.hostname, port: Number(proxy.port) || 80 });
  const target = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  let head = Buffer.alloc(0);
  let open = false;
  let waiting = null;
  const stream = new (require('stream').Duplex)({
    read: () => open && socket.resume(),
    write: (chunk, _encoding, done) => (open ? socket.write(chunk, done) : (waiting = () => socket.write(chunk, done))),
    final: (done) => socket.end(done),
    destroy: (error, done) => done(error, socket.destroy()),
  });
  const answered = (data) => {
    head = Buffer.concat([head, data]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    socket.off('data', answered);
    const status = head.toString('latin1', 0, head.indexOf('\r\n'));
    if (!/^HTTP\/1\.\d 200\b/.test(status)) {
      stream.destroy(new Error(`the LLM sidecar does not connect to ${target}: ${status}`));
      return;
    }
    open = true;
    socket.on('data', (chunk) => stream.push(chunk) || socket.pause());
    if (head.length > end + 4) stream.push(head.subarray(end + 4));
    if (waiting) waiting();
  };
  socket.on('data', answered);
  socket.on('connect', () => socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n\r\n`));
  socket.on('end', () => stream.push(null));
  socket.on('error', (error) => stream.destroy(open ? error : absent(error)));
  socket.on('close', () => stream.destroy());
  return { stream, socket };
}

function normalize(args) {
  const callback = typeof args[args.length - 1] === 'function' ? args[args.length - 1] : undefined;
  const options = Object.assign({}, ...args.filter((a) => a !== null && typeof a === 'object'));
  if (typeof args[0] !== 'object') options.port = args[0];
  if (typeof args[1] === 'string') options.host = args[1];
  return [options, callback];
}

function patchTls(tls) {
  const original = tls.connect;
  tls.connect = function connect(...args) {
    const [options, callback] = normalize(args);
    const proxy = proxyFor(options);
    if (!proxy) return original.apply(this, args);
    const { stream, socket } = tunnel(proxy, options.host || 'localhost', options.port);
    const secure = original.call(this, { ...options, socket: stream }, callback);
    stream.on('error', (error) => secure.destroy(error));
    // An idle connection must not keep the process alive, and TLS over a stream has no handle to tell it to.
    for (const name of ['ref', 'unref']) {
      secure[name] = function () {
        socket[name]();
        return Object.getPrototypeOf(this)[name].call(this);
      };
    }
    return secure;
  };
}

// Node's own proxy support does not pass here, but its errors should name the sidecar too.
function patchLookup(dns) {
  const original = dns.lookup;
  const { hostname } = new URL(process.env.LLM_SIDECAR_PROXY);
  dns.lookup = function lookup(name, ...args) {
    const done = args[args.length - 1];
    if (name === hostname && typeof done === 'function') {
      args[args.length - 1] = (error, ...found) => done(error && absent(error), ...found);
    }
    return original.call(this, name, ...args);
  };
}

if (process.env.LLM_SIDECAR_PROXY && (process.env.LLM_SIDECAR || '').toLowerCase() !== 'off') {
  refuseProduction(process.env);
  patchTls(require('tls'));
  patchLookup(require('dns'));
  require('module').syncBuiltinESMExports();
}
