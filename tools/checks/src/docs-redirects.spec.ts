import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './repository.js';

const environments: readonly (readonly [name: string, files: string])[] = [
  ['Compose', 'docker/compose.yaml'],
  ...['kind', 'staging', 'production'].map((overlay) => [overlay, `k8s/overlays/${overlay}/*.{yaml,env}`] as const),
];

/** `/docs` sends people to the sign-in from wherever the gateway is; the issuer has to know that place to the letter. */
test.each(environments)('%s registers the address of the API documents with the issuer', (_name, files) => {
  const text = globSync(join(root, files))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const setting = (name: string) => new RegExp(`\\b${name}(?:=|: )(\\S+)`).exec(text)?.[1];
  const redirects = setting('OIDC_DOCS_REDIRECT_URIS')?.split(',');
  expect(redirects).toContain(`${setting('PUBLIC_URL')}/docs/static/oauth2-redirect.html`);
});
