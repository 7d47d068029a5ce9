package io.sojourn.conformance;

import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import io.sojourn.model.AssignedSession;
import io.sojourn.model.Assignment;
import io.sojourn.model.Context;
import io.sojourn.model.KnownSession;
import io.sojourn.model.PathStep;
import io.sojourn.model.Refusal;
import io.sojourn.model.Revision;
import io.sojourn.model.ServerInfo;
import io.sojourn.model.ServerStatus;
import io.sojourn.model.SessionState;
import io.sojourn.wire.AssignReply;
import io.sojourn.wire.Column;
import io.sojourn.wire.Directory;
import io.sojourn.wire.ErrorMessage;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.Header;
import io.sojourn.wire.HelloMessage;
import io.sojourn.wire.LookupMessage;
import io.sojourn.wire.StatusMessage;

/** Reads replies with the client's decoders, and puts what they give into the form of the golden messages. */
final class ReplyDecoder {
    private ReplyDecoder() {}

    static JsonObject decode(Header header, byte[] frame) throws FormatException {
        return switch (header.operation()) {
            case HELLO -> hello(HelloMessage.readReply(frame));
            case ASSIGN -> assign(frame);
            case LOOKUP -> lookup(frame);
            case STATUS -> status(frame);
            case ERROR -> error(ErrorMessage.readReply(frame));
        };
    }

    private static JsonObject hello(ServerInfo info) {
        JsonObject body = new JsonObject();
        body.addProperty("version", info.version());
        body.addProperty("features", Integer.toUnsignedLong(info.features()));
        body.addProperty("deployment", info.deployment());
        body.addProperty("server_time", Long.toString(info.serverTimeMilliseconds()));
        body.addProperty("message_bytes", info.messageBytesMax());
        body.addProperty("batch_events", info.batchEventsMax());
        body.addProperty("visitor_key_bytes", info.visitorKeyBytesMax());
        body.addProperty("text_bytes", info.textBytesMax());
        body.addProperty("batch_texts", info.batchTextsMax());
        body.addProperty("batch_contexts", info.batchContextsMax());
        body.addProperty("credit", info.credit());
        body.addProperty("producer_window", info.producerWindow());
        body.addProperty("partitions", info.partitions());
        body.addProperty("first_partition", info.firstPartition());
        body.addProperty("last_partition", info.lastPartition());
        body.addProperty("name", info.name());
        body.addProperty("server_version", info.serverVersion());
        return body;
    }

    private static JsonObject error(Refusal refusal) {
        JsonObject body = new JsonObject();
        body.addProperty("code", refusal.code().name());
        body.addProperty("retriable", refusal.isRetriable());
        body.addProperty("retry_after", refusal.retryAfterMilliseconds());
        if (refusal.offset() < 0) body.add("offset", JsonNull.INSTANCE);
        else body.addProperty("offset", refusal.offset());
        body.addProperty("lowest_version", refusal.lowestVersion());
        body.addProperty("highest_version", refusal.highestVersion());
        body.addProperty("message", refusal.sentence());
        return body;
    }

    private static JsonObject assign(byte[] frame) throws FormatException {
        AssignReply reply = AssignReply.read(frame);
        JsonArray sessions = new JsonArray();
        for (AssignedSession session : reply.sessions()) {
            JsonObject json = new JsonObject();
            json.addProperty("id", session.id().toString());
            json.addProperty("start", Long.toString(session.startMilliseconds()));
            json.addProperty("ordinal", session.ordinal());
            addState(json, session.state());
            sessions.add(json);
        }
        JsonArray events = new JsonArray();
        for (int event = 0; event < reply.size(); event++) {
            Assignment assignment = reply.assignment(event);
            JsonObject json = new JsonObject();
            if (assignment.session() == null) json.add("session", JsonNull.INSTANCE);
            else json.addProperty("session", reply.sessionRow(event));
            json.addProperty("position", assignment.position());
            json.addProperty("outcome", assignment.outcome().name());
            events.add(json);
        }
        JsonArray revisions = new JsonArray();
        for (Revision revision : reply.revisions()) {
            JsonObject json = new JsonObject();
            json.addProperty("number", Long.toUnsignedString(revision.number()));
            json.addProperty("from", revision.from().toString());
            json.addProperty("into", revision.into().toString());
            json.addProperty("cause", revision.cause().name());
            json.addProperty("partition", revision.partition());
            revisions.add(json);
        }
        JsonObject body = new JsonObject();
        body.addProperty("clock", Long.toString(reply.clock()));
        body.add("sessions", sessions);
        body.add("events", events);
        body.add("revisions", revisions);
        body.add("encoding", Encoding.describe(AssignReply.readDirectory(frame)));
        return body;
    }

