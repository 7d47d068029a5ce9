import SojournModel

/// Where sessions go from page to page: a column a step, a bar a page, as thick as the number of
/// sessions on it, and bands between them. What no band takes on has left.
struct JourneyFlow {
    struct Node: Equatable {
        var page: String
        var sessions: Int
        /// Of those that went on.
        var goneOn = 0
        // Where it is drawn, in pixels.
        var top = 0.0
        var height = 0.0
    }

    struct Band: Equatable {
        /// In `columns[column]` and in the next one.
        var column: Int
        var from: Int
        var into: Int
        var sessions: Int
    }

    /// The page that stands for those without room.
    static let other = "(other)"
    static let columnsMax = 5
    private static let pagesMax = 6
    private static let gap = 26.0
    private static let barHeight = 300.0
    /// Of a bar, in hundredths of the width of the whole.
    private static let barWidth = 1.4

    private(set) var columns: [[Node]] = []
    private(set) var bands: [Band] = []

    /// - Parameter rows: the answer to a question for paths.
    init(_ rows: [ReportRow]) {
        let depths = Self.depths(of: rows)
        // Pages by column, the most visited first, the rest together.
        var places: [[String: Int]] = []
        for depth in 0..<Self.columnsMax {
            var sums: [String: Int] = [:]
            var order: [String] = []
            for (row, part) in rows.enumerated() where depths[row] == depth {
                if sums[part.text] == nil { order.append(part.text) }
                sums[part.text, default: 0] += part.figures.sessions
            }
            if order.isEmpty { break }
            // Equal ones keep the order of the answer.
            let ranked = order.enumerated().sorted {
                (sums[$0.element] ?? 0, $1.offset) > (sums[$1.element] ?? 0, $0.offset)
            }.map(\.element)
            var nodes: [Node] = []
            var place: [String: Int] = [:]
            for (rank, page) in ranked.enumerated() {
                let isShown = rank < Self.pagesMax || ranked.count == Self.pagesMax + 1
                if isShown {
                    place[page] = nodes.count
                    nodes.append(Node(page: page, sessions: sums[page] ?? 0))
                } else {
                    if rank == Self.pagesMax { nodes.append(Node(page: Self.other, sessions: 0)) }
                    place[page] = nodes.count - 1
                    nodes[nodes.count - 1].sessions += sums[page] ?? 0
                }
            }
            columns.append(nodes)
            places.append(place)
        }
        for (row, part) in rows.enumerated() {
            guard let depth = depths[row], depth > 0, depth < columns.count,
                let parent = part.parent, let from = places[depth - 1][rows[parent].text],
                let into = places[depth][part.text]
            else { continue }
            add(Band(column: depth - 1, from: from, into: into, sessions: part.figures.sessions))
        }
        place()
    }

    private mutating func add(_ band: Band) {
        columns[band.column][band.from].goneOn += band.sessions
        if let row = bands.firstIndex(where: {
            ($0.column, $0.from, $0.into) == (band.column, band.from, band.into)
        }) {
            bands[row].sessions += band.sessions
        } else {
            bands.append(band)
        }
    }

    /// How many steps stand before each row; nil for rows that are no step.
    private static func depths(of rows: [ReportRow]) -> [Int?] {
        var depths: [Int?] = []
        for (number, row) in rows.enumerated() {
            guard row.kind == .part, !row.isPrevious else {
                depths.append(nil)
                continue
            }
            if let parent = row.parent {
                // A parent stands before its children.
                depths.append(parent < number ? depths[parent].map { $0 + 1 } : nil)
            } else {
                depths.append(0)
            }
        }
        return depths
    }

    private mutating func place() {
        let largest = columns.map { $0.reduce(0) { $0 + $1.sessions } }.max() ?? 0
        for column in columns.indices {
            var top = 0.0
            for row in columns[column].indices {
                let share = Double(columns[column][row].sessions) / Double(max(1, largest))
                columns[column][row].height = max(2, share * Self.barHeight)
                columns[column][row].top = top + 18
                top += columns[column][row].height + Self.gap
            }
        }
    }

    var height: Double {
        (columns.map { $0.last.map { $0.top + $0.height } ?? 0 }.max() ?? 0) + 8
    }

    // MARK: Drawing

    var drawing: HTML {
        """
        <svg class="flow" role="img" aria-label="\(summary)" width="100%" height="\(height)">
        <svg x="0" y="0" width="100%" height="\(height)" viewBox="0 0 100 \(height)" \
        preserveAspectRatio="none">\(shapes)</svg>
        \(labels)
        </svg>
        """
    }

    private var summary: String {
        let first = columns.first?.first.map { "most begin at \($0.page)" } ?? "none"
        return "Journeys in \(columns.count) steps; \(first). The table below has the numbers."
    }

    /// The left edge of a column, in hundredths of the width.
    private func x(_ column: Int) -> Double { Double(column) * 100 / Double(columns.count) }

    private var shapes: HTML {
        var left = columns.map { $0.map { _ in 0.0 } }
        var right = left
        var shapes: [HTML] = []
        for band in bands.sorted(by: {
            ($0.column, $0.from, $0.into) < ($1.column, $1.from, $1.into)
        }) {
            let from = columns[band.column][band.from]
            let into = columns[band.column + 1][band.into]
            let leaving = from.height * Double(band.sessions) / Double(max(1, from.sessions))
            let coming = into.height * Double(band.sessions) / Double(max(1, into.sessions))
            let y0 = from.top + right[band.column][band.from]
            let y1 = into.top + left[band.column + 1][band.into]
            right[band.column][band.from] += leaving
            left[band.column + 1][band.into] += coming
            let x0 = x(band.column) + Self.barWidth
            let x1 = x(band.column + 1)
            let middle = (x0 + x1) / 2
            shapes.append(
                """
                <path class="band" d="M\(x0),\(y0) C\(middle),\(y0) \(middle),\(y1) \(x1),\(y1) \
                L\(x1),\(y1 + coming) C\(middle),\(y1 + coming) \(middle),\(y0 + leaving) \
                \(x0),\(y0 + leaving) Z"><title>\(from.page) → \(into.page): \
                \(FigureText.count(band.sessions)) sessions</title></path>
                """)
        }
        for (column, nodes) in columns.enumerated() {
            for node in nodes {
                shapes.append(
                    """
                    <rect class="node" x="\(x(column))" y="\(node.top)" width="\(Self.barWidth)" \
                    height="\(node.height)"><title>\(node.page): \(FigureText.count(node.sessions)) \
                    sessions, \(FigureText.count(node.sessions - node.goneOn)) ended here</title></rect>
                    """)
            }
        }
        return "\(shapes)"
    }

    private var labels: HTML {
        var labels: [HTML] = []
        for (column, nodes) in columns.enumerated() {
            for node in nodes {
                let page = node.page.isEmpty ? "(unnamed)" : node.page
                labels.append(
                    """
                    <text class="page" x="\(x(column))%" y="\(node.top - 5)">\
                    \(FigureText.middle(page, atMost: 22)) \
                    <tspan class="number">\(FigureText.count(node.sessions))</tspan></text>
                    """)
            }
        }
        return "\(labels)"
    }
}
