import { SightlineError } from '../../lib/errors';
import { newId } from '../../lib/ids';
import type { Conference, Endpoint } from '../port';
import type { FsEndpoint } from './endpoint';
import type { EslEvent } from './esl-event';
import { isRefusal } from './esl-event';
import type { EslLink } from './esl-link';

/** The profile of mod_conference in freeswitch-conf. */
const profile = 'sightline';

/** A conference of mod_conference. It exists in FreeSWITCH from the first member on. */
export class FsConference implements Conference {
  readonly id: string;
  /** With the member's number in FreeSWITCH, once it is in. */
  private readonly members = new Map<FsEndpoint, string | undefined>();
  private readonly watchers = new Set<(event: EslEvent) => void>();
  private over = false;

  constructor(
    label: string,
    private readonly link: EslLink,
    private readonly own: (endpoint: Endpoint) => FsEndpoint,
    private readonly onClose: (conference: FsConference) => void,
  ) {
    this.id = `${newId('conference')}-${label.replace(/[^A-Za-z0-9_-]/g, '')}`;
  }

  async join(endpoint: Endpoint): Promise<void> {
    const member = this.entered(endpoint);
    if (this.members.has(member)) return;
    member.leaveOthers();
    this.members.set(member, undefined);
    const added = this.untilAdded(member);
    member.stage.leave();
    try {
      await member.channel.perform(`conference:${this.id}@${profile}+flags{join-vid-floor-first}`, 'park');
      this.members.set(member, await added.done);
      await member.stage.arrived();
      if (member.isBlind) await this.blind(member);
    } catch (error) {
      this.members.delete(member);
      await member.comeBack().catch(() => undefined);
      throw error;
    } finally {
      added.cancel();
    }
  }

  async leave(endpoint: Endpoint): Promise<void> {
    const member = this.entered(endpoint);
    if (!this.members.delete(member)) return;
    await member.comeBack();
  }

  async floor(endpoint: Endpoint): Promise<void> {
    const number = this.members.get(this.entered(endpoint));
    if (number === undefined)
      throw new SightlineError('WRONG_STATE', 'Only a member of a conference can have the floor');
    const answer = await this.link.api(`conference ${this.id} vid-floor ${number} force`);
    if (isRefusal(answer)) throw new SightlineError('MEDIA_UNAVAILABLE', `FreeSWITCH gave no floor: ${answer.trim()}`);
  }

  /** The pictures of a member are shown to nobody, or are again. */
  async blind(member: FsEndpoint): Promise<void> {
    const number = this.members.get(member);
    if (number !== undefined)
      await this.link.api(`conference ${this.id} ${member.isBlind ? 'vmute' : 'unvmute'} ${number} quiet`);
  }

  async close(): Promise<void> {
    if (this.over) return;
    this.over = true;
    const members = [...this.members.keys()];
    this.members.clear();
    this.onClose(this);
    await Promise.all(members.map((member) => member.comeBack().catch(() => undefined)));
  }

  /** An endpoint has ended, or goes elsewhere. */
  lost(endpoint: FsEndpoint): void {
    this.members.delete(endpoint);
  }

  take(event: EslEvent): void {
    if (event.get('Conference-Name') !== this.id) return;
    for (const watcher of [...this.watchers]) watcher(event);
  }

  private entered(endpoint: Endpoint): FsEndpoint {
    if (this.over) throw new SightlineError('MEDIA_GONE');

    return this.own(endpoint);
  }

  private untilAdded(member: FsEndpoint): { done: Promise<string>; cancel: () => void } {
    let cancel = (): void => undefined;
    const done = new Promise<string>((resolve, reject) => {
      const watch = (event: EslEvent): void => {
        const number = event.get('Member-ID');
        if (event.get('Action') === 'add-member' && event.uuid === member.id && number) resolve(number);
      };
      this.watchers.add(watch);
      const off = member.channel.on((event) => {
        if (event.name === 'CHANNEL_HANGUP_COMPLETE') reject(new SightlineError('MEDIA_GONE'));
      });
      cancel = () => {
        this.watchers.delete(watch);
        off();
      };
    });
    done.catch(() => undefined);

    return { done, cancel: () => cancel() };
  }
}
