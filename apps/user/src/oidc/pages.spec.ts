import { escapeHtml, formTargets, loginPage, messagePage, pageHeaders, signOutPage } from './pages.js';
import { createHash } from 'node:crypto';

const page = loginPage({
  action: '/oidc/interaction/abc',
  forgotten: '/oidc/password/forgotten',
  clientName: 'Causeway',
});

test('every field has a label and an autocomplete hint', () => {
  for (const id of ['email', 'password']) expect(page).toContain(`<label for="${id}">`);
  expect(page).toContain('autocomplete="username"');
  expect(page).toContain('autocomplete="current-password"');
});

test('screen readers announce a problem, and it is tied to the fields', () => {
  const failed = loginPage({
    action: '/x',
    forgotten: '/oidc/password/forgotten',
    clientName: 'Causeway',
    email: 'a@b.c',
    problem: 'Incorrect.',
  });
  expect(failed).toContain('<p class="bad" id="problem" role="alert">Incorrect.</p>');
  expect(failed.match(/aria-describedby="problem"/g)).toHaveLength(2);
  expect(failed).toMatch(/<title>Sign-in failed/);
});

test('the first empty field has the focus', () => {
  expect(page).toMatch(/id="email"[^>]* autofocus/);
  expect(loginPage({ action: '/x', forgotten: '/oidc/password/forgotten', clientName: 'C', email: 'a@b.c' })).toMatch(
    /id="password"[^>]* autofocus/,
  );
});

test('text from outside never becomes markup', () => {
  const nasty = `"><img src=x onerror='alert(1)'>&`;
  expect(escapeHtml(nasty)).not.toMatch(/[<>"']/);
  for (const html of [
    loginPage({
      action: nasty,
      forgotten: '/oidc/password/forgotten',
      clientName: nasty,
      email: nasty,
      problem: nasty,
    }),
    messagePage(nasty, nasty, nasty),
  ]) {
    expect(html).not.toContain('<img');
  }
});

test('the policy allows exactly the style that the pages have', () => {
  for (const html of [page, messagePage('a', 'b'), signOutPage('<form id="op.logoutForm"></form>')]) {
    const style = /<style>([^]*?)<\/style>/.exec(html)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(pageHeaders()['content-security-policy']).toContain(`style-src 'sha256-${hash}'`);
    expect(html).not.toMatch(/style=|<script|<link|url\(/);
  }
});

test('a form may redirect to the clients that the request names; an IPv6 address, which a policy cannot name, is allowed by its scheme', () => {
  expect(formTargets()).toEqual([]);
  expect(
    formTargets({ redirect_uri: 'https://shop.example/cb?x=1', post_logout_redirect_uri: 'http://127.0.0.1:4000/' }),
  ).toEqual(['https://shop.example', 'http://127.0.0.1:4000']);
  expect(formTargets({ redirect_uri: 'http://[::1]:4000/cb' })).toEqual(['http:']);
  for (const uri of ['nonsense', 'app:/cb', ['https://a.example'], '', "https://a.example;script-src'/"])
    expect(formTargets({ redirect_uri: uri }).join()).not.toMatch(/[;' ]|app/);
});

test('a form may redirect to the page itself and to the named client only', () => {
  expect(pageHeaders(['http://127.0.0.1:4000'])['content-security-policy']).toContain(
    "form-action 'self' http://127.0.0.1:4000;",
  );
  expect(pageHeaders()['content-security-policy']).toContain("form-action 'self';");
});
