package io.sojourn.client;

/** The smallest widths that hold what is to be written. */
final class Widths {
    private Widths() {}

    /** Of unsigned integers up to this one. */
    static int ofIndex(int greatest) {
        return greatest <= 0xFF ? 1 : greatest <= 0xFFFF ? 2 : 4;
    }

    /** Of the ends of a dictionary. */
    static int ofEnds(int last) {
        return last <= 0xFFFF ? 2 : 4;
    }

    /** Of signed integers from one to another. */
    static int ofSigned(long least, long greatest) {
        if (least >= Byte.MIN_VALUE && greatest <= Byte.MAX_VALUE) return 1;
        if (least >= Short.MIN_VALUE && greatest <= Short.MAX_VALUE) return 2;
        if (least >= Integer.MIN_VALUE && greatest <= Integer.MAX_VALUE) return 4;
        return 8;
    }
}
