package io.sojourn.wire;

import io.sojourn.model.ErrorCode;
import io.sojourn.model.ServerInfo;
import java.util.HexFormat;

/** The greeting and its answer. See "HELLO". */
public final class HelloMessage {
    private static final int REQUEST_BYTES = 24;
    private static final int REPLY_BYTES = 72;

    private HelloMessage() {}

    /**
     * The frame of a greeting, without its header.
     *
     * @param deployment 16 bytes; all zero for any
     * @param name at most 255 bytes of UTF-8
     */
    public static byte[] request(
        int lowestVersion, int highestVersion, int features, byte[] deployment, byte[] name) {
        byte[] frame = new byte[Header.BYTES + REQUEST_BYTES + name.length];
        int body = Header.BYTES;
        LittleEndian.put8(frame, body, lowestVersion);
        LittleEndian.put8(frame, body + 1, highestVersion);
        LittleEndian.put16(frame, body + 2, name.length);
        LittleEndian.put32(frame, body + 4, features);
        System.arraycopy(deployment, 0, frame, body + 8, 16);
        System.arraycopy(name, 0, frame, body + REQUEST_BYTES, name.length);
        return frame;
    }

    /** Reads the answer, behind a header that was judged. */
    public static ServerInfo readReply(byte[] frame) throws FormatException {
        int body = Header.BYTES;
        if (frame.length < body + REPLY_BYTES) {
            throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        }
        int nameLength = LittleEndian.get16(frame, body + 64);
        int versionLength = LittleEndian.get16(frame, body + 66);
        int nameAt = body + REPLY_BYTES;
        int versionAt = nameAt + nameLength;
        int end = versionAt + versionLength;
        if (frame.length < end) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        if (frame[body + 1] != 0 || frame[body + 2] != 0 || frame[body + 3] != 0) {
            throw new FormatException(ErrorCode.BODY_RESERVED_NOT_ZERO, body + 1);
        }
        if (frame.length > end) throw new FormatException(ErrorCode.TRAILING_BYTES, end);
        return new ServerInfo(
            LittleEndian.get8(frame, body), LittleEndian.get32(frame, body + 4),
            HexFormat.of().formatHex(frame, body + 8, body + 24), LittleEndian.get64(frame, body + 24),
            LittleEndian.getUnsigned32(frame, body + 32), LittleEndian.getUnsigned32(frame, body + 36),
            LittleEndian.get16(frame, body + 40), LittleEndian.get16(frame, body + 42),
            LittleEndian.getUnsigned32(frame, body + 44), LittleEndian.getUnsigned32(frame, body + 48),
            LittleEndian.getUnsigned32(frame, body + 52), LittleEndian.getUnsigned32(frame, body + 56),
            LittleEndian.getUnsigned32(frame, body + 60), LittleEndian.get16(frame, body + 68),
            LittleEndian.get16(frame, body + 70),
            Utf8.decode(frame, nameAt, nameLength, ErrorCode.BAD_UTF8, nameAt),
            Utf8.decode(frame, versionAt, versionLength, ErrorCode.BAD_UTF8, versionAt));
    }
}
