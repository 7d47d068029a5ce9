// The calls of the NATS client that Swift cannot make well by itself: those that take structures of borrowed
// strings. Each sets its options on purpose, in one place.
#ifndef SOJOURN_CNATS_H
#define SOJOURN_CNATS_H

#include <nats/nats.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

// An error that nobody waits for shows in what was waited for: the default would print it.
static inline void sojourn_nats_ignore(
    natsConnection *connection, natsSubscription *subscription, natsStatus status, void *closure) {}

// Connects, and stays connected as well as it can for ever.
static inline natsStatus sojourn_nats_connect(
    natsConnection **connection, const char **urls, int count, const char *name,
    natsConnectionHandler disconnected, natsConnectionHandler reconnected, void *closure) {
    natsOptions *options = NULL;
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK) status = natsOptions_SetServers(options, urls, count);
    if (status == NATS_OK) status = natsOptions_SetName(options, name);
    if (status == NATS_OK) status = natsOptions_SetTimeout(options, 2000);
    if (status == NATS_OK) status = natsOptions_SetMaxReconnect(options, -1);
    if (status == NATS_OK) status = natsOptions_SetReconnectWait(options, 100);
    if (status == NATS_OK) status = natsOptions_SetReconnectJitter(options, 100, 100);
    // A server that stands still is left after four seconds.
    if (status == NATS_OK) status = natsOptions_SetPingInterval(options, 2000);
    if (status == NATS_OK) status = natsOptions_SetMaxPingsOut(options, 1);
    if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, sojourn_nats_ignore, NULL);
    if (status == NATS_OK) status = natsOptions_SetDisconnectedCB(options, disconnected, closure);
    if (status == NATS_OK) status = natsOptions_SetReconnectedCB(options, reconnected, closure);
    if (status == NATS_OK) status = natsConnection_Connect(connection, options);
    natsOptions_Destroy(options);
    return status;
}

// Makes a stream, or finds that there is one of that name. A limit of -1 is none.
static inline natsStatus sojourn_nats_add_stream(
    jsCtx *context, const char *name, const char **subjects, int count, int64_t replicas,
    int64_t messages, int64_t messages_per_subject, int64_t duplicates, int64_t wait,
    jsErrCode *code) {
    jsStreamConfig config;
    natsStatus status = jsStreamConfig_Init(&config);
    config.Name = name;
    config.Subjects = subjects;
    config.SubjectsLen = count;
    config.Replicas = replicas;
    config.Storage = js_FileStorage;
    // Beyond its limits it drops the first messages, at an append and on all replicas alike. Nothing else drops
    // any: a purge that nats-server before 2.9.21 replays after a kill takes more than it was to.
    config.MaxMsgs = messages;
    config.MaxMsgsPerSubject = messages_per_subject;
    config.Discard = js_DiscardOld;
    config.DenyDelete = true;
    config.DenyPurge = true;
    config.AllowDirect = false;
    config.Duplicates = duplicates;
    jsOptions options;
    if (status == NATS_OK) status = jsOptions_Init(&options);
    options.Wait = wait;
    if (status == NATS_OK) status = js_AddStream(NULL, context, &config, &options, code);
    return status;
}

static inline natsStatus sojourn_nats_message(
    natsMsg **message, const char *subject, const void *bytes, int count, const char *stream,
    const char *id, const char *expected) {
    natsStatus status = natsMsg_Create(message, subject, NULL, (const char *)bytes, count);
    if (status == NATS_OK) status = natsMsgHeader_Set(*message, "Nats-Expected-Stream", stream);
    if (status == NATS_OK && id != NULL) status = natsMsgHeader_Set(*message, "Nats-Msg-Id", id);
    // Set here, for the client leaves out an expected sequence of 0, and the first append unfenced.
    if (status == NATS_OK && expected != NULL)
        status = natsMsgHeader_Set(*message, "Nats-Expected-Last-Sequence", expected);
    return status;
}

