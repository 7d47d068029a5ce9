// The header is good C++, and its functions are found by the linker.
#include "sojourn.h"

int main() {
    sojourn_batch *batch = sojourn_batch_new();
    sojourn_event event = sojourn_event();
    event.time = 1749988800000;
    event.kind = SOJOURN_VIEW;
    event.visitor = sojourn_string("anna");
    bool is_good = sojourn_batch_add(batch, &event, nullptr) == SOJOURN_OK
        && sojourn_batch_count(batch) == 1;
    sojourn_batch_free(batch);
    return is_good ? 0 : 1;
}
