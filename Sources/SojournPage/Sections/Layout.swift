import SojournModel

/// Pieces that every section uses.
enum Layout {
    /// A value as a name: one that is not known is called so.
    static func name(_ text: String) -> String { text.isEmpty ? "(not known)" : text }

    /// A card with nothing in it, and why.
    static func empty(_ title: String, _ sentence: String, _ advice: String?) -> HTML {
        """
        <section class="card"><h2>\(title)</h2><p class="nothing">\(sentence)\
        \(advice.map { " \($0)" as HTML })</p></section>
        """
    }

    /// A card whose question had no answer.
    static func failure(_ title: String, _ finding: Finding) -> HTML {
        "<section class=\"card\"><h2>\(title)</h2>\(sentence(finding))</section>"
    }

    static func sentence(_ finding: Finding) -> HTML {
        let sentence = if case .failure(let sentence) = finding { sentence } else { "no answer" }
        return "<p class=\"nothing\" role=\"alert\">This could not be answered: \(sentence).</p>"
    }

    /// The view of the page as fields of a form that changes a part of it.
    static func hidden(_ address: PageAddress, without own: Set<String>) -> HTML {
        let inputs = address.fields(without: own).map {
            "<input type=\"hidden\" name=\"\($0.name)\" value=\"\($0.value)\">" as HTML
        }
        return "\(inputs)"
    }
}
