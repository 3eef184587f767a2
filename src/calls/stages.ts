import type { Stages } from './call';
import { mediaLost } from './media-loss';
import { askCallback } from './stage-callback';
import { endCall } from './stage-end';
import { fitFace } from './stage-face';
import { showTalk } from './stage-join';
import { openMenu } from './stage-menu';
import { enterQueue } from './stage-queue';

/** The stages as they follow each other; this is the one place that knows them all. */
export const stages: Stages = {
  menu: openMenu,
  queue: (call, target) => call.run(enterQueue(call, target)),
  talk: showTalk,
  end: endCall,
  callback: (call) => call.run(askCallback(call)),
  mediaLost,
  fitFace,
};
