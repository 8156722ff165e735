import type { ServerResponse } from 'node:http';
import { imageModels } from '../catalogue/catalogue.ts';
import { settle } from './billing.ts';
import { answerFile, answerUpload } from './files.ts';
import { answerHistory, historyLists } from './history.ts';
import { answerSubmit } from './inference.ts';
import { answerPoll } from './polling.ts';
import { dollars, respondJson } from './respond.ts';
import { accountOf, isKeyGood, type LoggedRequest, type World } from './world.ts';

/** Finds the route and answers the request. Files and the list of models are public; all other routes need a key. */
export async function answerRequest(
  world: World,
  request: LoggedRequest,
  answer: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.path, 'http://simulator');
  const [, first = '', second = '', third = '', fourth = ''] = pathname.split('/');
  if (first === 'generations' || first === 'assets') return answerFile(world, first, second, answer);
  if (first === 'inference-model-information' && second === 'list') return answerModels(answer);
  if (
    (first === 'v1' || first === 'v2') &&
    second !== 'requests' &&
    second !== 'get-user-credits' &&
    second !== ''
  ) {
    return answerSubmit(world, first, second, request, answer);
  }
  if (!isKeyGood(world, request, answer)) return;
  if (first === 'upload-asset') return answerUpload(world, request, answer);
  const list = historyLists.find((name) => name === second);
  if (first === 'inference-request' && list && world.hasHistory()) {
    return answerHistory(world, list, accountOf(world, request), searchParams, answer);
  }
  if (second === 'get-user-credits') return answerCredits(world, answer);
  if (second === 'requests' && third !== '') {
    const [isStatus, isLegacy] = [fourth === 'status', first === 'v1'];
    return answerPoll(world, { id: third, account: accountOf(world, request), isStatus, isLegacy }, answer);
  }
  return respondJson(answer, 404, { error: 'Incorrect or Missing host header' });
}

function answerCredits(world: World, answer: ServerResponse): void {
  settle(world);
  respondJson(answer, 200, { credits: dollars(world.state.balanceMicros), 'free-credits': 0 });
}

function answerModels(answer: ServerResponse): void {
  const models = imageModels.map(({ slug, title, description, parameters }) => ({
    slug,
    title,
    name: slug,
    description,
    type: 'image',
    is_depreciated: false,
    parameters: { metadata: parameters },
  }));
  respondJson(answer, 200, { 'Inference Segmind Model Information List With Details': models });
}
