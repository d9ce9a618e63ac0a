import { currentContracts } from '@causeway/contracts/published';
import { contractRecord } from '@causeway/contracts/record';
import { services } from '@causeway/system';
import type { Command } from 'commander';
import { example, type CommandReport, type RunLocally } from '../command.js';
import { contractChanges, publish, publishedContracts } from '../contracts/published.js';
import { CommandFailed } from '../failure.js';

/** `causeway contracts`: what others rely on, compared with what is published. It needs no running system. */
export function addContracts(program: Command, run: RunLocally): void {
  const contracts = program
    .command('contracts')
    .description('events, commands, RPCs and HTTP operations that others rely on');
  contracts
    .command('check')
    .description('say what of them changed in a way that breaks old clients, consumers or stored messages')
    .addHelpText('after', example('contracts check'))
    .action((_options: unknown, command: Command) => run(command, check));
  contracts
    .command('snapshot')
    .description('record them as published, with the change that makes them')
    .option('--accept-breaks', 'also when something breaks, because nobody relies on it yet')
    .addHelpText('after', example('contracts snapshot'))
    .action(({ acceptBreaks = false }: { acceptBreaks?: boolean }, command: Command) =>
      run(command, () => snapshot(acceptBreaks)),
    );
  contracts
    .command('record <service>')
    .description('print the contract of one service as JSON: what a service in another language keeps')
    .addHelpText('after', example('contracts record order'))
    .action((service: string, _options: unknown, command: Command) => run(command, () => record(service)));
}

function record(name: string): CommandReport {
  const service = services.find((each) => each.name === name);
  if (!service)
    throw new CommandFailed(
      `there is no service ${name}`,
      `The services are ${services.map((each) => each.name).join(', ')}.`,
    );
  const data = contractRecord(name, service.sends);
  return { data, lines: [JSON.stringify(data, null, 2)] };
}

function check(): CommandReport {
  const current = currentContracts();
  const { breaking, unrecorded } = contractChanges(publishedContracts(), current);
  const count = Object.keys(current).length;
  return {
    data: { contracts: count, breaking, unrecorded },
    ok: breaking.length === 0 && unrecorded.length === 0,
    lines: [
      ...breaking.map((sentence) => `BREAKS  ${sentence}`),
      ...unrecorded.map((name) => `new or changed, not recorded: ${name}`),
      ...(breaking.length > 0 ? ['', 'Add a new version beside the old one instead: libs/contracts/README.md.'] : []),
      ...(breaking.length === 0 && unrecorded.length > 0 ? ['', 'Record it: npx causeway contracts snapshot'] : []),
      ...(unrecorded.length === 0 && breaking.length === 0 ? [`${count} contracts, all as published`] : []),
    ],
  };
}

function snapshot(acceptBreaks: boolean): CommandReport {
  const current = currentContracts();
  const { breaking, unrecorded } = contractChanges(publishedContracts(), current);
  if (breaking.length > 0 && !acceptBreaks)
    throw new CommandFailed(
      ['nothing was recorded, because old clients, consumers or messages would break:', ...breaking].join('\n  '),
      'If nobody relies on it yet: --accept-breaks.',
    );
  publish(current);
  return {
    data: { recorded: unrecorded, breaking },
    lines: [`${unrecorded.length} of ${Object.keys(current).length} contracts recorded anew`],
  };
}
