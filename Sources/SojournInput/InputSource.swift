#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where bytes come from: an open file, or an array in tests.
struct InputSource: ~Copyable {
    private enum Origin {
        case descriptor(Int32, isOwned: Bool)
        case memory([UInt8], next: Int)
    }

    /// How messages call it.
    let name: String
    /// Bytes in all, where that is known beforehand: a regular file's size.
    let totalBytes: Int?
    private var origin: Origin

    /// Opens a file for reading; `-` is standard input.
    init(path: String) throws(InputError) {
        if path == "-" {
            name = "standard input"
            origin = .descriptor(STDIN_FILENO, isOwned: false)
            totalBytes = SystemCall.regularFileSize(STDIN_FILENO)
            return
        }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 {
            throw .system(operation: "open", path: path, reason: SystemCall.reason(errno))
        }
        name = path
        origin = .descriptor(descriptor, isOwned: true)
        totalBytes = SystemCall.regularFileSize(descriptor)
    }

    init(bytes: [UInt8], name: String) {
        self.name = name
        origin = .memory(bytes, next: 0)
        totalBytes = bytes.count
    }

    deinit {
        if case .descriptor(let descriptor, isOwned: true) = origin { _ = close(descriptor) }
    }

    /// Reads up to `count` bytes to a place in `buffer` and returns how many; zero at the end.
    mutating func read(
        _ count: Int, into buffer: inout [UInt8], at offset: Int
    ) throws(InputError) -> Int {
        precondition(offset >= 0)
        precondition(count >= 0)
        precondition(offset + count <= buffer.count)
        switch origin {
        case .descriptor(let descriptor, _):
            while true {
                let got = unsafe buffer.withUnsafeMutableBytes { bytes in
                    // The preconditions hold the region inside the buffer.
                    #if canImport(Darwin)
                        unsafe Darwin.read(descriptor, bytes.baseAddress! + offset, count)
                    #elseif canImport(Musl)
                        unsafe Musl.read(descriptor, bytes.baseAddress! + offset, count)
                    #else
                        unsafe Glibc.read(descriptor, bytes.baseAddress! + offset, count)
                    #endif
                }
                if got >= 0 { return got }
                let code = errno
                if code == EINTR { continue }
                throw .system(operation: "read", path: name, reason: SystemCall.reason(code))
            }
        case .memory(let bytes, let next):
            let got = min(count, bytes.count - next)
            for index in 0..<got { buffer[offset + index] = bytes[next + index] }
            origin = .memory(bytes, next: next + got)
            return got
        }
    }
}

/// What is common to reading and writing files.
enum SystemCall {
    /// An error number in words.
    static func reason(_ code: Int32) -> String {
        // strerror's text lives until the next call on this thread; it is copied at once.
        unsafe String(cString: strerror(code))
    }

    /// The size of a regular file, or nil for pipes, terminals and the like.
    static func regularFileSize(_ descriptor: Int32) -> Int? {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int(status.st_size)
    }
}
