/// The producers at work.
struct Sending {
    private let tasks: [Task<Void, Never>]

    init(_ producers: [Producer]) {
        tasks = producers.map { producer in Task { await producer.run() } }
    }

    func end() async {
        for task in tasks { await task.value }
    }
}
