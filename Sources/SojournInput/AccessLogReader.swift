import SojournModel

/// Reads events from the access logs of Apache and nginx.
///
///     common     address identity user [17/May/2015:10:05:03 +0000] "GET /page HTTP/1.1" 200 512
///     combined   ... the same ... "referrer" "agent"
///
/// Whatever a server was told to add behind that is ignored. A line that was cut off within the
/// agent is taken as far as it goes.
///
/// | column | is |
/// |---|---|
/// | `time_ms` | the time of the request |
/// | `visitor` | `address` + "\|" + `agent`; in the common format the address alone |
/// | `page` | the request's target as it was asked for, query and all |
/// | `kind` | see `RequestKind` |
/// | `device` | see `UserAgent`; `bot` also sets the known-bot flag; empty in the common format |
/// | `referrer` | as it stands; `-` is none |
/// | `campaign`, `campaign_source`, `campaign_medium` | `utm_campaign`, `utm_source`, `utm_medium` of the query, decoded |
///
/// `channel` stays empty: the service derives it. `value` stays empty: a log knows the bytes that
/// were sent, and those are nobody's money.
enum AccessLog {
    static func decode(_ line: Span<UInt8>, lineNumber: Int) throws(FieldProblem) -> InputEvent {
        let parts = try AccessLogParts(line)
        let time: Int64
        do throws(TimestampProblem) {
            time = try Timestamp.milliseconds(accessLog: line.extracting(parts.time))
        } catch {
            throw FieldProblem(
                column: "time",
                problem: error == .form
                    ? "is not a time such as 17/May/2015:10:05:03 +0000" : error.description,
                excerpt: line.extracting(parts.time).excerpt)
        }
        if time < 0 {
            throw FieldProblem(
                column: "time", problem: "lies before 1970",
                excerpt: line.extracting(parts.time).excerpt)
        }
        let target = requestTarget(line, parts.request)
        let targetText = line.extracting(target)

        var draft = EventDraft(record: line)
        draft.bytes.reserveCapacity(2 * line.count)
        draft.set(.page, target)
        if let referrer = parts.referrer, !isNone(line.extracting(referrer)) {
            draft.set(.referrer, referrer)
        }
        var device: UserAgent.Device?
        if let agent = parts.agent {
            let start = draft.bytes.count
            draft.bytes.append(line.extracting(parts.address))
            draft.bytes.append(UInt8(ascii: "|"))
            draft.bytes.append(line.extracting(agent))
            draft.set(.visitor, start..<draft.bytes.count)
            let found = UserAgent.device(line.extracting(agent))
            draft.set(.device, decoded: found.bytes.span)
            device = found
        } else {
            draft.set(.visitor, parts.address)
        }
        readCampaign(of: targetText, into: &draft)
        try draft.checkTexts()
        return InputEvent(
            draft: draft, timeMilliseconds: time,
            kind: RequestKind.kind(target: targetText, status: parts.status), value: nil,
            eventID: nil, isKnownBot: device == .bot, lineNumber: lineNumber)
    }

    /// Whether a line has the time of an access log in it, which no other format has.
    static func hasTime(_ line: Span<UInt8>) -> Bool {
        var start = 0
        while let open = line.firstIndex(of: UInt8(ascii: "["), from: start) {
            if open + 27 < line.count,
                (try? Timestamp.milliseconds(accessLog: line.extracting((open + 1)..<(open + 27))))
                    != nil
            {
                return true
            }
            start = open + 1
        }
        return false
    }

    /// The second word of `GET /page HTTP/1.1`; the whole of a request that isn't like that.
    private static func requestTarget(_ line: Span<UInt8>, _ request: Range<Int>) -> Range<Int> {
        let text = line.extracting(request)
        guard let first = text.firstIndex(of: ASCII.space) else { return request }
        let end = text.firstIndex(of: ASCII.space, from: first + 1) ?? text.count
        guard end > first + 1 else { return request }
        return (request.lowerBound + first + 1)..<(request.lowerBound + end)
    }

