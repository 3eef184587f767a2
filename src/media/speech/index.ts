export { Speech, type SpeechOptions } from './speech';
