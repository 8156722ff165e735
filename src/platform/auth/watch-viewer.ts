import type { Viewer } from './viewer.ts';

/** What viewers with the same role in a project have in common. */
const shared: readonly (string | symbol)[] = ['kind', 'role', 'projectId'] satisfies (keyof Extract<
  Viewer,
  { kind: 'API_KEY' }
>)[];

/**
 * The same viewer, which calls `onIdentity` when a property is read that differs between viewers with the same role in
 * a project. A result that was computed without that call is the same for all of these viewers. A new property of
 * viewers counts as identity until it is named in `shared`, so no list of fields has to be kept up to date.
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
