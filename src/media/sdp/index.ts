/**
 * Offer/answer (RFC 3264) for a server that stands between two legs and holds no media itself: pure functions from text to text.
 * README.md beside this file says when to use which.
 */
export { parseSdp, SDP_LIMITS, type MediaSection, type Sdp, type SessionDescription } from './document';
export { bumped, newOrigin, type Origin } from './origin';
export { directionOf, hasVideo, isHold, type Direction } from './queries';
export { inactiveAnswer, inactiveOffer } from './inactive';
export { asAnswer, asOffer } from './pass';
export { sameMedia } from './compare';
export { codecIds, securityOf, takesKeyFrameRequests, withCodecs } from './limit';
