import Testing

@testable import SojournPage

/// Letters can be read on what they stand on, in both themes (WCAG 2, level AA).
@Suite struct StyleTests {
    /// The colours of a theme by name: the last declaration behind a heading counts.
    private static func colours(_ heading: String) throws -> [Substring: Substring] {
        let lines = pageStyle.split(separator: "\n")
        let start = try #require(lines.firstIndex { $0.contains(heading) })
        let end = try #require(lines[start...].firstIndex { $0.contains("}") })
        var colours: [Substring: Substring] = [:]
        for line in lines[start...end] {
            for declaration in line.split(separator: ";") where declaration.contains("--") {
                let parts = declaration.split(separator: ":")
                colours[trimmed(parts[0])] = trimmed(parts[1])
            }
        }
        return colours
    }

    private static func trimmed(_ text: Substring) -> Substring {
        let front = text.drop { $0 == " " }
        return front.prefix { $0 != " " }
    }

    /// How bright a colour is to the eye, from 0 to 1.
    private static func luminance(_ colour: Substring) throws -> Double {
        let digits = colour.dropFirst()
        let number = try #require(Int(digits.prefix(6), radix: 16))
        func channel(_ shift: Int) -> Double {
            let value = Double(number >> shift & 0xFF) / 255
            return value <= 0.03928 ? value / 12.92 : power((value + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    private static func power(_ base: Double, _ exponent: Double) -> Double {
        // Good to 1e-9 for what is asked here: squarings of the root.
        var result = 1.0
        var root = base
        var bit = exponent
        while bit >= 1 {
            result *= base
            bit -= 1
        }
        for _ in 0..<40 {
            root = root.squareRoot()
            bit *= 2
            if bit >= 1 {
                result *= root
                bit -= 1
            }
        }
        return result
    }

    private static func contrast(_ one: Substring, _ other: Substring) throws -> Double {
        let (a, b) = (try luminance(one), try luminance(other))
        return (max(a, b) + 0.05) / (min(a, b) + 0.05)
    }

    @Test(arguments: [":root {", ":root:not([data-theme=\"light\"])", ":root[data-theme=\"dark\"]"])
    func `letters stand out from what they stand on`(heading: String) throws {
        let colours = try Self.colours(heading)
        func colour(_ name: Substring) throws -> Substring {
            try #require(colours[name], "\(name)")
        }
        let pairs: [(Substring, Substring, Double)] = [
            ("--ink", "--paper", 7), ("--ink", "--card", 7), ("--ink", "--accent-soft", 7),
            ("--quiet", "--paper", 4.5), ("--quiet", "--card", 4.5), ("--accent", "--card", 4.5),
            ("--accent", "--paper", 4.5), ("--up", "--card", 4.5), ("--down", "--card", 4.5),
            ("--focus", "--card", 3), ("--focus", "--paper", 3), ("--before", "--card", 2),
        ]
        for (one, other, least) in pairs {
            let contrast = try Self.contrast(colour(one), colour(other))
            #expect(contrast >= least, "\(one) on \(other): \(contrast)")
        }
    }

    @Test func `dark is the same whether it was chosen or preferred`() throws {
        let preferred = try Self.colours(":root:not([data-theme=\"light\"])")
        #expect(try Self.colours(":root[data-theme=\"dark\"]") == preferred)
        #expect(preferred.count == 12)
    }

    @Test func `contrast is reckoned as the guideline does`() throws {
        #expect(abs(try Self.contrast("#ffffff", "#000000") - 21) < 0.001)
        #expect(abs(try Self.contrast("#777777", "#ffffff") - 4.478) < 0.001)
    }
}
