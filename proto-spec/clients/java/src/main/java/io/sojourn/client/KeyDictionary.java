package io.sojourn.client;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Different visitor keys in order of first use. The bytes stand behind one another; a table with open
 * addressing finds the row of a key:
 *
 * <pre>
 *   slots   [ 0 | 2 | 0 | 1 | ... ]   row plus one, 0 for a free slot
 *   ends    [ 4, 9 ]                  where each key ends
 *   bytes   [ a n n a b o b b y ]
 * </pre>
 */
final class KeyDictionary {
    private static final VarHandle LONGS =
        MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] bytes = new byte[4_096];
    private int[] ends = new int[256];
    private int[] hashes = new int[256];
    private int[] slots = new int[1_024];
    private int count;
    /** Length of all keys while they have one; -1 when they do not. */
    private int oneSize;

    int count() {
        return count;
    }

    int[] ends() {
        return ends;
    }

    byte[] bytes() {
        return bytes;
    }

    int byteCount() {
        return count == 0 ? 0 : ends[count - 1];
    }

    /** Length of all keys, or -1 when they differ. */
    int oneSize() {
        return oneSize;
    }

    void clear() {
        count = 0;
        Arrays.fill(slots, 0);
    }

    /** The row of a key, which is added when it is new. */
    int row(byte[] source, int start, int length) {
        int hash = hash(source, start, length);
        int slot = hash & slots.length - 1;
        while (slots[slot] != 0) {
            int row = slots[slot] - 1;
            if (hashes[row] == hash && isSame(row, source, start, length)) return row;
            slot = slot + 1 & slots.length - 1;
        }
        slots[slot] = count + 1;
        return append(source, start, length, hash);
    }

    private boolean isSame(int row, byte[] source, int start, int length) {
        int from = row == 0 ? 0 : ends[row - 1];
        return Arrays.equals(bytes, from, ends[row], source, start, start + length);
    }

    private int append(byte[] source, int start, int length, int hash) {
        if (count == ends.length) {
            ends = Arrays.copyOf(ends, 2 * count);
            hashes = Arrays.copyOf(hashes, 2 * count);
        }
        int from = byteCount();
        if (from + length > bytes.length) bytes = Arrays.copyOf(bytes, 2 * bytes.length);
        System.arraycopy(source, start, bytes, from, length);
        oneSize = count == 0 || oneSize == length ? length : -1;
        ends[count] = from + length;
        hashes[count] = hash;
        count++;
        if (2 * count > slots.length) growSlots();
        return count - 1;
    }

    private void growSlots() {
        slots = new int[4 * slots.length];
        for (int row = 0; row < count; row++) {
            int slot = hashes[row] & slots.length - 1;
            while (slots[slot] != 0) slot = slot + 1 & slots.length - 1;
            slots[slot] = row + 1;
        }
    }

    private static int hash(byte[] source, int start, int length) {
        long hash = length;
        int at = start;
        int end = start + length;
        for (; at + 8 <= end; at += 8) hash = mix(hash ^ (long) LONGS.get(source, at));
        for (; at < end; at++) hash = mix(hash ^ source[at]);
        return (int) (hash >>> 32);
    }

    private static long mix(long bits) {
        long product = bits * 0x9E37_79B9_7F4A_7C15L;
        return product ^ product >>> 29;
    }
}
