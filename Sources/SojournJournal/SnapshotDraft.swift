internal import CJournal
import Glibc
import SojournModel

/// What a snapshot is to hold: sections of columns, each a list of pieces of memory.
@safe
package struct SnapshotDraft: ~Copyable, StateSink {
    package let position: JournalPosition
    package let partition: UInt16
    private var sections = GrowableBuffer<sojourn_snapshot_section>()
    // Valid until the snapshot is written, as `append` asks.
    private var pieces = unsafe GrowableBuffer<sojourn_snapshot_piece>()
    /// Bytes of the last section.
    private var sectionBytes = 0
    /// Bytes of all sections.
    package private(set) var byteCount = 0
    // Ours until `deinit`.
    private var chunks: [UnsafeMutableRawBufferPointer] = unsafe []
    /// Bytes taken of the last chunk.
    private var chunkUsed = 0

    private static let chunkBytes = 65_536
    private static let gatheringBytes = 262_144

    /// - Parameter position: the last record whose effects the snapshot holds.
    package init(position: JournalPosition, partition: UInt16 = 0) {
        self.position = position
        self.partition = partition
    }

    deinit {
        // Allocated below, and freed nowhere else.
        for index in unsafe chunks.indices { unsafe chunks[index].deallocate() }
    }

    /// Begins a section; what is appended from now on is its content.
    ///
    /// - Parameters:
    ///   - id: larger than that of the section before.
    ///   - elementBytes: size of an element. The content is a whole number of them.
    package mutating func beginSection(_ id: UInt32, elementBytes: Int) {
        precondition(elementBytes > 0 && elementBytes <= Int(UInt32.max))
        precondition(sections.count < Int(UInt32.max))
        checkSection()
        if !sections.isEmpty {
            precondition(
                id > sections[sections.count - 1].id, "sections stand in order of their ids")
        }
        sections.append(
            sojourn_snapshot_section(id: id, element_bytes: UInt32(elementBytes), piece_count: 0))
        sectionBytes = 0
    }

    /// Appends bytes to the section without a copy.
    ///
    /// The bytes must stay where they are until the snapshot is written, or the child that writes
    /// it has been started.
    @unsafe package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(!sections.isEmpty, "a section comes first")
        guard let base = bytes.baseAddress, bytes.count > 0 else { return }
        sectionBytes += bytes.count
        byteCount += bytes.count
        let (section, piece) = unsafe (sections.count - 1, pieces.count - 1)
        // Pieces that touch are one.
        if sections[section].piece_count > 0,
            unsafe pieces[piece].bytes + pieces[piece].count == base
        {
            unsafe pieces[piece].count += bytes.count
            return
        }
        unsafe pieces.append(sojourn_snapshot_piece(bytes: base, count: bytes.count))
        sections[section].piece_count += 1
    }

    /// Appends a copy of bytes to the section.
    package mutating func append(copying bytes: RawSpan) {
        let count = bytes.byteCount
        if count == 0 { return }
        if unsafe chunks.last.map({ $0.count - chunkUsed < count }) ?? true {
            unsafe chunks.append(
                .allocate(byteCount: max(Self.chunkBytes, count), alignment: 16))
            chunkUsed = 0
        }
        // The chunk has that much room by the lines above, and lives as long as the draft.
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: chunks[chunks.count - 1][chunkUsed..<chunkUsed + count])
        unsafe bytes.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
        chunkUsed += count
        unsafe append(UnsafeRawBufferPointer(room))
    }

    private func checkSection() {
        if sections.isEmpty { return }
        let elementBytes = Int(sections[sections.count - 1].element_bytes)
        precondition(sectionBytes % elementBytes == 0, "a section has whole elements")
    }

    /// Lends out all that the writer needs, so that it has to allocate nothing.
    borrowing func withImage<Result>(
        deployment: DeploymentID, _ body: (UnsafePointer<sojourn_snapshot>) -> Result
    ) -> Result {
        checkSection()
        let count = UInt32(sections.count)
        let front = UnsafeMutableRawBufferPointer.allocate(
            byteCount: sojourn_snapshot_front_bytes(count) + Self.gatheringBytes, alignment: 64)
        defer { unsafe front.deallocate() }
        unsafe front.initializeMemory(as: UInt8.self, repeating: 0)
        let base = unsafe front.baseAddress!.assumingMemoryBound(to: UInt8.self)
        // The spans and the buffer outlive the closures, and the buffer has room for both parts.
        return unsafe sections.span.withUnsafeBufferPointer { sections in
            unsafe pieces.span.withUnsafeBufferPointer { pieces in
                var image = unsafe sojourn_snapshot()
                unsafe withUnsafeMutableBytes(of: &image.deployment) { field in
                    unsafe field.storeBytes(of: deployment.bits.high.bigEndian, as: UInt64.self)
                    unsafe field.storeBytes(
                        of: deployment.bits.low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                unsafe image.position = position.rawValue
                unsafe image.partition = partition
                unsafe image.section_count = count
                unsafe image.sections = sections.baseAddress
                unsafe image.pieces = pieces.baseAddress
                unsafe image.front = base
                unsafe image.gathering = base + sojourn_snapshot_front_bytes(count)
                unsafe image.gathering_bytes = Self.gatheringBytes
                return unsafe body(&image)
            }
        }
    }

    /// Writes the snapshot's bytes to a file.
    borrowing func write(
        to file: any StorageFile, deployment: DeploymentID
    ) throws(StorageError) {
        let sink = Sink(file)
        let code = unsafe withImage(deployment: deployment) { image in
            // The sink outlives the call, which is the only one that uses it.
            unsafe sojourn_snapshot_write(
                image,
                { context, bytes, count, offset in
                    let sink = unsafe Unmanaged<Sink>.fromOpaque(context!).takeUnretainedValue()
                    // The writer lends out so many bytes for the call.
                    let bytes = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
                    return sink.take(unsafe RawSpan(_unsafeBytes: bytes), at: Int(offset))
                }, Unmanaged.passUnretained(sink).toOpaque())
        }
        if let error = sink.error { throw error }
        precondition(code == 0, "only the sink fails")
    }

    /// Where C hands the bytes to.
    private final class Sink {
        private let file: any StorageFile
        private(set) var error: StorageError?

        init(_ file: any StorageFile) { self.file = file }

        /// - Returns: 0, or the error number.
        func take(_ bytes: RawSpan, at offset: Int) -> Int32 {
            do throws(StorageError) {
                try file.write(bytes, at: offset)
                return 0
            } catch {
                self.error = error
                return error.code
            }
        }
    }
}
