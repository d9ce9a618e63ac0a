import { escapeHtml, page } from '../oidc/pages.js';

/** The pages for a forgotten password and for confirming an address; like those of the sign-in, without scripts. */

export interface FormPage {
  /** Path the form is posted to. */
  readonly action: string;
  /** Shown above the form. */
  readonly problem?: string | undefined;
}

const problemLine = (problem: string | undefined): string =>
  problem ? `<p class="bad" id="problem" role="alert">${escapeHtml(problem)}</p>` : '';
const invalid = (problem: string | undefined): string =>
  problem ? ' aria-invalid="true" aria-describedby="problem"' : '';

export const forgottenPage = ({ action, problem }: FormPage): string =>
  page(
    'Forgot your password?',
    `<h1>Forgot your password?</h1>
<p>We send a link to the e-mail address of your account. With it, you set a new password.</p>
${problemLine(problem)}
<form method="post" action="${escapeHtml(action)}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" autofocus${invalid(problem)}>
<button type="submit">Send the link</button>
</form>`,
  );

export const newPasswordPage = ({ action, token, problem }: FormPage & { readonly token: string }): string =>
  page(
    'Set a new password',
    `<h1>Set a new password</h1>
<p id="rules">At least 12 characters, and not a commonly used password. You will be signed out everywhere, and passkeys of the account are removed.</p>
${problemLine(problem)}
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<label for="password">New password</label>
<input id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="256" autofocus${invalid(problem) || ' aria-describedby="rules"'}>
<button type="submit">Set the password</button>
</form>`,
  );

/** A button, because programs that check mail for bad links follow every link. */
export const confirmPage = ({ action, token }: FormPage & { readonly token: string }): string =>
  page(
    'Confirm your e-mail address',
    `<h1>Confirm your e-mail address</h1>
<p>Is the address to which we sent this link yours?</p>
<form method="post" action="${escapeHtml(action)}">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<button type="submit" autofocus>Yes, it is mine</button>
</form>`,
  );

/** @param again Path where another link can be asked for, with the words for it. */
export const deadLinkPage = (again?: { readonly path: string; readonly words: string }): string =>
  page(
    'This link no longer works',
    `<h1>This link no longer works</h1>
<p>A link works once, and only for a while.</p>
${again ? `<p><a href="${escapeHtml(again.path)}">${escapeHtml(again.words)}</a></p>` : '<p>You can ask for another one in the application.</p>'}`,
  );
