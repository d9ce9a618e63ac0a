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
<p>To sign in and try the API in this browser, open the <a href="/docs">API documentation</a> and choose “Authorize”.</p>
</main>
</body>
</html>
`;

const signedIn = page(
  'You are signed in',
  'The application that started the sign-in now exchanges the code in this page’s URL for tokens. If nothing happens within a minute, it is not listening at this URL: go back to the application and close this page.',
);
const cancelled = page('The sign-in was cancelled', 'You are not signed in. To try again, go back to the application.');
const failed = page(
  'The sign-in did not work',
  'The URL of this page gives the reason, as <code>error</code> and <code>error_description</code>. To try again, go back to the application.',
);
const nothing = page(
  'Nothing is signed in here',
  'Sign-ins through the client <code>causeway-demo</code> end at this URL. There is nothing else to see here.',
);

/**
 * Returns the page that a browser shows at the redirect URI of `causeway-demo` when no application takes over. It repeats
 * nothing from the URL: a code must not be where it can be copied from, and text from outside could say anything.
 */
export function returnPage({ code, error }: { readonly code?: unknown; readonly error?: unknown }): string {
  if (error === 'access_denied') return cancelled;
  if (error !== undefined) return failed;
  return code === undefined ? nothing : signedIn;
}