    private static void addState(JsonObject json, SessionState state) {
        json.addProperty("boundary", state.boundary().name());
        json.addProperty("late", state.isLate());
        json.addProperty("merged", state.isMerged());
        json.addProperty("automated", state.isAutomated());
        json.addProperty("ended", state.isEnded());
        json.addProperty("engaged", state.isEngaged());
    }

    private static JsonObject lookup(byte[] frame) throws FormatException {
        JsonArray sessions = new JsonArray();
        for (KnownSession session : LookupMessage.readReply(frame)) sessions.add(session(session));
        Directory directory = LookupMessage.readDirectory(frame);
        JsonObject encoding = Encoding.describe(directory);
        if (directory.get(Column.TEXTS) != null) {
            encoding.add("texts", Json.array(Texts.read(directory.get(Column.TEXTS), null).all()));
        }
        JsonObject body = new JsonObject();
        body.addProperty("clock", Long.toString(LookupMessage.readClock(frame)));
        body.add("sessions", sessions);
        body.add("encoding", encoding);
        return body;
    }

    private static JsonObject session(KnownSession session) {
        JsonObject json = new JsonObject();
        json.addProperty("id", session.id().toString());
        json.addProperty("ordinal", session.ordinal());
        json.addProperty("first_event", Long.toString(session.firstEventMilliseconds()));
        json.addProperty("last_event", Long.toString(session.lastEventMilliseconds()));
        json.addProperty("value", Long.toString(session.valueMicroUnits()));
        json.addProperty("engaged", Long.toString(session.engagedMilliseconds()));
        json.addProperty("events", session.events());
        json.addProperty("views", session.views());
        json.addProperty("actions", session.actions());
        json.addProperty("conversions", session.conversions());
        JsonObject state = new JsonObject();
        addState(state, session.state());
        json.add("state", state);
        Json.addOrNull(
            json, "boundary_out", session.boundaryOut() == null ? null : session.boundaryOut().name());
        JsonObject context = new JsonObject();
        for (int cell = 0; cell < Context.TEXTS; cell++) {
            Json.addText(context, RequestDecoder.ATTRIBUTES.get(cell), session.context().text(cell));
        }
        json.add("context", context);
        Json.addText(json, "landing_page", session.landingPage());
        Json.addText(json, "exit_page", session.exitPage());
        JsonArray path = new JsonArray();
        for (PathStep step : session.path()) {
            JsonObject view = new JsonObject();
            view.addProperty("after", step.afterMilliseconds());
            Json.addText(view, "page", step.page());
            path.add(view);
        }
        json.add("path", path);
        json.addProperty("finishes", Long.toString(session.finishesMilliseconds()));
        return json;
    }

    private static JsonObject status(byte[] frame) throws FormatException {
        ServerStatus status = StatusMessage.readReply(frame);
        JsonArray gauges = new JsonArray();
        status.gauges().forEach((name, value) -> {
            JsonObject gauge = new JsonObject();
            gauge.addProperty("name", name);
            gauge.addProperty("value", Long.toString(value));
            gauges.add(gauge);
        });
        JsonObject body = new JsonObject();
        body.addProperty("server_time", Long.toString(status.serverTimeMilliseconds()));
        body.add("gauges", gauges);
        body.add("encoding", Encoding.describe(StatusMessage.readDirectory(frame)));
        return body;
    }
}
