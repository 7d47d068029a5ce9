import SojournModel
import SojournTestKit
import Testing

@testable import SojournEngine

/// The tables under the engine against simple models.
struct MemoryTests {
    // MARK: Slab

    @Test func `a slab gives every block once and gives freed blocks again`() {
        var slab = Slab(blockSize: 16, chunkShift: 4)
        var random = SplitMix64(seed: 1)
        var used: [UInt32: UInt64] = [:]
        var order: [UInt32] = []
        for step in 0..<20_000 {
            let grows = step / 2_000 % 2 == 0 ? random.number(0...9) < 7 : random.number(0...9) < 3
            if grows || used.isEmpty {
                let block = slab.allocate()
                #expect(block > 0 && used[block] == nil)
                let content = random.next()
                // The block is ours and has sixteen bytes.
                unsafe slab[block].storeBytes(of: content, as: UInt64.self)
                used[block] = content
                order.append(block)
            } else {
                let place = random.number(0...order.count - 1)
                order.swapAt(place, order.count - 1)
                let victim = order.removeLast()
                let content = unsafe slab[victim].load(as: UInt64.self)
                #expect(content == used[victim])
                slab.free(victim)
                used[victim] = nil
            }
        }
        let count = slab.count
        #expect(count == used.count)
        for (block, content) in used {
            let found = unsafe slab[block].load(as: UInt64.self)
            #expect(found == content)
        }
    }

    @Test func `a slab takes the lowest block with room, so that the last chunks empty themselves`()
    {
        var slab = Slab(blockSize: 64, chunkShift: 3)
        let blocks = (0..<24).map { _ in slab.allocate() }
        #expect(blocks == Array(1...24))
        for block in [20, 3, 12] as [UInt32] { slab.free(block) }
        let again = (0..<4).map { _ in slab.allocate() }
        #expect(again == [3, 12, 20, 25])
    }

    @Test func `chunks whose last block is freed go back to the system, but for one`() {
        var slab = Slab(blockSize: 4_096, chunkShift: 2)
        let blocks = (0..<12).map { _ in slab.allocate() }
        // The blocks are ours; their first bytes are the chain of the free ones.
        for block in blocks {
            unsafe slab[block].storeBytes(of: 0xFF, toByteOffset: 9, as: UInt8.self)
        }
        for block in blocks.suffix(8) { slab.free(block) }
        for index in 0..<8 {
            let block = slab.allocate()
            let byte = unsafe slab[block].load(fromByteOffset: 9, as: UInt8.self)
            // The system gives empty pages.
            #expect(byte == (index < 4 ? 0xFF : 0))
        }
        let bytes = slab.reservedBytes
        #expect(bytes == 3 * 4 * 4_096)
    }

    @Test func `a block store has a block for every size and keeps what is in it`() {
        var store = BlockStore()
        var random = SplitMix64(seed: 2)
        var blocks: [(block: BlockStore.Block, count: Int, byte: UInt8)] = []
        for step in 0..<4_000 {
            let count = step < 2_048 ? step + 1 : random.number(1...2_048)
            let byte = UInt8(truncatingIfNeeded: step)
            let block = store.allocate(count)
            for offset in [0, count - 1] {
                // The block has at least `count` bytes.
                unsafe store.address(of: block).storeBytes(
                    of: byte, toByteOffset: offset, as: UInt8.self)
            }
            blocks.append((block, count, byte))
            if random.once(in: 2) {
                let old = blocks.remove(at: random.number(0...blocks.count - 1))
                for offset in [0, old.count - 1] {
                    let found = unsafe store.address(of: old.block).load(
                        fromByteOffset: offset, as: UInt8.self)
                    #expect(found == old.byte)
                }
                store.free(old.block)
            }
        }
        #expect(Set(blocks.map(\.block)).count == blocks.count)
    }

    // MARK: Visitor index

    static func session(_ visitor: VisitorHash) -> Session {
        Session(
            visitor: visitor, id: SessionID(Bits128(high: 0, low: 0)), firstEvent: 0, lastEvent: 0,
            value: 0, events: 0, views: 0, actions: 0, conversions: 0, landingPage: 0,
            landingMilliseconds: 0, exitPage: 0, exitMilliseconds: 0, context: 0, ordinal: 1,
            ordinalsUsed: 1, state: SessionState(boundary: .first), marks: [], pathLength: 0,
            burstEvents: 0, burstStart: 0, chainLength: 1, path: 0, row: 0, older: 0, wheelNext: 0,
            extension: 0)
    }

