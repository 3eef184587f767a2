import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of files in PEM. */
export interface CertificateFiles {
  cert: string;
  key: string;
  ca: string;
}

/** An authority for a test, in a folder of its own: what it signs is trusted by whoever is given its `ca`. */
export class Authority {
  private serial = 0;

  private constructor(readonly folder: string) {}

  static async create(): Promise<Authority> {
    const authority = new Authority(await mkdtemp(path.join(os.tmpdir(), 'authority-')));
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30'],
      ...['-subj', '/CN=An authority', '-keyout', authority.file('ca.key'), '-out', authority.ca],
    ]);

    return authority;
  }

  get ca(): string {
    return this.file('ca.pem');
  }

  file(name: string): string {
    return path.join(this.folder, name);
  }

  /** A certificate that holds good for so many days, fewer than none for one that has expired; for what is in `names`, such as `DNS:a.example` or `IP:127.0.0.1`; without names only the CN says whom for. */
  async issue(names: readonly string[], commonName = 'somebody', days = 30): Promise<CertificateFiles> {
    const name = `${(this.serial += 1)}`;
    const [cert, key, request, extensions] = ['pem', 'key', 'csr', 'ext'].map((kind) =>
      this.file(`${name}.${kind}`),
    ) as [string, string, string, string];
    await run('openssl', [
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
      ...['-subj', `/CN=${commonName}`, '-keyout', key, '-out', request],
    ]);
    await writeFile(extensions, names.length > 0 ? `subjectAltName=${names.join(',')}\n` : '');
    await run('openssl', [
      ...['x509', '-req', '-in', request, '-CA', this.ca, '-CAkey', this.file('ca.key'), '-CAcreateserial'],
      ...['-days', `${days}`, '-extfile', extensions, '-out', cert],
    ]);

    return { cert, key, ca: this.ca };
  }

  /** Puts another certificate in the place of one. */
  async replace(old: CertificateFiles, by: CertificateFiles): Promise<void> {
    await copyFile(by.key, old.key);
    await copyFile(by.cert, old.cert);
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
