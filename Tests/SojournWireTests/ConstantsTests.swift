import Foundation
import SojournModel
import Testing

@testable import SojournWire

/// The numbers of this codec are those of `proto-spec/constants.json`.
@Suite struct ConstantsTests {
    private struct Constants: Decodable {
        struct Header: Decodable { var bytes: Int }
        struct Code: Decodable, Equatable {
            var code: UInt16
            var retriable: Bool
            var dropped: Bool
        }
        var version: UInt8
        var header: Header
        var operations: [String: UInt8]
        var columns: [String: UInt8]
        var eventKinds: [String: UInt8]
        var outcomes: [String: UInt8]
        var boundaries: [String: UInt8]
        var boundaryOutNone: UInt8
        var sessionState: [String: UInt8]
        var revisionCauses: [String: UInt8]
        var contextAttributes: [String: Int]
        var contextCells: Int
        var descriptorBytes: Int
        var noErrorOffset: UInt32
        var fixedPartBytes: [String: Int]
        var recordBytes: [String: Int]
        var reportDimensions: [String: UInt8]
        var reportIntervals: [String: UInt8]
        var reportRowKinds: [String: UInt8]
        var errors: [String: Code]
        var limits: [String: Int]
        var clientFrame: [String: Int]
    }

    private let constants: Constants

    init() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: root.appendingPathComponent("proto-spec/constants.json"))
        constants = try JSONDecoder().decode(Constants.self, from: data)
    }

    private func table<T, Value>(
        _ items: [T], _ key: (T) -> String, _ value: (T) -> Value
    ) -> [String: Value] {
        Dictionary(uniqueKeysWithValues: items.map { (key($0), value($0)) })
    }

    @Test func `registries are the same`() {
        #expect(constants.operations == table(Operation.allCases, \.name, \.rawValue))
        #expect(constants.columns == table(Column.allCases, \.name, \.rawValue))
        #expect(constants.eventKinds == table(EventKind.allCases, \.name, \.rawValue))
        #expect(constants.outcomes == table(Outcome.allCases, { "\($0)" }, \.rawValue))
        #expect(constants.boundaries == table(Boundary.allCases, \.name, \.rawValue))
        #expect(
            constants.reportDimensions == table(ReportDimension.allCases, \.name, \.rawValue))
        #expect(
            constants.reportIntervals == table(ReportInterval.allCases, { "\($0)" }, \.rawValue))
        #expect(
            constants.reportRowKinds == table(ReportRow.Kind.allCases, { "\($0)" }, \.rawValue))
        #expect(constants.revisionCauses == ["bridge": Revision.Cause.bridge.rawValue])
        #expect(
            constants.contextAttributes == table(ContextAttribute.allCases, \.name, \.rawValue))
        let errors = table(ErrorCode.all, \.name) {
            Constants.Code(code: $0.rawValue, retriable: $0.isRetriable, dropped: $0.isDropped)
        }
        #expect(constants.errors == errors)
    }

    @Test func `sizes are the same`() {
        #expect(MessageHeader.versions.contains(constants.version))
        #expect(constants.header.bytes == MessageHeader.byteCount)
        #expect(constants.descriptorBytes == ColumnDescriptor.byteCount)
        #expect(constants.noErrorOffset == ErrorReply.noOffset)
        #expect(constants.boundaryOutNone == SessionRecord.notEnded)
        #expect(constants.contextCells == ContextTable.cellsPerRow)
        let fixed = [
            "helloRequest": HelloRequest.fixedBytes, "helloReply": HelloReply.fixedBytes,
            "assignRequest": AssignRequest.fixedBytes, "assignReply": AssignReply.fixedBytes,
            "lookupRequest": LookupRequest.fixedBytes,
            "lookupReply": BodySchema.lookupReply(sessions: 0).fixedBytes, "statusRequest": 0,
            "statusReply": BodySchema.statusReply(gauges: 0).fixedBytes,
            "error": ErrorReply.fixedBytes,
            "reportRequest": BodySchema.reportRequest(hasSteps: false).fixedBytes,
            "reportReply": BodySchema.reportReply(rows: 0).fixedBytes,
            "reportPartReply": BodySchema.reportPartReply.fixedBytes,
            "fetchRequest": FetchRequest.byteCount,
            "fetchReply": BodySchema.fetchReply(entries: 0).fixedBytes,
            "forgetRequest": LookupRequest.fixedBytes, "forgetReply": ForgetReply.byteCount,
        ]
        #expect(constants.fixedPartBytes == fixed)
        #expect(constants.recordBytes["sessions"] == SessionRecord.byteCount)
        #expect(constants.recordBytes["path"] == SessionRecord.pathStepByteCount)
        #expect(constants.recordBytes["reportRows"] == ReportRowRecord.byteCount)
        #expect(constants.recordBytes["entries"] == EntryRecord.byteCount)
    }

    @Test func `limits are the same`() {
        let limits = [
            "messageBytesMax": Limits.messageBytesMax, "batchEventsMax": Limits.batchEventsMax,
            "visitorKeyBytesMax": Limits.visitorKeyBytesMax, "textBytesMax": Limits.textBytesMax,
            "batchTextsMax": Limits.batchTextsMax,
            "batchTextBytesMax": Limits.batchTextBytesMax,
            "batchContextsMax": Limits.batchContextsMax, "columnsMax": Limits.columnsMax,
            "clientNameBytesMax": Limits.clientNameBytesMax,
            "errorMessageBytesMax": Limits.errorMessageBytesMax, "creditMax": Limits.creditMax,
            "producerWindow": Limits.producerWindow, "partitionsMax": Limits.partitionsMax,
            "eventTimeEnd": Int(Limits.eventTimeEnd),
            "valueScaleMax": Limits.valueScaleMax, "reportRowsMax": Limits.reportRowsMax,
            "reportFiltersMax": Limits.reportFiltersMax, "funnelStepsMax": Limits.funnelStepsMax,
        ]
        #expect(constants.limits == limits)
        #expect(
            constants.clientFrame == [
                "kind": Int(ClientFrame.kind), "nameBytesMax": ClientFrame.nameBytesMax,
            ])
    }

    @Test func `bits of the session state are the same`() {
        let states: [(String, SessionState)] = [
            ("late", SessionState(boundary: .first, late: true)),
            ("merged", SessionState(boundary: .first, merged: true)),
            ("automated", SessionState(boundary: .first, automated: true)),
            ("ended", SessionState(boundary: .first, ended: true)),
            ("engaged", SessionState(boundary: .first, engaged: true)),
        ]
        for (name, state) in states { #expect(constants.sessionState[name] == state.rawValue) }
        #expect(constants.sessionState["boundaryMask"] == 7)
    }
}
