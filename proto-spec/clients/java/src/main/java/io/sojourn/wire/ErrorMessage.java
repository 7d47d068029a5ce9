package io.sojourn.wire;

import io.sojourn.model.ErrorCode;
import io.sojourn.model.Refusal;

/** A refusal. See "ERROR". */
public final class ErrorMessage {
    private static final int BYTES = 16;
    private static final int RETRIABLE = 1;
    private static final long NO_OFFSET = 0xFFFF_FFFFL;

    private ErrorMessage() {}

    /** Reads the refusal, behind a header that was judged. */
    public static Refusal readReply(byte[] frame) throws FormatException {
        int body = Header.BYTES;
        if (frame.length < body + BYTES) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        int length = LittleEndian.get16(frame, body + 14);
        int end = body + BYTES + length;
        if (frame.length < end) throw new FormatException(ErrorCode.TRUNCATED_BODY, frame.length);
        if (frame[body + 3] != 0) throw new FormatException(ErrorCode.BODY_RESERVED_NOT_ZERO, body + 3);
        if (frame.length > end) throw new FormatException(ErrorCode.TRAILING_BYTES, end);
        long offset = LittleEndian.getUnsigned32(frame, body + 8);
        return new Refusal(
            new ErrorCode(LittleEndian.get16(frame, body)), (frame[body + 2] & RETRIABLE) != 0,
            LittleEndian.getUnsigned32(frame, body + 4),
            offset == NO_OFFSET ? FormatException.NO_OFFSET : offset,
            LittleEndian.get8(frame, body + 12), LittleEndian.get8(frame, body + 13),
            Utf8.decode(frame, body + BYTES, length, ErrorCode.BAD_UTF8, body + BYTES));
    }
}
