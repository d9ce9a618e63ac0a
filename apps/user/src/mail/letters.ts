import type { Mail } from './mailer.js';

/** What is to be written to whom. Addresses and names are looked up when it is sent, so they are not stored twice. */
export type Letter =
  | { readonly kind: 'confirm-email'; readonly userId: string; readonly token: string }
  /** Of a person who may have no account: then nothing is sent. */
  | { readonly kind: 'reset-password'; readonly email: string; readonly token: string }
  | { readonly kind: 'password-changed' | 'passkey-added'; readonly userId: string };

/** How long a letter, and the link in it, are of use, minutes. */
export const letterMinutes: Readonly<Record<Letter['kind'], number>> = {
  'confirm-email': 24 * 60,
  'reset-password': 30,
  'password-changed': 3 * 24 * 60,
  'passkey-added': 3 * 24 * 60,
};

/**
 * Without the name of the account: whoever registers somebody else's address would choose what we write to him.
 * @param issuer URL below which the pages are.
 */
export function mailOf(letter: Letter, to: string, issuer: string): Mail {
  const write = (subject: string, ...paragraphs: string[]): Mail => ({
    to,
    subject,
    text: ['Hello,', ...paragraphs].join('\n\n') + '\n',
  });
  switch (letter.kind) {
    case 'confirm-email':
      return write(
        'Confirm your e-mail address',
        'please confirm that this address is yours. The link works once, within 24 hours:',
        `${issuer}/email/confirm?token=${letter.token}`,
        'If you did not register, ignore this mail.',
      );
    case 'reset-password':
      return write(
        'Reset your password',
        'somebody, probably you, asked for a new password. Set it here; the link works once, within 30 minutes:',
        `${issuer}/password/new?token=${letter.token}`,
        'If it was not you, ignore this mail: your password stays as it is.',
      );
    case 'password-changed':
      return write(
        'Your password was changed',
        'your password was changed, and you were signed out everywhere. If it was you, there is nothing to do.',
        `If it was not you, set a new password now: ${issuer}/password/forgotten`,
      );
    case 'passkey-added':
      return write(
        'A passkey was added to your account',
        'a passkey was added, and whoever has it can sign in as you. If it was you, there is nothing to do.',
        `If it was not you, set a new password now, which removes all passkeys: ${issuer}/password/forgotten`,
      );
  }
}
