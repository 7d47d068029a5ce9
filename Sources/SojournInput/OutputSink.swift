#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where output goes: a file or standard output, written in large pieces, or memory.
///
/// When the reader of a pipe has gone (`sojourn assign ... | head`), that is no error: the sink
/// closes, and takes and drops whatever follows. For that the process must not die of `SIGPIPE`;
/// see `ignoreBrokenPipes`.
package struct OutputSink: ~Copyable {
    private enum Target {
        case descriptor(Int32, isOwned: Bool)
        case memory
    }

    /// Bytes that are gathered before they are written.
    private static let flushBytes = 256 << 10

    /// How messages call it.
    package let name: String
    /// False once the reader at the other end has gone: there is no use in producing more.
    package private(set) var isOpen = true

    private let target: Target
    private var buffer: [UInt8] = []

    /// Creates or empties a file; `-` is standard output.
    package init(path: String) throws(InputError) {
        if path == "-" {
            self.init(.descriptor(STDOUT_FILENO, isOwned: false), name: "standard output")
            return
        }
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        if descriptor < 0 {
            throw .system(operation: "create", path: path, reason: SystemCall.reason(errno))
        }
        self.init(.descriptor(descriptor, isOwned: true), name: path)
    }

    /// Writes to an open descriptor, which stays the caller's.
    package init(descriptor: Int32, name: String) {
        self.init(.descriptor(descriptor, isOwned: false), name: name)
    }

    private init(_ target: Target, name: String) {
        self.target = target
        self.name = name
    }

    /// Keeps everything, for `written`.
    package static func memory() -> OutputSink { OutputSink(.memory, name: "memory") }

    deinit {
        if case .descriptor(let descriptor, isOwned: true) = target { _ = close(descriptor) }
    }

    /// Lets a write to a pipe without a reader fail instead of ending the process. A command calls
    /// it once, when it starts.
    package static func ignoreBrokenPipes() {
        _ = signal(SIGPIPE, SIG_IGN)
    }

    /// What memory holds; of a file, what has not been written yet.
    package var written: [UInt8] { buffer }

    /// Adds what `body` appends, and writes when enough has come together.
    package mutating func append(_ body: (inout [UInt8]) -> Void) throws(InputError) {
        guard isOpen else { return }
        body(&buffer)
        if buffer.count >= Self.flushBytes { try flush() }
    }

    /// Writes what has been gathered. Whoever is done with a sink calls it: closing alone has no
    /// way to say that the disk is full.
    package mutating func flush() throws(InputError) {
        guard case .descriptor(let descriptor, _) = target else { return }
        var done = 0
        while done < buffer.count, isOpen {
            let wrote = Self.write(buffer.span.extracting(done..<buffer.count), to: descriptor)
            if wrote >= 0 {
                done += wrote
                continue
            }
            switch errno {
            case EINTR: continue
            case EPIPE: isOpen = false
            case let code:
                // What was written must not be written again by a later call.
                buffer.removeFirst(done)
                throw .system(operation: "write to", path: name, reason: SystemCall.reason(code))
            }
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func write(_ bytes: Span<UInt8>, to descriptor: Int32) -> Int {
        unsafe bytes.withUnsafeBytes { region in
            // The region is the span's own.
            #if canImport(Darwin)
                unsafe Darwin.write(descriptor, region.baseAddress, region.count)
            #elseif canImport(Musl)
                unsafe Musl.write(descriptor, region.baseAddress, region.count)
            #else
                unsafe Glibc.write(descriptor, region.baseAddress, region.count)
            #endif
        }
    }
}
