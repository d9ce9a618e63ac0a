import { Controller, Get, Query } from '@nestjs/common';
import { PrismaLedgerReader, type LedgerView } from './prisma-ledger-reader.js';
import { ledgerQuery, parse } from './schemas.js';

@Controller('ledger')
export class LedgerController {
  constructor(private readonly ledger: PrismaLedgerReader) {}

  /** Lists every movement of money in order: the independent witness of what a merchant believes. */
  @Get()
  read(@Query() query: unknown): Promise<LedgerView> {
    return this.ledger.read(parse(ledgerQuery, query));
  }
}
