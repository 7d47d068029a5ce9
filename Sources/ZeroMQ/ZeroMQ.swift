import CZeroMQ

/// The version of the libzmq that runs, such as "4.3.4"; reads well as `ZeroMQ.version`.
package var version: String {
    var major: Int32 = 0
    var minor: Int32 = 0
    var patch: Int32 = 0
    // Safe: the three integers outlive the call, which only writes them.
    unsafe zmq_version(&major, &minor, &patch)
    return "\(major).\(minor).\(patch)"
}
