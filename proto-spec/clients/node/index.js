export * from './lib/constants.js';
export * from './lib/errors.js';
export { crc32c } from './lib/crc32c.js';
export { readHeader, seal } from './lib/header.js';
export { encodeBatch, microUnits } from './lib/batch.js';
export {
  helloRequest,
  lookupRequest,
  readAssignReply,
  readErrorReply,
  readHelloReply,
  readLookupReply,
  readStatusReply,
  statusRequest,
} from './lib/messages.js';
export { SojournClient } from './lib/client.js';
export { BufferedSender } from './lib/buffered-sender.js';
export { zeromqDealer } from './lib/zeromq.js';
