package io.sojourn.client;

import io.sojourn.model.AssignedSession;
import io.sojourn.model.Assignment;
import io.sojourn.model.Revision;
import io.sojourn.wire.AssignReply;
import io.sojourn.wire.Header;
import java.util.AbstractList;
import java.util.List;
import java.util.OptionalLong;
import java.util.RandomAccess;

/** The answer to a batch: one assignment for each event, in the order of the events, and corrections. */
public final class Assignments extends AbstractList<Assignment> implements RandomAccess {
    private final AssignReply reply;
    private final long producer;
    private final long sequence;

    Assignments(Header header, AssignReply reply) {
        this.reply = reply;
        producer = header.producer();
        sequence = header.sequence();
    }

    @Override
    public Assignment get(int event) {
        return reply.assignment(event);
    }

    @Override
    public int size() {
        return reply.size();
    }

    /** Sessions that the batch touched, as they stood after the whole batch. */
    public List<AssignedSession> sessions() {
        return reply.sessions();
    }

    /** The row of an event's session in {@link #sessions}; -1 when it joined none. */
    public int sessionRow(int event) {
        return reply.sessionRow(event);
    }

    /** Corrections of earlier answers; who stored those applies them. */
    public List<Revision> revisions() {
        return reply.revisions();
    }

    /** The property's clock when the batch was admitted; nothing before its first event. */
    public OptionalLong clockMilliseconds() {
        return reply.clock() == AssignReply.NO_CLOCK ? OptionalLong.empty() : OptionalLong.of(reply.clock());
    }

    /** Who numbered the batch. */
    public long producer() {
        return producer;
    }

    /** The number of the batch; the next one has the next. */
    public long sequence() {
        return sequence;
    }
}
