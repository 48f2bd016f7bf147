// Tells what each Node client in this container does: captured, bypasses the sidecar, or does not trust it.
//
//   docker compose exec SERVICE node /run/llm-sidecar/doctor.js
//
// The counterpart of doctor.py, which says how it works. Run it in the app's folder: it looks for packages there.
// Exit status: 0 all captured; 1 some are not; 2 the sidecar cannot be reached, or is switched off.
'use strict';

const { spawn } = require('child_process');
const fs = require('fs');
const http = require('http');
const path = require('path');

const env = process.env;
const bundle = path.join(__dirname, 'ca-bundle.pem');
const hook = path.join(__dirname, 'node.cjs');
const domain = 'doctor.llm-sidecar.invalid';
const seconds = 30;

// name: [package that must be installed, or '' for Node's own; a call, with URL and HOST given]
const clients = {
  fetch: ['', 'await fetch(URL)'],
  https: ['', "import https from 'https'; https.get(URL, (r) => r.resume())"],
  'https.Agent': ['', "import https from 'https'; https.get(URL, { agent: new https.Agent() }, (r) => r.resume())"],
  http2: [
    '',
    "import http2 from 'http2'; const s = http2.connect(URL); const r = s.request(); r.on('close', () => s.close()).resume()",
  ],
  undici: ['undici', "import { request } from 'undici'; await request(URL)"],
  axios: ['axios', "import axios from 'axios'; await axios.get(URL)"],
  'node-fetch': ['node-fetch', "import fetch from 'node-fetch'; await fetch(URL)"],
  ws: ['ws', "import WebSocket from 'ws'; new WebSocket('wss://' + HOST)"],
  openai: [
    'openai',
    "import OpenAI from 'openai'; await new OpenAI({ apiKey: 'doctor', baseURL: URL, maxRetries: 0 }).models.list()",
  ],
  '@anthropic-ai/sdk': [
    '@anthropic-ai/sdk',
    "import Anthropic from '@anthropic-ai/sdk'; await new Anthropic({ apiKey: 'doctor', baseURL: URL, maxRetries: 0 }).models.list()",
  ],
  '@ai-sdk/openai': [
    '@ai-sdk/openai',
    "import { generateText } from 'ai'; import { createOpenAI } from '@ai-sdk/openai';" +
      "await generateText({ model: createOpenAI({ apiKey: 'doctor', baseURL: URL })('doctor'), prompt: 'doctor', maxRetries: 0 })",
  ],
  '@aws-sdk/client-bedrock-runtime': [
    '@aws-sdk/client-bedrock-runtime',
    "import { BedrockRuntimeClient as C, ConverseCommand } from '@aws-sdk/client-bedrock-runtime';" +
      "await new C({ endpoint: URL, region: 'us-east-1', maxAttempts: 1, credentials: { accessKeyId: 'doctor', secretAccessKey: 'doctor' } })" +
      ".send(new ConverseCommand({ modelId: 'doctor', messages: [] }))",
  ],
};

function isInstalled(name) {
  if (!name) return true;
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, 'node_modules', name, 'package.json'))) return true;
    if (folder === path.dirname(folder)) return false;
  }
}

// What the proxy saw of a token: `nothing`, `connected` (TLS failed then) or `requested`.
function askProxy(token) {
  const proxy = new URL(env.LLM_SIDECAR_PROXY);
  const options = {
    host: proxy.hostname,
    port: proxy.port || 80,
    path: `http://${domain}/${token}`,
    headers: { host: domain },
    timeout: 5000,
    agent: new http.Agent(),
  };
  return new Promise((resolve, reject) => {
    const request = http.get(options, async (response) => {
      let body = '';
      for await (const chunk of response) body += chunk;
      try {
        resolve(JSON.parse(body).seen);
      } catch {
        reject(new Error('what answers there is no LLM sidecar'));
      }
    });
    request.on('timeout', () => request.destroy(new Error('no answer')));
    request.on('error', reject);
  });
}

async function examine(call) {
  const token = require('crypto').randomBytes(6).toString('hex');
  const host = `${token}.${domain}`;
  const code = `const HOST = '${host}', URL = 'https://${host}'; ${call}`;
  const options = { stdio: ['ignore', 'ignore', 'pipe'], timeout: seconds * 1000 };
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], options);
  let said = '';
  child.stderr.on('data', (data) => (said += data));
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  return [await askProxy(token), (/^[^\s(]*Error\S*( \[\w+\])?: .*$/m.exec(said) || [''])[0]];
}

function remedy(seen) {
  if (seen === 'nothing') {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      if (!env[name]) return `set ${name}=${env.LLM_SIDECAR_PROXY}`;
    }
    if (!(env.NODE_OPTIONS || '').includes(hook)) {
      return `add --require=${hook} to NODE_OPTIONS (beside the image's own options)`;
    }
    if ((env.LLM_SIDECAR || '').toLowerCase() === 'off') return 'LLM_SIDECAR is off: unset it';
  } else if (env.NODE_EXTRA_CA_CERTS !== bundle) {
    return `set NODE_EXTRA_CA_CERTS=${bundle}`;
  }
  return 'use the base-URL or the alias lane (docs/drop-in.md)';
}

async function main() {
  if (!env.LLM_SIDECAR_PROXY) {
    console.log('LLM_SIDECAR_PROXY is not set: this container does not use the sidecar. Extend drop-in/client.yml.');
    return 2;
  }
  try {
    await askProxy('hello');
  } catch (error) {
    console.log(`the LLM sidecar ${env.LLM_SIDECAR_PROXY} cannot be reached: ${error.message}. Start it.`);
    return 2;
  }
  let failed = false;
  for (const [name, [needed, call]] of Object.entries(clients)) {
    if (!isInstalled(needed)) continue;
    const [seen, said] = await examine(call);
    if (seen === 'requested') {
      console.log(`${name.padEnd(32)} captured`);
    } else {
      failed = true;
      const what = seen === 'connected' ? 'does not trust the sidecar' : 'bypasses the sidecar';
      console.log(`${name.padEnd(32)} ${what}: ${remedy(seen)}. It said: ${said.slice(0, 160)}`);
    }
  }
  return failed ? 1 : 0;
}

main().then((status) => process.exit(status));
