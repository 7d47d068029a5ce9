package io.sojourn.model;

import io.sojourn.model.SojournException.Kind;
import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Objects;

/**
 * Something that a visitor did.
 *
 * @param timeMilliseconds since the Unix epoch; from 0 up to but without 2^48
 * @param name page, action or goal; null for none
 * @param context null for none
 * @param valueMicroUnits in millionths
 * @param id the sender's id of the event, by which a repetition is known; 0 for none
 */
public record Event(
    EventKind kind, VisitorKey visitor, long timeMilliseconds, String name, Context context,
    long valueMicroUnits, long id) {

    /** Event times are below. */
    public static final long TIME_END = 1L << 48;

    public Event {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(visitor, "visitor");
        checkTime(timeMilliseconds);
    }

    /** @throws BadUseException when the time is out of range */
    public static void checkTime(long milliseconds) {
        if (milliseconds < 0 || milliseconds >= TIME_END) {
            throw new BadUseException(
                Kind.BAD_TIME, "an event time is 0 to 2^48 - 1 ms after 1970, not " + milliseconds);
        }
    }

    /** An event with nothing but kind, visitor and time. */
    public static Event of(EventKind kind, VisitorKey visitor, long timeMilliseconds) {
        return new Event(kind, visitor, timeMilliseconds, null, null, 0, 0);
    }

    /** An event with nothing but kind, visitor and time. */
    public static Event of(EventKind kind, VisitorKey visitor, Instant time) {
        try {
            return of(kind, visitor, time.toEpochMilli());
        } catch (ArithmeticException | DateTimeException exception) {
            throw new BadUseException(Kind.BAD_TIME, "an event time is out of range: " + time);
        }
    }

    public static Event view(VisitorKey visitor, Instant time, String page) {
        return of(EventKind.VIEW, visitor, time).withName(page);
    }

    public Event withName(String newName) {
        return new Event(kind, visitor, timeMilliseconds, newName, context, valueMicroUnits, id);
    }

    public Event withContext(Context newContext) {
        return new Event(kind, visitor, timeMilliseconds, name, newContext, valueMicroUnits, id);
    }

    public Event withId(long newId) {
        return new Event(kind, visitor, timeMilliseconds, name, context, valueMicroUnits, newId);
    }

    public Event withMicroUnits(long value) {
        return new Event(kind, visitor, timeMilliseconds, name, context, value, id);
    }

    /** @throws BadUseException when the value has more than six decimals, or is too large */
    public Event withValue(BigDecimal value) {
        return withMicroUnits(microUnits(value));
    }

    /**
     * The value as it is printed: {@code 12.5} is 12.50, {@code 0.1 + 0.2} is refused.
     *
     * @throws BadUseException when it is no number, has more than six decimals, or is too large
     */
    public Event withValue(double value) {
        if (Double.isNaN(value) || Double.isInfinite(value)) {
            throw new BadUseException(Kind.BAD_VALUE, "a value must be a number, not " + value);
        }
        return withValue(BigDecimal.valueOf(value));
    }

    /**
     * A value in millionths.
     *
     * @throws BadUseException when it has more than six decimals, or is too large
     */
    public static long microUnits(BigDecimal value) {
        BigDecimal plain = value.stripTrailingZeros();
        if (plain.scale() > 6) {
            throw new BadUseException(Kind.BAD_VALUE, "a value has at most six decimals, not " + value);
        }
        // Asked before the digits are written out: 1e999999999 has many.
        if (plain.precision() - plain.scale() > 13) {
            throw new BadUseException(Kind.BAD_VALUE, "a value is too large: " + value);
        }
        try {
            return plain.movePointRight(6).longValueExact();
        } catch (ArithmeticException exception) {
            throw new BadUseException(Kind.BAD_VALUE, "a value is too large: " + value);
        }
    }
}