// Appends a message and waits. `expected` is a decimal number, or NULL for an append that is not fenced.
static inline natsStatus sojourn_nats_append(
    jsCtx *context, const char *subject, const void *bytes, int count, const char *stream,
    const char *id, const char *expected, int64_t wait, uint64_t *sequence, bool *duplicate,
    jsErrCode *code) {
    natsMsg *message = NULL;
    natsStatus status =
        sojourn_nats_message(&message, subject, bytes, count, stream, id, expected);
    jsPubOptions options;
    if (status == NATS_OK) status = jsPubOptions_Init(&options);
    options.MaxWait = wait;
    jsPubAck *ack = NULL;
    if (status == NATS_OK) status = js_PublishMsg(&ack, context, message, &options, code);
    if (status == NATS_OK && ack != NULL) {
        *sequence = ack->Sequence;
        *duplicate = ack->Duplicate;
    }
    jsPubAck_Destroy(ack);
    natsMsg_Destroy(message);
    return status;
}

// Appends a message and goes on: the context's handler hears what came of it.
static inline natsStatus sojourn_nats_append_async(
    jsCtx *context, const char *subject, const void *bytes, int count, const char *stream,
    const char *id, const char *expected, int64_t wait) {
    natsMsg *message = NULL;
    natsStatus status =
        sojourn_nats_message(&message, subject, bytes, count, stream, id, expected);
    jsPubOptions options;
    if (status == NATS_OK) status = jsPubOptions_Init(&options);
    options.MaxWait = wait;
    if (status == NATS_OK) status = js_PublishMsgAsync(context, &message, &options);
    natsMsg_Destroy(message);
    return status;
}

// A context of JetStream. The handler may be NULL.
static inline natsStatus sojourn_nats_context(
    jsCtx **context, natsConnection *connection, jsPubAckHandler handler, void *closure) {
    jsOptions options;
    natsStatus status = jsOptions_Init(&options);
    options.Wait = 3000;
    options.PublishAsync.MaxPending = 8192;
    options.PublishAsync.AckHandler = handler;
    options.PublishAsync.AckHandlerClosure = closure;
    if (status == NATS_OK) status = natsConnection_JetStream(context, connection, &options);
    return status;
}

typedef struct sojourn_nats_state {
    uint64_t first;
    uint64_t last;
    int64_t replicas;
    // Followers that are up to date; the leader is not among them.
    int current;
} sojourn_nats_state;

static inline natsStatus sojourn_nats_stream_state(
    jsCtx *context, const char *stream, int64_t wait, sojourn_nats_state *state, jsErrCode *code) {
    jsOptions options;
    natsStatus status = jsOptions_Init(&options);
    options.Wait = wait;
    jsStreamInfo *info = NULL;
    if (status == NATS_OK) status = js_GetStreamInfo(&info, context, stream, &options, code);
    if (status == NATS_OK) {
        state->first = info->State.FirstSeq;
        state->last = info->State.LastSeq;
        state->replicas = info->Config->Replicas;
        state->current = 0;
        // One server that is alone tells nothing of a cluster.
        for (int row = 0; info->Cluster != NULL && row < info->Cluster->ReplicasLen; row++)
            if (info->Cluster->Replicas[row]->Current) state->current += 1;
    }
    jsStreamInfo_Destroy(info);
    return status;
}

// Reads a stream in order from a sequence on.
static inline natsStatus sojourn_nats_read(
    natsSubscription **subscription, jsCtx *context, const char *stream, const char *subject,
    uint64_t first, jsErrCode *code) {
    jsSubOptions options;
    natsStatus status = jsSubOptions_Init(&options);
    options.Stream = stream;
    options.Ordered = true;
    options.Config.DeliverPolicy = js_DeliverByStartSequence;
    options.Config.OptStartSeq = first;
    if (status == NATS_OK)
        status = js_SubscribeSync(subscription, context, subject, NULL, &options, code);
    return status;
}

static inline natsStatus sojourn_nats_sequence(natsMsg *message, uint64_t *sequence) {
    jsMsgMetaData *data = NULL;
    natsStatus status = natsMsg_GetMetaData(&data, message);
    if (status == NATS_OK) *sequence = data->Sequence.Stream;
    jsMsgMetaData_Destroy(data);
    return status;
}

#endif
