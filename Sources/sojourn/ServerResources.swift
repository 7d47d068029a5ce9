import CSystem
import Glibc

/// What a process asks of the system before it serves.
enum ServerResources {
    /// Free memory that is kept for the next messages. Given back each time and asked for again, it would be
    /// cleared by the system for each: a tenth of a router's time.
    private static let keptBytes: Int32 = 16 << 20
    /// Asked for at a time.
    private static let growthBytes: Int32 = 1 << 20
    /// What is larger has pages of its own, and is given back at once.
    private static let ownPagesBytes: Int32 = 4 << 20

    /// Asks for what a server may have; what is refused stays as it is, which does no harm.
    static func claim() {
        raiseDescriptorLimit()
        sojourn_keep_freed_memory(keptBytes, growthBytes, ownPagesBytes)
    }

    /// A connection takes a descriptor, and the system's usual limit of 1,024 is from times before it.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        // Filled in before it is read.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return
        }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
