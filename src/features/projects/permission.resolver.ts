import { Resolver } from 'type-graphql';
import { NotFound } from '../../errors.ts';
import type { Role as RoleName } from '../../platform/auth/role.ts';
import { asked } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { type Asker, roleIn, viewerCan } from '../access/authorize.ts';
import type { Action } from '../access/policy.ts';
import { Role } from '../access/user.type.ts';
import { Project } from './project.type.ts';
import { projectView } from './project.view.ts';

async function roleOf({ id }: { readonly id: string }, _: object, ctx: Asker): Promise<RoleName> {
  const role = await roleIn(ctx, id);
  if (role === null) throw new NotFound('Project');
  return role;
}

function may(action: Action) {
  return asked(projectView, ['id', 'archivedAt', 'deletingAt'], (project, _: object, ctx: Asker) =>
    viewerCan(ctx, project, action),
  );
}

/** What the viewer may do in a project, so that a frontend need not repeat the policy. */
@Resolver(() => Project)
export class ProjectPermissionsResolver {
  @Reads(asked(projectView, ['id'], roleOf), () => Role, {
    description: "The viewer's role in the project. The admin is an OWNER of every project.",
  })
  readonly viewerRole: RoleName;

  @Reads(may('EDIT_CHARACTERS'), () => Boolean, {
    description:
      'Whether the viewer may change characters and their reference images now. False while the project is archived or being deleted.',
  })
  readonly viewerCanEditCharacters: boolean;

  @Reads(may('GENERATE'), () => Boolean, {
    description:
      'Whether the viewer may request runs now. False while the project is archived or being deleted.',
  })
  readonly viewerCanGenerate: boolean;

  @Reads(may('RATE_IMAGES'), () => Boolean, {
    description:
      'Whether the viewer may rate pictures now. False while the project is archived or being deleted.',
  })
  readonly viewerCanRateImages: boolean;

  @Reads(may('READ_MEMBERS'), () => Boolean, {
    description: 'Whether the viewer may read the list of members.',
  })
  readonly viewerCanReadMembers: boolean;

  @Reads(may('MANAGE_MEMBERS'), () => Boolean, {
    description: 'Whether the viewer may invite members, change their roles and remove them.',
  })
  readonly viewerCanManageMembers: boolean;

  @Reads(may('MANAGE_API_KEYS'), () => Boolean, {
    description: 'Whether the viewer may create and revoke SERVICE keys.',
  })
  readonly viewerCanManageApiKeys: boolean;

  @Reads(may('MANAGE_PROVIDER_KEY'), () => Boolean, {
    description: "Whether the viewer may set and remove the project's provider key.",
  })
  readonly viewerCanManageProviderKey: boolean;

  @Reads(may('READ_SPEND'), () => Boolean, { description: 'Whether the viewer may read budgets and spend.' })
  readonly viewerCanReadSpend: boolean;

  @Reads(may('MANAGE_BUDGETS'), () => Boolean, {
    description: "Whether the viewer may change budgets and the project's limits.",
  })
  readonly viewerCanManageBudgets: boolean;

  @Reads(may('APPROVE_GENERATIONS'), () => Boolean, {
    description: 'Whether the viewer may approve and reject runs.',
  })
  readonly viewerCanApproveGenerations: boolean;

  @Reads(may('RESOLVE_GENERATIONS'), () => Boolean, {
    description: 'Whether the viewer may settle UNCERTAIN runs.',
  })
  readonly viewerCanResolveGenerations: boolean;

  @Reads(may('READ_AUDIT_LOG'), () => Boolean, { description: 'Whether the viewer may read the audit log.' })
  readonly viewerCanReadAuditLog: boolean;

  @Reads(may('ARCHIVE_PROJECT'), () => Boolean, {
    description: 'Whether the viewer may archive and restore the project.',
  })
  readonly viewerCanArchive: boolean;

  @Reads(may('DELETE_PROJECT'), () => Boolean, { description: 'Whether the viewer may delete the project.' })
  readonly viewerCanDelete: boolean;
}