    private static func isNone(_ text: Span<UInt8>) -> Bool {
        text.isEmpty || text.equals([UInt8(ascii: "-")])
    }

    private static func readCampaign(of target: Span<UInt8>, into draft: inout EventDraft) {
        guard let question = target.firstIndex(of: UInt8(ascii: "?")) else { return }
        var decoded: [UInt8] = []
        QueryString.forEach(in: target.extracting((question + 1)..<target.count)) { key, value in
            guard let column = campaignColumn(key), draft.ranges[column.index].isEmpty else {
                return
            }
            decoded.removeAll(keepingCapacity: true)
            QueryString.append(decoding: value, to: &decoded)
            // Bytes that are no text in UTF-8 stay as they were asked for.
            if decoded.span.isUTF8 {
                draft.set(column, decoded: decoded.span)
            } else {
                draft.set(column, decoded: value)
            }
        }
    }

    private static func campaignColumn(_ key: Span<UInt8>) -> InputColumn? {
        for entry in campaignKeys where key.equals(entry.key) { return entry.column }
        return nil
    }

    private static let campaignKeys: [(key: [UInt8], column: InputColumn)] = [
        (Array("utm_campaign".utf8), .campaign),
        (Array("utm_source".utf8), .campaignSource),
        (Array("utm_medium".utf8), .campaignMedium),
    ]
}

/// Where the parts of a line stand.
private struct AccessLogParts {
    var address: Range<Int>
    var time: Range<Int>
    var request: Range<Int>
    var status: Int
    var referrer: Range<Int>?
    var agent: Range<Int>?

    init(_ line: Span<UInt8>) throws(FieldProblem) {
        func problem(_ text: String) -> FieldProblem {
            FieldProblem(problem: text, excerpt: line.excerpt)
        }
        guard let addressEnd = line.firstIndex(of: ASCII.space), addressEnd > 0 else {
            throw problem("the line is not of an access log: it has no address")
        }
        address = 0..<addressEnd
        // A user's name may hold spaces, so the time is found by its bracket.
        guard let open = line.firstIndex(of: UInt8(ascii: "["), from: addressEnd),
            let close = line.firstIndex(of: UInt8(ascii: "]"), from: open)
        else { throw problem("the line is not of an access log: it has no [time]") }
        time = (open + 1)..<close

        var index = close + 1
        guard let request = Self.quoted(line, at: &index, mayBeCut: false) else {
            throw problem("the line is not of an access log: it has no \"request\"")
        }
        self.request = request
        let statusText = Self.word(line, at: &index)
        guard statusText.count == 3,
            let status = DecimalNumber.integer(line.extracting(statusText)), status >= 100
        else { throw problem("the line has no status of three digits behind its request") }
        self.status = Int(status)
        let size = line.extracting(Self.word(line, at: &index))
        guard size.equals([UInt8(ascii: "-")]) || DecimalNumber.integer(size) != nil else {
            throw problem("the line has no number of bytes behind its status")
        }
        if index == line.count { return }
        guard let referrer = Self.quoted(line, at: &index, mayBeCut: false),
            let agent = Self.quoted(line, at: &index, mayBeCut: true)
        else { throw problem("the line ends before its \"referrer\" and \"agent\"") }
        self.referrer = referrer
        self.agent = agent
    }

    /// A text in quotes behind one space. A backslash hides a quote from being the end.
    private static func quoted(
        _ line: Span<UInt8>, at index: inout Int, mayBeCut: Bool
    ) -> Range<Int>? {
        guard index + 1 < line.count, line[index] == ASCII.space, line[index + 1] == ASCII.quote
        else { return nil }
        let start = index + 2
        var end = start
        while end < line.count, line[end] != ASCII.quote {
            end += line[end] == ASCII.backslash ? 2 : 1
        }
        guard end < line.count else {
            index = line.count
            return mayBeCut ? start..<line.count : nil
        }
        index = end + 1
        return start..<end
    }

    private static func word(_ line: Span<UInt8>, at index: inout Int) -> Range<Int> {
        guard index < line.count, line[index] == ASCII.space else { return index..<index }
        let start = index + 1
        index = line.firstIndex(of: ASCII.space, from: start) ?? line.count
        return start..<index
    }
}

