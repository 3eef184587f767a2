declare module 'drachtio-fsmrf';
