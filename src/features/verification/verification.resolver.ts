import { Ctx, FieldResolver, Resolver } from 'type-graphql';
import type { Context } from '../../platform/context.ts';
import { ReconciliationReport } from '../reconciliation/reconciliation.type.ts';
import { readLastVerification } from './verification.queries.ts';
import { Verification } from './verification.type.ts';

@Resolver(() => ReconciliationReport)
export class ReportVerificationResolver {
  @FieldResolver(() => Verification, {
    nullable: true,
    description:
      'The last regular verification of the audit log and the ledger (`AUDIT_ANCHOR_EVERY_MS`). Null before the first. Reads three rows.',
  })
  verification(@Ctx() ctx: Context) {
    return readLastVerification(ctx);
  }
}
