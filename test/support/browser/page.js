/** The page of a browser phone for tests: SIP.js with its own WebRTC, driven from outside through `phone`. */
import { Inviter, Registerer, RegistererState, SessionState, UserAgent } from 'sip.js';

const video = document.querySelector('video');
const notes = [];
let agent;
let session;
/** A connection without SIP, whose descriptions somebody else carries. */
let bare;

function untilState(emitter, wanted, failed) {
  return new Promise((resolve, reject) => {
    emitter.addListener((state) => {
      notes.push(String(state));
      if (state === wanted) resolve();
      else if (state === failed) reject(new Error(`${state}; so far: ${notes.join(', ')}`));
    });
  });
}

/** Connects and registers; resolves when the registrar has taken it. */
async function register({ server, domain, user, password }) {
  agent = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`),
    transportOptions: { server },
    authorizationUsername: user,
    authorizationPassword: password,
    logConnector: (level, category, _label, content) => console.debug(`${level} ${category} ${content}`),
    sessionDescriptionHandlerFactoryOptions: {
      iceGatheringTimeout: 2000,
      peerConnectionConfiguration: { iceServers: [] },
    },
    delegate: { onInvite: (invitation) => ring(invitation) },
  });
  await agent.start();
  const registerer = new Registerer(agent);
  const registered = untilState(registerer.stateChange, RegistererState.Registered, RegistererState.Terminated);
  await registerer.register({
    requestDelegate: { onReject: ({ message }) => notes.push(`REGISTER ${message.statusCode}`) },
  });
  await registered;
}

function show() {
  const stream = new MediaStream();
  for (const { track } of connection().getReceivers()) stream.addTrack(track);
  video.srcObject = stream;
}

const withMedia = { constraints: { audio: true, video: { width: 320, height: 240 } } };

/** Calls, and resolves when the other side has answered. */
async function call(target) {
  session = new Inviter(agent, UserAgent.makeURI(target), { sessionDescriptionHandlerOptions: withMedia });
  const established = untilState(session.stateChange, SessionState.Established, SessionState.Terminated);
  await session.invite({ requestDelegate: { onReject: ({ message }) => notes.push(`INVITE ${message.statusCode}`) } });
  await established;
  show();
}

/** Answers what comes in. */
async function ring(invitation) {
  session = invitation;
  const established = untilState(session.stateChange, SessionState.Established, SessionState.Terminated);
  await invitation.accept({ sessionDescriptionHandlerOptions: withMedia });
  await established;
  show();
}

function connection() {
  return bare ?? session.sessionDescriptionHandler.peerConnection;
}

async function openBare() {
  bare?.close();
  bare = new RTCPeerConnection({ iceServers: [] });
  const stream = await navigator.mediaDevices.getUserMedia(withMedia.constraints);

  return () => {
    for (const track of stream.getTracks()) bare.addTrack(track, stream);
  };
}

async function gathered() {
  while (bare.iceGatheringState !== 'complete') {
    await new Promise((resolve) => bare.addEventListener('icegatheringstatechange', resolve, { once: true }));
  }

  return bare.localDescription.sdp;
}

async function offer() {
  (await openBare())();
  await bare.setLocalDescription();

  return gathered();
}

async function accept(sdp) {
  await bare.setRemoteDescription({ type: 'answer', sdp });
  show();
}

/** Answers an offer; one that comes later in the same connection is answered there. */
async function answer({ sdp, anew }) {
  const addTracks = anew ? await openBare() : () => undefined;
  await bare.setRemoteDescription({ type: 'offer', sdp });
  addTracks();
  await bare.setLocalDescription();
  show();

  return gathered();
}

/** What has come in, and how it is secured, as WebRTC counts it. */
async function received() {
  const stats = [...(await connection().getStats()).values()];
  const inbound = (kind) => stats.find((entry) => entry.type === 'inbound-rtp' && entry.kind === kind) ?? {};
  const codec = ({ codecId }) => stats.find(({ id }) => id === codecId)?.mimeType ?? '';
  const transport = stats.find(({ type }) => type === 'transport') ?? {};
  const [audio, pictures] = [inbound('audio'), inbound('video')];

  return {
    audio: { bytes: audio.bytesReceived ?? 0, codec: codec(audio), energy: audio.totalAudioEnergy ?? 0 },
    video: { bytes: pictures.bytesReceived ?? 0, codec: codec(pictures), frames: pictures.framesDecoded ?? 0 },
    transports: stats.filter(({ type }) => type === 'transport').length,
    dtls: transport.dtlsState ?? '',
    srtp: transport.srtpCipher ?? '',
  };
}

/** The picture that is seen now, as a data URL; undefined while there is none. */
function picture() {
  if (!video.videoWidth) return undefined;
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);

  return canvas.toDataURL('image/png');
}

function hangup() {
  return session.bye();
}

window.phone = {
  register,
  call,
  received,
  picture,
  hangup,
  offer,
  accept,
  answer,
  state: () => String(session?.state ?? 'none'),
  connection: () => connection().connectionState,
  notes: () => notes,
  descriptions: () => [connection().localDescription?.sdp, connection().remoteDescription?.sdp],
  press: (digits) => session.sessionDescriptionHandler.sendDtmf(digits),
};
