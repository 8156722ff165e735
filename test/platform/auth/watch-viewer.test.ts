import { describe, expect, it } from '@jest/globals';
import type { Viewer } from '../../../src/platform/auth/viewer.ts';
import { watchViewer } from '../../../src/platform/auth/watch-viewer.ts';

const user: Viewer = {
  kind: 'USER',
  userId: 'u',
  email: 'mara@example.test',
  hasDoubtfulEmail: false,
  expiresAt: new Date(0),
};
const key: Viewer = {
  kind: 'API_KEY',
  apiKeyId: 'k',
  userId: null,
  projectId: 'p',
  role: 'EDITOR',
  allowedModels: [],
  expiresAt: null,
};

/** Whether this code looks at who the viewer is. */
function isPersonal(viewer: Viewer, look: (viewer: Viewer) => unknown): boolean {
  let seen = false;
  const watched = watchViewer(viewer, () => {
    seen = true;
  });
  expect(look(watched)).toEqual(look(viewer));
  return seen;
}

describe('looking at a viewer', () => {
  it('is not personal when it asks for the kind, and for the role and the project of a key', () => {
    expect(isPersonal({ kind: 'ADMIN' }, ({ kind }) => kind)).toBe(false);
    expect(isPersonal(user, ({ kind }) => kind)).toBe(false);
    expect(isPersonal(key, (each) => each.kind === 'API_KEY' && [each.role, each.projectId])).toBe(false);
  });

  it.each(Object.keys({ ...user, ...key }))('%s is personal unless it is named as shared', (name) => {
    const isShared = ['kind', 'role', 'projectId'].includes(name);
    for (const each of [user, key]) expect(isPersonal(each, (it) => Reflect.get(it, name))).toBe(!isShared);
  });

  it('is personal when it takes all there is', () => {
    expect(isPersonal(user, (each) => ({ ...each }))).toBe(true);
    expect(isPersonal(user, (each) => JSON.stringify(each))).toBe(true);
    expect(isPersonal(user, (each) => 'userId' in each)).toBe(true);
    expect(isPersonal(user, (each) => Object.hasOwn(each, 'userId'))).toBe(true);
    expect(isPersonal(user, (each) => Object.entries(each))).toBe(true);
  });
});
