import { expect, it } from '@jest/globals';
import { settingNames } from '../../src/settings/config.ts';
import { describeNearMisses, findNearMisses } from '../../src/settings/near-misses.ts';
import { scriptVariables } from '../../src/settings/script-variables.ts';

it.each([
  ['PROT', 'PORT'],
  ['port', 'PORT'],
  ['Host', 'HOST'],
  ['SEGMIND_APIKEY', 'SEGMIND_API_KEY'],
  ['SEGMIND_API_KEYS', 'SEGMIND_API_KEY'],
  ['SEGMND_API_KEY', 'SEGMIND_API_KEY'],
  ['SEGMIND-API-KEY', 'SEGMIND_API_KEY'],
  ['SEGMIND_TOKEN', null],
  ['DATABSE_URL', 'DATABASE_URL'],
  ['DATABASE_URI', 'DATABASE_URL'],
  ['DATADIR', 'DATA_DIR'],
  ['PUBLICURL', 'PUBLIC_URL'],
  ['CORS_ORIGIN', 'CORS_ORIGINS'],
  ['ADMIN_APIKEY', 'ADMIN_API_KEY'],
  ['DRAMATIS_ULR', 'DRAMATIS_URL'],
])('%s is named, and %s is what was meant', (name, meant) => {
  expect(findNearMisses({ [name]: 'x' })).toEqual([{ name, meant }]);
});

it('names no setting, no variable that scripts read, and none that is empty', () => {
  const own = Object.fromEntries([...settingNames, ...scriptVariables].map((name) => [name, 'x']));
  expect(findNearMisses({ ...own, PROT: '', SEGMIND_APIKEY: undefined })).toEqual([]);
});

it.each([
  'PATH PWD OLDPWD HOME HOSTNAME HOSTTYPE SHELL SHLVL USER LOGNAME LANG LC_ALL TERM TMPDIR MAIL PS1 PS2 PS4 EDITOR _',
  'npm_config_port npm_package_name npm_config_loglevel NODE NODE_ENV NODE_OPTIONS INIT_CWD COLOR CI DEBUG',
  'PGHOST PGPORT PGDATABASE POSTGRES_USER POSTGRES_DB POSTGRES_URL REDIS_URL KUBERNETES_PORT KUBERNETES_SERVICE_HOST',
  'DRAMATIS_SERVICE_PORT DRAMATIS_PORT_4000_TCP_PORT HTTP_PROXY http_proxy NO_PROXY SSH_AUTH_SOCK XDG_DATA_DIRS XDG_DATA_HOME',
  'DOCKER_HOST COMPOSE_PROJECT_NAME AWS_REGION WEB_CONCURRENCY DYNO GITHUB_ACTIONS VIRTUAL_ENV JAVA_HOME OS TZ SUDO_USER',
  'PORT0 PORT1 PORTS POSTGRESQL_PASSWORD SIMULATOR_UDID',
])('names nothing of %s', (names) => {
  const variables = Object.fromEntries(names.split(' ').map((name) => [name, 'x']));
  expect(findNearMisses(variables)).toEqual([]);
});

it('says it in one line, without a value', () => {
  const line = describeNearMisses(findNearMisses({ PROT: 'secret', SEGMIND_KEY: 'secret' }));
  expect(line).toBe('set, but not read by Dramatis: PROT (did you mean PORT?), SEGMIND_KEY');
  expect(describeNearMisses([])).toBeNull();
});
