package import SojournChannels
package import SojournModel

/// The session state machine of one partition: batches in, assignments, revisions and finished
/// sessions out (sojourn-1, "Session semantics").
///
/// It has no clock, no randomness and no I/O: time comes in as a value with each batch, so the same
/// batches give the same bytes on every replay and every machine.
///
/// A visitor's live sessions form a chain from the newest back; the index knows the newest. A session
/// is in the timing wheel from its first event until it is freed.
package struct Engine: ~Copyable {
    let limits: EngineLimits
    let secret: DeploymentSecret
    /// The number that revisions carry.
    package let partition: UInt16
    let idHasher: SipHash
    let idMaskHasher: SipHash

    var sessions = SessionTable()
    var index = VisitorIndex()
    var extensions = ExtensionTable()
    var scratch = BatchScratch()
    var boxes: [PropertyBox] = []
    package internal(set) var counters = EngineCounters()
    /// Names channels that no sender named where sessions are packed; nil leaves them open. It is no
    /// state: sessions themselves have what was sent.
    package var channels: ChannelGrouping?

    /// - Parameters:
    ///   - secret: keys the hashes of visitors and sessions; the same secret gives the same ids.
    ///   - partition: the number of this partition.
    package init(secret: DeploymentSecret, partition: UInt16 = 0, limits: EngineLimits = .init()) {
        self.secret = secret
        self.partition = partition
        self.limits = limits
        idHasher = SipHash(secret: secret, purpose: SecretPurpose.sessionID)
        idMaskHasher = SipHash(secret: secret, purpose: SecretPurpose.sessionIDMask)
    }

    /// Makes a property known, or gives it another policy from the next batch on.
    ///
    /// Sessions stay as the rules before have made them; what is due follows the new ones.
    ///
    /// - Precondition: the policy has no fault.
    package mutating func set(_ policy: SessionPolicy, of property: PropertyID) {
        precondition(policy.fault == nil)
        if let box = boxes.first(where: { $0.id == property }) {
            var state = box.take()
            state.set(policy, &sessions)
            box.put(state)
        } else {
            boxes.append(
                PropertyBox(
                    PropertyState(id: property, policy: policy, secret: secret, limits: limits)))
        }
    }

    /// The policy of a property; nil when it was never set.
    package func policy(of property: PropertyID) -> SessionPolicy? {
        boxes.first { $0.id == property }?.read { $0.policy }
    }

    /// The properties in the order in which their policies were first set.
    package var properties: [PropertyID] { boxes.map(\.id) }

    /// The state of a property whose policy was set.
    func box(_ property: PropertyID) -> PropertyBox {
        guard let box = boxes.first(where: { $0.id == property }) else {
            preconditionFailure("property \(property.rawValue) has no policy in the engine")
        }
        return box
    }

    /// Visitors with a session that is not finished.
    package var liveVisitors: Int { index.count }

    /// Sessions in memory, those that were merged away and wait to be freed included.
    package var liveSessions: Int { sessions.count }

    /// Visitors whose number of sessions is remembered though all are finished.
    package var rememberedVisitors: Int { sum { $0.ordinals.count } }

    /// Visitors that were forgotten because there were too many.
    package var rememberedVisitorEvictions: UInt64 { sum { $0.ordinals.evictions } }

    private func sum<Number: AdditiveArithmetic>(
        _ number: (borrowing PropertyState) -> Number
    ) -> Number {
        boxes.reduce(.zero) { $0 + $1.read(number) }
    }

    /// Texts and contexts of a property that became `(other)`.
    package func overflows(_ property: PropertyID) -> (texts: UInt64, contexts: UInt64) {
        box(property).read { ($0.texts.overflows, $0.contexts.overflows) }
    }

    /// Texts and contexts of a property that are held now.
    package func interned(_ property: PropertyID) -> (texts: Int, contexts: Int) {
        box(property).read { ($0.texts.count, $0.contexts.count) }
    }
}