/// Whether a request is a page that somebody looked at, or something else.
///
/// It is an `action` when
/// - the answer was an error (400 and above) or a part of a file (206), or
/// - the path ends in the extension of a thing that pages are made of or that is downloaded
///   (style sheets, scripts, pictures, fonts, archives, films ...) or of a feed (`.xml`, `.rss`), or
/// - the query asks for a feed (`flav=rss20`, `format=atom`: `flav`, `feed` or `format` is a word
///   that begins with `rss` or `atom`), or
/// - the request has no path at all.
///
/// Everything else is a `view`, whatever the method: a form that is posted shows a page too.
enum RequestKind {
    static func kind(target: Span<UInt8>, status: Int) -> EventKind {
        if status >= 400 || status == 206 || isNoPath(target) { return .action }
        let question = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        if isAsset(path: target.extracting(first: question)) { return .action }
        guard question < target.count else { return .view }
        var asksForFeed = false
        QueryString.forEach(in: target.extracting((question + 1)..<target.count)) { key, value in
            guard feedKeys.contains(where: { key.equals($0) }) else { return }
            if feedWords.contains(where: { value.starts(with: $0) }) { asksForFeed = true }
        }
        return asksForFeed ? .action : .view
    }

    private static func isNoPath(_ target: Span<UInt8>) -> Bool {
        target.isEmpty || target.equals([UInt8(ascii: "-")]) || target[0] == ASCII.backslash
    }

    private static func isAsset(path: Span<UInt8>) -> Bool {
        var index = path.count
        while index > 0, path[index - 1] != UInt8(ascii: "."), path[index - 1] != UInt8(ascii: "/")
        {
            index -= 1
        }
        guard index > 0, path[index - 1] == UInt8(ascii: "."), path.count - index <= 5 else {
            return false
        }
        var ending: [UInt8] = []
        for byte in index..<path.count { ending.append(ASCII.lowercased(path[byte])) }
        return assets.contains(ending)
    }

    private static let assets: Set<[UInt8]> = {
        let list = """
            css js mjs map json wasm png gif jpg jpeg webp avif svg ico bmp tiff ttf otf woff woff2 \
            eot swf mp3 mp4 ogg wav webm avi mov mpg pdf zip gz tgz bz2 xz 7z rar tar iso jar war \
            deb rpm exe msi dmg apk xml rss atom rdf
            """
        return Set(list.split(separator: " ").map { Array($0.utf8) })
    }()

    private static let feedKeys = ["flav", "feed", "format"].map { Array($0.utf8) }
    private static let feedWords = ["rss", "atom"].map { Array($0.utf8) }
}

/// The part of a target behind its question mark.
enum QueryString {
    /// Calls `body` with each key and value, as they stand.
    static func forEach(
        in query: Span<UInt8>, _ body: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Void
    ) {
        let end = query.firstIndex(of: UInt8(ascii: "#")) ?? query.count
        var start = 0
        while start < end {
            var stop = start
            var equals = -1
            while stop < end, query[stop] != UInt8(ascii: "&") {
                if equals < 0, query[stop] == UInt8(ascii: "=") { equals = stop }
                stop += 1
            }
            if equals >= 0 {
                body(query.extracting(start..<equals), query.extracting((equals + 1)..<stop))
            }
            start = stop + 1
        }
    }

    /// Adds a value with `+` as a space and `%41` as a byte; a percent sign that isn't followed by
    /// two hexadecimal digits stays.
    static func append(decoding value: Span<UInt8>, to output: inout [UInt8]) {
        var index = 0
        while index < value.count {
            if value[index] == UInt8(ascii: "%"), index + 2 < value.count,
                let high = ASCII.hexadecimalDigit(value[index + 1]),
                let low = ASCII.hexadecimalDigit(value[index + 2])
            {
                output.append(high << 4 | low)
                index += 3
            } else {
                output.append(value[index] == UInt8(ascii: "+") ? ASCII.space : value[index])
                index += 1
            }
        }
    }
}
