package io.sojourn.conformance;

import com.google.gson.JsonObject;
import io.sojourn.wire.FormatException;
import io.sojourn.wire.Header;
import io.sojourn.wire.Limits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** Runs all golden messages; exits with 1 when one fails. */
public final class Vectors {
    private int encoded;
    private int decoded;
    private int refused;
    private int ownChoices;
    private int batches;
    private boolean hasFailed;

    private Vectors() {}

    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 1) {
            System.err.println("usage: vectors DIR");
            System.exit(64);
        }
        List<Vector> valid = Vector.readAll(Path.of(arguments[0], "valid"));
        List<Vector> invalid = Vector.readAll(Path.of(arguments[0], "invalid"));
        Vectors run = new Vectors();
        for (Vector vector : valid) {
            run.attempt(vector, run::encode);
            run.attempt(vector, run::decode);
        }
        for (Vector vector : invalid) run.attempt(vector, run::refuse);
        System.err.printf(
            "%d of %d batches have the bytes that Batch writes by itself%n", run.ownChoices, run.batches);
        System.out.printf(
            "RESULT valid-encoded %d/%d valid-decoded %d/%d invalid-refused %d/%d%n", run.encoded,
            valid.size(), run.decoded, valid.size(), run.refused, invalid.size());
        System.exit(run.hasFailed ? 1 : 0);
    }

    private interface Check {
        /** What is wrong, or null. */
        String failure(Vector vector) throws FormatException;
    }

    private void attempt(Vector vector, Check check) {
        String failure;
        try {
            failure = check.failure(vector);
        } catch (FormatException | RuntimeException exception) {
            failure = exception.toString();
        }
        if (failure == null) return;
        hasFailed = true;
        System.out.println("FAIL " + vector.name() + ": " + failure);
    }

    private String encode(Vector vector) throws FormatException {
        Header header = vector.readHeader();
        byte[] frame = vector.isReply() ? ReplyEncoder.encode(header, vector.body())
            : RequestEncoder.encode(header, vector.body());
        int difference = Arrays.mismatch(frame, vector.frame());
        if (difference >= 0) return "the bytes differ at " + difference;
        if (vector.body().has("events") && !vector.isReply()) {
            String failure = encodeOwn(vector, header);
            if (failure != null) return failure;
        }
        encoded++;
        return null;
    }

    /** The client's own choices: the same content, and the same bytes where the choices are the same. */
    private String encodeOwn(Vector vector, Header header) throws FormatException {
        batches++;
        byte[] frame = RequestEncoder.batch(vector.body()).encode(header);
        JsonObject body = decodeBody(vector, frame);
        JsonObject wanted = vector.body();
        if (!body.get("events").equals(wanted.get("events"))) return "the batch has another content";
        boolean isSameChoice = body.get("encoding").equals(wanted.get("encoding"))
            && body.get("base_time").equals(wanted.get("base_time"));
        if (!isSameChoice) return null;
        ownChoices++;
        return Arrays.equals(frame, vector.frame()) ? null : "the batch has other bytes";
    }

    private String decode(Vector vector) throws FormatException {
        Header header = readHeader(vector, vector.frame());
        JsonObject described = Vector.describe(header);
        if (!described.equals(vector.header())) return "the header is read as " + described;
        JsonObject body = decodeBody(vector, vector.frame());
        if (!body.equals(vector.body())) {
            String text = body.toString();
            return "the body is read as " + text.substring(0, Math.min(2_000, text.length()));
        }
        decoded++;
        return null;
    }

    private static Header readHeader(Vector vector, byte[] frame) throws FormatException {
        return vector.isReply() ? Header.readReply(frame)
            : Header.read(frame, false, Limits.MESSAGE_BYTES_MAX);
    }

    private static JsonObject decodeBody(Vector vector, byte[] frame) throws FormatException {
        Header header = readHeader(vector, frame);
        return vector.isReply() ? ReplyDecoder.decode(header, frame) : RequestDecoder.decode(header, frame);
    }

    private String refuse(Vector vector) {
        try {
            decodeBody(vector, vector.frame());
            return "it was taken";
        } catch (FormatException exception) {
            Long offset = exception.offset() == FormatException.NO_OFFSET ? null : exception.offset();
            boolean isRight = exception.code().name().equals(vector.error())
                && Objects.equals(offset, vector.offset());
            if (!isRight) {
                return "refused with " + exception.getMessage() + ", not " + vector.error() + " at "
                    + vector.offset();
            }
        }
        refused++;
        return null;
    }
}
