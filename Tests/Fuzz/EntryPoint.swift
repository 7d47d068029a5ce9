import Foundation

/// What libFuzzer calls. `SOJOURN_FUZZ_TARGET` names the target.
@_cdecl("LLVMFuzzerTestOneInput")
@unsafe package func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    // LibFuzzer lends the bytes for the call.
    chosenTarget.run(unsafe Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

private let chosenTarget: FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["SOJOURN_FUZZ_TARGET"] ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
        fatalError("SOJOURN_FUZZ_TARGET is none of \(FuzzTarget.allCases.map(\.rawValue))")
    }
    return target
}()
