import { BadUseError } from './errors.js';

const NEVER_MILLISECONDS = 86_400_000;

/**
 * An `open` for the client's options, with DEALER sockets of the package `zeromq`.
 *
 * @param {{serverPublic: string, ownPublic: string, ownSecret: string}} [curve] keys in Z85
 * @returns {Promise<(endpoint: string) => import('../index.js').SocketLike>}
 * @throws {BadUseError} when the package is not installed
 */
export async function zeromqDealer(curve) {
  let zeromq;
  try {
    zeromq = await import('zeromq');
  } catch (error) {
    throw new BadUseError('unsupported', `the package zeromq cannot be loaded: ${error.message}`);
  }
  const keys = curve && {
    curveServerKey: curve.serverPublic,
    curvePublicKey: curve.ownPublic,
    curveSecretKey: curve.ownSecret,
  };
  return (endpoint) => {
    // A socket that reconnected by itself would talk to a server that was not greeted.
    const socket = new zeromq.Dealer({ linger: 0, reconnectInterval: NEVER_MILLISECONDS, ...keys });
    socket.connect(endpoint);
    return socket;
  };
}