    /// - Parameter bits: how many bits of the hash differ; few make tags collide.
    @Test(arguments: [64, 9, 5])
    func `the visitor index finds what a dictionary finds`(bits: Int) {
        var index = VisitorIndex()
        var sessions = SessionTable()
        var model: [VisitorHash: SessionSlot] = [:]
        var random = SplitMix64(seed: UInt64(bits))
        var visitors: [VisitorHash] = []
        for number in 0..<3_000 {
            // The first 40 bits choose the shard and the tag.
            let high = bits == 64 ? random.next() : UInt64(random.number(0...(1 << bits) - 1)) << 24
            visitors.append(VisitorHash(Bits128(high: high, low: UInt64(number))))
        }
        for step in 0..<20_000 {
            let visitor = random.pick(visitors)
            if let slot = model[visitor] {
                if random.once(in: 3) {
                    let new = sessions.insert(Self.session(visitor))
                    index.replace(visitor, slot, with: new)
                    sessions.remove(slot)
                    model[visitor] = new
                } else if step > 8_000 || random.once(in: 4) {
                    index.remove(visitor, slot)
                    sessions.remove(slot)
                    model[visitor] = nil
                }
            } else {
                let slot = sessions.insert(Self.session(visitor))
                index.insert(visitor, slot)
                model[visitor] = slot
            }
            if step % 2_000 == 1_999 {
                let wrong = visitors.count {
                    index.find($0, in: sessions) != model[$0] ?? 0
                }
                #expect(wrong == 0)
                let count = index.count
                #expect(count == model.count)
            }
        }
    }

    // MARK: Ordinals

    static func visitor(_ number: Int) -> VisitorHash {
        var random = SplitMix64(seed: UInt64(number))
        return VisitorHash(Bits128(high: random.next(), low: random.next()))
    }

    @Test func `the ordinal memory gives back what was put in, once`() {
        var memory = OrdinalMemory(limit: 500)
        var random = SplitMix64(seed: 3)
        // Who is in the memory, in the order of coming, and with which number.
        var model: [(visitor: Int, ordinal: UInt32)] = []
        var evictions: UInt64 = 0
        for step in 0..<30_000 {
            let number = random.number(0...1_500)
            if let place = model.firstIndex(where: { $0.visitor == number }) {
                let found = memory.take(Self.visitor(number))
                #expect(found == model[place].ordinal)
                model.remove(at: place)
            } else if random.once(in: 3) {
                let found = memory.take(Self.visitor(number))
                #expect(found == 0)
            } else {
                if model.count == 500 {
                    model.removeFirst()
                    evictions += 1
                }
                memory.insert(
                    Self.visitor(number), ordinal: UInt32(step + 1), at: Int64(step) * 1_000)
                model.append((number, UInt32(step + 1)))
            }
        }
        let (count, evicted) = (memory.count, memory.evictions)
        #expect(count == model.count)
        #expect(evicted == evictions)
    }

    @Test func `the ordinal memory forgets those who came before a time`() {
        var memory = OrdinalMemory(limit: 1_000)
        for number in 0..<100 {
            memory.insert(Self.visitor(number), ordinal: 1, at: Int64(number) * 1_000)
        }
        memory.forget(before: 40_000, budget: 1_000)
        let count = memory.count
        #expect(count == 60)
        let (forgotten, kept) = (memory.take(Self.visitor(39)), memory.take(Self.visitor(40)))
        #expect((forgotten, kept) == (0, 1))
        memory.forget(before: 100_000, budget: 10)
        let budgeted = memory.count
        #expect((49...50).contains(budgeted), "no more than the budget at a time")
        let evictions = memory.evictions
        #expect(evictions == 0)
    }

    @Test func `a memory of nobody remembers nobody`() {
        var memory = OrdinalMemory(limit: 0)
        memory.insert(Self.visitor(1), ordinal: 5, at: 0)
        let found = memory.take(Self.visitor(1))
        #expect(found == 0)
    }

    @Test func `a remembered visitor takes at most 24 bytes`() {
        var memory = OrdinalMemory(limit: 10_000_000)
        for number in 0..<1_000_000 {
            let high = UInt64(number) &* 0x9E37_79B9_7F4A_7C15
            let low = (UInt64(number) ^ high >> 7) &* 0xBF58_476D_1CE4_E5B9
            memory.insert(
                VisitorHash(Bits128(high: high, low: low)), ordinal: 1, at: Int64(number))
        }
        let bytes = memory.reservedBytes
        let count = memory.count
        #expect(count == 1_000_000)
        #expect(bytes <= 24_000_000, "\(bytes) bytes")
    }

    @Test func `visitors who come and go do not make the memory grow`() {
        var memory = OrdinalMemory(limit: 10_000_000)
        for step in 0..<200_000 {
            memory.insert(Self.visitor(step), ordinal: 1, at: Int64(step) * 1_000)
            if step >= 1_000 {
                let found = memory.take(Self.visitor(step - 1_000))
                #expect(found == 1)
            }
        }
        let bytes = memory.reservedBytes
        #expect(bytes < 100_000, "\(bytes) bytes")
    }

