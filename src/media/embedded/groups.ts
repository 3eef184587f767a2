import { SightlineError } from '../../lib/errors';
import { TypedEmitter } from '../../lib/emitter';
import type { Bridge, Conference, Endpoint, RecordedPart, Recording, RecordingEvents } from '../port';
import type { WorkerLink } from './worker-link';

/** Two endpoints that hear and see each other. */
export class EmbeddedBridge implements Bridge {
  private over = false;

  constructor(
    readonly id: string,
    private readonly link: WorkerLink,
    private readonly onClosed: () => void,
  ) {}

  get closed(): boolean {
    return this.over;
  }

  async close(): Promise<void> {
    if (this.over) return;
    this.ended();
    await this.link.call('closeBridge', { bridge: this.id }).catch(() => undefined);
  }

  /** One of the endpoints is gone. */
  ended(): void {
    if (this.over) return;
    this.over = true;
    this.onClosed();
  }
}

export class EmbeddedConference implements Conference {
  private over = false;

  constructor(
    readonly id: string,
    private readonly link: WorkerLink,
  ) {}

  async join(endpoint: Endpoint): Promise<void> {
    await this.act('join', endpoint);
  }

  async leave(endpoint: Endpoint): Promise<void> {
    await this.act('leave', endpoint);
  }

  async floor(endpoint: Endpoint): Promise<void> {
    await this.act('floor', endpoint);
  }

  async close(): Promise<void> {
    if (this.over) return;
    this.over = true;
    await this.link.call('closeConference', { conference: this.id }).catch(() => undefined);
  }

  private async act(op: 'join' | 'leave' | 'floor', endpoint: Endpoint): Promise<void> {
    if (this.over) throw new SightlineError('MEDIA_GONE', 'the conference is closed');
    await this.link.call(op, { conference: this.id, endpoint: endpoint.id });
  }
}

export class EmbeddedRecording implements Recording {
  readonly events = new TypedEmitter<RecordingEvents>();
  private stopped: Promise<RecordedPart[]> | undefined;
  private failed = false;

  constructor(
    readonly id: string,
    private readonly link: WorkerLink,
    private readonly onStopped: () => void,
  ) {}

  async mask(on: boolean): Promise<void> {
    if (this.stopped || this.failed) throw new SightlineError('MEDIA_GONE', 'the recording has ended');
    await this.link.call('mask', { recording: this.id, on });
  }

  stop(): Promise<RecordedPart[]> {
    this.stopped ??= this.link.call('stopRecord', { recording: this.id }).finally(this.onStopped);

    return this.stopped;
  }

  fail(reason: string): void {
    if (this.failed) return;
    this.failed = true;
    if (!this.stopped) this.events.emit('failed', reason);
  }
}
