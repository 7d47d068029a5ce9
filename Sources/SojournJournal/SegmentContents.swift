import SojournModel

/// The content of a segment whose header is right.
struct SegmentContents: ~Copyable {
    private let file: FileContents
    let salt: SegmentSalt

    /// No bytes at all.
    static var none: SegmentContents {
        SegmentContents(
            file: unsafe FileContents(mapped: nil, byteCount: 0), salt: SegmentSalt(bits: 0))
    }

    private init(file: consuming FileContents, salt: SegmentSalt) {
        self.file = file
        self.salt = salt
    }

    /// Reads a segment.
    ///
    /// - Parameters:
    ///   - first: the position in its name.
    ///   - deployment: whose it should be; nil for anybody's.
    static func read(
        _ storage: any Storage, _ first: JournalPosition, _ deployment: DeploymentID?
    ) throws(JournalError) -> SegmentContents {
        let name = FileName.segmentName(first)
        let file = try JournalError.wrapping { () throws(StorageError) in try storage.read(name) }
        let salt = try salt(file, storage.path(of: name), first, deployment)
        return SegmentContents(file: file, salt: salt)
    }

    private static func salt(
        _ file: borrowing FileContents, _ path: String, _ first: JournalPosition,
        _ deployment: DeploymentID?
    ) throws(JournalError) -> SegmentSalt {
        do throws(FileHeader.Fault) {
            let header = try FileHeader(
                file.bytes, of: .segment, deployment: deployment, position: first)
            return SegmentSalt(bits: header.sectionCount)
        } catch {
            throw JournalError(error, file: path, position: first, expected: deployment)
        }
    }

    var bytes: RawSpan {
        @_lifetime(borrow self) get { file.bytes }
    }
}
