#define _GNU_SOURCE
#include "CJournal.h"

#include <errno.h>
#include <fcntl.h>

// Not `posix_fallocate`: where a file system can't, that one writes a byte into every block instead.
int sojourn_preallocate(int file, off_t count) {
    while (fallocate(file, 0, 0, count) != 0) {
        if (errno == ENOSYS) return EOPNOTSUPP;
        if (errno != EINTR) return errno;
    }
    return 0;
}

int sojourn_set_direct(int file, int is_direct) {
    int flags = fcntl(file, F_GETFL);
    if (flags < 0) return errno;
    flags = is_direct ? flags | O_DIRECT : flags & ~O_DIRECT;
    return fcntl(file, F_SETFL, flags) == 0 ? 0 : errno;
}
