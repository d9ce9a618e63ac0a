import { readFileSync } from 'node:fs';
import { escapeHtml } from '../oidc/pages.js';

/** Name of the script below the issuer. */
export const scriptPath = '/passkey-button.js';
/** Text of the script. */
export const passkeyScript = readFileSync(new URL('./passkey-button.js', import.meta.url), 'utf8');
/** Largest form with a passkey, bytes: an RSA key is in it three times, and a form makes JSON half as long again. */
export const passkeyFormBytes = 16_384;

export interface PasskeyForm {
  /** Path the form is posted to, as `credential`. */
  readonly action: string;
  /** What the browser is to do: make a passkey, or use one. */
  readonly ceremony: 'create' | 'get';
  /** Options of WebAuthn, as JSON. */
  readonly options: unknown;
  /** URL of the script. */
  readonly script: string;
  /** More fields. */
  readonly fields?: string;
  readonly button: string;
  /** Shown when the browser has no passkey to give, or somebody has cancelled. */
  readonly failure: string;
}

/** A form that a script fills in and shows; without JavaScript it stays hidden. */
export const passkeyForm = ({ action, ceremony, options, script, fields = '', button, failure }: PasskeyForm): string =>
  `<form method="post" action="${escapeHtml(action)}" data-ceremony="${ceremony}" data-options="${escapeHtml(JSON.stringify(options))}" hidden>
${fields}<input type="hidden" name="credential">
<p class="bad" role="alert" hidden>${escapeHtml(failure)}</p>
<button type="submit">${escapeHtml(button)}</button>
</form>
<script src="${escapeHtml(script)}"></script>`;
