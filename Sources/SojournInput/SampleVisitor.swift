import SojournModel

/// One visitor of the sample, on the way through the shop.
struct SampleVisitor {
    private static let second = 1000
    private static let minute = 60 * second
    private static let hour = 60 * minute
    private static let day = 24 * hour

    private let index: Int
    private let traffic: SampleTraffic
    private var random: SampleGenerator

    private let name: UInt64
    private let place: SampleShop.Place
    private var device: String
    private let sendsHeartbeats: Bool
    private let usesApp: Bool
    private var isBot = false

    // The visit that is going on.
    private var channel = ""
    private var origin: SampleShop.Origin?
    private var now: Int64 = 0

    init(index: Int, generator: SampleGenerator, traffic: SampleTraffic) {
        self.index = index
        self.traffic = traffic
        random = generator
        name = random.next() >> 16
        place = SampleShop.places[random.choose(SampleShop.places.map(\.weight))].place
        device = SampleShop.devices[random.choose(SampleShop.devices.map(\.weight))].name
        sendsHeartbeats = random.happens(perThousand: 333)
        usesApp = random.happens(perThousand: 83)
    }

    /// Adds what this visitor does in all the days.
    mutating func appendRows(to rows: inout [SampleRow]) {
        if index % 50 == 49 {
            crawl(&rows)
            return
        }
        let visits = [1, 2, 3, 4, 6][random.choose([58, 21, 11, 6, 4])]
        var starts: [Int64] = []
        for _ in 0..<visits { starts.append(visitStart()) }
        starts.sort()
        var free = Int64.min
        for start in starts where start >= free {
            now = start
            visit(&rows)
            // Two visits at once would be one person in two places.
            free = now + Int64(2 * Self.hour)
        }
    }

    /// A moment in a busy hour of a busy day, by the visitor's clock.
    private mutating func visitStart() -> Int64 {
        let firstDay = Int(traffic.startMilliseconds / Int64(Self.day))
        while true {
            let day = random.below(traffic.days)
            // 1970-01-01 was a Thursday, three days behind a Monday.
            let weekday = (firstDay + day + 3) % 7
            let isBusy = random.below(20) < SampleShop.dayWeights[weekday]
            let hour = random.choose(SampleShop.hourWeights) - place.offsetHours
            let inHour = random.below(Self.hour)
            let inDay = (hour + 24) % 24 * Self.hour + inHour
            if isBusy { return traffic.startMilliseconds + Int64(day * Self.day + inDay) }
        }
    }

    // MARK: People

    private mutating func visit(_ rows: inout [SampleRow]) {
        let channel = SampleShop.channels[random.choose(SampleShop.channels.map(\.weight))]
        self.channel = channel.name
        origin = channel.origins[random.below(channel.origins.count)]
        if usesApp {
            send(.start, "", &rows)
            now += Int64(random.between(80, 400))
        }
        var page: SampleShop.Page? = channel.landing
        var basketCents = 0
        var steps = 0
        while let present = page, steps < 30 {
            page = step(on: present, basketCents: &basketCents, &rows)
            steps += 1
        }
        if usesApp, random.happens(perThousand: 500) { send(.end, "", &rows) }
    }

    /// Looks at a page, perhaps does something there, and says where to go next; nil is away.
    private mutating func step(
        on page: SampleShop.Page, basketCents: inout Int, _ rows: inout [SampleRow]
    ) -> SampleShop.Page? {
        switch page {
        case .home:
            send(.view, "/", &rows)
            think(&rows)
            if random.happens(perThousand: 20) {
                send(.conversion, "newsletter", &rows)
                think(&rows)
            }
            switch random.choose([56, 14, 30]) {
            case 0: return .category
            case 1:
                send(.action, "search", &rows)
                think(&rows)
                return .product
            default: return nil
            }
        case .category:
            let category = SampleShop.categories[random.below(SampleShop.categories.count)]
            send(.view, "/category/" + category, &rows)
            think(&rows)
            if random.happens(perThousand: 90) {
                send(.action, "filter", &rows)
                think(&rows)
            }
            return [.product, .category, .home, nil][random.choose([60, 14, 4, 22])]
        case .product:
            let product = random.between(
                SampleShop.products.lowerBound, SampleShop.products.upperBound)
            send(.view, "/product/\(product)", &rows)
            think(&rows, isLong: true)
            if random.happens(perThousand: 170) {
                send(.action, "add_to_basket", &rows)
                basketCents += SampleShop.priceCents(product: product)
                think(&rows)
                return [.basket, .product, .category][random.choose([60, 25, 15])]
            }
            return [.product, .category, nil][random.choose([32, 30, 38])]
        case .basket:
            send(.view, "/basket", &rows)
            think(&rows)
            return [.checkout, .category, nil][random.choose([58, 20, 22])]
        case .checkout:
            send(.view, "/checkout", &rows)
            think(&rows, isLong: true)
            guard random.happens(perThousand: 720) else { return nil }
            send(.conversion, "purchase", value: basketCents, &rows)
            basketCents = 0
            now += Int64(random.between(300, 900))
            return .thanks
        case .thanks:
            send(.view, "/thanks", &rows)
            think(&rows)
            return [nil, .home][random.choose([88, 12])]
        }
    }

    /// Lets time pass: seconds as a rule, now and then so long that a session ends.
    private mutating func think(_ rows: inout [SampleRow], isLong: Bool = false) {
        if random.happens(perThousand: 20) {
            now += Int64(random.between(35 * Self.minute, 95 * Self.minute))
            return
        }
        // The product of two dice is mostly small and sometimes large, as reading times are.
        let seconds = 4 + random.below(12) * random.below(isLong ? 16 : 9)
        var rest = Int64(seconds * Self.second + random.below(Self.second))
        let heartbeat = Int64(30 * Self.second)
        while sendsHeartbeats, isLong, rest > heartbeat {
            now += heartbeat
            rest -= heartbeat
            send(.heartbeat, "", &rows)
        }
        now += rest
    }

    // MARK: Robots

    private mutating func crawl(_ rows: inout [SampleRow]) {
        isBot = index % 100 == 49
        device = isBot ? "bot" : "desktop"
        channel = "direct"
        now = visitStart()
        for page in 0..<random.between(110, 170) {
            let product = SampleShop.products.lowerBound + page
            send(.view, page == 0 ? "/" : "/product/\(product)", &rows)
            now += Int64(random.between(250, 550))
        }
    }

    // MARK: The network

    /// Sends one event of the visit; it arrives soon, late, or twice.
    private mutating func send(
        _ kind: EventKind, _ name: String, value: Int? = nil, _ rows: inout [SampleRow]
    ) {
        let isLate = random.happens(perThousand: 30)
        let delay =
            isLate ? random.between(5 * Self.second, 5 * Self.minute) : random.between(20, 900)
        var row = SampleRow(
            arrival: now + Int64(delay), time: now, visitor: self.name, kind: kind, name: name,
            device: device, place: place, channel: channel, origin: origin, valueCents: value,
            // 53 bits: whatever reads the file may take the id for a floating-point number.
            eventID: random.next() >> 11 | 1, isBot: isBot)
        rows.append(row)
        if random.happens(perThousand: 6) {
            row.arrival += Int64(random.between(200, 5 * Self.second))
            rows.append(row)
        }
        origin = nil
    }
}
