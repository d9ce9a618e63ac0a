/** `node proxy-process.js <kind> <target>`: a proxy in a process of its own. Prints its port. */
import '@causeway/launcher/stop-with-parent';
import '@causeway/launcher/tolerate-output-errors';
import type { AddressInfo } from 'node:net';
import httpProxy from '@fastify/http-proxy';
import { Controller, Get, Module, Req, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import axios from 'axios';
import express from 'express';
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { createProxyMiddleware } from 'http-proxy-middleware';

const [, , kind = '', target = ''] = process.argv;

@Controller()
class Forward {
  @Get('*')
  async get(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { status, data } = await axios.get<unknown>(target + request.url, {
      headers: { authorization: request.headers.authorization },
      validateStatus: () => true,
    });
    await reply.code(status).send(data);
  }
}
@Module({ controllers: [Forward] })
class ForwardModule {}

const proxies: Readonly<Record<string, () => Promise<number>>> = {
  '@fastify/http-proxy': async () => {
    const app = fastify();
    await app.register(httpProxy, { upstream: target });
    await app.listen({ port: 0, host: '127.0.0.1' });
    return (app.server.address() as AddressInfo).port;
  },
  'http-proxy-middleware': () =>
    new Promise((resolve) => {
      const app = express().use(createProxyMiddleware({ target, changeOrigin: true }));
      const server = app.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    }),
  'Nest + axios': async () => {
    const app = await NestFactory.create<NestFastifyApplication>(ForwardModule, new FastifyAdapter(), {
      logger: false,
    });
    await app.listen(0, '127.0.0.1');
    return (app.getHttpServer().address() as AddressInfo).port;
  },
};

process.stdout.write(`${await proxies[kind]!()}\n`);
