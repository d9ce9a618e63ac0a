import { summaryOf } from './mails.js';

test('a mail is one line: to whom, about what, and its link', () => {
  const message = [
    'From: no-reply@causeway.example',
    'To: ada@example.com',
    'Subject: Reset your password',
    '',
    'Hello,',
    '',
    'http://127.0.0.1:3000/oidc/password/new?token=abc',
    '',
  ].join('\n');
  expect(summaryOf(message)).toBe(
    'mail to ada@example.com: Reset your password http://127.0.0.1:3000/oidc/password/new?token=abc',
  );
  expect(summaryOf(message.replace(/http.*/, ''))).toBe('mail to ada@example.com: Reset your password');
});
