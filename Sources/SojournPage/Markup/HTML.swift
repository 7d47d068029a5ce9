/// A piece of HTML that cannot be broken by what stands in it: an interpolated text is escaped, and
/// only what is HTML already goes in as it is.
///
///     let cell: HTML = "<td>\(page)</td>"
package struct HTML: ExpressibleByStringInterpolation, Sendable {
    package private(set) var text: String

    package init(stringLiteral text: String) { self.text = text }

    package init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { text += literal }

        /// A text from anywhere.
        package mutating func appendInterpolation(_ text: String) {
            for scalar in text.unicodeScalars {
                switch scalar {
                case "&": self.text += "&amp;"
                case "<": self.text += "&lt;"
                case ">": self.text += "&gt;"
                case "\"": self.text += "&quot;"
                case "'": self.text += "&#39;"
                // Neither a browser nor a person makes anything of the others.
                case "\0"..<" " where scalar != "\n" && scalar != "\t": self.text += "\u{FFFD}"
                default: self.text.unicodeScalars.append(scalar)
                }
            }
        }

        package mutating func appendInterpolation(_ html: HTML) { text += html.text }

        package mutating func appendInterpolation(_ pieces: [HTML]) {
            for piece in pieces { text += piece.text }
        }

        package mutating func appendInterpolation(_ html: HTML?) { text += html?.text ?? "" }

        package mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

        /// A coordinate: two digits behind the point are finer than any screen.
        package mutating func appendInterpolation(_ number: Double) {
            let hundredths = Int((number * 100).rounded())
            text += hundredths < 0 ? "-" : ""
            text += "\(hundredths.magnitude / 100)"
            let rest = hundredths.magnitude % 100
            if rest > 0 { text += rest < 10 ? ".0\(rest)" : ".\(rest)" }
        }
    }
}
