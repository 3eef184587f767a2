import { judge } from '../../../scripts/fuzz/judge';
import type { Kind } from '../../../scripts/fuzz/judge';

const head = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n';
const audio = `${head}c=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n`;

/** What messages carry, in the shapes that other servers fell over: read or refused by name, within 100 ms. */
test.each<[kind: Kind, name: string, text: string]>([
  ['sdp', 'no line end (CVE-2023-27600)', 'v=0'],
  ['sdp', 'a media line that ends after its name (GHSA-8w5j)', `${head}m=audio`],
  ['sdp', 'a media line without formats (GHSA-8w5j)', `${head}m=audio 4000 RTP/AVP\r\n`],
  ['sdp', 'the same codec a hundred times (GHSA-gjj5)', `${head}m=audio 4000 RTP/AVP${' 0'.repeat(100)}\r\n`],
  ['sdp', 'the same codec mapped a hundred times (GHSA-gjj5)', audio + 'a=rtpmap:0 PCMU/8000\r\n'.repeat(100)],
  ['sdp', 'an ICE component out of range (GHSA-7mwp)', `${audio}a=candidate:1 99999 udp 1 127.0.0.1 4000 typ host\r\n`],
  ['sdp', 'an ICE candidate cut short (GHSA-7mwp)', `${audio}a=candidate:1\r\n`],
  ['sdp', 'a port beyond its range', audio.replace('4000', '99999')],
  ['sdp', 'a negative port', audio.replace('4000', '-1')],
  ['sdp', 'a port count of a thousand million', audio.replace('4000', '4000/1000000000')],
  ['sdp', 'a thousand media', head + 'm=audio 4000 RTP/AVP 0\r\n'.repeat(1000)],
  ['sdp', 'a line of 60,000 characters', `${audio}a=${'x'.repeat(60_000)}\r\n`],
  ['sdp', 'null octets', audio.replace('audio', 'au\0dio')],
  ['json', 'half an object', '{"v":1,'],
  ['json', 'twenty thousand brackets', '['.repeat(20_000)],
  ['json', 'a prototype', '{"v":1,"seq":1,"type":"__proto__","__proto__":{"x":1}}'],
  ['json', 'a type of another kind', '{"v":1,"seq":1,"type":{"constructor":1}}'],
  ['json', 'a number without end', `{"v":1,"seq":${'9'.repeat(5000)},"type":"key","key":"1"}`],
  ['authorization', 'a parameter without value (CVE-2023-28098)', 'Digest username'],
  ['authorization', 'a quote without end (CVE-2023-28098)', 'Digest nonce="'],
  ['authorization', 'a backslash at the end (CVE-2023-28098)', 'Digest nonce="\\'],
  ['authorization', 'commas only', `Digest ${','.repeat(8000)}`],
  ['authorization', 'a thousand credentials', 'Digest realm="a", '.repeat(1000)],
])('%s: %s', (kind, _name, text) => {
  expect(judge(kind, Buffer.from(text, 'latin1'))).toBeUndefined();
});
