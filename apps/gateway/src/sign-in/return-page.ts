import { createHash } from 'node:crypto';

const style = `
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:1rem/1.5 system-ui,sans-serif}
main{max-width:32rem;padding:1.5rem}
h1{font-size:1.5rem;line-height:1.25}
`;

export const returnPageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

const page = (title: string, text: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Causeway</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
<p>To sign in and try the API in this browser, open the <a href="/docs">API documents</a> and choose “Authorize”.</p>
</main>
</body>
</html>
`;

const signedIn = page(
  'You are signed in',
  'The application that sent you to the sign-in reads the code from the address of this page and exchanges it for tokens within a minute. If nothing happens, it is not listening here: go back to it, then close this page.',
);
const cancelled = page('The sign-in was cancelled', 'Nobody was signed in. Go back to the application to start again.');
const failed = page(
  'The sign-in did not work',
  'The reason is in the address of this page, as <code>error</code> and <code>error_description</code>. Go back to the application to start again.',
);
const nothing = page(
  'Nothing is signed in here',
  'Sign-ins of the client <code>causeway-demo</code> end at this address. It has nothing to show by itself.',
);

/**
 * What a person sees at the redirect URI of `causeway-demo` when no application takes over. Nothing of the address is repeated in the page: a code
 * must not be where it can be copied from, and a text from outside could say anything.
 */
export function returnPage({ code, error }: { readonly code?: unknown; readonly error?: unknown }): string {
  if (error === 'access_denied') return cancelled;
  if (error !== undefined) return failed;
  return code === undefined ? nothing : signedIn;
}
