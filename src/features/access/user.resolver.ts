import { ID, Resolver } from 'type-graphql';
import { globalId } from '../../platform/reads/reading.ts';
import { Reads } from '../../platform/reads/reads.ts';
import { User } from './user.type.ts';

@Resolver(() => User)
export class UserResolver {
  @Reads(globalId('User'), () => ID, { description: 'Opaque and stable; the same in every project.' })
  readonly id: string;
}
