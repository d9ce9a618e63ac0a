import { email, newPassword, opaque } from '@causeway/contracts';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { messagePage, pageHeaders } from '../oidc/pages.js';
import { browserCookie, placeOf } from '../oidc/place.js';
import { PasswordTooCommon } from '../users/user.errors.js';
import { confirmPage, deadLinkPage, forgottenPage, newPasswordPage } from './account-page-texts.js';
import type { EmailConfirmation } from './email-confirmation.js';
import type { Passwords } from './passwords.js';

const send = (reply: FastifyReply, html: string): FastifyReply => reply.headers(pageHeaders()).send(html);
/** Whatever else somebody sends is a link that does not work. */
const tokenIn = (input: unknown): string => z.object({ token: opaque(1, 100) }).safeParse(input).data?.token ?? '';

/**
 * Mounts the pages that people reach by mail, or because they forgot their password. Following a link changes nothing;
 * its form does.
 * @param scope Of `mountPages`.
 */
export function mountAccountPages(
  scope: FastifyInstance,
  issuer: URL,
  passwords: Passwords,
  confirmation: EmailConfirmation,
): void {
  mountForgotten(scope, `${issuer.pathname}/password/forgotten`, passwords);
  mountNewPassword(scope, issuer, passwords);
  mountConfirmation(scope, `${issuer.pathname}/email/confirm`, confirmation);
}

function mountForgotten(scope: FastifyInstance, action: string, passwords: Passwords): void {
  scope.get(action, (_request, reply) => send(reply, forgottenPage({ action })));
  scope.post(action, async (request, reply) => {
    const form = z.object({ email }).safeParse(request.body);
    if (!form.success)
      return send(reply.code(422), forgottenPage({ action, problem: 'This is not an e-mail address.' }));
    await passwords.requestReset(form.data.email, placeOf(request));
    const text =
      'If there is an account with this e-mail address, we have sent it a link. It works once, within 30 minutes.';
    return send(reply, messagePage('Look into your mail', text));
  });
}

function mountNewPassword(scope: FastifyInstance, issuer: URL, passwords: Passwords): void {
  const action = `${issuer.pathname}/password/new`;
  const dead = (reply: FastifyReply) =>
    send(
      reply.code(410),
      deadLinkPage({ path: `${issuer.pathname}/password/forgotten`, words: 'Ask for another link' }),
    );
  scope.get(action, async (request, reply) => {
    const token = tokenIn(request.query);
    return (await passwords.canReset(token)) ? send(reply, newPasswordPage({ action, token })) : dead(reply);
  });
  scope.post(action, async (request, reply) => {
    const token = tokenIn(request.body);
    const refuse = (problem: string) => send(reply.code(422), newPasswordPage({ action, token, problem }));
    const form = z.object({ password: newPassword }).safeParse(request.body);
    if (!form.success) return refuse('The password needs 12 to 256 characters.');
    try {
      const browser = await passwords.reset(token, form.data.password, placeOf(request));
      if (browser === undefined) return await dead(reply);
      reply.header('set-cookie', browserCookie(issuer, browser));
    } catch (error) {
      if (error instanceof PasswordTooCommon) return refuse('This password is too easy to guess. Choose another one.');
      throw error;
    }
    const text = 'You were signed out everywhere. Go back to the application and sign in with the new password.';
    return send(reply, messagePage('Your password was changed', text));
  });
}

function mountConfirmation(scope: FastifyInstance, action: string, confirmation: EmailConfirmation): void {
  scope.get(action, async (request, reply) => {
    const token = tokenIn(request.query);
    return (await confirmation.canConfirm(token))
      ? send(reply, confirmPage({ action, token }))
      : send(reply.code(410), deadLinkPage());
  });
  scope.post(action, async (request, reply) => {
    const { address } = placeOf(request);
    return (await confirmation.confirm(tokenIn(request.body), address))
      ? send(reply, messagePage('Your e-mail address is confirmed', 'You can close this page.'))
      : send(reply.code(410), deadLinkPage());
  });
}
