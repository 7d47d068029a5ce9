package io.sojourn.model;

import java.util.HexFormat;

/**
 * What a server told in its greeting: who it is, and what it takes. See "HELLO".
 *
 * @param version of the protocol that both speak
 * @param features bits; unknown ones mean nothing
 * @param deployment 32 hexadecimal digits
 * @param serverTimeMilliseconds since the Unix epoch
 * @param messageBytesMax largest request, header included
 * @param credit requests that one client may have in flight
 * @param producerWindow batches of a producer that the server remembers
 * @param partitions shares of the visitors that there are
 * @param firstPartition of those that the server has
 * @param lastPartition still one of them
 */
public record ServerInfo(
    int version, int features, String deployment, long serverTimeMilliseconds, long messageBytesMax,
    long batchEventsMax, int visitorKeyBytesMax, int textBytesMax, long batchTextsMax,
    long batchContextsMax, long credit, long producerWindow, long partitions,
    int firstPartition, int lastPartition, String name, String serverVersion) {

    /** What the header of a request carries of the deployment: the last 8 bytes of its id. */
    public long deploymentTag() {
        return HexFormat.fromHexDigitsToLong(deployment, 16, 32);
    }
}
