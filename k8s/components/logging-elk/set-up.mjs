// Puts the lifecycle, the index template and the saved objects in place. All of them replace what is there, so it may
// run again. Every value comes from a file of the Secret `elasticsearch`; nothing prints one.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , files = '/set-up', secrets = '/run/secrets/elasticsearch'] = process.argv;
const read = (name) => readFileSync(join(files, name), 'utf8');
const secret = (name) => readFileSync(join(secrets, name), 'utf8').trim();

const [elasticsearch, kibana] = ['ELASTICSEARCH_URL', 'KIBANA_URL'].map((name) => secret(name).replace(/\/$/, ''));
const account = `${secret('ELASTICSEARCH_USER')}:${secret('ELASTICSEARCH_PASSWORD')}`;
const authorization = `Basic ${Buffer.from(account).toString('base64')}`;

async function send(what, url, options) {
  const headers = { authorization, ...options.headers };
  const response = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  // Kibana answers 200 where single objects could not be imported.
  if (!response.ok || /"success":false/.test(text))
    throw new Error(`${what} was refused: ${response.status} ${text.slice(0, 500)}`);
  console.log(`${what} is in place`);
}

const put = (what, path, file) =>
  send(what, `${elasticsearch}/${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: read(file),
  });

try {
  // The lifecycle first: the template names it.
  await put('lifecycle', '_ilm/policy/causeway-logs', 'lifecycle-policy.json');
  await put('index template', '_index_template/causeway-logs', 'index-template.json');
  const form = new FormData();
  form.append('file', new Blob([read('saved-objects.ndjson')]), 'saved-objects.ndjson');
  await send('saved objects', `${kibana}/api/saved_objects/_import?overwrite=true`, {
    method: 'POST',
    headers: { 'kbn-xsrf': 'true' },
    body: form,
  });
} catch (error) {
  const cause = error.cause ? ` (${error.cause.code ?? error.cause.message})` : '';
  console.error(`${error.message}${cause}. Look at the Secret elasticsearch and at the way to the namespace logging.`);
  process.exitCode = 1;
}
