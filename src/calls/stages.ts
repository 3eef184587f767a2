import type { Stages } from './call';
import { mediaLost } from './media-loss';
import { endCall } from './stage-end';
import { fitFace } from './stage-face';
import { showTalk } from './stage-join';
import { openMenu } from './stage-menu';
import { carryOut } from './stage-overflow';
import { enterQueue } from './stage-queue';

/** The stages as they follow each other; this is the one place that knows them all. */
export const stages: Stages = {
  menu: openMenu,
  queue: (call, target) => call.run(enterQueue(call, target)),
  talk: showTalk,
  elsewhere: (call, entry) => call.run(carryOut(call, entry)),
  callback: (call) => call.note('callback-refused'),
  end: endCall,
  mediaLost,
  fitFace,
};
