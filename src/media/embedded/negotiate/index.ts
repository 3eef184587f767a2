/** Offer and answer (RFC 3264) of an endpoint that has media of its own: pure, from descriptions to decisions and back. */
export { planAnswer, type AnswerPlan, type Beside } from './answer';
export { planOffer, readAnswer, type OfferedSection, type OfferPlan, type UsedType } from './offer';
export { describe, type LocalEnd } from './describe';
export { canPass, isG711, type CodecName, type MediaCodec, type Passable } from './codecs';
export type { AgreedStream, EventTypes, PictureLimit, Slot } from './streams';
