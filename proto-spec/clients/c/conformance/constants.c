/*
 * Prints the client's constants, `GROUP NAME NUMBER` a line, by the names of constants.json. It
 * includes the client's source to see those that are not public.
 */
#include "../sojourn.c"

#include <inttypes.h>

static void print(const char *group, const char *name, int64_t number) {
    if (name != NULL) printf("%s %s %" PRId64 "\n", group, name, number);
}

int main(void) {
    print("operations", "HELLO", HELLO);
    print("operations", "ASSIGN", ASSIGN);
    print("operations", "LOOKUP", LOOKUP);
    print("operations", "STATUS", STATUS);
    print("operations", "ERROR", ERROR);

    static const char *const kinds[] = {"view", "action", "conversion", "heartbeat", "start", "end"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        print("eventKinds", kinds[i], sojourn_kind_code(kinds[i]));
    for (int code = 0; code <= UINT8_MAX; code++) {
        print("outcomes", sojourn_outcome_name((uint8_t)code), code);
        print("boundaries", sojourn_boundary_name((uint8_t)code), code);
        print("revisionCauses", sojourn_cause_name((uint8_t)code), code);
        if (strcmp(sojourn_code_name((uint16_t)code), "unknown") != 0)
            print("errors", sojourn_code_name((uint16_t)code), code);
    }

    print("contextAttributes", "device", SOJOURN_DEVICE);
    print("contextAttributes", "channel", SOJOURN_CHANNEL);
    print("contextAttributes", "country", SOJOURN_COUNTRY);
    print("contextAttributes", "region", SOJOURN_REGION);
    print("contextAttributes", "referrer", SOJOURN_REFERRER);
    print("contextAttributes", "campaignSource", SOJOURN_CAMPAIGN_SOURCE);
    print("contextAttributes", "campaignMedium", SOJOURN_CAMPAIGN_MEDIUM);
    print("contextAttributes", "campaignName", SOJOURN_CAMPAIGN_NAME);

    print("sessionState", "late", SOJOURN_FLAG_LATE);
    print("sessionState", "merged", SOJOURN_FLAG_MERGED);
    print("sessionState", "automated", SOJOURN_FLAG_AUTOMATED);
    print("sessionState", "ended", SOJOURN_FLAG_ENDED);
    print("sessionState", "engaged", SOJOURN_FLAG_ENGAGED);

    print("columns", "time", COLUMN_TIME);
    print("columns", "kind", COLUMN_KIND);
    print("columns", "visitor", COLUMN_VISITOR);
    print("columns", "visitorKeys", COLUMN_VISITOR_KEYS);
    print("columns", "name", COLUMN_NAME);
    print("columns", "texts", COLUMN_TEXTS);
    print("columns", "textPrefixes", COLUMN_TEXT_PREFIXES);
    print("columns", "context", COLUMN_CONTEXT);
    print("columns", "contexts", COLUMN_CONTEXTS);
    print("columns", "value", COLUMN_VALUE);
    print("columns", "eventID", COLUMN_EVENT_ID);

    print("limits", "messageBytesMax", MESSAGE_BYTES_MAX);
    print("limits", "batchEventsMax", EVENTS_MAX);
    print("limits", "batchTextsMax", ENTRIES_MAX);
    print("limits", "batchContextsMax", ENTRIES_MAX);
    print("limits", "visitorKeyBytesMax", KEY_BYTES_MAX);
    print("limits", "textBytesMax", TEXT_BYTES_MAX);
    print("limits", "batchTextBytesMax", TEXTS_BYTES_MAX);
    print("limits", "columnsMax", COLUMNS_MAX);
    print("limits", "clientNameBytesMax", NAME_BYTES_MAX);
    print("limits", "creditMax", CREDIT_MAX);
    print("limits", "eventTimeEnd", EVENT_TIME_END);
    print("limits", "valueScaleMax", SCALE_MAX);
    return 0;
}