    // MARK: Texts and contexts

    static let hasher = SipHash(key0: 1, key1: 2)

    static func hold(_ text: String, in table: inout TextTable) -> TextID {
        let bytes = Array(text.utf8)
        // Bytes have no padding, so they may be read.
        return unsafe table.hold(bytes.span.bytes)
    }

    @Test func `the text table keeps each text once, while it is held`() {
        var table = TextTable(hasher: Self.hasher, limit: 300)
        var random = SplitMix64(seed: 4)
        var held: [String: (id: TextID, holders: Int)] = [:]
        var overflows: UInt64 = 0
        for _ in 0..<20_000 {
            let number = random.number(0...500)
            let text = String(repeating: "x", count: number % 40) + "\(number)"
            if random.once(in: 2) {
                let id = Self.hold(text, in: &table)
                if let known = held[text] {
                    #expect(id == known.id)
                    held[text]?.holders += 1
                } else if held.count == 300 {
                    #expect(id == TextTable.other)
                    overflows += 1
                } else {
                    #expect(id > TextTable.other && !held.values.contains { $0.id == id })
                    held[text] = (id, 1)
                }
            } else if let known = held[text] {
                table.release(known.id)
                held[text] = known.holders == 1 ? nil : (known.id, known.holders - 1)
            }
        }
        let counts = (table.count, table.overflows)
        #expect(counts == (held.count, overflows))
        #expect(overflows > 0)
        for (text, entry) in held {
            let found = table.string(entry.id)
            #expect(found == text)
        }
        let others = (table.string(0), table.string(TextTable.other))
        #expect(others == ("", "(other)"))
    }

    @Test func `the context store keeps each context once, and lets go of its texts`() {
        var texts = TextTable(hasher: Self.hasher, limit: 1_000)
        var store = ContextStore(limit: 40)
        var random = SplitMix64(seed: 5)
        var held: [Int: (id: ContextID, holders: Int)] = [:]
        var overflows: UInt64 = 0
        for _ in 0..<10_000 {
            let number = random.number(1...60)
            if random.once(in: 2) {
                var context = Context()
                context.texts[number % 8] = Self.hold("\(number)", in: &texts)
                context.texts[(number + 1) % 8] = Self.hold("\(number % 3)", in: &texts)
                context.isKnownBot = number % 2 == 0
                let id = store.hold(context, &texts)
                if let known = held[number] {
                    #expect(id == known.id)
                    held[number]?.holders += 1
                } else if held.count == 40 {
                    #expect(id == (number % 2 == 0 ? ContextStore.otherBot : ContextStore.other))
                    overflows += 1
                } else {
                    held[number] = (id, 1)
                }
            } else if let known = held[number] {
                store.release(known.id, &texts)
                held[number] = known.holders == 1 ? nil : (known.id, known.holders - 1)
            }
        }
        let counts = (store.count, store.overflows)
        #expect(counts == (held.count, overflows))
        for (number, entry) in held {
            let text = texts.string(store[entry.id].texts[number % 8])
            #expect(text == "\(number)")
            for _ in 0..<entry.holders { store.release(entry.id, &texts) }
        }
        let left = (store.count, texts.count)
        #expect(left == (0, 0))
    }

    @Test func `the empty context is nobody's entry`() {
        var texts = TextTable(hasher: Self.hasher, limit: 10)
        var store = ContextStore(limit: 10)
        let id = store.hold(Context(), &texts)
        #expect(id == 0)
        let count = store.count
        #expect(count == 0)
    }

    // MARK: Timing wheel

    @Test(arguments: [40 * minute, second, 8 * day] as [Int64])
    func `the wheel gives each session at its time or at most a tick later`(span: Int64) {
        var wheel = TimingWheel(span: span)
        var sessions = SessionTable()
        var random = SplitMix64(seed: UInt64(span))
        var due: [SessionSlot: Int64] = [:]
        var clock = noon
        for _ in 0..<2_000 {
            for _ in 0..<random.number(0...4) {
                let slot = sessions.insert(Self.session(Self.visitor(1)))
                let time = clock + random.number(1...span)
                wheel.file(slot, at: time, &sessions)
                due[slot] = time
            }
            clock += random.number(0...random.pick([span / 100, span / 10, span * 3]))
            while true {
                let slot = wheel.take(upTo: clock, sessions)
                if slot == 0 { break }
                let time = due.removeValue(forKey: slot)
                #expect(time.map { $0 <= clock } == true)
                sessions.remove(slot)
            }
            let tick = wheel.tickMilliseconds
            let overdue = due.values.count { $0 + tick < clock }
            #expect(overdue == 0)
        }
        #expect(!due.isEmpty || clock > noon)
    }
}
