/// First in, first out, without moving the rest at each step.
package struct Queue<Element> {
    private var elements: [Element] = []
    /// Those before it have left.
    private var head = 0

    package init() {}

    package var count: Int { elements.count - head }

    package var isEmpty: Bool { head == elements.count }

    package var first: Element? { isEmpty ? nil : elements[head] }

    package mutating func append(_ element: Element) { elements.append(element) }

    package mutating func popFirst() -> Element? {
        if isEmpty { return nil }
        let first = elements[head]
        head += 1
        // The front is cut off when nothing is behind it, or when it is the larger part.
        if head == elements.count {
            elements.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 1_024, head * 2 >= elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }

    /// Takes out all that a test is true of, in their order; the others keep theirs.
    package mutating func removeAll(where shouldLeave: (Element) -> Bool) -> [Element] {
        let leaving = elements[head...].filter(shouldLeave)
        elements = elements[head...].filter { !shouldLeave($0) }
        head = 0
        return leaving
    }
}
