import type { Viewer } from './viewer.ts';

/** What viewers with the same role in a project have in common. */
const shared: readonly (string | symbol)[] = ['kind', 'role', 'projectId'] satisfies (keyof Extract<
  Viewer,
  { kind: 'API_KEY' }
>)[];

/**
 * The same viewer, telling when somebody looks at who they are rather than at what they are. What was found out without
 * that is the same for every viewer of this kind and role: no list of fields has to be kept, and a new property of
 * viewers is nobody else's until it is named above.
 */
export function watchViewer(viewer: Viewer, onIdentity: () => void): Viewer {
  return new Proxy(viewer, {
    get(target, name) {
      if (!shared.includes(name)) onIdentity();
      return Reflect.get(target, name);
    },
    has(target, name) {
      if (!shared.includes(name)) onIdentity();
      return Reflect.has(target, name);
    },
    ownKeys(target) {
      onIdentity();
      return Reflect.ownKeys(target);
    },
    getOwnPropertyDescriptor(target, name) {
      onIdentity();
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
}
