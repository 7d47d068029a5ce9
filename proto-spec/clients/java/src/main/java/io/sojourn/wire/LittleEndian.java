package io.sojourn.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Integers of the protocol in an array of bytes: little-endian, at any offset. */
public final class LittleEndian {
    private static final VarHandle SHORTS =
        MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS =
        MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    public static int get8(byte[] bytes, int at) {
        return bytes[at] & 0xFF;
    }

    public static int get16(byte[] bytes, int at) {
        return (short) SHORTS.get(bytes, at) & 0xFFFF;
    }

    /** 32 bits as they are: the sign bit is the highest of an unsigned integer. */
    public static int get32(byte[] bytes, int at) {
        return (int) INTS.get(bytes, at);
    }

    public static long getUnsigned32(byte[] bytes, int at) {
        return (int) INTS.get(bytes, at) & 0xFFFF_FFFFL;
    }

    public static long get64(byte[] bytes, int at) {
        return (long) LONGS.get(bytes, at);
    }

    public static void put8(byte[] bytes, int at, int value) {
        bytes[at] = (byte) value;
    }

    public static void put16(byte[] bytes, int at, int value) {
        SHORTS.set(bytes, at, (short) value);
    }

    public static void put32(byte[] bytes, int at, int value) {
        INTS.set(bytes, at, value);
    }

    public static void put64(byte[] bytes, int at, long value) {
        LONGS.set(bytes, at, value);
    }
}
