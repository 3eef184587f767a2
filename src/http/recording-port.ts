import type { Recorder } from '../calls/recording';
import type { RecordingStore } from '../recording/store';
import type { RecordingPort } from './recordings';

/** Makes the port of the routes about recordings from who records calls and where the files are. */
export function recordingPort(
  recorder: Pick<Recorder, 'command' | 'snapshot'>,
  recordings: RecordingStore,
): RecordingPort {
  return {
    command: (call, action, by, why) => recorder.command(call, action, by, why),
    snapshot: (call, side, by, why) => recorder.snapshot(call, side, by, why),
    recordings: (filter) => recordings.recordings(filter),
    snapshots: (filter) => recordings.snapshots(filter),
    find: (id) => recordings.find(id),
    part: (id, index) => recordings.part(id, index),
    rendition: (id) => recordings.rendition(id),
    picture: (id) => recordings.picture(id),
    remove: (id, by) => recordings.remove(id, by),
  };
}
