import type { Stages } from './call';
import { mediaLost } from './media-loss';
import { askCallback } from './stage-callback';
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
  end: endCall,
  callback: (call) => call.run(askCallback(call)),
  mediaLost,
  fitFace,
};
