import { escapeHtml, page } from '../oidc/pages.js';
import { passkeyForm } from './passkey-form.js';
import type { PasskeyList } from './passkeys.js';

export interface PasskeysPage extends PasskeyList {
  /** Path of the page; what it posts goes there and to `/remove` below it. */
  readonly path: string;
  readonly script: string;
  /** Name that is suggested for a new one. */
  readonly name: string;
  /** Shown above the list. */
  readonly problem?: string | undefined;
}

export const passkeysPage = ({ path, script, passkeys, options, name, problem }: PasskeysPage): string =>
  page(
    'Passkeys',
    `<h1>Passkeys</h1>
<p>With a passkey, you sign in the way you unlock your device. Your password keeps working.</p>
${problem ? `<p class="bad" id="problem" role="alert">${escapeHtml(problem)}</p>` : ''}
${passkeys.map((passkey) => listed(passkey, path)).join('\n')}
<p id="no-passkeys">To add a passkey, use a browser that knows passkeys, with JavaScript switched on.</p>
${passkeyForm({
  action: path,
  ceremony: 'create',
  options,
  script,
  fields: `<label for="name">Name of the new passkey</label>
<input id="name" name="name" autocomplete="off" required maxlength="60" value="${escapeHtml(name)}">
`,
  button: 'Add a passkey',
  failure: 'No passkey was made. Try again; if this device has one for your account already, it is in the list.',
})}`,
  );

const listed = ({ id, name, createdAt, lastUsedAt }: PasskeyList['passkeys'][number], path: string): string =>
  `<section aria-labelledby="p-${id}">
<h2 id="p-${id}">${escapeHtml(name)}</h2>
<p>Added on ${day(createdAt)}, ${lastUsedAt ? `last used on ${day(lastUsedAt)}` : 'never used'}</p>
<form method="post" action="${escapeHtml(path)}/remove">
<input type="hidden" name="id" value="${id}">
<button type="submit" aria-describedby="p-${id}">Remove</button>
</form>
</section>`;

const day = (time: Date): string => time.toISOString().slice(0, 10);
