/// What a browser's description of itself says of the device.
///
/// A small table of words, not a database of browsers: enough to tell people from robots and
/// telephones from desks. The first class that has a word in the description wins:
///
/// | class | words |
/// |---|---|
/// | `bot` | `bot`, `spider`, `crawl`, `slurp`, `archiver`, feed readers, the names of programming languages and their HTTP libraries; also `-`, which no browser sends |
/// | `tablet` | `ipad`, `tablet` |
/// | `mobile` | `mobi`, `iphone`, `ipod`, `android`, `opera mini` |
/// | `desktop` | `windows`, `macintosh`, `mac os x`, `x11`, `linux`, `microsoft` |
/// | `other` | none of these |
enum UserAgent {
    enum Device: Int {
        case bot
        case tablet
        case mobile
        case desktop
        case other

        var bytes: [UInt8] { Self.names[rawValue] }
        private static let names = ["bot", "tablet", "mobile", "desktop", "other"]
            .map { Array($0.utf8) }
    }

    /// The device that a description stands for.
    static func device(_ agent: Span<UInt8>) -> Device {
        if agent.isEmpty || agent.equals([UInt8(ascii: "-")]) { return .bot }
        var best = Device.other
        for start in agent.indices {
            let candidates = words[Int(ASCII.lowercased(agent[start]))]
            for word in candidates
            where word.device.rawValue < best.rawValue && matches(word.text, agent, at: start) {
                best = word.device
                if best == .bot { return .bot }
            }
        }
        return best
    }

    private static func matches(_ word: [UInt8], _ agent: Span<UInt8>, at start: Int) -> Bool {
        guard start + word.count <= agent.count else { return false }
        for index in word.indices where ASCII.lowercased(agent[start + index]) != word[index] {
            return false
        }
        return true
    }

    private struct Word {
        var text: [UInt8]
        var device: Device
    }

    /// The words by their first byte.
    private static let words: [[Word]] = {
        var table = [[Word]](repeating: [], count: 256)
        func add(_ device: Device, _ list: String) {
            for word in list.split(separator: ",") {
                let text = Array(word.utf8)
                table[Int(text[0])].append(Word(text: text, device: device))
            }
        }
        add(.bot, "bot,spider,crawl,slurp,archiver,feed,reader,simplepie,tt-rss,yandex")
        add(.bot, "facebookexternalhit,headless,scrapy,monitor,python,ruby,perl,java/")
        add(.bot, "wget,curl,libwww,fetch,http_request,httpclient,go-http-client,okhttp")
        add(.tablet, "ipad,tablet")
        add(.mobile, "mobi,iphone,ipod,android,opera mini")
        add(.desktop, "windows,macintosh,mac os x,x11,linux,microsoft")
        return table
    }()
}
