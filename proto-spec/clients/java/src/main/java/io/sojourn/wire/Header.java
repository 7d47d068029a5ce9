package io.sojourn.wire;

import static io.sojourn.wire.FormatException.NO_OFFSET;

import io.sojourn.model.ErrorCode;
import java.util.zip.CRC32C;

/**
 * The 64 bytes at the start of every frame. See "Header".
 *
 * @param correlation chosen by the client, echoed by the server
 * @param producer who numbers the batches; 0 for nobody
 * @param sequence number of the batch
 * @param deadline milliseconds from receipt, unsigned; 0 for none
 * @param property whose policy applies, unsigned
 * @param deployment tag of the deployment; 0 for any
 */
public record Header(
    Operation operation, boolean isReply, long correlation, long producer, long sequence,
    int deadline, int property, long deployment) {

    public static final int BYTES = 64;

    private static final int MAGIC = 0x4E4A_4F53;
    private static final int REPLY = 1;

    /** CRC-32C of a part of the bytes. */
    public static int checksum(byte[] bytes, int start, int end) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, start, end - start);
        return (int) checksum.getValue();
    }

    /** Writes the header, with both checksums, before the body that stands in the frame already. */
    public void seal(byte[] frame) {
        LittleEndian.put32(frame, 0, MAGIC);
        LittleEndian.put8(frame, 4, Limits.VERSION);
        LittleEndian.put8(frame, 5, operation.code());
        LittleEndian.put16(frame, 6, isReply ? REPLY : 0);
        LittleEndian.put64(frame, 8, correlation);
        LittleEndian.put64(frame, 16, producer);
        LittleEndian.put64(frame, 24, sequence);
        LittleEndian.put32(frame, 32, deadline);
        LittleEndian.put32(frame, 36, property);
        LittleEndian.put64(frame, 40, deployment);
        LittleEndian.put32(frame, 48, frame.length - BYTES);
        LittleEndian.put32(frame, 52, checksum(frame, BYTES, frame.length));
        LittleEndian.put32(frame, 56, 0);
        LittleEndian.put32(frame, 60, checksum(frame, 0, 60));
    }

    /** Reads and judges the header of a reply, and the checksum of its body. */
    public static Header readReply(byte[] frame) throws FormatException {
        return read(frame, true, Integer.MAX_VALUE);
    }

    /**
     * Reads and judges a header, and the checksum of the body.
     *
     * @param reply whether it must be a reply or must be a request
     * @param bytesMax larger frames are refused
     * @throws FormatException with the lowest of the codes 2 to 12 that applies
     */
    public static Header read(byte[] frame, boolean reply, int bytesMax) throws FormatException {
        require(frame.length >= BYTES, ErrorCode.TRUNCATED_HEADER, NO_OFFSET);
        require(LittleEndian.get32(frame, 0) == MAGIC, ErrorCode.BAD_MAGIC, NO_OFFSET);
        require(frame[4] == Limits.VERSION, ErrorCode.UNSUPPORTED_VERSION, 4);
        require(LittleEndian.get32(frame, 60) == checksum(frame, 0, 60),
            ErrorCode.BAD_HEADER_CHECKSUM, 60);
        Operation operation = Operation.of(LittleEndian.get8(frame, 5));
        int flags = LittleEndian.get16(frame, 6);
        boolean isReply = (flags & REPLY) != 0;
        require(isReply == reply && (reply || operation != Operation.ERROR),
            ErrorCode.UNEXPECTED_REPLY, NO_OFFSET);
        require(operation != null, ErrorCode.UNKNOWN_OPERATION, 5);
        require((flags & ~REPLY) == 0, ErrorCode.UNKNOWN_FLAGS, 6);
        require(LittleEndian.get32(frame, 56) == 0, ErrorCode.RESERVED_NOT_ZERO, 56);
        require(frame.length <= bytesMax, ErrorCode.MESSAGE_TOO_LARGE, NO_OFFSET);
        require(LittleEndian.getUnsigned32(frame, 48) == frame.length - BYTES,
            ErrorCode.BAD_BODY_LENGTH, 48);
        require(LittleEndian.get32(frame, 52) == checksum(frame, BYTES, frame.length),
            ErrorCode.BAD_BODY_CHECKSUM, 52);
        return new Header(
            operation, isReply, LittleEndian.get64(frame, 8), LittleEndian.get64(frame, 16),
            LittleEndian.get64(frame, 24), LittleEndian.get32(frame, 32), LittleEndian.get32(frame, 36),
            LittleEndian.get64(frame, 40));
    }

    private static void require(boolean isGood, ErrorCode code, long offset) throws FormatException {
        if (!isGood) throw new FormatException(code, offset);
    }
}
