#include "CSystem.h"

#include <malloc.h>

void sojourn_keep_freed_memory(int kept_bytes, int growth_bytes, int own_pages_bytes) {
    mallopt(M_TRIM_THRESHOLD, kept_bytes);
    mallopt(M_TOP_PAD, growth_bytes);
    mallopt(M_MMAP_THRESHOLD, own_pages_bytes);
}
