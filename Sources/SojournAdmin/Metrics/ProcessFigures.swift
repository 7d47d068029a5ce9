import Glibc

/// What the system knows of this process, under the names that all exporters use.
struct ProcessFigures: Equatable {
    var processorSeconds: Double
    var residentBytes: Int
    var openFiles: Int

    /// nil where the system does not tell.
    static var current: ProcessFigures? {
        var usage = rusage()
        // Safe: filled in when the call says so.
        guard unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0,
            let pages = residentPages()
        else {
            return nil
        }
        func seconds(_ time: timeval) -> Double {
            Double(time.tv_sec) + Double(time.tv_usec) / 1e6
        }
        return ProcessFigures(
            processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            residentBytes: pages * Int(sysconf(Int32(_SC_PAGESIZE))),
            openFiles: openFileCount())
    }

    var families: [MetricFamily] {
        [
            MetricFamily(
                name: "process_cpu_seconds_total", kind: .counter,
                help: "Processor time of all threads.",
                samples: [.init(value: processorSeconds)]),
            MetricFamily(
                name: "process_resident_memory_bytes", kind: .gauge,
                help: "Memory that the process holds.",
                samples: [.init(value: Double(residentBytes))]),
            MetricFamily(
                name: "process_open_fds", kind: .gauge, help: "Open files and sockets.",
                samples: [.init(value: Double(openFiles))]),
        ]
    }

    /// The second number of /proc/self/statm.
    private static func residentPages() -> Int? {
        // Safe: the path is a constant that ends in a zero.
        let file = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 128)
        // Safe: reads at most what the array holds.
        let count = unsafe read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]) : nil
    }

    private static func openFileCount() -> Int {
        // Safe: a folder that is there is read and closed again.
        guard let folder = unsafe opendir("/proc/self/fd") else { return 0 }
        var count = 0
        while unsafe (readdir(folder) != nil) { count += 1 }
        _ = unsafe closedir(folder)
        // Without ".", ".." and the folder itself.
        return max(0, count - 3)
    }
}
