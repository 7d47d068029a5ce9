/*
 * Measures how many events a second go through a client: `bench ENDPOINT SECONDS`.
 *
 * Batches of 1,000 views of a shop, each built anew from its events, as many in flight as the
 * server allows.
 */
#define _POSIX_C_SOURCE 200809L
#include "sojourn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { EVENTS = 1000, VISITS = 4, VISITORS = 100000, PAGES = 200, KEY_BYTES = 16 };

struct shop {
    uint8_t keys[VISITORS][KEY_BYTES];
    char pages[PAGES][64];
    uint64_t random;
};

/* SplitMix64. */
static uint64_t next_random(struct shop *shop) {
    uint64_t bits = shop->random += 0x9E3779B97F4A7C15u;
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9u;
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EBu;
    return bits ^ bits >> 31;
}

static struct shop *open_shop(void) {
    static const char *sections[] = {"women/shoes", "men/jackets", "kitchen", "garden/tools"};
    struct shop *shop = calloc(1, sizeof *shop);
    if (shop == NULL) exit(71);
    /* The same visitors in every run. */
    for (int i = 0; i < VISITORS; i++)
        for (int k = 0; k < KEY_BYTES; k++) shop->keys[i][k] = (uint8_t)next_random(shop);
    for (int i = 0; i < PAGES; i++)
        snprintf(
            shop->pages[i], sizeof shop->pages[i], "/shop/%s/product-%u-%.*s", sections[i % 4],
            (unsigned)i, i % 25, "with-a-rather-long-name-here");
    return shop;
}

static double seconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const sojourn_error *error) {
    fprintf(stderr, "%s: %s\n", sojourn_result_name(error->result), error->message);
    exit(69);
}

static void fill(sojourn_batch *batch, struct shop *shop) {
    sojourn_event event = {0};
    sojourn_error error;
    event.kind = SOJOURN_VIEW;
    sojourn_batch_clear(batch);
    for (int i = 0; i < EVENTS; i++) {
        if (i % VISITS == 0) {
            event.visitor.data = shop->keys[next_random(shop) % VISITORS];
            event.visitor.size = KEY_BYTES;
            event.time = (int64_t)(seconds(CLOCK_REALTIME) * 1000);
        }
        event.name = sojourn_string(shop->pages[next_random(shop) % PAGES]);
        if (sojourn_batch_add(batch, &event, &error) != SOJOURN_OK) fail(&error);
    }
}

/* Reads the whole answer, as a caller would; returns how many events it is about. */
static size_t collect(sojourn_client *client, uint64_t *checksum) {
    sojourn_answer *answer = NULL;
    sojourn_assignment assignment;
    sojourn_error error;
    size_t events = 0;
    if (sojourn_collect(client, -1, NULL, &answer, &error) != SOJOURN_OK) fail(&error);
    for (; sojourn_answer_get(answer, events, &assignment); events++)
        *checksum += assignment.position + assignment.session.id.bytes[15];
    sojourn_answer_free(answer);
    return events;
}

int main(int count, char **arguments) {
    if (count != 3) {
        fprintf(stderr, "usage: bench ENDPOINT SECONDS\n");
        return 64;
    }
    struct shop *shop = open_shop();
    sojourn_client *client = NULL;
    sojourn_error error;
    if (sojourn_connect(&client, arguments[1], NULL, &error) != SOJOURN_OK) fail(&error);
    sojourn_batch *batch = sojourn_batch_new();
    size_t credit = sojourn_credit(client);
    uint64_t events = 0, checksum = 0;
    double begin = seconds(CLOCK_MONOTONIC), end = begin + atof(arguments[2]);
    while (seconds(CLOCK_MONOTONIC) < end) {
        while (sojourn_under_way(client) < credit) {
            fill(batch, shop);
            if (sojourn_submit(client, 1, batch, NULL, &error) != SOJOURN_OK) fail(&error);
        }
        events += collect(client, &checksum);
    }
    while (sojourn_under_way(client) > 0) events += collect(client, &checksum);
    printf("events_per_second %.0f\n", (double)events / (seconds(CLOCK_MONOTONIC) - begin));
    double processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
    fprintf(
        stderr, "%.0f ns of processor time an event (checksum %" PRIu64 ")\n",
        processor / (double)events * 1e9, checksum);
    sojourn_batch_free(batch);
    sojourn_free(client);
    free(shop);
    return 0;
}
