import { securityHeaders } from '@causeway/service-host';
import { createHash } from 'node:crypto';

/** Our pages: plain HTML that works without scripts, usable by keyboard and screen reader, in light and dark mode. */

const style = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#566072;--page:#f3f5f8;--card:#fff;--line:#8a94a6;--accent:#0b57b7;--on-accent:#fff;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf3;--soft:#aab4c4;--page:#12161d;--card:#1b212b;--line:#6d788b;--accent:#8ab8ff;--on-accent:#0a1a30;--bad:#ffb4ab}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:24rem;padding:2rem;border-radius:.75rem;background:var(--card);box-shadow:0 1px 4px #0003}
h1{margin:0 0 .25rem;font-size:1.5rem;line-height:1.25}
h2{margin:1.5rem 0 0;font-size:1rem;overflow-wrap:anywhere}
p{margin:0 0 1rem;color:var(--soft)}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{width:100%;padding:.625rem .75rem;border:1px solid var(--line);border-radius:.375rem;background:transparent;color:inherit;font:inherit}
button{width:100%;margin-top:1.5rem;padding:.75rem;border:0;border-radius:.375rem;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;cursor:pointer}
button+button,.aside~form button,section button{margin-top:.75rem;background:transparent;color:var(--accent);border:1px solid var(--line)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.bad{padding:.625rem .75rem;border-left:4px solid var(--bad);color:var(--bad);font-weight:600}
a{color:var(--accent)}
.aside{margin:1rem 0}
code{overflow-wrap:anywhere}
`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
const styleHash = hashOf(style);

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Causeway</title>
<style>${style}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;

/**
 * Returns the headers of every page here: it may not load anything but its script, be framed or be cached.
 * @param targets Origins that a form of the page may redirect to, see `formTargets`.
 * @param script  URL of its script. Default: it has none.
 */
export const pageHeaders = (targets: readonly string[] = [], script?: string): Record<string, string> => ({
  ...securityHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': contentSecurityPolicy(
    `style-src ${styleHash}${script ? `; script-src ${script}` : ''}`,
    targets,
  ),
  'referrer-policy': 'same-origin',
});

/**
 * Returns the headers of oidc-provider's page whose script submits its form at once (`response_mode=form_post`, and a
 * sign-out without a session). The origin is sent as referrer, because the client may check where the form comes from.
 * @param script Text of the script.
 */
export const selfSubmittingPageHeaders = (script: string, targets: readonly string[]): Record<string, string> => ({
  ...securityHeaders,
  'content-security-policy': contentSecurityPolicy(`script-src ${hashOf(script)}`, targets),
  'referrer-policy': 'strict-origin',
});

const contentSecurityPolicy = (allowed: string, targets: readonly string[]): string =>
  [
    "default-src 'none'",
    allowed,
    `form-action ${["'self'", ...targets].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');

/**
 * Returns the client origins that a request names, as sources for a policy. Chrome applies `form-action` to every
 * redirect that follows a form: without the client's origin it would silently block the last step of a sign-in or
 * sign-out. A policy cannot name an IPv6 address, so for such a client only the scheme is returned.
 * @param parameters Of a validated request, so that its redirect URIs are known to be allowed.
 */
export function formTargets(parameters: Readonly<Record<string, unknown>> = {}): string[] {
  return ['redirect_uri', 'post_logout_redirect_uri'].flatMap((name) => {
    const url = URL.parse(String(parameters[name]));
    if (!url?.host || url.origin === 'null') return [];
    if (url.hostname.startsWith('[')) return [url.protocol];
    // A host may contain a semicolon (WHATWG URL), which would start another directive.
    return /^[\w.-]+$/.test(url.hostname) ? [url.origin] : [];
  });
}

export interface LoginPage {
  /** Path the form is posted to. */
  readonly action: string;
  readonly clientName: string;
  /** Path of the page for people who forgot their password. */
  readonly forgotten: string;
  /** Prefilled, for example after a wrong password. */
  readonly email?: string;
  /** Shown above the form. */
  readonly problem?: string;
  /** Form of `passkeyForm`. */
  readonly passkey?: string | undefined;
}

export function loginPage({ action, clientName, forgotten, email = '', problem, passkey = '' }: LoginPage): string {
  const invalid = problem ? ' aria-invalid="true" aria-describedby="problem"' : '';
  const focusPassword = email !== '';
  return page(
    problem ? 'Sign-in failed' : 'Sign in',
    `<h1>Sign in</h1>
<p>to continue to ${escapeHtml(clientName)}</p>
${problem ? `<p class="bad" id="problem" role="alert">${escapeHtml(problem)}</p>` : ''}
<form method="post" action="${escapeHtml(action)}">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value="${escapeHtml(email)}"${focusPassword ? '' : ' autofocus'}${invalid}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256"${focusPassword ? ' autofocus' : ''}${invalid}>
<button type="submit">Sign in</button>
</form>
<p class="aside"><a href="${escapeHtml(forgotten)}">Forgot your password?</a></p>
${passkey}
<form method="post" action="${escapeHtml(action)}/abort">
<button type="submit">Cancel</button>
</form>`,
  );
}

export const messagePage = (title: string, text: string, detail?: string): string =>
  page(
    title,
    `<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
${detail ? `<p><code>${escapeHtml(detail)}</code></p>` : ''}`,
  );

/** @param form The form element rendered by oidc-provider, whose id is `op.logoutForm`. */
export const signOutPage = (form: string): string =>
  page(
    'Sign out',
    `<h1>Sign out?</h1>
<p>You will need your password the next time you sign in.</p>
${form}
<button type="submit" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button type="submit" form="op.logoutForm">Stay signed in</button>`,
  );
