import SojournInput
import SojournServer
import SojournService

/// Files that people write.
enum FuzzTexts {
    static func configuration(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        do throws(ConfigurationError) {
            // What names files is not opened.
            _ = try ServerSettings(yaml: text, file: "sojourn.yaml")
        } catch { precondition(!error.reason.isEmpty) }
        do throws(ConfigurationError) {
            _ = try RouterSettings(yaml: text, file: "sojourn.yaml")
        } catch { precondition(!error.reason.isEmpty) }
        do throws(ConfigurationError) {
            let clients = try ClientsFile.parse(text, file: "clients.yaml")
            precondition(clients.names.count <= clients.count)
        } catch { precondition(!error.reason.isEmpty) }
    }

    /// What is read in small pieces is what is read in one.
    static func events(_ bytes: [UInt8], _ format: InputFormat) {
        let whole = read(bytes, format, chunkBytes: 1 << 16)
        let pieces = read(bytes, format, chunkBytes: 7)
        precondition(whole == pieces, "the size of the pieces shows")
    }

    private static func read(
        _ bytes: [UInt8], _ format: InputFormat, chunkBytes: Int
    ) -> [InputRecord] {
        var records: [InputRecord] = []
        do throws(InputError) {
            var reader = try EventReader(
                bytes: bytes, format: format,
                limits: ReaderLimits(recordBytesMax: 4_096, chunkBytes: chunkBytes))
            while let record = try reader.next() {
                if case .bad(let line) = record { precondition(!"\(line)".isEmpty) }
                records.append(record)
            }
        } catch { precondition(!"\(error)".isEmpty) }
        return records
    }
}
