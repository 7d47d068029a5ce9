package import SojournModel

extension SnapshotDraft {
    /// The snapshot's bytes, for a log that keeps snapshots in messages: a copy of all that the draft refers to.
    package borrowing func image(deployment: DeploymentID) -> [UInt8] {
        let image = SnapshotImage()
        do throws(StorageError) { try write(to: image, deployment: deployment) } catch {
            preconditionFailure("memory refused to be written")
        }
        return image.bytes
    }
}

extension Snapshot {
    /// A snapshot that lies in memory; nil when it is damaged, or another one than was asked for.
    package static func read(
        _ bytes: RawSpan, deployment: DeploymentID, position: JournalPosition
    ) -> Snapshot? {
        guard let contents = FileContents(copying: bytes) else { return nil }
        do throws(FileHeader.Fault) {
            return try Snapshot(contents, deployment: deployment, position: position)
        } catch { return nil }
    }
}

/// A file of which nothing is kept but its bytes.
private final class SnapshotImage: StorageFile {
    private(set) var bytes: [UInt8] = []

    func write(_ new: RawSpan, at offset: Int) {
        if offset > bytes.count {
            bytes.append(contentsOf: repeatElement(0, count: offset - bytes.count))
        }
        let overlap = min(new.byteCount, bytes.count - offset)
        // What is there was written from `offset` on; the rest is behind it. Lent for the closures, which copy.
        unsafe new.withUnsafeBytes { source in
            let (old, rest) = unsafe (source.prefix(overlap), source.dropFirst(overlap))
            unsafe bytes.withUnsafeMutableBytes { target in
                unsafe UnsafeMutableRawBufferPointer(
                    rebasing: target[offset..<offset + overlap]
                ).copyMemory(from: UnsafeRawBufferPointer(rebasing: old))
            }
            unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest))
        }
    }

    func beginAppending(at offset: Int) {}
    func sync() {}
    func truncate(to byteCount: Int) { bytes.removeLast(max(0, bytes.count - byteCount)) }
}
