// Tells the thread sanitizer of the slow half of Swift's Mutex.
//
// The fast half of a lock and of an unlock is inlined into our code, where the sanitizer sees its atomics. The slow
// half, for a lock that somebody else holds, is in a library that the sanitizer did not compile: the kernel
// hands the lock over, and every access under it looks like a race. These stand before that library's
// functions, call them, and say what was acquired and released: the word of the lock, as the fast half does.
//
// Scripts/sanitize preloads it. Where there is no sanitizer it does nothing.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

extern void __tsan_acquire(void *word) __attribute__((weak));
extern void __tsan_release(void *word) __attribute__((weak));

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

// Synchronization._MutexHandle, as Swift mangles its methods.
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void lockSlow(uint32_t thread, SELF word) __asm__(LOCK);
SWIFT bool tryLockSlow(SELF word) __asm__(TRY_LOCK);
SWIFT void unlockSlow(SELF word) __asm__(UNLOCK);

SWIFT void lockSlow(uint32_t thread, SELF word) {
    ((SWIFT void (*)(uint32_t, SELF))dlsym(RTLD_NEXT, LOCK))(thread, word);
    if (__tsan_acquire) __tsan_acquire(word);
}

SWIFT bool tryLockSlow(SELF word) {
    bool isLocked = ((SWIFT bool (*)(SELF))dlsym(RTLD_NEXT, TRY_LOCK))(word);
    if (isLocked && __tsan_acquire) __tsan_acquire(word);
    return isLocked;
}

SWIFT void unlockSlow(SELF word) {
    if (__tsan_release) __tsan_release(word);
    ((SWIFT void (*)(SELF))dlsym(RTLD_NEXT, UNLOCK))(word);
}
